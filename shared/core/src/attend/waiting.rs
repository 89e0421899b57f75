//! The rule of the loop that no hold escapes: nobody is unhealthy for longer than the policy allows without an act or a page.
//!
//! This module never asks what the evidence is, nor what holds: the remedy says both.

use jiff::Timestamp;

use super::Times;
use crate::decision::{Decision, GroupState, Hold, Page};
use crate::incident::{Incident, State, Verdict};

/// The decision, or a person is asked instead.
pub(crate) fn in_time(now: Timestamp, incident: &Incident, decision: Decision, times: &Times) -> Decision {
    let within = times.wait_at_most;
    let Decision::Hold { because, .. } = &decision else { return decision };
    let has_waited = incident.unhealthy_since.is_some_and(|since| now.duration_since(since) >= within);
    // Where nothing calls it unhealthy any more, and not all can tell, the incident closes by itself unless that changes.
    let is_unclear = incident.verdict == Verdict::Unclear;
    if !has_waited || is_unclear || has_a_limit(because, incident) || was_asked(incident, because) {
        return decision;
    }
    let why = match incident.kind.notice() {
        Some(notice) if incident.verdict == Verdict::Ending => format!("{notice}, but {because}"),
        _ => because.to_string(),
    };
    let before = incident.paged_because.iter().flat_map(Page::asks_about).filter(|name| *name != because.name());
    let holds = before.cloned().chain([because.name().to_owned()]).collect();
    Decision::Page(Page::Waited { within, holds, why })
}

/// Whether a person knows. A page that nobody has answered is followed by reminders, which say what holds it by then; what holds it after
/// an answer asks for another act, if it is there for two looks in a row, and each once.
fn was_asked(incident: &Incident, because: &Hold) -> bool {
    if incident.state != State::Escalated {
        return false;
    }
    let covers = |page: &Page| match page {
        Page::Waited { holds, .. } => holds.iter().any(|name| name == because.name()),
        Page::ReplacementsFail { .. } => matches!(because, Hold::BreakerOpen { .. }),
        Page::TargetGroupGone(_) => matches!(because, Hold::GroupState(GroupState::TargetGroupGone(_))),
        _ => false,
    };
    let lasts = match &incident.decision {
        Some(Decision::Hold { because: last, .. }) => last.name() == because.name(),
        _ => false,
    };
    incident.acknowledged.is_none() || !lasts || incident.paged_because.as_ref().is_some_and(covers)
}

/// Whether something is being done that ends by itself, or people were asked for just that. Each such hold has a limit of its own: the lease; `recover-within`
/// once it is being replaced; the dwell time once its group is gone. Who is one of too many is counted by the page of the group, and in
/// `watch` people heard what would be done.
///
/// Zones and hooks give no verdict, and never get here.
fn has_a_limit(because: &Hold, incident: &Incident) -> bool {
    match because {
        // The group has an incident of its own, whose page counts its members.
        Hold::GroupState(GroupState::Unchecked { .. }) => incident.subject.instance().is_some(),
        Hold::InFlight
        | Hold::OutcomeUnknown { .. }
        | Hold::GroupReplaces { .. }
        | Hold::Recovering { .. }
        | Hold::NotReplaced { .. }
        | Hold::Proving { .. }
        | Hold::GroupMissing { .. }
        | Hold::TooManySick(_)
        | Hold::Watching { .. }
        | Hold::Propagating { .. }
        | Hold::Lost { .. }
        | Hold::Returning { .. }
        | Hold::Drifted(_)
        | Hold::Hook(_) => true,
        Hold::Paused { .. }
        | Hold::ActionsDisabled { .. }
        | Hold::NotConfirmed { .. }
        | Hold::Grace { .. }
        | Hold::NotInService { .. }
        | Hold::Protected
        | Hold::Foretold { .. }
        | Hold::Suspended { .. }
        | Hold::Refreshing { .. }
        | Hold::GroupState(_)
        | Hold::Budget { .. }
        | Hold::Cooldown { .. }
        | Hold::BreakerOpen { .. } => false,
    }
}
