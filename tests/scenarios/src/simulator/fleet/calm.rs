//! From the storm to the end: faults stop, what was done to the fleet is lifted, and everything must become well again.
//!
//! This module never heals what Homeostat should have healed, before it had the time to.

use homeostat_core::id::{GroupName, InstanceId};
use homeostat_core::incident::State;
use homeostat_core::policy::Mode;
use homeostat_remedies::instance::reasons::{Decision, Hold, HoldReason, Incident};
use jiff::{SignedDuration, Timestamp};
use world::{AutoScalingGroup, Instance, LifecycleState, Machine, Process, World};

use super::rules::is_plainly_sick;
use super::weather::Repair;
use super::{History, alarms};
use crate::simulator::Broken;

/// Time for Homeostat alone. Twelve sick instances one after another, each with its draining, its hook, its grace period, its
/// cooldown and its dwell time, are half an hour each at worst.
const ALONE: SignedDuration = SignedDuration::from_hours(8);

/// Time after a person has repaired what was left to people.
const HELPED: SignedDuration = SignedDuration::from_hours(4);

/// So long somebody may be sick without an incident: two resyncs, and the evidence before them.
const UNNOTICED: SignedDuration = SignedDuration::from_mins(20);

/// How long all must be well before it is believed.
const SETTLES: SignedDuration = SignedDuration::from_mins(12);
const SETTLED: u32 = 2;

impl History {
    pub(super) fn calm(&mut self) -> Result<(), Broken> {
        self.own.faultless_since = self.own.faultless_since.or(Some(self.now()));
        let alone = self.now() + ALONE;
        self.calm_until(alone, History::is_stuck)?;
        self.nobody_is_forgotten()?;
        self.missing_target_groups_are_told()?;
        self.repair_all();
        self.stage.log(|| "people repair the rest".to_owned());
        let helped = self.now() + HELPED;
        self.calm_until(helped, History::is_settled)?;
        self.all_is_well()
    }

    /// Until nothing more is to come for a while, or until then.
    fn calm_until(&mut self, end: Timestamp, is_over: fn(&History) -> bool) -> Result<(), Broken> {
        let mut over_for = 0;
        while self.now() < end && over_for < SETTLED {
            self.lift_all();
            let next = self.now() + SETTLES;
            self.pass(next)?;
            over_for = if is_over(self) { over_for + 1 } else { 0 };
        }
        Ok(())
    }

    /// All is well, or waits for people.
    fn is_stuck(&self) -> bool {
        self.is_settled()
            || self.nobody_is_forgotten().is_ok() && self.view.slots.values().all(|slots| slots.holders.is_empty())
    }

    fn is_settled(&self) -> bool {
        self.view.open.is_empty() && self.is_quiet() && self.others_not_serving().is_empty()
    }

    /// What people did, they undo; what they were asked, they answer. Some of it takes a second try: who is still on the way
    /// into Standby can't leave it.
    fn lift_all(&mut self) {
        let mut repairs: Vec<Repair> =
            self.pauses_in_force().into_iter().map(|pause| Repair::Pause(pause.scope)).collect();
        let seen = self.cloud.with(|world| {
            let mut repairs = Vec::new();
            for letter in ['a', 'b', 'c'] {
                let zone = world.place().zone(letter);
                repairs.extend([Repair::Zone(zone.clone()), Repair::ZoneCapacity(zone)]);
            }
            for group in world.groups() {
                let name = || group.settings.name.clone();
                repairs.extend([Repair::Capacity(name()), Repair::Refresh(name())]);
                repairs.extend((!group.suspended.is_empty()).then(|| Repair::Parked(name())));
            }
            for arn in world.groups().flat_map(|group| &group.settings.target_groups) {
                let without = world.target_group(arn).into_iter().flat_map(|group| &group.zones_without);
                repairs.extend(without.map(|zone| Repair::LoadBalancerZone(arn.clone(), zone.clone())));
            }
            let disabled = world.alarms().filter(|alarm| !alarm.actions_enabled);
            repairs.extend(disabled.map(|alarm| Repair::Actions(alarm.arn.alarm_name().to_owned())));
            for instance in world.instances() {
                let in_standby = instance.lifecycle == LifecycleState::Standby;
                repairs.extend(in_standby.then(|| Repair::Standby(instance.id.clone())));
                let is_to_end = !instance.scheduled_events.is_empty();
                repairs.extend(is_to_end.then(|| Repair::Events(instance.id.clone())));
                repairs.extend(instance.protected_from_scale_in.then(|| Repair::Protection(instance.id.clone())));
            }
            for group in world
                .groups()
                .map(|group| (group.settings.name.clone(), group.settings.launch_template_version))
                .collect::<Vec<_>>()
            {
                world.mend_version(&group.0, group.1);
            }
            alarms::restore_all(world);
            repairs
        });
        repairs.extend(seen);
        repairs.push(Repair::Throttles);
        for repair in repairs {
            self.repair(&repair);
        }
        self.acknowledge_each();
    }

    fn repair_all(&mut self) {
        let ids: Vec<_> = self.cloud.with(|world| world.instances().map(|instance| instance.id.clone()).collect());
        let groups = self.policy.instances.group_names();
        for group in groups {
            self.repair(&Repair::TargetGroups(group));
        }
        for id in ids {
            // Who is gone by now needs no repair.
            self.repair(&Repair::App(id.clone()));
            self.repair(&Repair::Disk(id.clone()));
            _ = self.cloud.with(|world| world.break_machine(&id, Machine::Well));
            // Some images never answer, and their alarms, which count failed requests, see nothing wrong with that.
            self.cloud.with(|world| {
                let is_in_service = |instance: &&Instance| instance.lifecycle == LifecycleState::InService;
                let silent = world.instance(&id).filter(is_in_service).is_some_and(|it| !it.answers(world.now()));
                // What was launched while nothing was registered gets no traffic until somebody sees to it.
                let silent = silent || is_unregistered(world, &id);
                _ = silent.then(|| world.terminate_instance(&id, false));
            });
        }
    }

    /// Whoever may attach to what doesn't exist is told: a group that can launch nothing waits for a person.
    fn missing_target_groups_are_told(&self) -> Result<(), Broken> {
        let lacks = self.cloud.with(|world| {
            let lacks = |group: &&AutoScalingGroup| {
                group.settings.target_groups.iter().any(|arn| world.target_group(arn).is_none())
            };
            world.groups().filter(lacks).map(|group| group.settings.name.clone()).collect::<Vec<_>>()
        });
        let is_asked = |name: &GroupName| {
            let mut open = self.view.open.values();
            open.any(|open| {
                open.kind.group() == name && open.subject.instance().is_none() && open.state == State::Escalated
            })
        };
        match lacks.iter().find(|name| self.policy.instances.group(name).is_some() && !is_asked(name)) {
            None => Ok(()),
            Some(name) => {
                let what = format!("nobody is asked about {name}");
                Err(Broken::end("a target group that is gone is told", what, self.now()))
            }
        }
    }

    /// Each group of the policy that is short, and by how many.
    fn others_not_serving(&self) -> Vec<(GroupName, u32, u32)> {
        let groups = self.own.truth.groups.iter().filter(|(name, _)| self.policy.instances.group(name).is_some());
        groups
            .filter(|(_, facts)| facts.serving < facts.desired)
            .map(|(name, facts)| (name.clone(), facts.serving, facts.desired))
            .collect()
    }

    /// Who is plainly sick has an incident, or its group has; and what is still open waits for a person, or is only watched.
    fn nobody_is_forgotten(&self) -> Result<(), Broken> {
        let now = self.now();
        for (id, known) in &self.own.truth.instances {
            let (Some(facts), Some(policy)) =
                (self.own.truth.groups.get(&known.group), self.policy.instances.group(&known.group))
            else {
                continue;
            };
            let has_one = self.view.open.values().any(|open| match open.subject.instance() {
                Some(instance) => instance == *id,
                None => open.kind.group() == &known.group,
            });
            if !has_one && is_plainly_sick(known, facts, policy, now, UNNOTICED) {
                return Err(Broken::end("nobody sick is forgotten", format!("{id} of {}", known.group), now));
            }
        }
        let is_wrong =
            |open: &&Incident| is_unclear(open) && open.subject.instance().is_some_and(|id| self.is_plainly_sick(&id));
        if let Some(open) = self.view.open.values().find(is_wrong) {
            let what = format!("{} is {:?}: {:?}", open.subject, open.state, open.decision);
            return Err(Broken::end("nobody who is plainly unhealthy is held as not confirmed", what, now));
        }
        match self.view.open.values().find(|open| !self.waits_for_a_person(open)) {
            None => Ok(()),
            Some(open) => {
                let what = format!("{} is {:?}: {:?}", open.subject, open.state, open.decision);
                Err(Broken::end("after the calm, what is open waits for a person", what, now))
            }
        }
    }

    fn waits_for_a_person(&self, open: &Incident) -> bool {
        let is_watched = self.policy.instances.group(open.kind.group()).is_some_and(|group| group.mode == Mode::Watch);
        // Contradictory evidence is none: a machine that is impaired under a healthy target, and the like.
        let unclear = is_unclear(open);
        let is_outage =
            matches!(&open.decision, Some(Decision::Hold { because: Hold::Own(HoldReason::TooManyUnhealthy(_)), .. }));
        let waits_for_budget = matches!(&open.decision, Some(Decision::Hold { because: Hold::SharedBudget(_), .. }));
        let is_asked =
            (is_outage && self.asks_for_group(open)) || (waits_for_budget && self.view.shared.paged.is_some());
        open.state == State::Escalated || is_watched || unclear || is_asked
    }

    /// By all that the policy asks for: then nothing can be unclear.
    fn is_plainly_sick(&self, id: &InstanceId) -> bool {
        self.own.truth.instances.get(id).is_some_and(|known| {
            let found = self.own.truth.groups.get(&known.group).zip(self.policy.instances.group(&known.group));
            found.is_some_and(|(facts, policy)| is_plainly_sick(known, facts, policy, self.now(), UNNOTICED))
        })
    }

    fn asks_for_group(&self, member: &Incident) -> bool {
        let of_group = |open: &&Incident| open.subject.instance().is_none() && open.kind.group() == member.kind.group();
        self.view.open.values().find(of_group).is_some_and(|open| open.state == State::Escalated)
    }

    /// The end of every history.
    fn all_is_well(&self) -> Result<(), Broken> {
        let now = self.now();
        let end = |rule: &str, what: String| Err(Broken::end(rule, what, now));
        if let Some((group, serving, desired)) = self.others_not_serving().first() {
            let members: Vec<String> = self.cloud.with(|world| {
                let line = |it: &Instance| {
                    format!("{} {:?} {:?} {:?} {:?}", it.id, it.lifecycle, it.health, it.app, it.machine)
                };
                world.members(group).map(line).collect()
            });
            let what = format!("{serving} of {desired} of {group} serve: {}", members.join("; "));
            return end("in the end every group is whole", what);
        }
        if let Some(open) = self.view.open.values().next() {
            return end(
                "in the end no incident is open",
                format!("{} is {:?}: {:?}", open.subject, open.state, open.decision),
            );
        }
        if let Some((group, slots)) = self.view.slots.iter().find(|(_, slots)| !slots.holders.is_empty()) {
            return end("in the end no slot is held", format!("{group}: {slots:?}"));
        }
        if let Some((group, used)) = self.view.shared.groups.iter().find(|(_, used)| !used.holders.is_empty()) {
            return end("in the end nothing is out of the account's budget", format!("{group}: {used:?}"));
        }
        if !self.is_quiet() {
            return end("in the end nothing is under way", "an invocation or a message".to_owned());
        }
        let suspended =
            |process: Process| self.cloud.with(|world| world.groups().any(|group| group.is_suspended(process)));
        if Process::ALL.into_iter().any(suspended) {
            return end("in the end everything is lifted", "a process is suspended".to_owned());
        }
        Ok(())
    }
}

fn is_unclear(open: &Incident) -> bool {
    matches!(&open.decision, Some(Decision::Hold { because: Hold::Own(HoldReason::NotConfirmed { .. }), .. }))
}

/// In service, and in none of the target groups that its group manages.
fn is_unregistered(world: &World, id: &InstanceId) -> bool {
    let Some(instance) = world.instance(id).filter(|it| it.lifecycle == LifecycleState::InService) else {
        return false;
    };
    let attached = world.group(&instance.group).map(|group| group.settings.target_groups.clone()).unwrap_or_default();
    attached.iter().filter_map(|arn| world.target_group(arn)).any(|group| !group.targets.contains_key(id))
}
