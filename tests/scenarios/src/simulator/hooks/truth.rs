//! What was true of each instance, and when: what a rule holds a completion against.
//!
//! This module never asks what anybody was told; it looks at machines, tags, targets and states themselves.

use std::collections::BTreeMap;

use homeostat_core::id::InstanceId;
use homeostat_remedies::hook::policy::{LaunchPolicy, Readiness};
use jiff::Timestamp;
use world::{Instance, InstanceState, StatusCheck, TargetState, World};

#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// When each piece of the policy's evidence last was there.
    pub(super) last: BTreeMap<Readiness, Timestamp>,
    /// Since when all of it is there.
    pub(super) ready_since: Option<Timestamp>,
    /// When it last was not well: its application, its machine, or its time as a Spot Instance was up.
    pub(super) broken_at: Option<Timestamp>,
    pub(super) version: u32,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Truth {
    pub(super) instances: BTreeMap<InstanceId, Known>,
}

impl Truth {
    pub(super) fn note(&mut self, world: &World, policy: Option<&LaunchPolicy>) {
        let now = world.now();
        for instance in world.instances() {
            if !self.instances.contains_key(&instance.id) {
                self.instances.insert(instance.id.clone(), Known::default());
            }
            let Some(known) = self.instances.get_mut(&instance.id) else { continue };
            known.version = instance.launch_template_version;
            let is_marked = instance.spot.as_ref().is_some_and(|spot| spot.status != world::SpotStatus::Fulfilled);
            if instance.app != world::App::Well || !instance.machine.works() || is_marked {
                known.broken_at = Some(now);
            }
            let Some(policy) = policy.filter(|policy| policy.group == instance.group) else { continue };
            let mut all = true;
            for readiness in &policy.evidence {
                if holds(world, instance, policy, *readiness) {
                    known.last.insert(*readiness, now);
                } else {
                    all = false;
                }
            }
            known.ready_since = all.then(|| known.ready_since.unwrap_or(now));
        }
    }

    /// Each piece of the evidence was there at some time since.
    pub(super) fn was_ready_since(&self, id: &InstanceId, policy: &LaunchPolicy, since: Timestamp) -> bool {
        let Some(known) = self.instances.get(id) else { return false };
        policy.evidence.iter().all(|readiness| known.last.get(readiness).is_some_and(|at| *at >= since))
    }

    pub(super) fn was_broken_since(&self, id: &InstanceId, since: Timestamp) -> bool {
        self.instances.get(id).and_then(|known| known.broken_at).is_some_and(|at| at >= since)
    }
}

fn holds(world: &World, instance: &Instance, policy: &LaunchPolicy, readiness: Readiness) -> bool {
    match readiness {
        Readiness::InstanceStatus => world.machine_status(&instance.id).is_some_and(|status| {
            let checks = [status.system, status.instance, status.attached_ebs];
            status.state == InstanceState::Running && checks.iter().all(|check| *check == StatusCheck::Ok)
        }),
        Readiness::Tag => policy.tag.as_ref().is_some_and(|tag| {
            let started_at = instance.answers_from - world.pace().answers_after;
            let at = instance.tags.get(&tag.key).and_then(|value| value.parse::<Timestamp>().ok());
            at.is_some_and(|at| at >= started_at)
        }),
        Readiness::TargetHealth => policy.target_groups.iter().all(|arn| {
            let target = world.target_group(arn).and_then(|group| group.targets.get(&instance.id));
            target.is_some_and(|target| target.state == TargetState::Healthy)
        }),
    }
}

/// Where Auto Scaling showed each instance, for descriptions that come late.
#[derive(Debug, Clone, Default)]
pub(super) struct Past {
    /// By instance: since when it is there, where it is, and where it was before.
    states: BTreeMap<InstanceId, (Timestamp, &'static str, Option<&'static str>)>,
}

impl Past {
    pub(super) fn note(&mut self, world: &World) {
        let now = world.now();
        for instance in world.instances() {
            let is = instance.lifecycle.as_str();
            match self.states.get_mut(&instance.id) {
                Some((_, known, _)) if *known == is => {}
                Some(state) => *state = (now, is, Some(state.1)),
                None => _ = self.states.insert(instance.id.clone(), (now, is, None)),
            }
        }
    }

    /// Where it was, if that has changed since. `Some(None)` = nowhere.
    pub(super) fn before(&self, id: &InstanceId, since: Timestamp) -> Option<Option<String>> {
        let (at, _, before) = self.states.get(id)?;
        (*at > since).then(|| before.map(str::to_owned))
    }
}
