//! What was really done to the world by one call of the port, whatever the call was meant to do.
//!
//! This module never judges.

use std::collections::BTreeSet;

use homeostat_core::id::{GroupName, InstanceId, TargetGroupArn};
use homeostat_remedies::hook::reasons::HookStep;
use jiff::{SignedDuration, Timestamp};
use world::{ActiveAction, LifecycleAction, Process, TargetState, World};

use crate::simulator::note::InvocationId;

#[derive(Debug, Clone)]
pub(super) struct Deed {
    pub(super) at: Timestamp,
    pub(super) by: InvocationId,
    /// As it was asked for.
    pub(super) step: HookStep,
    /// What held instances before.
    pub(super) held: Vec<ActiveAction>,
    /// What held them until lately: Auto Scaling may still show it.
    pub(super) lately: Vec<LifecycleAction>,
    /// What it ended.
    pub(super) ended: Vec<LifecycleAction>,
    /// Targets that drain since.
    pub(super) drained: Vec<(TargetGroupArn, InstanceId)>,
    pub(super) suspended: Vec<GroupName>,
}

/// The time of a look, and of a description that comes late.
const LATELY: SignedDuration = SignedDuration::from_secs(30);

/// The world just before a call.
pub(super) struct Before {
    at: Timestamp,
    held: Vec<ActiveAction>,
    lately: Vec<LifecycleAction>,
    ended: usize,
    draining: BTreeSet<(TargetGroupArn, InstanceId)>,
    suspended: Vec<GroupName>,
}

impl Before {
    pub(super) fn of(world: &World) -> Before {
        Before {
            at: world.now(),
            held: world.active_actions().cloned().collect(),
            lately: ended_since(world, world.now() - LATELY),
            ended: world.lifecycle_actions().len(),
            draining: draining(world),
            suspended: suspended(world),
        }
    }

    pub(super) fn deed(self, by: InvocationId, step: HookStep, world: &World) -> Deed {
        Deed {
            at: self.at,
            by,
            step,
            held: self.held,
            lately: self.lately,
            ended: world.lifecycle_actions().get(self.ended..).unwrap_or_default().to_vec(),
            drained: draining(world).difference(&self.draining).cloned().collect(),
            suspended: suspended(world).into_iter().filter(|name| !self.suspended.contains(name)).collect(),
        }
    }
}

fn ended_since(world: &World, since: Timestamp) -> Vec<LifecycleAction> {
    let newest_first = world.lifecycle_actions().iter().rev();
    newest_first.take_while(|ended| ended.ended_at >= since).cloned().collect()
}

fn draining(world: &World) -> BTreeSet<(TargetGroupArn, InstanceId)> {
    let mut draining = BTreeSet::new();
    for target_group in world.target_groups() {
        let drain = target_group.targets.iter().filter(|(_, target)| target.state == TargetState::Draining);
        draining.extend(drain.map(|(id, _)| (target_group.arn.clone(), id.clone())));
    }
    draining
}

fn suspended(world: &World) -> Vec<GroupName> {
    let suspended = world.groups().filter(|group| group.is_suspended(Process::Launch));
    suspended.map(|group| group.settings.name.clone()).collect()
}

impl Deed {
    /// What it ended, as it was before.
    pub(super) fn was(&self, ended: &LifecycleAction) -> Option<&ActiveAction> {
        self.held.iter().find(|held| held.token == ended.token)
    }
}
