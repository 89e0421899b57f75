//! The ladder for a zone: what to change in its records now, read from top to bottom. All that is due goes into one change.
//!
//! This module never waits, asks or changes anything: the same arguments always give the same decision.

use jiff::{SignedDuration, Timestamp};

use super::judge::{Judged, judge};
use super::kept::{Kept, PROPAGATES_WITHIN, Propagating};
use super::record::{Generation, weights};
use super::said::{Awaits, Trouble, Waiting};
use super::seen::Seen;
use super::shift::{Move, Shift};
use crate::attend::Circumstances;
use crate::decision::{Close, Decision, Hold, Page, Proof, Step};
use crate::incident::{Incident, State};
use crate::policy::{DnsPolicy, Mode, ZonePolicy};
use crate::ports::{Outcome, Pause};

/// Everything that one decision rests on.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) now: Timestamp,
    pub(super) incident: &'a Incident,
    pub(super) kept: &'a Kept,
    pub(super) seen: &'a Seen,
    pub(super) around: &'a Circumstances,
    pub(super) policy: &'a ZonePolicy<'a>,
}

/// A change is asked after as soon as it may have arrived, and then less and less often: a question costs a part of what Route 53
/// grants the whole account.
const FIRST_QUESTION: SignedDuration = SignedDuration::from_secs(5);

pub(super) fn decide(case: Case<'_>) -> Decision {
    if let Some(waiting) = case.unsettled().or_else(|| case.refused()).or_else(|| case.propagating()) {
        return waiting;
    }
    case.conclude(judged(case))
}

pub(super) fn judged(case: Case<'_>) -> Judged {
    let mut all = Judged::default();
    for record in &case.policy.records {
        all.extend(judge(case, record));
    }
    let gone = case.kept.records.keys().filter(|key| case.policy.record(key).is_none());
    all.troubles.extend(gone.map(|key| Trouble::NotInPolicy { record: key.clone() }));
    all
}

impl Case<'_> {
    fn conclude(&self, all: Judged) -> Decision {
        let Judged { mut act, watch, waiting, troubles, unconfirmed, .. } = all;
        let zone = &self.kept.zone;
        act.extend(self.fence_off(&act));
        if !act.is_empty() {
            let (moves, because): (Vec<_>, Vec<Vec<Proof>>) = act.into_iter().unzip();
            let (shift, because) = (self.again(Shift { zone: zone.clone(), moves }), because.concat());
            return self
                .pause()
                .or_else(|| self.lost(&shift))
                .unwrap_or(Decision::Act { step: Step::Shift(shift), because });
        }
        if !troubles.is_empty() {
            return Decision::Page(Page::Weights { troubles });
        }
        if !waiting.is_empty() {
            let until = waiting.iter().filter_map(|waiting| self.next_look(waiting)).min();
            return self.hold(until, Hold::Returning { waiting });
        }
        if !watch.is_empty() {
            let (moves, because): (Vec<_>, Vec<Vec<Proof>>) = watch.into_iter().unzip();
            let step = Step::Shift(Shift { zone: zone.clone(), moves });
            return self.hold(None, Hold::Watching { step, because: because.concat() });
        }
        if let Some(because) = unconfirmed {
            return self.hold(None, because);
        }
        self.over()
    }

    /// What is tried once more is the very same batch, generation included: whichever of them arrives, it is known again.
    fn again(&self, shift: Shift) -> Shift {
        let last = self.incident.unsettled_intent().map(|intent| &intent.step);
        match last {
            Some(Step::Shift(last)) if last.is_the_same_but_for_its_generations(&shift) => last.clone(),
            _ => shift,
        }
    }

    /// A batch of unknown fate that could still apply, if it is only late, is kept from it before anything else is decided: its
    /// record gets another generation, and nothing else.
    pub(super) fn fence_off(&self, act: &[(Move, Vec<Proof>)]) -> Option<(Move, Vec<Proof>)> {
        let last = self.incident.unsettled_intent().and_then(|intent| match &intent.step {
            Step::Shift(shift) => Some(shift),
            Step::Replace { .. } | Step::MarkUnhealthy { .. } | Step::Hook(_) => None,
        });
        // What somebody added since is in no batch, so it keeps none from applying.
        let is_as_read = |moved: &Move| {
            let there = self.seen.record(&moved.key);
            moved.before.iter().all(|set| there.contains(set))
                && self.seen.fence(&moved.key.name) == moved.fence.as_ref()
                && !act.iter().any(|(other, _)| other.key.name == moved.key.name)
        };
        let mut tried = self.kept.tried.iter().chain(last);
        let moved = tried.find(|tried| tried.moves.iter().all(is_as_read))?.moves.first()?;
        let held = self.kept.records.get(&moved.key);
        let last = self.seen.generation(&moved.key.name);
        let reduced = held.into_iter().flat_map(|held| &held.reduced);
        let fence = Move {
            key: moved.key.clone(),
            // Nor is it in this one: what Homeostat did not leave there is not what it left.
            after: weights(&moved.before),
            before: moved.before.clone(),
            reduced: reduced.map(|(id, reduced)| (id.clone(), reduced.share)).collect(),
            partly: held.is_some_and(|held| held.partly),
            fence: moved.fence.clone(),
            generation: Generation::after(last.as_ref(), self.now),
        };
        Some((fence, Vec::new()))
    }

    /// Nothing is sick, nothing is held.
    fn over(&self) -> Decision {
        if let [_, ..] = self.kept.taken_over.as_slice() {
            let records: Vec<String> = self.kept.taken_over.iter().map(ToString::to_string).collect();
            return Decision::Close(Close::TakenOver { what: records.join(", ") });
        }
        if self.incident.mitigated_at.is_none() {
            let why = "no endpoint of the zone's records is sick by the evidence that the policy asks for".to_owned();
            return Decision::Close(Close::NothingWrong { why });
        }
        let since = match &self.incident.decision {
            Some(Decision::Hold { because: Hold::Proving { since }, .. }) => *since,
            _ => self.now,
        };
        let proven = since + self.policy.dns.dwell;
        if self.now >= proven && !self.incident.is_new() {
            return Decision::Close(Close::Recovered);
        }
        self.hold(Some(proven), Hold::Proving { since })
    }

    fn hold(&self, until: Option<Timestamp>, because: Hold) -> Decision {
        let dns = self.policy.dns;
        Decision::Hold { until: no_later(self.now, until.unwrap_or(self.now + dns.look_every), dns), because }
    }

    /// When the facts alone can make a difference; else at the usual pace.
    fn next_look(&self, waiting: &Waiting) -> Option<Timestamp> {
        match waiting.awaits {
            Awaits::Hold { until, .. } | Awaits::Step { until } => Some(until),
            Awaits::Reread => Some(self.now + FIRST_QUESTION),
            Awaits::Proof { .. } | Awaits::Alarm { .. } | Awaits::Others { .. } => None,
        }
    }

    /// An intent whose effect is not known: somebody may be acting on it until its lease ends.
    pub(super) fn unsettled(&self) -> Option<Decision> {
        let intent = self.incident.unsettled_intent().filter(|intent| self.now < intent.until)?;
        let because = match &intent.outcome {
            Some(Outcome::Unknown { why }) => Hold::OutcomeUnknown { why: why.clone() },
            _ => Hold::InFlight,
        };
        Some(Decision::Hold { until: intent.until, because })
    }

    /// A call that AWS refused is repeated only after a person has said that they know.
    pub(super) fn refused(&self) -> Option<Decision> {
        let Outcome::Refused { why } = self.incident.intent.as_ref()?.outcome.as_ref()? else { return None };
        if self.incident.state != State::Escalated {
            return Some(Decision::Page(Page::Refused { why: why.clone() }));
        }
        let unanswered = self.incident.acknowledged.is_none();
        unanswered.then(|| self.hold(None, Hold::RefusedBefore { why: why.clone() }))
    }

    /// One change at a time: the next waits until this one is on all name servers.
    pub(super) fn propagating(&self) -> Option<Decision> {
        let dns = self.policy.dns;
        if let Some(Propagating { change: Some(change), since }) = &self.kept.propagating
            && self.now.duration_since(*since) >= dns.in_sync_within
        {
            let troubles = vec![Trouble::NotInSync { change: change.clone(), since: *since }];
            return Some(Decision::Page(Page::Weights { troubles }));
        }
        let (until, because) = on_its_way(self.now, self.kept, dns)?;
        Some(Decision::Hold { until, because })
    }

    /// What a person said last: nothing is moved under their hands.
    pub(super) fn pause(&self) -> Option<Decision> {
        let Pause { scope, by, reason, .. } = self.around.limits.pauses.iter().find(|pause| pause.until > self.now)?;
        let because = Hold::Paused { scope: scope.clone(), by: by.clone(), reason: reason.clone() };
        let within = self.policy.dns.wait_at_most;
        if self.now >= self.incident.opened_at + within && self.incident.state != State::Escalated {
            return Some(Decision::Page(Page::Waited { within, why: because.to_string() }));
        }
        Some(self.hold(None, because))
    }

    /// The same batch is not sent again where Route 53 has said that something in it is not so: what was read may be old.
    fn lost(&self, shift: &Shift) -> Option<Decision> {
        let intent = self.incident.intent.as_ref()?;
        let (Step::Shift(tried), Some(Outcome::Lost { why })) = (&intent.step, &intent.outcome) else { return None };
        if !tried.has_the_same_base(shift) {
            return None;
        }
        let is_old = self.now >= intent.until + self.policy.dns.in_sync_within;
        if is_old && self.incident.state != State::Escalated {
            return Some(Decision::Page(Page::Refused { why: why.clone() }));
        }
        Some(self.hold(None, Hold::Lost { why: why.clone() }))
    }
}

/// How long the last change is waited for before it is asked after. Nothing that could be read has a say in it.
pub(super) fn on_its_way(now: Timestamp, kept: &Kept, dns: &DnsPolicy) -> Option<(Timestamp, Hold)> {
    let Propagating { change, since } = kept.propagating.clone()?;
    let age = now.duration_since(since).max(FIRST_QUESTION);
    let until = if change.is_some() { now + age } else { since + PROPAGATES_WITHIN };
    Some((no_later(now, until, dns), Hold::Propagating { change, since }))
}

/// The usual pace is the slowest.
fn no_later(now: Timestamp, until: Timestamp, dns: &DnsPolicy) -> Timestamp {
    until.min(now + dns.look_every).max(now)
}

/// Whether records in this mode are changed or only watched.
pub(super) fn acts(mode: Mode) -> bool {
    mode == Mode::Act
}
