//! What all incidents have in common, whatever their remedy.
//!
//! This module never knows what an incident is about.

use jiff::{SignedDuration, Timestamp};

use crate::id::{Scope, Subject};
use crate::incident::{Acknowledgement, Decision, Doubt, Incident, Kind, Note, State, Timeline};

/// An incident without what its remedy alone knows.
#[derive(Debug, Clone)]
pub struct Head<'a> {
    pub subject: &'a Subject,
    pub scope: Scope,
    /// The function that owns it.
    pub remedy: &'static str,
    pub state: State,
    pub version: u64,
    pub wakes: u32,
    pub notify_seq: u32,
    pub reminders: u32,
    pub policy: &'a str,
    pub signalled_at: Timestamp,
    pub opened_at: Timestamp,
    pub mitigated_at: Option<Timestamp>,
    pub recovered_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
    pub paged_at: Option<Timestamp>,
    pub wake_at: Option<Timestamp>,
    pub deadline: Option<Timestamp>,
    pub stuck: Option<Timestamp>,
    pub overdue: Option<Timestamp>,
    pub doubt: Option<Doubt>,
    pub acknowledged: Option<&'a Acknowledgement>,
    pub timeline: &'a Timeline,
    pub notes: &'a [Note],
    /// The decision that led to the newest write.
    pub decided: Option<Decided>,
    pub is_told_at_the_end: bool,
    pub time_to_detect: Option<SignedDuration>,
    pub time_to_mitigate: Option<SignedDuration>,
    pub time_to_recover: Option<SignedDuration>,
    pub time_to_acknowledge: Option<SignedDuration>,
}

/// A decision by the name of its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    Act,
    Hold(&'static str),
    Close(&'static str),
    Page(&'static str),
}

impl<K: Kind> Incident<K> {
    pub fn head(&self) -> Head<'_> {
        Head {
            subject: &self.subject,
            scope: self.scope(),
            remedy: K::REMEDY,
            state: self.state,
            version: self.version,
            wakes: self.wakes,
            notify_seq: self.notify_seq,
            reminders: self.reminders,
            policy: &self.policy,
            signalled_at: self.signalled_at,
            opened_at: self.opened_at,
            mitigated_at: self.mitigated_at,
            recovered_at: self.recovered_at,
            closed_at: self.closed_at,
            paged_at: self.paged_at,
            wake_at: self.wake_at,
            deadline: self.deadline,
            stuck: self.stuck,
            overdue: self.overdue,
            doubt: self.doubt,
            acknowledged: self.acknowledged.as_ref(),
            timeline: &self.timeline,
            notes: &self.notes,
            decided: self.decision.as_ref().map(Decided::of),
            is_told_at_the_end: self.is_told_at_the_end(),
            time_to_detect: self.time_to_detect(),
            time_to_mitigate: self.time_to_mitigate(),
            time_to_recover: self.time_to_recover(),
            time_to_acknowledge: self.time_to_acknowledge(),
        }
    }
}

impl Decided {
    fn of<K: Kind>(decision: &Decision<K>) -> Decided {
        match decision {
            Decision::Act { .. } => Decided::Act,
            Decision::Hold { because, .. } => Decided::Hold(because.name()),
            Decision::Close(close) => Decided::Close(close.name()),
            Decision::Page(page) => Decided::Page(page.name()),
        }
    }
}
