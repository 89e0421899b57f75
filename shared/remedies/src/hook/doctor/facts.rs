//! What was read of an account for lifecycle-hook, or why it was not.
//!
//! This module never holds an empty list in place of one that could not be read.

use std::collections::BTreeMap;

use homeostat_core::aws::lifecycle::Terms;
use homeostat_core::aws::record::RecordSet;
use homeostat_core::doctor::{Read, Unread};
use homeostat_core::id::{GroupName, HookName, TargetGroupArn};

use crate::hook::memory::Memory;

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
    /// What is remembered of each group's launches.
    pub memories: BTreeMap<GroupName, Read<Memory>>,
}

/// A lifecycle hook as Auto Scaling has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookFact {
    pub name: HookName,
    pub terms: Terms,
}

impl HookFacts {
    pub(crate) fn unread(&self) -> impl Iterator<Item = &Unread> {
        let memories = self.memories.values().filter_map(|read| read.as_ref().err());
        memories.chain(self.warm_pools.values().filter_map(|read| read.as_ref().err()))
    }
}
