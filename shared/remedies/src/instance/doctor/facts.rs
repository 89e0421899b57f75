//! What was read of an account for replace-instance, or why it was not.
//!
//! This module never holds an empty list in place of one that could not be read.

use std::collections::BTreeMap;

use homeostat_core::doctor::{Read, Unread};
use homeostat_core::id::{GroupName, InstanceId, TargetGroupArn};

use crate::instance::memory::Memory;

#[derive(Debug, Clone)]
pub struct InstanceFacts {
    /// `HealthCheckType`.
    pub health_checks: Read<BTreeMap<GroupName, String>>,
    /// The running instance refresh of each group that exists.
    pub refreshes: BTreeMap<GroupName, Read<Option<String>>>,
    /// Whether each target group exists that is attached to one of the groups.
    pub targets: BTreeMap<TargetGroupArn, Read<bool>>,
    /// All of the account's in this Region.
    pub alarms: Read<Vec<Alarm>>,
    pub memories: BTreeMap<GroupName, Read<Memory>>,
}

/// An alarm by what it could speak for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    pub name: String,
    pub actions_enabled: bool,
    /// The instances that its metrics name.
    pub instances: Vec<InstanceId>,
}

impl Alarm {
    /// The one instance that it speaks for.
    pub fn instance(&self) -> Option<&InstanceId> {
        match self.instances.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }
}

impl InstanceFacts {
    pub(crate) fn unread(&self) -> impl Iterator<Item = &Unread> {
        let of_groups = self.refreshes.values().filter_map(|read| read.as_ref().err());
        let of_targets = self.targets.values().filter_map(|read| read.as_ref().err());
        let whole = self.health_checks.as_ref().err().into_iter().chain(self.alarms.as_ref().err());
        whole.chain(of_groups).chain(of_targets).chain(self.memories.values().filter_map(|read| read.as_ref().err()))
    }
}
