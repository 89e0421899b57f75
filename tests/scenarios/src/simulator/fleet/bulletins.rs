//! What AWS announces of a fleet, beside its alarms, as it comes about.
//!
//! This module never makes anything happen, and tells nothing twice: it compares the world with how it was.

use std::collections::{BTreeMap, BTreeSet};

use homeostat_core::id::InstanceId;
use jiff::Timestamp;
use serde_json::Value;
use world::{Activity, ActivityKind, Instance, InstanceState, SpotStatus, World};

use crate::announcement::Announcement;

#[derive(Debug, Clone, Default)]
pub(crate) struct Bulletins {
    states: BTreeMap<InstanceId, InstanceState>,
    taken_back: BTreeSet<InstanceId>,
    /// By the ids of EC2's scheduled events and of Auto Scaling's activities.
    told: BTreeSet<String>,
    /// Every activity that began before then is known.
    known_until: Option<Timestamp>,
}

impl Bulletins {
    /// What came about since it was last asked.
    pub(crate) fn news(&mut self, world: &World) -> Vec<Value> {
        let by = Announcement { place: world.place().clone(), at: world.now() };
        let mut news = Vec::new();
        for machine in world.machines() {
            news.extend(self.of_machine(machine, &by));
        }
        for group in world.groups() {
            let name = &group.settings.name;
            let new = world.activities(name).take_while(|one| self.known_until.is_none_or(|at| one.started_at >= at));
            let failed: Vec<&Activity> = new.filter(|one| one.kind == ActivityKind::FailedLaunch).collect();
            for activity in failed {
                if self.told.insert(activity.id.clone()) {
                    let why = activity.status_message.as_deref().unwrap_or_default();
                    news.push(by.launch_failed(name, &activity.id, why));
                }
            }
        }
        self.known_until = Some(world.now());
        news
    }

    fn of_machine(&mut self, machine: &Instance, by: &Announcement) -> Vec<Value> {
        let (id, mut news) = (&machine.id, Vec::new());
        match self.states.get_mut(id) {
            Some(was) if *was == machine.state => {}
            Some(was) => {
                *was = machine.state;
                news.push(by.state_change(id, machine.state.as_str()));
            }
            None => _ = self.states.insert(id.clone(), machine.state),
        }
        let is_taken_back =
            machine.spot.as_ref().is_some_and(|spot| spot.status == SpotStatus::InstanceTerminatedNoCapacity);
        if is_taken_back && self.taken_back.insert(id.clone()) {
            news.push(by.interruption(id));
        }
        for event in &machine.scheduled_events {
            if self.told.insert(event.id.clone()) {
                news.push(by.retirement(id, event.not_before));
            }
        }
        news
    }
}
