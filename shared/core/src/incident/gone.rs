//! Target groups that are attached to a group and were not found.
//!
//! This module never takes one answer for the truth: two, a dwell time apart, have to agree.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::id::TargetGroupArn;

/// Each with the first look that didn't find it, if none has found it since.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Gone(BTreeMap<TargetGroupArn, Timestamp>);

impl Gone {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As one look has it.
    pub fn see(&mut self, now: Timestamp, missing: &[TargetGroupArn]) {
        self.0.retain(|arn, _| missing.contains(arn));
        for arn in missing {
            self.0.entry(arn.clone()).or_insert(now);
        }
    }

    /// Those that don't exist beyond doubt.
    pub fn for_sure(&self, now: Timestamp, dwell: SignedDuration) -> Gone {
        let is_sure = |since: Timestamp| since < now && now >= since + dwell;
        Gone(self.0.iter().filter(|(_, since)| is_sure(**since)).map(|(arn, since)| (arn.clone(), *since)).collect())
    }

    pub fn arns(&self) -> Vec<TargetGroupArn> {
        self.0.keys().cloned().collect()
    }

    pub fn since(&self) -> Option<Timestamp> {
        self.0.values().min().copied()
    }
}
