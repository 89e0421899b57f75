//! What the loop needs from outside: a clock and the ledger. What a remedy needs of AWS stands with that remedy.
//!
//! This module never implements a port. Reading and changing are different traits, so a reader can't change anything.

mod closed;
mod due_marks;

use std::fmt;
use std::future::Future;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::aws::alarm::AlarmChange;
use crate::budget::SharedBudget;
use crate::id::{Scope, Subject};
use serde::de::DeserializeOwned;

use crate::incident::{Incident, Kind};
use crate::memory::News;
pub use crate::outcome::{Outcome, Unavailable};
use crate::resync::Resync;
use crate::signal::Order;
pub use closed::{ClosedIncidents, ClosedPage, Cursor};
pub use due_marks::{DueHint, DueMark, DueMarks, DueTrigger, LastServer, MOST_HINTS, MarkList, UnreadableMark};

pub trait Clock: Sync {
    fn now(&self) -> Timestamp;
    /// Lets so much time pass.
    fn wait(&self, duration: SignedDuration) -> impl Future<Output = ()> + Send;
    /// Waits a short, random time before the `attempt`th try (from 1), so that two that collided don't collide again.
    fn back_off(&self, attempt: u32) -> impl Future<Output = ()> + Send;
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

/// What the ledger knows of one subject, and of the alarm that spoke of it.
#[derive(Debug, Clone)]
pub struct History<K: Kind> {
    pub open: Option<Incident<K>>,
    pub last_closed_at: Option<Timestamp>,
    /// The incident that was closed then, if this version can read it.
    pub last_closed: Option<Box<Incident<K>>>,
    pub alarm: Option<AlarmChange>,
}

impl<K: Kind> Default for History<K> {
    /// Of a subject that nothing is known of.
    fn default() -> Self {
        History { open: None, last_closed_at: None, last_closed: None, alarm: None }
    }
}

/// A person's word that Homeostat keeps its hands off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// `all`, `group#<name>`, `instance#<id>` or `hosted-zone#<id>`.
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

/// What bounds an action on a subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits<K: Kind> {
    pub pauses: Vec<Pause>,
    pub slots: Slots,
    /// The budget above its scope, or why it can't be read: then nothing is bought of it. Read only for what [`Kind::SHARES_BUDGET`] says.
    pub shared: Result<SharedBudget, String>,
    pub memory: K::Memory,
}

impl<K: Kind> Default for Limits<K> {
    fn default() -> Self {
        Limits {
            pauses: Vec::new(),
            slots: Slots::default(),
            shared: Ok(SharedBudget::default()),
            memory: K::Memory::default(),
        }
    }
}

/// The scopes at which a pause covers a subject.
pub fn pause_scopes<K: Kind>(subject: &Subject, scope: &Scope) -> Vec<String> {
    let mut scopes = vec!["all".to_owned(), scope.to_string()];
    scopes.extend(K::pause_scopes(subject));
    scopes
}

/// One write: all of it happens, or nothing. Each item is conditional on the version that was read (see
/// [`Incident::version`]); an incident that is closed moves to history.
#[derive(Debug)]
pub struct Write<'a, K: Kind> {
    pub incident: &'a Incident<K>,
    pub slots: Option<&'a Slots>,
    pub shared: Option<&'a SharedBudget>,
    pub memory: Option<&'a K::Memory>,
    /// Written only over the one that was read.
    pub alarm: Option<&'a News>,
    /// At this time no pause that covers the subject may be in force.
    pub unpaused_at: Option<Timestamp>,
}

impl<K: Kind> Clone for Write<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K: Kind> Copy for Write<'_, K> {}

impl<'a, K: Kind> Write<'a, K> {
    /// The incident alone.
    pub fn of(incident: &'a Incident<K>) -> Self {
        Write { incident, slots: None, shared: None, memory: None, alarm: None, unpaused_at: None }
    }
}

pub trait Ledger {
    /// What is known of a subject and, if a change is given, of the alarm or contributor that it is of.
    fn history<K: Kind>(
        &self,
        subject: &Subject,
        change: Option<&AlarmChange>,
    ) -> impl Future<Output = Result<History<K>, Unavailable>> + Send;

    fn limits<K: Kind>(
        &self,
        subject: &Subject,
        scope: &Scope,
    ) -> impl Future<Output = Result<Limits<K>, Unavailable>> + Send;

    /// Which of these have an open incident.
    fn open_among(&self, subjects: &[Subject]) -> impl Future<Output = Result<Vec<Subject>, Unavailable>> + Send;

    fn write<K: Kind>(&self, write: Write<'_, K>) -> impl Future<Output = Result<(), NotWritten>> + Send;

    /// How far the remedy's resync has got. What an unknown version wrote there is as good as nothing: all is read once more.
    fn resync(&self, remedy: &'static str) -> impl Future<Output = Result<Resync, Unavailable>> + Send;

    /// Conditional on the version that was read.
    fn write_resync(
        &self,
        remedy: &'static str,
        resync: &Resync,
    ) -> impl Future<Output = Result<(), NotWritten>> + Send;
}

/// An open incident whose time has come, as the index lists it: possibly out of date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub subject: Subject,
    pub version: u64,
    pub wake_at: Timestamp,
    /// Wake-ups sent since its owner last wrote.
    pub wakes: u32,
    /// When its owner should have closed it, or asked for a person.
    pub deadline: Option<Timestamp>,
    /// When the sweep last marked it as stuck, and as overdue.
    pub stuck: Option<Timestamp>,
    pub overdue: Option<Timestamp>,
}

/// What the index lists. One entry that can't be read must not hide the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DueList {
    pub due: Vec<Due>,
    pub unreadable: Vec<String>,
}

/// What the sweep writes about an incident whose owner does not do its part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It was woken again and again, and wrote nothing.
    Stuck,
    /// It writes, and still neither closes the incident nor asks for a person.
    Overdue,
}

/// What the sweep may do: it reads what is due, and moves `wake_at`.
pub trait DueIncidents {
    /// What is due until then, soonest first.
    fn due(&self, until: Timestamp) -> impl Future<Output = Result<DueList, Unavailable>> + Send;

    /// Moves `wake_at`, counts the wake-up and sets the marks to `now`, if nobody wrote since `due` was read.
    fn postpone(
        &self,
        due: &Due,
        until: Timestamp,
        marks: &[Mark],
        now: Timestamp,
    ) -> impl Future<Output = Result<(), NotWritten>> + Send;
}

pub trait WakeUps {
    /// Has the subject's owner look at it after that time, at most a few minutes.
    fn wake(&self, subject: &Subject, after: SignedDuration) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// The same for the look that the owner means to take at that time, and for no other.
    fn wake_for(
        &self,
        subject: &Subject,
        look: Timestamp,
        after: SignedDuration,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Sends an order to this function itself, by its own queue.
    fn order(&self, order: &Order, after: SignedDuration) -> impl Future<Output = Result<(), Unavailable>> + Send;
}

/// An owner's intake queue, where events wait to be taken in together.
pub trait Intake {
    /// Puts an event on it, a JSON document, that came to the owner by a call.
    fn put(&self, event: &str) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Deletes messages by the receipts that they were received with, before Lambda does: what ends the invocation brings them back no
    /// more.
    fn delete(&self, receipts: &[String]) -> impl Future<Output = Result<(), Unavailable>> + Send;
}

/// Of a function that leaves every look to the sweep.
#[derive(Debug, Clone, Copy)]
pub struct NoQueue;

impl NoQueue {
    fn unavailable() -> Unavailable {
        Unavailable { doing: "wake itself".to_owned(), why: "this function has no queue for it".to_owned() }
    }
}

impl WakeUps for NoQueue {
    async fn wake(&self, _: &Subject, _: SignedDuration) -> Result<(), Unavailable> {
        Err(Self::unavailable())
    }

    async fn wake_for(&self, _: &Subject, _: Timestamp, _: SignedDuration) -> Result<(), Unavailable> {
        Err(Self::unavailable())
    }

    async fn order(&self, _: &Order, _: SignedDuration) -> Result<(), Unavailable> {
        Err(Self::unavailable())
    }
}

/// What is open. One incident that can't be read must not hide the others.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OpenIncidents<I> {
    pub read: Vec<I>,
    pub unreadable: Vec<String>,
}

/// What an operator's command reads and writes.
pub trait Control {
    /// `I`: an incident of one remedy, or of any.
    fn open_incidents<I: DeserializeOwned + Send>(
        &self,
    ) -> impl Future<Output = Result<OpenIncidents<I>, Unavailable>> + Send;

    fn pauses(&self) -> impl Future<Output = Result<Vec<Pause>, Unavailable>> + Send;

    /// Replaces the scope's pause, if there is one.
    fn pause(&self, pause: &Pause) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Whether there was one.
    fn resume(&self, scope: &str) -> impl Future<Output = Result<bool, Unavailable>> + Send;

    fn slots(&self, scope: &Scope) -> impl Future<Output = Result<Slots, Unavailable>> + Send;

    fn shared_budget(&self) -> impl Future<Output = Result<SharedBudget, Unavailable>> + Send;

    fn memory<K: Kind>(&self, scope: &Scope) -> impl Future<Output = Result<K::Memory, Unavailable>> + Send;

    /// Conditional on the version that was read.
    fn remember<K: Kind>(
        &self,
        scope: &Scope,
        memory: &K::Memory,
    ) -> impl Future<Output = Result<(), NotWritten>> + Send;
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Done => f.write_str("done"),
            Outcome::Pending { change } => write!(f, "accepted as change {change}, which is on its way"),
            Outcome::AlreadyDone => f.write_str("had taken effect before"),
            Outcome::Refused { why } => write!(f, "refused: {why}"),
            Outcome::Lost { why } => write!(f, "not done, since what it was based on had changed: {why}"),
            Outcome::Unknown { why } => write!(f, "no answer that settles it: {why}"),
        }
    }
}
