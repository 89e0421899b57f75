//! Whether replacing still helps. What was launched in place of the sick and fell sick itself is a failure; so is a group that
//! did not become whole in time.
//!
//! This module never closes a breaker: a person does, or a new version of what is launched.

use homeostat_core::id::InstanceId;
use jiff::Timestamp;

use super::observation::Observation;
use crate::instance::memory::Memory;
use crate::instance::policy::GroupPolicy;
use crate::instance::reasons::{Incident, Page, PageReason};

/// Whether what the incident is about is a replacement, so that replacing did not help there.
pub(super) fn is_relapse(
    now: Timestamp,
    incident: &Incident,
    seen: &Observation,
    memory: &Memory,
    policy: &GroupPolicy,
) -> bool {
    incident.subject.instance().is_some_and(|id| is_successor(now, &id, seen, memory, policy))
}

/// Whether this instance was launched after an act of ours in its group. One from a version that the group launches no more says nothing
/// of what comes next.
pub(super) fn is_successor(
    now: Timestamp,
    id: &InstanceId,
    seen: &Observation,
    memory: &Memory,
    policy: &GroupPolicy,
) -> bool {
    let member = seen.group.as_ref().and_then(|group| group.member(id));
    let launched_from = member.and_then(|member| member.launched_from.as_deref());
    seen.launching().source.may_launch(launched_from)
        && seen.launched(id).is_some_and(|launched| {
            let others = memory.acts.iter().filter(|act| !act.subject.is_instance(id) && !act.announced);
            let earlier = memory.earlier.iter().flat_map(|earlier| [earlier.first, earlier.last]);
            others.map(|act| act.at).chain(earlier).any(|at| at < launched && at + policy.breaker_within > now)
        })
}

/// The page that opens the breaker, if this would be one replacement too many.
pub(super) fn trips(
    now: Timestamp,
    incident: &Incident,
    seen: &Observation,
    memory: &Memory,
    policy: &GroupPolicy,
) -> Option<Page> {
    let launching = seen.launching();
    let counted: Vec<_> = memory.failures_within(now, policy.breaker_within, &launching).collect();
    let is_counted = counted.iter().any(|failure| failure.subject == incident.subject);
    let this_one = u32::from(!is_counted && is_relapse(now, incident, seen, memory, policy));
    let failures = u32::try_from(counted.len()).unwrap_or(u32::MAX).saturating_add(this_one);
    (failures >= policy.breaker).then(|| {
        Page::Own(PageReason::ReplacementsFail {
            group: policy.name.clone(),
            failures,
            within: policy.breaker_within,
            launched_from: launching.source,
        })
    })
}
