//! How the loop ended, in types and in words.
//!
//! This module never decides what becomes of it; the function that called the loop does.

use std::fmt;

use jiff::Timestamp;

use crate::aws::alarm::AlarmChange;
use crate::decision::Decision;
use crate::id::{AlarmArn, GroupName, Subject};
use crate::incident::{Incident, Kind};
use crate::ports::Unavailable;

/// How a call of [`super::attend`] ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Attended<K: Kind> {
    /// Nothing to record.
    Ignored(Ignored),
    /// The newest decision, and the incident as recorded with it.
    Decided { decision: Decision<K>, incident: Box<Incident<K>> },
}

/// Why a hint led to no incident. Logged and counted; no item, no message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ignored {
    OutsidePolicy {
        subject: Subject,
        groups: Vec<GroupName>,
    },
    /// It was dealt with, and has left its group since.
    Handled {
        subject: Subject,
        closed_at: Timestamp,
    },
    NothingWrong {
        subject: Subject,
        why: String,
    },
    /// The alarm speaks of it, and the policy doesn't take it for a verdict on its health.
    NoVerdict {
        subject: Subject,
        alarm: AlarmArn,
    },
    NothingOpen {
        subject: Subject,
    },
    /// Another function's remedy.
    NotOurs {
        subject: Subject,
    },
    /// A hook that is somebody else's to complete.
    HookOutsidePolicy {
        subject: Subject,
    },
    /// The action was completed before, or is over.
    Completed {
        subject: Subject,
        closed_at: Timestamp,
    },
    /// A wake-up too many: the incident is looked at at another time.
    NotDue {
        subject: Subject,
    },
    /// A later change of the same alarm was attended to before.
    Stale {
        change: AlarmChange,
        known_at: Timestamp,
    },
    /// The group has an incident instead.
    TooManySick {
        subject: Subject,
        group: GroupName,
    },
    /// The policy asks for target health, and no target group checks the group, whose own incident says so.
    Unchecked {
        subject: Subject,
        group: GroupName,
    },
    /// Somebody stopped the whole group on purpose, and its own incident says so.
    Parked {
        subject: Subject,
        group: GroupName,
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
pub enum Trouble {
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    #[error("the ledger changed during each of the looks at {subject}; leaving it to the next wake-up")]
    Contended { subject: Subject },
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ignored::OutsidePolicy { subject, groups } => {
                let groups: Vec<&str> = groups.iter().map(GroupName::as_str).collect();
                write!(f, "{} is in no group that the policy names ({})", subject.name(), groups.join(", "))
            }
            Ignored::Handled { subject, closed_at } => {
                write!(f, "{} has left its group, and its incident was closed at {closed_at:.0}", subject.name())
            }
            Ignored::NothingWrong { subject, why } => write!(f, "{}: {why}", subject.name()),
            Ignored::HookOutsidePolicy { subject } => {
                write!(
                    f,
                    "the policy doesn't name this hook, so it is left to whoever else completes it: {}",
                    subject.handle()
                )
            }
            Ignored::Completed { subject, closed_at } => {
                write!(f, "the hook that held {} was done with at {closed_at:.0}", subject.name())
            }
            Ignored::NoVerdict { subject, alarm } => write!(
                f,
                "{}: alarm {:?} is not among the group's health-alarms, so it says nothing of the instance's health",
                subject.name(),
                alarm.alarm_name()
            ),
            Ignored::NotDue { subject } => write!(f, "{} is looked at later", subject.name()),
            Ignored::NotOurs { subject } => write!(f, "{subject} is not this function's to look after"),
            Ignored::NothingOpen { subject } => write!(f, "{} has no open incident", subject.name()),
            Ignored::Stale { change, known_at } => write!(
                f,
                "the change of alarm {:?} of {:.3} is older than its change of {known_at:.3}, which was attended to",
                change.alarm.alarm_name(),
                change.changed_at
            ),
            Ignored::Parked { subject, group } => {
                write!(f, "{}: group {group} is parked, so it is handled in the group's incident", subject.name())
            }
            Ignored::Unchecked { subject, group } => {
                write!(
                    f,
                    "{}: no target group checks group {group}, so it is handled in the group's incident",
                    subject.name()
                )
            }
            Ignored::TooManySick { subject, group } => {
                write!(
                    f,
                    "{}: too many of group {group} are sick at once, so it is handled in the group's incident",
                    subject.name()
                )
            }
        }
    }
}
