//! What of an instance can be heard at all: by its target groups' checks, and by its alarms.
//!
//! This module never asks what anybody made of it.

use jiff::Timestamp;
use world::{Alarm, Instance, TargetState, World, state_value};

use super::alarms::{disk_alarm, own_alarm};

#[derive(Debug, Clone)]
pub(super) struct Heard {
    /// The names of its alarms.
    own: String,
    disk: String,
    /// Since when a target group of its group checks it. What was launched while `AddToLoadBalancer` was suspended is not registered
    /// later either, and target health says nothing of it.
    pub(super) checked_since: Option<Timestamp>,
    /// Since when the alarm on its application is there, gets its data and has its actions on.
    pub(super) own_alarm_since: Option<Timestamp>,
    /// That alarm was deleted, or there never was one.
    pub(super) own_is_gone: bool,
    /// It is in ALARM.
    pub(super) own_rings: bool,
    /// When the alarm on its disk was last in ALARM.
    pub(super) disk_rang: Option<Timestamp>,
    /// Since when that alarm has its actions off.
    pub(super) disk_muted_since: Option<Timestamp>,
}

impl Heard {
    pub(super) fn of(instance: &Instance) -> Self {
        Heard {
            own: own_alarm(instance),
            disk: disk_alarm(&instance.id),
            checked_since: None,
            own_alarm_since: None,
            own_is_gone: false,
            own_rings: false,
            disk_rang: None,
            disk_muted_since: None,
        }
    }

    pub(super) fn see(&mut self, world: &World, instance: &Instance) {
        let now = world.now();
        let since = |before: Option<Timestamp>, holds: bool| holds.then(|| before.unwrap_or(now));
        self.checked_since = since(self.checked_since, is_checked(world, instance));
        let own = world.alarm(&self.own);
        let speaks = own.is_some_and(|alarm| alarm.actions_enabled && watches_own(world, alarm, instance));
        self.own_alarm_since = since(self.own_alarm_since, speaks);
        self.own_is_gone = own.is_none();
        let rings = |alarm: &Alarm| state_value(alarm.standing.state) == "ALARM";
        self.own_rings = own.is_some_and(rings);
        let disk = world.alarm(&self.disk);
        if disk.is_some_and(rings) {
            self.disk_rang = Some(now);
        }
        self.disk_muted_since = since(self.disk_muted_since, disk.is_some_and(|alarm| !alarm.actions_enabled));
    }
}

fn watches_own(world: &World, alarm: &Alarm, instance: &Instance) -> bool {
    let group = world.group(&instance.group);
    let automation = group.and_then(|group| group.settings.launch_automation.as_ref());
    automation.is_some_and(|its| alarm.metric.is_of_instance(&its.namespace, &its.metric, &instance.id))
}

fn is_checked(world: &World, instance: &Instance) -> bool {
    let attached =
        world.group(&instance.group).map(|group| group.settings.target_groups.as_slice()).unwrap_or_default();
    let mut targets = attached.iter().filter_map(|arn| world.target_group(arn)?.targets.get(&instance.id));
    targets.any(|target| !matches!(target.state, TargetState::Draining | TargetState::Unused))
}
