//! What may be asked of an incident without knowing its remedy.
//!
//! This module never decides, and never changes an incident.

use jiff::Timestamp;

use crate::id::{Scope, Subject};
use crate::incident::{Acknowledgement, Incident, Kind, Note, State};

/// An incident of any remedy.
pub trait View {
    fn subject(&self) -> &Subject;
    fn scope(&self) -> Scope;
    /// The function that owns it.
    fn remedy(&self) -> &'static str;
    fn state(&self) -> State;
    fn version(&self) -> u64;
    fn wakes(&self) -> u32;
    fn policy(&self) -> &str;
    fn opened_at(&self) -> Timestamp;
    fn closed_at(&self) -> Option<Timestamp>;
    fn wake_at(&self) -> Option<Timestamp>;
    fn deadline(&self) -> Option<Timestamp>;
    fn stuck(&self) -> Option<Timestamp>;
    fn overdue(&self) -> Option<Timestamp>;
    fn acknowledged(&self) -> Option<&Acknowledgement>;
    fn notes(&self) -> &[Note];
    /// The decision that led to the newest write, in words.
    fn decision(&self) -> Option<String>;
}

impl<K: Kind> View for Incident<K> {
    fn subject(&self) -> &Subject {
        &self.subject
    }

    fn scope(&self) -> Scope {
        self.kind.scope()
    }

    fn remedy(&self) -> &'static str {
        K::REMEDY
    }

    fn state(&self) -> State {
        self.state
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn wakes(&self) -> u32 {
        self.wakes
    }

    fn policy(&self) -> &str {
        &self.policy
    }

    fn opened_at(&self) -> Timestamp {
        self.opened_at
    }

    fn closed_at(&self) -> Option<Timestamp> {
        self.closed_at
    }

    fn wake_at(&self) -> Option<Timestamp> {
        self.wake_at
    }

    fn deadline(&self) -> Option<Timestamp> {
        self.deadline
    }

    fn stuck(&self) -> Option<Timestamp> {
        self.stuck
    }

    fn overdue(&self) -> Option<Timestamp> {
        self.overdue
    }

    fn acknowledged(&self) -> Option<&Acknowledgement> {
        self.acknowledged.as_ref()
    }

    fn notes(&self) -> &[Note] {
        &self.notes
    }

    fn decision(&self) -> Option<String> {
        self.decision.as_ref().map(ToString::to_string)
    }
}
