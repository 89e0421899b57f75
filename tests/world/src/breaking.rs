//! What a story may break: an application, a machine, a version, a zone, the supply of capacity.
//!
//! This module never touches a verdict (a target's state, an alarm, a member's health): those follow from what is broken.

use std::collections::{BTreeMap, BTreeSet};

use homeostat_core::id::{GroupName, InstanceId};
use jiff::{SignedDuration, Timestamp};

use crate::agenda::Due;
use crate::group::GroupSettings;
use crate::instance::{App, Instance};
use crate::lifecycle::LifecycleState;
use crate::machine::{EventCode, InstanceState, Machine, ScheduledEvent};
use crate::refusal::Refusal;
use crate::work::LossReason;
use crate::world::World;

/// What is wrong with a version of a group's launch template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// The application is dead from the start.
    NeverAnswers,
    /// So long after the launch.
    DiesAfter(SignedDuration),
}

/// What new instances will find.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Supply {
    flaws: BTreeMap<(GroupName, u32), Flaw>,
    zones_without: BTreeSet<String>,
    groups_without: BTreeSet<GroupName>,
    failed_zones: BTreeSet<String>,
}

impl World {
    /// Breaks an application, or mends it.
    ///
    /// # Errors
    /// [`Refusal::NoManagedInstance`] for an instance that is in no group.
    pub fn break_app(&mut self, id: &InstanceId, app: App) -> Result<(), Refusal> {
        self.known_instance_mut(id)?.app = app;
        if app == App::Dead {
            self.lose_work(id, LossReason::ApplicationDied);
        }
        Ok(())
    }

    /// Breaks a machine, stops it, or mends and starts it again.
    ///
    /// # Errors
    /// [`Refusal::NoManagedInstance`] for an instance that is in no group.
    pub fn break_machine(&mut self, id: &InstanceId, machine: Machine) -> Result<(), Refusal> {
        let (now, stopped_at) = (self.now, self.now + self.pace.shut_down);
        let answers_from = now + self.pace.answers_after;
        let instance = self.known_instance_mut(id)?;
        if instance.machine == machine {
            return Ok(());
        }
        let was_stopped = instance.machine == Machine::Stopped;
        instance.machine = machine;
        instance.machine_since = now;
        match instance.state {
            InstanceState::Running if machine == Machine::Stopped => {
                instance.state = InstanceState::Stopping;
                self.agenda.schedule(stopped_at, Due::Stopped(id.clone()));
            }
            // One that waits in a warm pool was stopped by its group, and no story starts it.
            InstanceState::Stopping | InstanceState::Stopped if was_stopped => {
                instance.state = InstanceState::Running;
                instance.started_at = now;
                instance.answers_from = answers_from;
                self.schedule_answer(id);
            }
            _ => {}
        }
        if !machine.works() {
            let stopped = machine == Machine::Stopped;
            self.lose_work(id, if stopped { LossReason::ShutDown } else { LossReason::MachineFailed });
        }
        self.schedule_ec2_check(id);
        Ok(())
    }

    pub(crate) fn stopped(&mut self, id: &InstanceId) {
        let stopping = |instance: &&mut Instance| instance.state == InstanceState::Stopping;
        if let Some(instance) = self.instances.get_mut(id).filter(stopping) {
            instance.state = InstanceState::Stopped;
        }
    }

    /// EC2 announces that it will stop or retire the instance, and does so then. An instance with EBS volumes, which the
    /// model takes all to be, is stopped in either case (EC2 User Guide, "Scheduled events for your instances").
    ///
    /// # Errors
    /// [`Refusal::NoManagedInstance`] for an instance that is in no group.
    pub fn schedule_event(&mut self, id: &InstanceId, code: EventCode, not_before: Timestamp) -> Result<(), Refusal> {
        self.known_instance_mut(id)?;
        let event_id = format!("instance-event-{}", self.ids.uuid().replace('-', ""));
        let event = ScheduledEvent { id: event_id, code, not_before };
        self.known_instance_mut(id)?.scheduled_events.push(event);
        self.agenda.schedule(not_before.max(self.now), Due::EventStarts(id.clone()));
        self.schedule_ec2_check(id);
        Ok(())
    }

    /// EC2 thinks better of all that it has announced of the instance.
    ///
    /// # Errors
    /// [`Refusal::NoManagedInstance`] for an instance that is in no group.
    pub fn cancel_events(&mut self, id: &InstanceId) -> Result<(), Refusal> {
        self.known_instance_mut(id)?.scheduled_events.clear();
        Ok(())
    }

    pub(crate) fn event_starts(&mut self, id: &InstanceId) {
        let now = self.now;
        let has_come = |event: &ScheduledEvent| event.not_before <= now;
        if !self.instances.get(id).is_some_and(|instance| instance.scheduled_events.iter().any(has_come)) {
            return;
        }
        // The instance may be gone by now, and then there is nothing left to stop.
        _ = self.break_machine(id, Machine::Stopped);
    }

    /// Puts a member into a state that the model doesn't reach by itself (a warm pool, a hook on the way in, …). It leaves
    /// its target groups unless it is in service; the group doesn't look at its capacity for it.
    ///
    /// # Errors
    /// [`Refusal::NoManagedInstance`] for an instance that is in no group.
    pub fn set_lifecycle(&mut self, id: &InstanceId, lifecycle: LifecycleState) -> Result<(), Refusal> {
        self.known_instance_mut(id)?.lifecycle = lifecycle;
        if lifecycle != LifecycleState::InService {
            self.deregister(id);
        }
        Ok(())
    }

    /// `SetInstanceProtection`.
    ///
    /// # Errors
    /// [`Refusal::NoManagedInstance`] for an instance that is in no group.
    pub fn protect_from_scale_in(&mut self, id: &InstanceId, protected: bool) -> Result<(), Refusal> {
        self.known_instance_mut(id)?.protected_from_scale_in = protected;
        Ok(())
    }

    /// What is launched from that version from now on has the flaw; what runs stays as it is.
    pub fn break_version(&mut self, group: &GroupName, version: u32, flaw: Flaw) {
        self.supply.flaws.insert((group.clone(), version), flaw);
    }

    pub fn mend_version(&mut self, group: &GroupName, version: u32) {
        self.supply.flaws.remove(&(group.clone(), version));
    }

    pub(crate) fn flaw(&self, settings: &GroupSettings) -> Option<Flaw> {
        self.supply.flaws.get(&(settings.name.clone(), settings.launch_template_version)).copied()
    }

    /// Launches in that zone fail, or work again.
    pub fn lack_capacity_in_zone(&mut self, zone: &str, lacking: bool) {
        if lacking {
            self.supply.zones_without.insert(zone.to_owned());
        } else {
            self.supply.zones_without.remove(zone);
        }
    }

    /// Launches of that group fail in every zone, or work again.
    pub fn lack_capacity_for_group(&mut self, group: &GroupName, lacking: bool) {
        if lacking {
            self.supply.groups_without.insert(group.clone());
        } else {
            self.supply.groups_without.remove(group);
        }
    }

    /// AWS's answers leave out all of the group's members but so many, or none of them any more.
    pub fn show_only(&mut self, group: &GroupName, members: Option<usize>) {
        if let Some(group) = self.groups.get_mut(group) {
            group.shown = members;
        }
    }

    pub(crate) fn has_capacity(&self, group: &GroupName, zone: &str) -> bool {
        let supply = &self.supply;
        !supply.zones_without.contains(zone)
            && !supply.failed_zones.contains(zone)
            && !supply.groups_without.contains(group)
    }

    /// A zone dies: every machine in it is impaired, and none can be launched there.
    pub fn fail_zone(&mut self, zone: &str) {
        self.supply.failed_zones.insert(zone.to_owned());
        self.set_machines_in(zone, Machine::Well, Machine::SystemImpaired);
    }

    /// The zone is back, and with it every machine in it whose host was impaired.
    pub fn restore_zone(&mut self, zone: &str) {
        if self.supply.failed_zones.remove(zone) {
            self.set_machines_in(zone, Machine::SystemImpaired, Machine::Well);
        }
    }

    fn set_machines_in(&mut self, zone: &str, from: Machine, to: Machine) {
        let affected = |instance: &&Instance| instance.zone == zone && instance.machine == from;
        let ids: Vec<InstanceId> = self.instances.values().filter(affected).map(|found| found.id.clone()).collect();
        for id in ids {
            // Each was found a moment ago.
            _ = self.break_machine(&id, to);
        }
    }

    pub(crate) fn app_dies(&mut self, id: &InstanceId) {
        if let Some(instance) = self.instances.get_mut(id) {
            instance.app = App::Dead;
        }
        self.lose_work(id, LossReason::ApplicationDied);
    }
}
