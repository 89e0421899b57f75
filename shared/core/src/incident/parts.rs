//! What an incident holds of one call, of one person's answer and of one thing that happened.
//!
//! This module never changes an incident.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::outcome::Outcome;

/// AWS's answer to a call that people heard of said neither yes nor no. Once is usual (a throttle, a group that is busy), and
/// over with the next try; twice, people believe in something that doesn't happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    Once,
    Told,
    /// It did take effect in the end, and people heard of that, too.
    Settled,
}

/// An effect that was about to be tried when this was written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intent<S> {
    pub step: S,
    /// Until then nobody else acts on the incident.
    pub until: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

impl<S> Intent<S> {
    pub fn took_effect(&self) -> bool {
        self.outcome.as_ref().is_some_and(Outcome::took_effect)
    }
}

/// A person's word that they know: it ends the reminders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    pub by: String,
    pub at: Timestamp,
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub at: Timestamp,
    pub what: String,
}
