//! What an incident of an instance remembers of each look, whatever is decided.
//!
//! This module never decides.

use jiff::Timestamp;

use super::group_state;
use super::observation::Observation;
use crate::instance::kind::InstanceKind;
use crate::instance::policy::GroupPolicy;
use crate::instance::reasons::Incident;

/// With each alarm that spoke of the instance, one whose event was lost included, and what it says now. One that was deleted, or that
/// the policy doesn't take for a verdict any more, is dropped: the incident would wait for it for ever.
pub(super) fn absorb(
    now: Timestamp,
    mut incident: Incident,
    seen: &Observation,
    policy: Option<&GroupPolicy>,
) -> Incident {
    let InstanceKind::Instance { alarms, gone, .. } = &mut incident.kind else { return incident };
    gone.see(now, &seen.gone);
    for (arn, read) in &seen.alarms {
        if matches!(read, Ok(Some(_))) && policy.is_none_or(|policy| policy.is_verdict(arn)) {
            alarms.hear(arn);
        }
        alarms.read(now, arn, read);
    }
    let Some(policy) = policy else {
        alarms.bound();
        return incident;
    };
    let deleted = alarms.drop_deleted(now, policy.dwell);
    let no_verdicts = alarms.drop_unless(|arn| policy.is_verdict(arn));
    alarms.bound();
    // Under this policy nothing was proven by them.
    if !no_verdicts.is_empty() && !alarms.had_alarm() {
        incident.unhealthy_since = None;
    }
    for arn in deleted {
        let what = format!("alarm {:?} was deleted, so it is no longer waited for", arn.alarm_name());
        incident.note(now, &what);
    }
    for arn in no_verdicts {
        let what =
            format!("alarm {:?} is not among the group's health-alarms, so it is no longer counted", arn.alarm_name());
        incident.note(now, &what);
    }
    incident
}

/// The same of a whole group: what was not found, and since when nobody of it could be proven unhealthy although alarms say so.
pub(super) fn absorb_group(
    now: Timestamp,
    mut incident: Incident,
    seen: &Observation,
    policy: Option<&GroupPolicy>,
) -> Incident {
    if let InstanceKind::Group { gone, .. } = &mut incident.kind {
        gone.see(now, &seen.gone);
    }
    let is_over = policy.is_some_and(|policy| group_state::accused(now, seen, policy).is_empty());
    if is_over && !seen.is_unlisted {
        incident.unhealthy_since = None;
    }
    incident
}
