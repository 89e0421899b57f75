//! What outlives an incident: which change of an alarm was seen last, and what each remedy remembers of a scope.
//!
//! This module never writes anything, and never knows what a remedy remembers.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;

use crate::aws::alarm::AlarmChange;

/// What can be part of an incident in the ledger.
pub trait Stored: Clone + fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<T: Clone + fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static> Stored for T {}

/// Kept of one kind of thing. More than the largest budget could use in any window that a policy may name is not needed: past this
/// many, the oldest are the least telling.
pub const MOST_KEPT: usize = 100;

/// A change that is news, and the time of the one that it is written over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    pub change: AlarmChange,
    pub over: Option<Timestamp>,
}

/// What one remedy remembers of a scope, in an item of its own.
pub trait Remembered: Stored + Default {
    /// The fence of the item, as [`crate::incident::Incident::version`] is of an incident.
    fn version(&self) -> u64;

    /// As it is written over what was read.
    #[must_use]
    fn over(self, read: &Self) -> Self;

    /// A person has looked: what failed is forgiven.
    #[must_use]
    fn acknowledged(&self) -> Self;
}

pub fn keep_newest<T>(items: &mut Vec<T>) {
    if items.len() > MOST_KEPT {
        items.remove(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_alarm_speaks_for_a_contributor_of_another_one() {
        let speaker = |name: &str, contributor: Option<&str>| {
            let alarm = format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}").parse().unwrap();
            let contributor = contributor.map(|id| id.parse().unwrap());
            AlarmChange { alarm, contributor, changed_at: Timestamp::UNIX_EPOCH }.speaker()
        };
        assert_eq!(speaker("web", Some("a#b")), "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web#a#b");
        for (name, contributor) in
            [("web#a#b", None), ("web#a", Some("b")), ("web%23a#b", None), ("web%23a", Some("b"))]
        {
            assert_ne!(speaker(name, contributor), speaker("web", Some("a#b")), "{name}");
        }
        assert_ne!(speaker("web#a", None), speaker("web%23a", None));
    }
}
