//! What of an instance can be heard at all, whatever is true of it.
//!
//! This module never asks what anybody made of it.

use jiff::Timestamp;
use world::{Instance, TargetState, World};

#[derive(Debug, Clone, Default)]
pub(super) struct Heard {
    /// Since when a target group of its group checks it. What was launched while `AddToLoadBalancer` was suspended is not registered
    /// later either, and target health says nothing of it.
    pub(super) checked_since: Option<Timestamp>,
}

impl Heard {
    pub(super) fn see(&mut self, world: &World, instance: &Instance) {
        let now = world.now();
        let since = |before: Option<Timestamp>, holds: bool| holds.then(|| before.unwrap_or(now));
        self.checked_since = since(self.checked_since, is_checked(world, instance));
    }
}

fn is_checked(world: &World, instance: &Instance) -> bool {
    let attached =
        world.group(&instance.group).map(|group| group.settings.target_groups.as_slice()).unwrap_or_default();
    let mut targets = attached.iter().filter_map(|arn| world.target_group(arn)?.targets.get(&instance.id));
    targets.any(|target| !matches!(target.state, TargetState::Draining | TargetState::Unused))
}
