//! How the loop ended, in types and in words.
//!
//! This module never decides what becomes of it; the function that called the loop does.

use std::fmt;

use jiff::Timestamp;

use crate::aws::alarm::AlarmChange;
use crate::id::Subject;
use crate::incident::{Decision, Incident, Kind};
use crate::outcome::Unavailable;

/// How a call of [`super::reconcile`] ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Reconciled<K: Kind> {
    /// Nothing to record.
    Ignored(Ignored),
    /// The newest decision, and the incident as recorded with it.
    Decided { decision: Decision<K>, incident: Box<Incident<K>> },
}

/// Why a hint led to no incident. Logged and counted; no item, no message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ignored {
    /// The policy doesn't name it. `why` is the whole sentence.
    OutsidePolicy {
        subject: Subject,
        why: String,
    },
    /// It was dealt with before. `why` is the whole sentence.
    Handled {
        subject: Subject,
        closed_at: Timestamp,
        why: String,
    },
    NothingWrong {
        subject: Subject,
        why: String,
    },
    NothingOpen {
        subject: Subject,
    },
    /// Another function's remedy.
    NotOurs {
        subject: Subject,
    },
    /// A wake-up too many: the incident is looked at at another time.
    NotDue {
        subject: Subject,
    },
    /// Others wrote its open incident during each of the looks.
    Overtaken {
        subject: Subject,
        next_look: Timestamp,
    },
    /// A later change of the same alarm was attended to before.
    Stale {
        change: AlarmChange,
        known_at: Timestamp,
    },
    /// What it is a part of has an incident of its own instead.
    PartOf {
        subject: Subject,
        whole: Subject,
        why: String,
    },
}

impl Ignored {
    /// For what was found, nobody has to do anything.
    pub fn nothing_wrong<K: Kind>(incident: &Incident<K>, why: impl fmt::Display) -> Ignored {
        Ignored::NothingWrong { subject: incident.subject.clone(), why: why.to_string() }
    }
}

/// The loop gave up for now. Disposition: retry, by Lambda's or the queue's own retries, then by the sweep.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// It has no open incident, which a wake-up would go on with.
    #[error("the ledger changed during each of the looks at {subject}, which has no open incident yet")]
    Contended { subject: Subject },
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ignored::OutsidePolicy { why, .. } | Ignored::Handled { why, .. } => f.write_str(why),
            Ignored::NothingWrong { subject, why } => write!(f, "{}: {why}", subject.name()),
            Ignored::NotDue { subject } => write!(f, "{} is looked at later", subject.name()),
            Ignored::Overtaken { subject, next_look } => {
                write!(
                    f,
                    "others wrote the incident of {} during each look at it; it is looked at next at {next_look:.0}",
                    subject.name()
                )
            }
            Ignored::NotOurs { subject } => write!(f, "{subject} is not this function's to look after"),
            Ignored::NothingOpen { subject } => write!(f, "{} has no open incident", subject.name()),
            Ignored::Stale { change, known_at } => write!(
                f,
                "the change of alarm {:?} of {:.3} is older than its change of {known_at:.3}, which was attended to",
                change.alarm.alarm_name(),
                change.changed_at
            ),
            Ignored::PartOf { subject, whole, why } => {
                write!(f, "{}: {why}, so it is handled in the incident of {}", subject.name(), whole.in_any_region())
            }
        }
    }
}
