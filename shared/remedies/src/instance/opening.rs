//! Which finds open no incident, and which of them the group's own incident is about.
//!
//! This module never decides what is done about an incident that is open.

use homeostat_core::attend::Ignored;
use homeostat_core::signal::{Hint, Why};

use super::reasons::{Decision, GroupState, Hold, HoldReason, Incident};

pub(super) fn not_opened(hint: &Hint, incident: &Incident, decision: &Decision) -> Option<Ignored> {
    let Decision::Hold { because: Hold::Own(because), .. } = decision else { return None };
    let (subject, group) = (incident.subject.clone(), incident.kind.group().clone());
    match because {
        HoldReason::GroupState(GroupState::Parked { .. }) if incident.kind.is_instance() => {
            Some(Ignored::Parked { subject, group })
        }
        HoldReason::GroupState(GroupState::Unchecked { .. }) if incident.kind.is_instance() => {
            Some(Ignored::Unchecked { subject, group })
        }
        HoldReason::TooManySick(_) => Some(Ignored::TooManySick { subject, group }),
        // Nobody said that it is sick, and the next survey comes by itself.
        HoldReason::Grace { .. } | HoldReason::NotInService { .. }
            if matches!(hint.why, Why::Found { .. } | Why::Notice(_)) =>
        {
            Some(Ignored::nothing_wrong(incident, because))
        }
        // Whoever switched an alarm's actions off doesn't want to hear of it, by whatever route.
        HoldReason::ActionsDisabled { .. } => Some(Ignored::nothing_wrong(incident, because)),
        // What has too little data proves nothing, and what else there is is not all that the policy wants.
        HoldReason::NotConfirmed { .. } if matches!(hint.why, Why::Silence(_)) => {
            Some(Ignored::nothing_wrong(incident, because))
        }
        _ => None,
    }
}
