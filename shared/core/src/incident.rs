//! The record of one disturbance, and the only place where its state changes.
//!
//! Each transition takes the incident as it was read and gives the next version of it. This module never writes anything
//! and never decides; it knows no time but the `now` that it is given.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::decision::{Close, Decision, Hold, Page, Step};
use crate::id::{AlarmArn, GroupName, Subject};
use crate::ports::Outcome;

/// Written into every item. An item with another number was written by another version of Homeostat and is left alone.
pub const SCHEMA: u32 = 1;

/// How long an intent keeps others off. Longer than a function may run (30 s), so that an effect and its retries end
/// before anybody else may act; short enough that a crashed function delays a heal by no more than a minute.
pub const LEASE: SignedDuration = SignedDuration::from_secs(60);

/// Notes kept on one incident: enough for its whole story, and far below DynamoDB's 400 KB for an item.
const MOST_NOTES: usize = 40;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    pub schema: u32,
    pub subject: Subject,
    pub kind: Kind,
    pub state: State,
    /// The fence: each owner's write is conditional on the version it read, and adds 1. 0 = not in the ledger yet.
    pub version: u64,
    /// Wake-ups that the sweep sent since the owner last wrote.
    pub wakes: u32,
    /// Grows with each transition that a person wants to hear of: what notify compares.
    pub tell: u32,
    /// When the disturbance began, as far as the signal tells.
    pub signalled_at: Timestamp,
    pub opened_at: Timestamp,
    /// The first intent: deadlines run from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acted_at: Option<Timestamp>,
    /// When the sick instance was known to be taken out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mitigated_at: Option<Timestamp>,
    /// The first look at which the group was whole again, with no relapse since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// When it is looked at again, in milliseconds since 1970: the index sorts by it. Every open incident has one.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "jiff::fmt::serde::timestamp::millisecond::optional"
    )]
    pub wake_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// The decision that led to the newest write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    pub notes: Vec<Note>,
}

/// What is particular to a remedy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Instance { group: GroupName, alarm: AlarmArn },
}

impl Kind {
    pub fn group(&self) -> &GroupName {
        match self {
            Kind::Instance { group, .. } => group,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Holding,
    Acting,
    Verifying,
    /// A person was paged; Homeostat only watches.
    Escalated,
    Closed,
}

/// An effect that was about to be tried when this was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    pub step: Step,
    /// Until then nobody else acts on the incident.
    pub until: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub at: Timestamp,
    pub what: String,
}

impl Incident {
    /// An incident that the ledger does not hold yet.
    pub fn new(subject: Subject, kind: Kind, signalled_at: Timestamp, now: Timestamp) -> Self {
        Incident {
            schema: SCHEMA,
            subject,
            kind,
            state: State::Holding,
            version: 0,
            wakes: 0,
            tell: 0,
            signalled_at,
            opened_at: now,
            acted_at: None,
            mitigated_at: None,
            recovered_at: None,
            closed_at: None,
            wake_at: None,
            intent: None,
            decision: None,
            notes: Vec::new(),
        }
    }

    pub fn is_new(&self) -> bool {
        self.version == 0
    }

    /// The intent whose effect is not known yet.
    pub fn unsettled_intent(&self) -> Option<&Intent> {
        self.intent.as_ref().filter(|intent| matches!(intent.outcome, None | Some(Outcome::Unknown { .. })))
    }

    /// `step` is about to be tried, and nobody else tries anything until the lease ends.
    #[must_use]
    pub fn intend(&self, now: Timestamp, step: &Step, decision: &Decision) -> Incident {
        let mut next = self.next(now, decision.to_string());
        if self.is_new() || self.acted_at.is_none() {
            next.tell += 1;
        }
        let until = now + LEASE;
        next.state = State::Acting;
        next.acted_at = self.acted_at.or(Some(now));
        next.wake_at = Some(until);
        next.intent = Some(Intent { step: step.clone(), until, outcome: None });
        next.decision = Some(decision.clone());
        next
    }

    /// The intent's effect was tried.
    #[must_use]
    pub fn settle(&self, now: Timestamp, outcome: Outcome) -> Incident {
        let mut next = self.next(now, format!("the call: {outcome}"));
        if matches!(outcome, Outcome::Done | Outcome::AlreadyDone) {
            next.state = State::Verifying;
            next.mitigated_at = self.mitigated_at.or(Some(now));
        }
        if let Some(intent) = &mut next.intent {
            intent.outcome = Some(outcome);
        }
        next
    }

    /// Nothing is done for now.
    #[must_use]
    pub fn hold(&self, now: Timestamp, until: Timestamp, because: &Hold) -> Incident {
        let decision = Decision::Hold { until, because: because.clone() };
        let mut next = self.next(now, format!("hold: {because}"));
        if self.is_new() {
            next.tell += 1;
        }
        if self.acted_at.is_none() {
            next.state = State::Holding;
        }
        next.recovered_at = match because {
            Hold::Proving { since } => Some(*since),
            _ => None,
        };
        next.wake_at = Some(until);
        next.decision = Some(decision);
        next
    }

    /// A person is needed; the incident is watched on, more slowly.
    #[must_use]
    pub fn page(&self, now: Timestamp, until: Timestamp, because: &Page) -> Incident {
        let mut next = self.next(now, format!("page: {because}"));
        if self.state != State::Escalated {
            next.tell += 1;
        }
        next.state = State::Escalated;
        next.recovered_at = None;
        next.wake_at = Some(until);
        next.decision = Some(Decision::Page(because.clone()));
        next
    }

    #[must_use]
    pub fn close(&self, now: Timestamp, how: &Close) -> Incident {
        let mut next = self.next(now, format!("close: {how}"));
        next.state = State::Closed;
        next.closed_at = Some(now);
        if *how == Close::Recovered {
            next.recovered_at = self.recovered_at.or(Some(now));
        }
        next.wake_at = None;
        next.decision = Some(Decision::Close(how.clone()));
        next
    }

    /// From the signal to the moment when the sick instance was taken out.
    pub fn time_to_mitigate(&self) -> Option<SignedDuration> {
        Some(self.mitigated_at?.duration_since(self.signalled_at))
    }

    /// From the signal to the first look at which the group was whole, and stayed so: later than the fact by up to the time
    /// between two looks, and by any relapse.
    pub fn time_to_recover(&self) -> Option<SignedDuration> {
        Some(self.recovered_at?.duration_since(self.signalled_at))
    }

    fn next(&self, now: Timestamp, what: String) -> Incident {
        let mut next = self.clone();
        next.version += 1;
        next.wakes = 0;
        if next.notes.last().is_none_or(|last| last.what != what) {
            next.notes.push(Note { at: now, what });
        }
        if next.notes.len() > MOST_NOTES {
            // The beginning and the end tell the story; the middle goes first.
            next.notes.remove(MOST_NOTES / 2);
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn step() -> Step {
        Step::Replace { group: "web".parse().unwrap(), instance: "i-0123456789abcdef0".parse().unwrap() }
    }

    fn incident() -> Incident {
        let subject = "eu-west-1#instance#i-0123456789abcdef0".parse().unwrap();
        let alarm = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-1".parse().unwrap();
        Incident::new(subject, Kind::Instance { group: "web".parse().unwrap(), alarm }, at(0), at(1))
    }

    fn act() -> Decision {
        Decision::Act { step: step(), because: Vec::new() }
    }

    #[test]
    fn every_transition_of_an_open_incident_leaves_it_with_a_wake_up() {
        let recovering = Hold::Recovering { healthy: 3, needed: 4 };
        let acting = incident().intend(at(1), &step(), &act());
        let settled = acting.settle(at(2), Outcome::Done);
        let held = settled.hold(at(3), at(9), &recovering);
        let paged = held.page(at(9), at(99), &Page::Refused { why: "no".into() });
        for open in [&acting, &settled, &held, &paged] {
            assert!(open.wake_at.is_some(), "{:?}", open.state);
        }
        assert_eq!(paged.close(at(99), &Close::Recovered).wake_at, None);
    }

    #[test]
    fn a_relapse_takes_the_recovery_back() {
        let proving = Hold::Proving { since: at(5) };
        let proven = incident().hold(at(5), at(9), &proving);
        assert_eq!(proven.recovered_at, Some(at(5)));
        assert_eq!(proven.hold(at(9), at(19), &Hold::Recovering { healthy: 3, needed: 4 }).recovered_at, None);
    }

    #[test]
    fn an_unknown_outcome_mitigates_nothing() {
        let unknown = incident().intend(at(1), &step(), &act()).settle(at(2), Outcome::Unknown { why: "cut".into() });
        assert_eq!((unknown.mitigated_at, unknown.state), (None, State::Acting));
        assert!(unknown.unsettled_intent().is_some());
    }

    #[test]
    fn only_news_is_told() {
        let opened = incident().intend(at(1), &step(), &act());
        assert_eq!(opened.tell, 1);
        let again = opened.settle(at(2), Outcome::Unknown { why: "cut".into() }).intend(at(70), &step(), &act());
        assert_eq!(again.tell, 1, "the same step tried again is no news");
        let because = Page::Refused { why: "no".into() };
        let paged = again.page(at(80), at(90), &because);
        assert_eq!(paged.page(at(90), at(99), &because).tell, paged.tell, "one page, not one at each look");
    }

    #[test]
    fn notes_stay_bounded_and_keep_the_beginning() {
        let mut incident = incident().intend(at(1), &step(), &act());
        for healthy in 0..500 {
            incident = incident.hold(at(2), at(3), &Hold::Recovering { healthy, needed: 1000 });
        }
        assert_eq!(incident.notes.len(), MOST_NOTES);
        assert!(incident.notes[0].what.starts_with("act:"), "{}", incident.notes[0].what);
    }
}
