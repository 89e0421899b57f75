//! What was observed of a zone's records and of the endpoints behind them.
//!
//! This module never holds a vendor's type. What could not be read says so, and is never a default.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::name::RecordName;
use super::record::{Generation, RecordKey, RecordSet};
use crate::id::{AlarmArn, HealthCheckId, TargetGroupArn};
use crate::instance::{AlarmSeen, TargetHealth};

/// What was read, or why it was not. One endpoint's Region may be down, and with it whatever tells of that endpoint.
pub type Read<T> = Result<T, String>;

#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Every record set of the names that the policy has in this zone.
    pub sets: Vec<RecordSet>,
    /// `None`: there is no such alarm.
    pub alarms: BTreeMap<AlarmArn, Read<Option<AlarmSeen>>>,
    pub health_checks: BTreeMap<HealthCheckId, Read<Vec<Observation>>>,
    pub targets: BTreeMap<TargetGroupArn, Read<Vec<TargetHealth>>>,
    /// Whether the change that was awaited is on all name servers; `None` if none was awaited or it could not be told.
    pub is_in_sync: Option<bool>,
}

/// What one of Route 53's checkers found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    pub at: Timestamp,
    pub is_well: bool,
    /// In Route 53's words.
    pub status: String,
}

impl Seen {
    pub fn record(&self, key: &RecordKey) -> Vec<RecordSet> {
        self.sets.iter().filter(|set| set.is_of(key)).cloned().collect()
    }

    /// The record under which the generation of this name stands.
    pub fn fence(&self, name: &RecordName) -> Option<&RecordSet> {
        self.sets.iter().find(|set| set.kind == "TXT" && set.name.is_under(super::record::FENCE_LABEL, name))
    }

    pub fn generation(&self, name: &RecordName) -> Option<Generation> {
        Generation::of(self.fence(name)?)
    }
}
