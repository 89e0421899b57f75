//! What was true of each instance, and when: what a rule holds an act against.
//!
//! This module never asks what anybody was told; it looks at the applications and machines themselves.

use std::collections::BTreeMap;

use homeostat_core::id::{GroupName, InstanceId, TargetGroupArn};
use jiff::{SignedDuration, Timestamp};
use world::{
    App, AutoScalingGroup, HealthStatus, Instance, InstanceState, LifecycleState, Machine, Process, SpotRequest,
    SpotStatus, World,
};

use super::heard::Heard;

/// One instance through time. Each `since` is of the present, each `last` may be over.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) group: GroupName,
    /// What it counts toward the desired capacity.
    pub(super) units: u32,
    /// The version that it was launched from, of whichever launch template.
    pub(super) version: u32,
    /// When its machine was last started.
    pub(super) launched_at: Timestamp,
    pub(super) first_launched_at: Timestamp,
    pub(super) in_service_since: Option<Timestamp>,
    pub(super) last_sick: Option<Timestamp>,
    pub(super) sick_since: Option<Timestamp>,
    pub(super) app_dead_since: Option<Timestamp>,
    pub(super) machine_bad_since: Option<Timestamp>,
    pub(super) machine_well_since: Option<Timestamp>,
    /// In service, healthy for its group, and answering.
    pub(super) last_serving: Option<Timestamp>,
    /// The same for one whose application nobody checks.
    pub(super) last_in_service: Option<Timestamp>,
    pub(super) untouchable_since: Option<Timestamp>,
    /// Since when Auto Scaling has it for healthy.
    pub(super) unmarked_since: Option<Timestamp>,
    /// From when on what EC2 announced of it is not its group's alone any more. Kept when it is called off, with the time of that.
    pub(super) announced: Option<Announced>,
    pub(super) heard: Heard,
    pub(super) is_here: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Announced {
    pub(super) ours_from: Timestamp,
    pub(super) last: Timestamp,
}

/// The least that a group gets to see to it by itself: of the two minutes before an interruption 30 s, of the time before a retirement all
/// but its last day.
const OF_THE_INTERRUPTION: SignedDuration = SignedDuration::from_secs(30);
const BEFORE_RETIREMENT: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct GroupFacts {
    pub(super) desired: u32,
    /// The largest and the least desired capacity of the last minutes.
    pub(super) most_desired: u32,
    pub(super) least_desired: u32,
    pub(super) changed_at: Option<Timestamp>,
    pub(super) in_service: u32,
    pub(super) serving: u32,
    pub(super) has_targets: bool,
    /// What the group's description says that it launches from.
    pub(super) newest_version: u32,
    pub(super) grace: SignedDuration,
    /// Whether it counts anything but instances.
    pub(super) has_weights: bool,
    /// The largest of its members.
    pub(super) largest: u32,
    /// Since when nothing that is taken out would come back and get traffic.
    pub(super) cannot_replace_since: Option<Timestamp>,
    /// Since when it looks at no member's health.
    pub(super) looks_at_nobody_since: Option<Timestamp>,
    /// Since when somebody has stopped all of it.
    pub(super) parked_since: Option<Timestamp>,
    pub(super) last_parked: Option<Timestamp>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Truth {
    pub(super) instances: BTreeMap<InstanceId, Known>,
    pub(super) groups: BTreeMap<GroupName, GroupFacts>,
}

/// Without these nothing is replaced; with target groups it takes `AddToLoadBalancer`, too.
const REPLACING: [Process; 3] = [Process::Launch, Process::Terminate, Process::ReplaceUnhealthy];

/// Nothing would start or replace anything, and none of it runs.
fn is_parked(world: &World, group: &AutoScalingGroup) -> bool {
    let left_alone = REPLACING.iter().chain([&Process::HealthCheck]).all(|process| group.is_suspended(*process));
    let in_service = |member: &&Instance| member.lifecycle == LifecycleState::InService;
    let mut members = world.members(&group.settings.name).filter(in_service).peekable();
    left_alone && members.peek().is_some() && members.all(|member| member.state != InstanceState::Running)
}

/// How long a desired capacity that was counts beside the one that is.
const DESIRED_LINGERS: SignedDuration = SignedDuration::from_mins(3);

impl Truth {
    pub(super) fn note(&mut self, world: &World) {
        let now = world.now();
        for known in self.instances.values_mut() {
            known.is_here = false;
        }
        for facts in self.groups.values_mut() {
            (facts.in_service, facts.serving, facts.largest) = (0, 0, 1);
        }
        for group in world.groups() {
            let facts = self.groups.entry(group.settings.name.clone()).or_default();
            facts.see_desired(group.settings.desired, now);
            let attached = &group.settings.target_groups;
            let is_there = |arn: &TargetGroupArn| world.target_group(arn).is_some();
            facts.has_targets = attached.iter().any(is_there);
            facts.grace = group.settings.grace;
            facts.newest_version = group.settings.launch_template_version;
            facts.has_weights = group.settings.mixed.overrides.iter().any(|of| of.weight.is_some());
            let cannot = !attached.iter().all(is_there)
                || REPLACING.iter().any(|process| group.is_suspended(*process))
                || (!attached.is_empty() && group.is_suspended(Process::AddToLoadBalancer));
            facts.cannot_replace_since = cannot.then(|| facts.cannot_replace_since.unwrap_or(now));
            let looks_at_nobody = group.is_suspended(Process::HealthCheck);
            facts.looks_at_nobody_since = looks_at_nobody.then(|| facts.looks_at_nobody_since.unwrap_or(now));
            let is_parked = is_parked(world, group);
            facts.parked_since = is_parked.then(|| facts.parked_since.unwrap_or(now));
            facts.last_parked = if is_parked { Some(now) } else { facts.last_parked };
        }
        for instance in world.instances() {
            if !self.instances.contains_key(&instance.id) {
                self.instances.insert(instance.id.clone(), Known::of(instance));
            }
            let Some(known) = self.instances.get_mut(&instance.id) else { continue };
            known.see(instance, now);
            known.heard.see(world, instance);
            if instance.spot.is_some() || !instance.scheduled_events.is_empty() {
                let rebalances = world.group(&instance.group).is_some_and(|group| group.settings.rebalances);
                let ours_from = ours_from(instance, rebalances);
                known.announced = ours_from.map(|ours_from| Announced { ours_from, last: now }).or(known.announced);
            }
            if let Some(facts) = self.groups.get_mut(&instance.group) {
                let units = known.units;
                facts.largest = facts.largest.max(units);
                facts.in_service += if known.in_service_since.is_some() { units } else { 0 };
                facts.serving += if known.last_serving == Some(now) { units } else { 0 };
            }
        }
    }

    pub(super) fn members<'a>(&'a self, group: &'a GroupName) -> impl Iterator<Item = (&'a InstanceId, &'a Known)> {
        self.instances.iter().filter(move |(_, known)| known.group == *group)
    }
}

/// Of a Spot Instance whose group sees to it there is no such time.
fn ours_from(instance: &Instance, rebalances: bool) -> Option<Timestamp> {
    let taken_back = |spot: &&SpotRequest| spot.status == SpotStatus::InstanceTerminatedNoCapacity && !rebalances;
    let interruption = instance.spot.as_ref().filter(taken_back).map(|spot| spot.updated_at + OF_THE_INTERRUPTION);
    let retirements = instance.scheduled_events.iter().map(|event| event.not_before - BEFORE_RETIREMENT);
    retirements.chain(interruption).min()
}

impl GroupFacts {
    fn see_desired(&mut self, desired: u32, now: Timestamp) {
        if desired != self.desired {
            self.changed_at = Some(now);
            (self.most_desired, self.least_desired) = (self.desired.max(desired), self.desired.min(desired));
        } else if self.changed_at.is_none_or(|at| now > at + DESIRED_LINGERS) {
            (self.most_desired, self.least_desired) = (desired, desired);
        }
        self.desired = desired;
    }
}

impl Known {
    fn of(instance: &Instance) -> Self {
        Known {
            group: instance.group.clone(),
            units: instance.launched_as.units(),
            version: instance.launch_template_version,
            launched_at: instance.started_at,
            first_launched_at: instance.launched_at,
            in_service_since: None,
            last_sick: None,
            sick_since: None,
            app_dead_since: None,
            machine_bad_since: None,
            machine_well_since: None,
            last_serving: None,
            last_in_service: None,
            untouchable_since: None,
            unmarked_since: None,
            announced: None,
            heard: Heard::of(instance),
            is_here: true,
        }
    }

    fn see(&mut self, instance: &Instance, now: Timestamp) {
        let since = |before: Option<Timestamp>, holds: bool| holds.then(|| before.unwrap_or(now));
        let in_service = instance.lifecycle == LifecycleState::InService;
        let answers = instance.answers(now);
        let healthy = instance.health == HealthStatus::Healthy;
        self.is_here = true;
        self.launched_at = instance.started_at;
        self.in_service_since = since(self.in_service_since, in_service);
        self.sick_since = since(self.sick_since, !answers);
        self.last_sick = if answers { self.last_sick } else { Some(now) };
        self.app_dead_since = since(self.app_dead_since, instance.app == App::Dead);
        let bad = !matches!(instance.machine, Machine::Well | Machine::Unreported);
        self.machine_bad_since = since(self.machine_bad_since, bad);
        self.machine_well_since = since(self.machine_well_since, !bad);
        self.last_serving = if in_service && healthy && answers { Some(now) } else { self.last_serving };
        self.last_in_service = if in_service && healthy { Some(now) } else { self.last_in_service };
        let untouchable = !in_service || instance.protected_from_scale_in;
        self.untouchable_since = since(self.untouchable_since, untouchable);
        self.unmarked_since = since(self.unmarked_since, healthy);
    }
}
