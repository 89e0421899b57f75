//! Which finds open no incident, and which of them the group's own incident is about.
//!
//! This module never decides what is done about an incident that is open.

use crate::instance::policy::InstancePolicy;
use homeostat_core::id::Subject;
use homeostat_core::reconcile::Ignored;
use homeostat_core::signal::{Hint, Trigger};
use jiff::Timestamp;

use super::decide::named;
use super::reasons::{Decision, GroupState, Hold, HoldReason, Incident};

pub(super) fn not_opened(hint: &Hint, incident: &Incident, decision: &Decision) -> Option<Ignored> {
    let Decision::Hold { because: Hold::Own(because), .. } = decision else { return None };
    let (subject, group) = (incident.subject.clone(), incident.kind.group());
    let part_of = |why: String| {
        let whole = Subject::of_group(subject.region().clone(), group);
        Some(Ignored::PartOf { subject: subject.clone(), whole, why })
    };
    match because {
        HoldReason::GroupState(GroupState::Parked { .. }) if incident.kind.is_instance() => {
            part_of(format!("group {group} is parked"))
        }
        HoldReason::GroupState(GroupState::Unchecked { .. }) if incident.kind.is_instance() => {
            part_of(format!("no target group checks group {group}"))
        }
        HoldReason::GroupState(GroupState::Shrunk { .. }) if incident.kind.is_instance() => {
            part_of(format!("group {group} is shown with fewer members than anything accounts for"))
        }
        HoldReason::TooManyUnhealthy(_) => part_of(format!("too many of group {group} are unhealthy at once")),
        // Nobody said that it is sick, and the next survey comes by itself.
        HoldReason::Grace { .. } | HoldReason::NotInService { .. }
            if matches!(hint.why, Trigger::Found { .. } | Trigger::Notice(_)) =>
        {
            Some(Ignored::nothing_wrong(incident, because))
        }
        // Whoever switched an alarm's actions off doesn't want to hear of it, by whatever route.
        HoldReason::ActionsDisabled { .. } => Some(Ignored::nothing_wrong(incident, because)),
        // What has too little data proves nothing, and what else there is is not all that the policy wants.
        HoldReason::NotConfirmed { .. } if matches!(hint.why, Trigger::Silence(_)) => {
            Some(Ignored::nothing_wrong(incident, because))
        }
        _ => None,
    }
}

/// It was dealt with, and has left its group since.
pub(super) fn handled(subject: Subject, closed_at: Timestamp) -> Ignored {
    let why = format!("{} has left its group, and its incident was closed at {closed_at:.0}", subject.name());
    Ignored::Handled { subject, closed_at, why }
}

pub(super) fn outside_policy(subject: Subject, policy: &InstancePolicy) -> Ignored {
    let why = format!(
        "{} is in no group that the policy names ({})",
        subject.name(),
        named(&policy.group_names()).join(", ")
    );
    Ignored::OutsidePolicy { subject, why }
}
