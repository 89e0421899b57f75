//! How the fleet really is, whatever anybody made of it: how much of it serves, and since when all of it does.
//!
//! This module never looks at what Homeostat knows.

use std::collections::BTreeMap;

use homeostat_core::id::GroupName;
use jiff::SignedDuration;
use world::{ActivityKind, LifecycleState, World};

#[derive(Debug)]
pub(super) struct Truth {
    desired: BTreeMap<GroupName, u32>,
    /// The least share of all that served, in percent.
    pub(super) lowest: f64,
    /// Since when each group has had as many that serve as it should have.
    pub(super) whole_since: Option<SignedDuration>,
}

impl Truth {
    pub(super) fn new(world: &World) -> Self {
        let desired = world.groups().map(|group| (group.settings.name.clone(), group.settings.desired));
        Truth { desired: desired.collect(), lowest: 100.0, whole_since: None }
    }

    pub(super) fn look(&mut self, world: &World, since: SignedDuration) {
        let mut serving: BTreeMap<&GroupName, u32> = BTreeMap::new();
        let in_service = world.instances().filter(|one| one.lifecycle == LifecycleState::InService);
        for instance in in_service.filter(|one| one.answers(world.now())) {
            *serving.entry(&instance.group).or_default() += 1;
        }
        let (mut all, mut of, mut is_whole) = (0, 0, true);
        for (name, desired) in &self.desired {
            let serve = serving.get(name).copied().unwrap_or_default();
            is_whole &= serve >= *desired;
            all += serve.min(*desired);
            of += *desired;
        }
        self.lowest = self.lowest.min(100.0 * f64::from(all) / f64::from(of.max(1)));
        self.whole_since = if is_whole { self.whole_since.or(Some(since)) } else { None };
    }
}

/// How many were terminated because somebody asked for it.
pub(super) fn terminated_on_request(world: &World) -> usize {
    let names = world.groups().map(|group| &group.settings.name);
    let activities = names.flat_map(|name| world.activities(name));
    let ended = activities.filter(|activity| activity.kind == ActivityKind::Terminate);
    ended.filter(|activity| activity.cause.contains("user request")).count()
}
