//! What an act takes of the budgets, and what its end gives back.
//!
//! This module never decides whether there is room, and writes nothing: what it gives is written in the same transaction as the incident.

use jiff::Timestamp;

use super::Circumstances;
use crate::budget::{Purchase, SharedBudget};
use crate::id::Subject;
use crate::incident::{Decision, Kind, Page};
use crate::ports::Slots;

/// The shared budget after an act. One that can't be read is left alone: its check holds before anything is done.
pub(super) fn taken<K: Kind>(
    around: &Circumstances<K>,
    now: Timestamp,
    subject: &Subject,
    purchase: Option<Purchase>,
) -> Option<SharedBudget> {
    Some(around.limits.shared.as_ref().ok()?.taken_by(now, subject, &purchase?))
}

/// The shared budget after anything else. What an incident that ends while it can't be read has taken of it counts for a day.
pub(super) fn freed_or_paged<K: Kind>(
    around: &Circumstances<K>,
    now: Timestamp,
    subject: &Subject,
    gives_back: bool,
    decision: &Decision<K>,
) -> Option<SharedBudget> {
    let budget = around.limits.shared.as_ref().ok()?;
    match decision {
        _ if gives_back => budget.freed_by(now, subject),
        Decision::Page(Page::SharedBudget(_)) => budget.paged_by(now, subject),
        _ => None,
    }
}

impl Slots {
    pub(super) fn taken_by(&self, subject: &Subject, now: Timestamp) -> Slots {
        let mut slots = self.clone();
        slots.version += 1;
        slots.holders.entry(subject.clone()).or_insert(now);
        slots
    }

    pub(super) fn freed_by(&self, subject: &Subject) -> Option<Slots> {
        let mut slots = self.clone();
        slots.version += 1;
        slots.holders.remove(subject).map(|_| slots)
    }
}
