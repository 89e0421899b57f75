//! What the rules remember from step to step.
//!
//! This module never judges.

use std::collections::BTreeMap;

use homeostat_core::id::{GroupName, InstanceId, Subject};
use homeostat_core::incident::Doubt;
use homeostat_remedies::instance::reasons::Incident;
use jiff::Timestamp;

use super::truth::Truth;
use crate::simulator::fleet::View;
use crate::simulator::note::{InvocationId, Note, What};

#[derive(Debug, Clone)]
pub(super) struct Act {
    pub(super) at: Timestamp,
    pub(super) instance: InstanceId,
    /// When its instance was launched.
    pub(super) launched_at: Timestamp,
    /// What its instance was launched from: what was rolled out since is not blamed.
    pub(super) version: u32,
    /// EC2 had announced its end, which says nothing of what it was launched from.
    pub(super) is_foretold: bool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    /// The calls of effects that have begun and not ended, by subject.
    pub(super) in_flight: BTreeMap<InstanceId, Vec<InvocationId>>,
    /// The newest version that each writer knows that it wrote.
    pub(super) wrote: BTreeMap<(InvocationId, Subject), u64>,
    /// Whom Homeostat took out of a group that has not been whole since.
    pub(super) taken_out: BTreeMap<GroupName, Vec<InstanceId>>,
    /// Since the last word of a person.
    pub(super) acts: BTreeMap<GroupName, Vec<Act>>,
    /// How often an incident had two calls in a row whose effect was unknown, by when it was opened.
    pub(super) doubts: BTreeMap<(Subject, Timestamp), u32>,
    /// How often a person closed the breaker of its group meanwhile.
    pub(super) forgiven: BTreeMap<(Subject, Timestamp), u32>,
}

impl Tally {
    pub(super) fn gone(&mut self, invocation: InvocationId) {
        for calls in self.in_flight.values_mut() {
            calls.retain(|by| *by != invocation);
        }
        self.wrote.retain(|(by, _), _| *by != invocation);
    }

    /// Before the rules look.
    pub(super) fn take_in(&mut self, notes: &[Note], truth: &Truth, before: Option<&View>, after: &View) {
        for (group, out) in &mut self.taken_out {
            if truth.groups.get(group).is_some_and(|facts| facts.in_service >= facts.desired) {
                out.clear();
            }
        }
        self.forgive(before, after);
        self.doubt(before, after);
        for note in notes {
            match &note.what {
                What::Wrote { subject, version } => _ = self.wrote.insert((note.by, subject.clone()), *version),
                What::EffectStarts { instance } => {
                    self.in_flight.entry(instance.clone()).or_default().push(note.by);
                    self.act(note.at, instance, truth);
                }
                What::EffectHappened { instance } => self.take_out(instance, truth),
                What::EffectEnds { instance } => {
                    if let Some(calls) = self.in_flight.get_mut(instance) {
                        calls.retain(|by| *by != note.by);
                    }
                }
                What::HookCallStarts { .. } | What::HookCallEnds { .. } | What::Fault => {}
            }
        }
    }

    fn take_out(&mut self, instance: &InstanceId, truth: &Truth) {
        let Some(known) = truth.instances.get(instance).filter(|known| known.in_service_since.is_some()) else {
            return;
        };
        let out = self.taken_out.entry(known.group.clone()).or_default();
        if !out.contains(instance) {
            out.push(instance.clone());
        }
    }

    fn act(&mut self, at: Timestamp, instance: &InstanceId, truth: &Truth) {
        let Some(known) = truth.instances.get(instance) else { return };
        let acts = self.acts.entry(known.group.clone()).or_default();
        // The same call again is no other act.
        if !acts.iter().any(|act| act.instance == *instance) {
            // Seed 41008940: one that was parked and started again is no launch after the act.
            let (launched_at, version) = (known.first_launched_at, known.version);
            let is_foretold = known.announced.is_some();
            acts.push(Act { at, instance: instance.clone(), launched_at, version, is_foretold });
        }
    }

    fn doubt(&mut self, before: Option<&View>, after: &View) {
        let Some(before) = before else { return };
        let is_told = |incident: &Incident| incident.doubt == Some(Doubt::Told);
        for (subject, incident) in after.open.iter().filter(|(_, incident)| is_told(incident)) {
            if !before.open.get(subject).is_some_and(is_told) {
                *self.doubts.entry((subject.clone(), incident.opened_at)).or_default() += 1;
            }
        }
    }

    /// A person closed the breaker, and with it forgave the failures.
    fn forgive(&mut self, before: Option<&View>, after: &View) {
        let Some(before) = before else { return };
        for (group, memory) in &after.memory {
            let failed_before = before.memory.get(group).is_some_and(|memory| !memory.failures.is_empty());
            if failed_before && memory.failures.is_empty() {
                self.acts.remove(group);
                if before.memory.get(group).is_some_and(|memory| memory.breaker.is_some()) {
                    self.breaker_closed(group, after);
                }
            }
        }
    }

    fn breaker_closed(&mut self, group: &GroupName, after: &View) {
        let of_group = after.open.iter().filter(|(_, incident)| incident.kind.group() == group);
        for (subject, incident) in of_group {
            *self.forgiven.entry((subject.clone(), incident.opened_at)).or_default() += 1;
        }
    }
}
