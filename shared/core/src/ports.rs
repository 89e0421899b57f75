//! What the loop needs from outside: a clock and the ledger. What a remedy needs of AWS stands with that remedy.
//!
//! This module never implements a port. Reading and changing are different traits, so a reader can't change anything.

use std::future::Future;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::id::{GroupName, Subject};
use crate::incident::Incident;

pub trait Clock {
    fn now(&self) -> Timestamp;
    /// Waits a short, random time before the `attempt`th try (from 1), so that two that collided don't collide again.
    fn back_off(&self, attempt: u32) -> impl Future<Output = ()> + Send;
}

/// AWS could not be read, or what it said can't be understood. Disposition: retry, by the caller's own retries and
/// then by the sweep; nothing was changed.
#[derive(Debug, thiserror::Error)]
#[error("could not {doing}: {why}")]
pub struct Unavailable {
    pub doing: String,
    pub why: String,
}

/// What became of an effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Done,
    /// It had been so before: an earlier attempt's work, or somebody else's.
    AlreadyDone,
    /// It will not happen, however often it is tried.
    Refused {
        why: String,
    },
    /// It may or may not have happened.
    Unknown {
        why: String,
    },
}

/// Why a write did not happen.
#[derive(Debug, thiserror::Error)]
pub enum NotWritten {
    /// Somebody else wrote first, took the slot or paused. Disposition: load and decide again.
    #[error("the ledger changed in between")]
    Conflict,
    /// Disposition: retry. Whether the write happened is unknown; its condition makes a repeat harmless.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// What the ledger knows of one subject.
#[derive(Debug, Clone, Default)]
pub struct History {
    pub open: Option<Incident>,
    pub last_closed: Option<Incident>,
}

/// A person's word that Homeostat keeps its hands off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// `all`, `group#<name>` or `instance#<id>`.
    pub scope: String,
    pub by: String,
    pub reason: String,
    /// When it ends by itself, in milliseconds since 1970.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub until: Timestamp,
}

/// Who holds a slot of a group's budget, and since when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slots {
    pub version: u64,
    pub holders: std::collections::BTreeMap<Subject, Timestamp>,
}

/// What bounds an action on a subject in a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    pub pauses: Vec<Pause>,
    pub slots: Slots,
}

/// The scopes at which a pause covers a subject.
pub fn pause_scopes(subject: &Subject, group: &GroupName) -> [String; 3] {
    match subject {
        Subject::Instance { id, .. } => ["all".to_owned(), format!("group#{group}"), format!("instance#{id}")],
    }
}

/// One write. Each is conditional on the version that was read: see [`Incident::version`].
#[derive(Debug)]
pub enum Write<'a> {
    /// Replaces the open incident, or opens it.
    Update { incident: &'a Incident },
    /// Records an intent: the incident, a slot of the budget, and the check that no pause covers the subject, at once.
    Intent { incident: &'a Incident, slots: &'a Slots, now: Timestamp },
    /// Moves the incident to history and gives back its slot, if it held one, at once.
    Close { incident: &'a Incident, slots: Option<&'a Slots> },
}

pub trait Ledger {
    fn history(&self, subject: &Subject) -> impl Future<Output = Result<History, Unavailable>> + Send;

    fn limits(&self, subject: &Subject, group: &GroupName) -> impl Future<Output = Result<Limits, Unavailable>> + Send;

    /// Which of these have an open incident.
    fn open_among(&self, subjects: &[Subject]) -> impl Future<Output = Result<Vec<Subject>, Unavailable>> + Send;

    fn write(&self, write: Write<'_>) -> impl Future<Output = Result<(), NotWritten>> + Send;
}

/// An open incident whose time has come, as the index lists it: possibly out of date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub subject: Subject,
    pub version: u64,
    pub wake_at: Timestamp,
}

/// What the index lists. One entry that can't be read must not hide the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DueList {
    pub due: Vec<Due>,
    pub unreadable: Vec<String>,
}

/// What the sweep may do: it reads what is due, and moves `wake_at`.
pub trait DueIncidents {
    /// What is due until then.
    fn due(&self, until: Timestamp) -> impl Future<Output = Result<DueList, Unavailable>> + Send;

    /// Moves `wake_at` and counts the wake-up, if nobody wrote since `due` was read.
    fn postpone(&self, due: &Due, until: Timestamp) -> impl Future<Output = Result<(), NotWritten>> + Send;
}

pub trait WakeUps {
    /// Has the owner look at the subject after that time, at most a few minutes.
    fn wake(&self, subject: &Subject, after: SignedDuration) -> impl Future<Output = Result<(), Unavailable>> + Send;
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Outcome::Done => f.write_str("done"),
            Outcome::AlreadyDone => f.write_str("had taken effect before"),
            Outcome::Refused { why } => write!(f, "refused: {why}"),
            Outcome::Unknown { why } => write!(f, "no answer that settles it: {why}"),
        }
    }
}
