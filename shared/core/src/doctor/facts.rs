//! What was read of an account, or why it was not.
//!
//! This module never holds an empty list in place of one that could not be read.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::aws::alarm::AlarmSeen;
use crate::aws::fleet::{Group, TargetHealth};
use crate::aws::lifecycle::Terms;
use crate::aws::record::RecordSet;
use crate::aws::record_name::RecordName;
use crate::id::{AlarmArn, GroupName, HealthCheckId, HookName, HostedZoneId, InstanceId, Region, TargetGroupArn};
use crate::policy::RecordPolicy;
use crate::ports::{Pause, Unavailable};
use crate::registry::AnyIncident;
use crate::zone::seen::HealthCheckSeen;
use crate::{hook, instance, zone};

pub type Read<T> = Result<T, Unread>;

/// Why a fact is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// AWS did not answer, or refused. `action` is the permission that the reading needs.
    Failed { action: &'static str, why: String },
    /// Nobody said where to look.
    NoPlace { what: &'static str },
}

impl Unread {
    pub fn failed(action: &'static str, unavailable: &Unavailable) -> Self {
        Unread::Failed { action, why: unavailable.to_string() }
    }
}

#[derive(Debug, Clone)]
pub struct Facts {
    pub now: Timestamp,
    /// Those of the policy's groups that exist.
    pub groups: Read<Vec<Group>>,
    /// `HealthCheckType`.
    pub health_checks: Read<BTreeMap<GroupName, String>>,
    /// The running instance refresh of each group that exists.
    pub refreshes: BTreeMap<GroupName, Read<Option<String>>>,
    /// Whether each target group exists that is attached to one of the groups.
    pub targets: BTreeMap<TargetGroupArn, Read<bool>>,
    /// All of the account's in this Region.
    pub alarms: Read<Vec<Alarm>>,
    pub audience: Read<Audience>,
    /// How many messages are in the dead-letter queue.
    pub dead_letters: Read<u64>,
    pub open: Read<Vec<AnyIncident>>,
    pub pauses: Read<Vec<Pause>>,
    pub memories: Memories,
    pub dns: DnsFacts,
    pub hooks: HookFacts,
}

/// What the policy names for lifecycle hooks.
#[derive(Debug, Clone, Default)]
pub struct HookFacts {
    /// All the hooks of each group that exists.
    pub of_group: BTreeMap<GroupName, Read<Vec<HookFact>>>,
    /// Whether the group has a warm pool; asked only where it matters.
    pub warm_pools: BTreeMap<GroupName, Read<bool>>,
    /// The tags of the target groups from which instances are deregistered.
    pub target_groups: BTreeMap<TargetGroupArn, Read<BTreeMap<String, String>>>,
    /// `TargetType` of each target group that is named with a hook. `None`: there is no such target group.
    pub target_types: BTreeMap<TargetGroupArn, Read<Option<String>>>,
    /// What the names of a few of its group's instances answer with, of each hook that removes an instance's own record.
    pub own_records: BTreeMap<(GroupName, HookName), Read<Vec<RecordSet>>>,
}

/// A lifecycle hook as Auto Scaling has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookFact {
    pub name: HookName,
    pub terms: Terms,
}

/// What the policy names for weighted records.
#[derive(Debug, Clone, Default)]
pub struct DnsFacts {
    /// Where Homeostat runs.
    pub region: Option<Region>,
    pub sets: BTreeMap<(HostedZoneId, RecordName), Read<Vec<RecordSet>>>,
    /// `None`: there is no such alarm.
    pub alarms: BTreeMap<AlarmArn, Read<Option<AlarmSeen>>>,
    /// `None`: there is no such health check.
    pub health_checks: BTreeMap<HealthCheckId, Read<Option<HealthCheckSeen>>>,
    pub targets: BTreeMap<TargetGroupArn, Read<Option<Vec<TargetHealth>>>>,
}

impl DnsFacts {
    pub(crate) fn read(&self, record: &RecordPolicy) -> Option<&Read<Vec<RecordSet>>> {
        self.sets.get(&(record.zone.clone(), record.key.name.clone()))
    }

    /// The sets of the record, if they were read.
    pub(crate) fn record(&self, record: &RecordPolicy) -> Option<Vec<RecordSet>> {
        let sets = self.read(record)?.as_ref().ok()?;
        Some(sets.iter().filter(|set| set.is_of(&record.key)).cloned().collect())
    }
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

/// Who hears of incidents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Audience {
    pub confirmed: usize,
    pub pending: usize,
}

/// What each remedy remembers.
#[derive(Debug, Clone, Default)]
pub struct Memories {
    pub groups: BTreeMap<GroupName, Read<instance::memory::Memory>>,
    pub launches: BTreeMap<GroupName, Read<hook::memory::Memory>>,
    pub zones: BTreeMap<HostedZoneId, Read<zone::memory::Memory>>,
}

impl Facts {
    pub(crate) fn group(&self, name: &GroupName) -> Option<&Group> {
        self.groups.as_ref().ok()?.iter().find(|group| group.name == *name)
    }

    pub(super) fn all_unread(&self) -> Vec<&Unread> {
        let mut unread = Vec::new();
        unread.extend(self.groups.as_ref().err());
        unread.extend(self.health_checks.as_ref().err());
        unread.extend(self.refreshes.values().filter_map(|read| read.as_ref().err()));
        unread.extend(self.targets.values().filter_map(|read| read.as_ref().err()));
        unread.extend(self.alarms.as_ref().err());
        unread.extend(self.audience.as_ref().err());
        unread.extend(self.dead_letters.as_ref().err());
        unread.extend(self.open.as_ref().err());
        unread.extend(self.pauses.as_ref().err());
        let Memories { groups, launches, zones } = &self.memories;
        unread.extend(groups.values().filter_map(|read| read.as_ref().err()));
        unread.extend(launches.values().filter_map(|read| read.as_ref().err()));
        unread.extend(zones.values().filter_map(|read| read.as_ref().err()));
        unread.extend(self.hooks.warm_pools.values().filter_map(|read| read.as_ref().err()));
        unread
    }

    /// Whether AWS told nothing at all: then there is nothing to say about an account.
    pub fn is_blind(&self) -> bool {
        self.alarms.is_err() && self.open.is_err() && self.pauses.is_err()
    }
}
