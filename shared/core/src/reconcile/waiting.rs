//! The rule of the loop that no hold escapes: nobody is unhealthy for longer than the policy allows without an act or a page.
//!
//! This module never asks what the evidence is, nor what holds: the remedy says both.

use jiff::Timestamp;

use super::Times;
use crate::incident::{Decision, Hold, Incident, Kind, Page, State, Verdict};

/// The decision, or a person is asked instead.
pub fn in_time<K: Kind>(now: Timestamp, incident: &Incident<K>, decision: Decision<K>, times: &Times) -> Decision<K> {
    let within = times.max_wait;
    let Decision::Hold { because, .. } = &decision else { return decision };
    let has_waited = incident.unhealthy_since.is_some_and(|since| now.duration_since(since) >= within);
    // Where nothing calls it unhealthy any more, and not all can tell, the incident closes by itself unless that changes.
    let is_unclear = incident.verdict == Verdict::Unclear;
    if !has_waited || is_unclear || has_a_limit(because, incident) || was_asked(incident, because) {
        return decision;
    }
    let why = match incident.kind.announcement() {
        Some(notice) if incident.verdict == Verdict::Ending => format!("{notice}, but {because}"),
        _ => because.to_string(),
    };
    let before = incident.paged_because.iter().flat_map(Page::asks_about).filter(|name| *name != because.name());
    let holds = before.cloned().chain([because.name().to_owned()]).collect();
    Decision::Page(Page::Waited { within, holds, why })
}

/// Whether a person knows. A page that nobody has answered is followed by reminders, which say what holds it by then; what holds it after
/// an answer asks for another act, if it is there for two looks in a row, and each once.
fn was_asked<K: Kind>(incident: &Incident<K>, because: &Hold<K>) -> bool {
    if incident.state != State::Escalated {
        return false;
    }
    let lasts = match &incident.decision {
        Some(Decision::Hold { because: last, .. }) => last.name() == because.name(),
        _ => false,
    };
    let is_covered = || incident.paged_because.as_ref().is_some_and(|page| page.covers(because));
    incident.acknowledged.is_none() || !lasts || is_covered()
}

/// Whether something is being done that ends by itself, or people were asked for just that. Each such hold has a limit of its own: the
/// lease; `recover-within` once it is being replaced; the dwell time. In `watch` people heard what would be done. For all that wait for the
/// shared budget, one of them asks ([`crate::guard::short`]).
fn has_a_limit<K: Kind>(because: &Hold<K>, incident: &Incident<K>) -> bool {
    match because {
        Hold::InFlight | Hold::OutcomeUnknown { .. } | Hold::Proving { .. } | Hold::Watching { .. } => true,
        Hold::SharedBudget(_) => true,
        Hold::Paused { .. } | Hold::Budget { .. } | Hold::BudgetUnread { .. } | Hold::OutOfDate { .. } => false,
        Hold::Dependency(_) => false,
        Hold::Own(own) => K::has_a_limit(own, incident),
    }
}
