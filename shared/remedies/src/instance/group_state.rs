//! What a whole group is like, as far as it keeps its instances from being proven unhealthy or replaced.
//!
//! This module never decides what follows.

use homeostat_core::aws::fleet::Group;
use homeostat_core::id::InstanceId;
use homeostat_core::incident::Gone;
use jiff::Timestamp;

use super::crowd::is_booting;
use super::observation::Observation;
use super::observer::calls_unhealthy;
use super::processes::parked;
use crate::instance::policy::{EvidenceSource, GroupPolicy};
use crate::instance::reasons::{Attached, GroupState, Incident};

/// Attached target groups that don't exist, or that one answer says don't.
pub(super) fn target_group(
    now: Timestamp,
    incident: &Incident,
    seen: &Observation,
    group: &Group,
    policy: &GroupPolicy,
) -> Option<GroupState> {
    if seen.gone.is_empty() {
        return None;
    }
    let attached = |gone: &Gone| {
        let since = gone.since()?;
        Some(Attached { group: group.name.clone(), target_groups: gone.arns(), since })
    };
    let known = incident.kind.gone();
    match attached(&known.for_sure(now, policy.dwell)) {
        Some(gone) => Some(GroupState::TargetGroupGone(gone)),
        None => attached(known).map(GroupState::TargetGroupMissing),
    }
}

/// Whether no target group checks anybody, although the policy asks for what they say. One that doesn't exist is another trouble.
pub(super) fn is_unchecked(seen: &Observation, policy: &GroupPolicy) -> bool {
    policy.evidence.contains(&EvidenceSource::TargetHealth) && seen.targets.is_empty() && seen.gone.is_empty()
}

/// Whom alarms call unhealthy in a group where nothing more can be had of anybody.
pub(super) fn accused(now: Timestamp, seen: &Observation, policy: &GroupPolicy) -> Vec<InstanceId> {
    // What somebody stopped on purpose is not unhealthy, however long its alarms say so.
    let is_judged = is_unchecked(seen, policy) && parked(seen).is_none();
    let Some(group) = seen.group.as_ref().filter(|_| is_judged) else { return Vec::new() };
    let grace = policy.grace.max(group.grace);
    let in_service = group.members.iter().filter(|member| member.lifecycle.is_in_service());
    let judged = in_service.filter(|member| !is_booting(now, seen, member, grace));
    let is_accused = |id: &InstanceId| seen.in_alarm.iter().any(|alarm| calls_unhealthy(alarm, id, policy));
    judged.filter(|member| is_accused(&member.id)).map(|member| member.id.clone()).collect()
}
