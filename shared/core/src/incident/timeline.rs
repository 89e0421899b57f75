//! What is kept of an incident for whoever looks back: when it was detected, who mitigated it, who was asked and answered, which whole
//! it was part of, and how each hold ended.
//!
//! This module never decides, and nothing is decided by what it keeps: an incident goes on without it.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use super::Acknowledgement;
use crate::id::Subject;

/// An item is rewritten at each look, and may have 400 KB.
const MOST_HOLDS: usize = 30;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// The first look that proved that something is wrong. Nothing takes it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detected_at: Option<Timestamp>,
    /// Who ended the trouble at the incident's `mitigated_at`, as far as the incident learned that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mitigated_by: Option<Actor>,
    /// The first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paged_at: Option<Timestamp>,
    /// The first answer to any page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Acknowledgement>,
    /// The incident of the whole that counted this one among its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<Subject>,
    /// The newest, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<HoldPeriod>,
    /// Older ones, of which only the number is kept.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub holds_dropped: u32,
}

/// Looks in a row that held for the same reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldPeriod {
    /// [`crate::incident::Hold::name`]
    pub reason: String,
    pub since: Timestamp,
    /// The look that ended it, or else the last one that held.
    pub until: Timestamp,
    pub looks: u32,
    /// `None`: it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<HoldEnd>,
}

/// What was decided instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldEnd {
    Acted,
    /// By a hold of another name.
    Replaced {
        by: String,
    },
    Paged {
        page: String,
    },
    Closed {
        close: String,
        by: Actor,
    },
}

/// Who brought something about. It comes from how the incident learned of it, and is never inferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A call of its own, that AWS answered with yes.
    Homeostat,
    /// AWS, or the group itself: it had said that it would.
    Aws,
    /// Somebody else: a person, or a tool that people run.
    Person,
    /// It was found so.
    Unknown,
}

impl Timeline {
    pub fn is_empty(&self) -> bool {
        *self == Timeline::default()
    }

    /// A look that holds for a reason of that name.
    pub(super) fn held(&mut self, now: Timestamp, reason: &str) {
        if let Some(last) = self.holds.last_mut().filter(|last| last.ended.is_none() && last.reason == reason) {
            last.until = now;
            last.looks = last.looks.saturating_add(1);
            return;
        }
        self.ended(now, HoldEnd::Replaced { by: reason.to_owned() });
        self.holds.push(HoldPeriod { reason: reason.to_owned(), since: now, until: now, looks: 1, ended: None });
        if self.holds.len() > MOST_HOLDS {
            self.holds.remove(0);
            self.holds_dropped = self.holds_dropped.saturating_add(1);
        }
    }

    /// Whatever held is over.
    pub(super) fn ended(&mut self, now: Timestamp, how: HoldEnd) {
        if let Some(last) = self.holds.last_mut().filter(|last| last.ended.is_none()) {
            last.until = now;
            last.ended = Some(how);
        }
    }
}

/// What another version wrote and this one can't read counts as nothing: nobody goes unhealed for the sake of what was.
pub(super) fn readable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timeline, D::Error> {
    let stored = serde_json::Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(stored).unwrap_or_default())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it so")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}
