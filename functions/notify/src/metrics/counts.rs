//! What a change of an incident adds to which metric.
//!
//! This module never counts by what was told: what is only watched, or goes as it should, is told to nobody and counts.

use homeostat_core::incident::State;
use homeostat_core::view::{Decided, Head};
use homeostat_remedies::registry::AnyIncident;
use jiff::{SignedDuration, Timestamp};

use crate::change::Change;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Count {
    pub(super) name: &'static str,
    pub(super) value: i64,
    pub(super) unit: &'static str,
    pub(super) by: By,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum By {
    Remedy,
    Reason(&'static str),
}

pub(super) fn counts(change: &Change, of: &AnyIncident) -> Vec<Count> {
    let incident = &of.head();
    let one = |name| Count { name, value: 1, unit: "Count", by: By::Remedy };
    if incident.state == State::Closed {
        let mut counts = vec![one("Closed")];
        counts.extend(took("TimeToMitigate", incident.time_to_mitigate, of));
        counts.extend(took("TimeToRecover", incident.time_to_recover, of));
        return counts;
    }
    let mut counts = Vec::new();
    counts.extend(change.is_new().then(|| one("Opened")));
    counts.extend(is_escalated(change, incident).then(|| one("Escalated")));
    counts.extend(held(change, incident).map(|reason| Count { by: By::Reason(reason), ..one("Held") }));
    counts
}

/// How long it took, if that is the time of a heal.
fn took(name: &'static str, time: Option<SignedDuration>, of: &AnyIncident) -> Option<Count> {
    let time = time.filter(|_| of.view().is_heal())?;
    // Two machines' clocks: an effect may seem to come before its signal.
    Some(Count { name, value: time.as_secs().max(0), unit: "Seconds", by: By::Remedy })
}

/// A person was asked: for the first time, or for something else. Being reminded is neither.
fn is_escalated(change: &Change, incident: &Head<'_>) -> bool {
    let is_asked = incident.state == State::Escalated && incident.reminders == 0;
    let is_asked_anew =
        is_asked && change.before.as_ref().is_none_or(|before| before.head().paged_at != incident.paged_at);
    is_asked_anew || change.is_first_marked("stuck") || change.is_first_marked("overdue")
}

/// Why it holds, if it does, and did not for the same reason before.
fn held(change: &Change, incident: &Head<'_>) -> Option<&'static str> {
    let reason = holds(incident)?;
    let before = change.before.as_ref().and_then(|before| holds(&before.head()));
    (before != Some(reason)).then_some(reason)
}

fn holds(incident: &Head<'_>) -> Option<&'static str> {
    match incident.decided? {
        Decided::Hold(reason) => Some(reason),
        Decided::Act | Decided::Close(_) | Decided::Page(_) => None,
    }
}

/// When the change came about, by the incident's own times.
pub(super) fn moment(incident: &Head<'_>) -> Timestamp {
    let noted = incident.notes.last().map_or(incident.opened_at, |note| note.at);
    let marked = incident.stuck.max(incident.overdue).max(incident.paged_at);
    incident.closed_at.unwrap_or_else(|| noted.max(marked.unwrap_or(noted)))
}
