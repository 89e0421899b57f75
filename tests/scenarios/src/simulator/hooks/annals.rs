//! What the rules remember from step to step: what failed and when, which calls are on their way, who was let go and why.
//!
//! This module never judges, and takes from the ledger only what was recorded.

use std::collections::{BTreeMap, BTreeSet};

use homeostat_core::aws::lifecycle;
use homeostat_core::id::{HookName, InstanceId, Subject};
use homeostat_core::ports::Outcome;
use homeostat_remedies::hook::reasons::{Because, Decision, Evidence, HookStep, Incident, Step};
use homeostat_remedies::hook::subject::HeldInstance;
use jiff::{SignedDuration, Timestamp};
use world::{ActionEnd, ActionResult, LifecycleTransition};

use super::deed::Deed;
use super::truth::Truth;
use crate::simulator::hooks::View;
use crate::simulator::note::{InvocationId, Note, What};
use crate::simulator::storm::MOST_SKEW;

/// A leaving instance whose hook Homeostat completed.
#[derive(Debug, Clone)]
pub(super) struct LetGo {
    pub(super) at: Timestamp,
    /// Why it may have had work all the same.
    pub(super) excuse: Option<&'static str>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Annals {
    /// Calls that failed, and for whom; `None` = for everybody.
    pub(super) faults: Vec<(Timestamp, Option<InstanceId>)>,
    /// From when to when something didn't answer, or the function was off.
    pub(super) silent: Vec<(Timestamp, Option<Timestamp>)>,
    /// Tokens of actions of which no event told in time.
    pub(super) untold: Vec<String>,
    /// Calls for held instances, by who made them.
    pub(super) on_the_way: BTreeSet<(InvocationId, (InstanceId, Option<HookName>))>,
    /// Invocations that are no more: one that looks at several at once may end with calls on the way.
    over: BTreeSet<InvocationId>,
    /// Launches that were abandoned with none ready since, by their version.
    pub(super) rows: BTreeMap<Option<u32>, Vec<InstanceId>>,
    /// Whose abandoning was recorded since, whatever came of it.
    intended: BTreeSet<InstanceId>,
    /// Of the row before.
    intended_before: BTreeSet<InstanceId>,
    /// When the row was last forgiven, or broken by a launch that was ready.
    row_began_at: Option<Timestamp>,
    pub(super) let_go: BTreeMap<InstanceId, LetGo>,
    /// Tokens of actions that never were.
    pub(super) forged: BTreeSet<String>,
    /// When Homeostat completed the action of a hook for an instance.
    pub(super) completed: BTreeMap<(String, InstanceId), Timestamp>,
    /// Wake-ups that were sent, and since when.
    sent: BTreeMap<Subject, (Timestamp, u32)>,
    /// Heartbeats that came to nothing meanwhile.
    failed_heartbeats: BTreeMap<Subject, u32>,
    /// Actions that ended, and losses, that were looked at.
    pub(super) seen_ended: usize,
    pub(super) seen_losses: usize,
}

impl Annals {
    pub(super) fn take_notes(&mut self, notes: &[Note], about: impl Fn(InvocationId) -> Option<InstanceId>) {
        for note in notes {
            match &note.what {
                What::HookCallStarts { instance, hook } if !self.over.contains(&note.by) => {
                    self.on_the_way.insert((note.by, (instance.clone(), hook.clone())));
                }
                What::HookCallEnds { instance, hook } => {
                    self.on_the_way.remove(&(note.by, (instance.clone(), hook.clone())));
                }
                What::Fault => self.faults.push((note.at, about(note.by))),
                _ => {}
            }
        }
    }

    /// It crashed, or was cut off, or has answered.
    pub(super) fn gone(&mut self, invocation: InvocationId) {
        self.on_the_way.retain(|(by, _)| *by != invocation);
        self.over.insert(invocation);
    }

    /// Whoever was silent first speaks first.
    pub(super) fn speaks_again(&mut self, now: Timestamp) {
        if let Some((_, until)) = self.silent.iter_mut().find(|(_, until)| until.is_none()) {
            *until = Some(now);
        }
    }

    pub(super) fn was_silent(&self, from: Timestamp, to: Timestamp) -> bool {
        self.silent.iter().any(|(since, until)| *since <= to && until.is_none_or(|until| until >= from))
    }

    pub(super) fn faults_for(&self, instance: &InstanceId, from: Timestamp, to: Timestamp) -> usize {
        let concerns = |whom: &Option<InstanceId>| whom.as_ref().is_none_or(|id| id == instance);
        self.faults.iter().filter(|(at, whom)| (from..=to).contains(at) && concerns(whom)).count()
    }

    pub(super) fn forgive(&mut self, now: Timestamp) {
        self.rows.clear();
        self.intended_before = std::mem::take(&mut self.intended);
        self.row_began_at = Some(now);
    }

    /// Whose abandoning counted for a look that began then. Seed 216648059: another launch was ready, and the row over, while this one
    /// was being looked at.
    pub(super) fn intended_at(&self, look: Timestamp) -> impl Iterator<Item = &InstanceId> {
        let is_over = self.row_began_at.is_some_and(|began| began > look);
        self.intended.iter().chain(self.intended_before.iter().filter(move |_| is_over))
    }

    /// What was recorded since: a launch that is ready ends the row.
    pub(super) fn take_in(&mut self, now: Timestamp, before: &View, after: &View) {
        let is_new =
            |incident: &&Incident| before.open.get(&incident.subject).is_none_or(|was| was.version != incident.version);
        if after.open.values().filter(is_new).any(|open| completes(open, lifecycle::ActionResult::Continue, true)) {
            self.forgive(now);
        }
        for open in after.open.values().filter(is_new).filter(|open| failed_heartbeat(open)) {
            if before.open.get(&open.subject).is_none_or(|was| was.intent != open.intent) {
                *self.failed_heartbeats.entry(open.subject.clone()).or_default() += 1;
            }
        }
        let max_abandoned = |open: &&Incident| completes(open, lifecycle::ActionResult::Abandon, false);
        let abandoned = after.open.values().filter(is_new).filter(max_abandoned);
        self.intended.extend(abandoned.filter_map(|open| Some(HeldInstance::of(&open.subject)?.instance)));
    }

    /// After the rules looked at a deed.
    pub(super) fn add(&mut self, deed: &Deed, recorded: Option<&Incident>, truth: &Truth) {
        for ended in &deed.ended {
            if matches!(ended.ended_by, ActionEnd::Completed(_)) {
                self.completed.insert((ended.hook.clone(), ended.instance.clone()), deed.at);
            }
            let launches = ended.journey.transition() == LifecycleTransition::Launching;
            if !launches || ended.ended_by != ActionEnd::Completed(ActionResult::Abandon) {
                continue;
            }
            let intended_at = recorded.and_then(|open| Some(open.intent.as_ref()?.until - open.lease()));
            let belongs = |began: Timestamp| intended_at.is_none_or(|at| at > began + MOST_SKEW * 2);
            if !self.row_began_at.is_none_or(belongs) {
                continue;
            }
            // Seeds 986952134 and 193664657: what it was launched from could not be read, and it was counted with others.
            let is_unread = |open: &Incident| open.kind.state().launched_from.is_none();
            let known = truth.instances.get(&ended.instance).filter(|_| !recorded.is_some_and(is_unread));
            let version = known.map(|known| known.version);
            self.rows.entry(version).or_default().push(ended.instance.clone());
        }
    }

    /// One more wake-up for a subject: for how long they are being sent, how many, and how many heartbeats came to nothing meanwhile.
    pub(super) fn send(&mut self, subject: &Subject, now: Timestamp) -> (SignedDuration, u32, u32) {
        let failed = self.failed_heartbeats.get(subject).copied().unwrap_or_default();
        let (since, count) = self.sent.entry(subject.clone()).or_insert((now, 0));
        *count += 1;
        (now.duration_since(*since), *count, failed)
    }

    pub(super) fn closed(&mut self, subject: &Subject) {
        self.sent.remove(subject);
        self.failed_heartbeats.remove(subject);
    }
}

/// Of this action, or of another that an event reported.
fn failed_heartbeat(incident: &Incident) -> bool {
    let Some(intent) = &incident.intent else { return false };
    let is_heartbeat = matches!(&intent.step, Step::Hook(step) if step.is_heartbeat());
    is_heartbeat && intent.outcome.as_ref().is_some_and(|outcome| *outcome != Outcome::Done)
}

/// An action is about to be completed so; `ready` = since the instance is ready.
fn completes(incident: &Incident, wanted: lifecycle::ActionResult, ready: bool) -> bool {
    let Some(Decision::Act { step: Step::Hook(step), because }) = &incident.decision else { return false };
    let is_ready = || because.iter().any(|proof| matches!(proof, Evidence::Hook(Because::Ready { .. })));
    matches!(&**step, HookStep::Complete { result, .. } if *result == wanted) && (!ready || is_ready())
}
