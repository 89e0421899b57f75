//! The rest of the group: how many are sick at once, and how many are out. One instance's fate depends on it.
//!
//! This module never decides; it counts.

use homeostat_core::aws::alarm::AlarmReading;
use homeostat_core::aws::fleet::{Group, Member};
use homeostat_core::id::{InstanceId, Subject};
use homeostat_core::ports::Slots;
use jiff::{SignedDuration, Timestamp};

use super::evidence::sick_without_alarm;
use super::observation::Observation;
use crate::instance::policy::{EvidenceSource, GroupPolicy};
use crate::instance::reasons::{Hold, HoldReason};
use crate::instance::tally::Tally;

/// Members in service that are sick as far as it can be told without reading each one's alarm: by the rest of the evidence,
/// by the alarms in ALARM where there is no other, or since EC2 says that they don't run. One that may still be booting is not
/// counted.
pub(super) fn sick_at_once(now: Timestamp, seen: &Observation, group: &Group, policy: &GroupPolicy) -> Tally {
    Tally::of(group.members.iter().filter(|member| is_sick(now, seen, member, group, policy)))
}

/// Whether this member is one of them.
pub(super) fn is_sick(
    now: Timestamp,
    seen: &Observation,
    member: &Member,
    group: &Group,
    policy: &GroupPolicy,
) -> bool {
    let grace = policy.grace.max(group.grace);
    let by_alarm = || {
        let calls_it_so = |alarm: &AlarmReading| alarm.instance() == Some(&member.id) && policy.is_verdict(&alarm.arn);
        policy.evidence == [EvidenceSource::Alarm] && seen.in_alarm.iter().any(calls_it_so)
    };
    let is_stopped = || seen.machines.get(&member.id).is_some_and(|machine| !machine.is_running());
    member.lifecycle.is_in_service()
        && !is_booting(now, seen, member, grace)
        && (sick_without_alarm(policy, seen, &member.id) || by_alarm() || is_stopped())
}

/// Why nobody can tell how many are sick: alarms are all the evidence, and those in ALARM could not be listed. That is no "few".
pub(super) fn unknown(seen: &Observation, policy: &GroupPolicy) -> Option<Hold> {
    let by_alarm_alone = policy.evidence == [EvidenceSource::Alarm];
    let missing = "the alarms in ALARM could not be listed, so how many of the group are unhealthy at once isn't known";
    (seen.is_unlisted && by_alarm_alone)
        .then(|| Hold::Own(HoldReason::NotConfirmed { missing: vec![missing.to_owned()] }))
}

/// Launched, or started again, less than its grace period ago.
pub(super) fn is_booting(now: Timestamp, seen: &Observation, member: &Member, grace: SignedDuration) -> bool {
    seen.started(&member.id).is_some_and(|started| now < started + grace)
}

/// Who of a group is out, or about to be.
pub(super) struct Out {
    pub(super) taken: Tally,
    /// Who else holds a slot.
    pub(super) holders: Vec<Subject>,
}

/// Taken = slots that others hold, plus members missing or not yet healthy that none of those slots accounts for. A slot
/// accounts for a missing member only once its own instance is out: of 10 desired, with one missing and one slot held
/// for an instance that is still in service, 2 are out or about to be. A sick member on which nobody acted waits its turn,
/// and counts as present.
pub(super) fn out(
    now: Timestamp,
    seen: &Observation,
    group: &Group,
    grace: SignedDuration,
    id: &InstanceId,
    slots: &Slots,
) -> Out {
    let is_present = |member: &&Member| {
        let is_subject = member.id == *id;
        member.lifecycle.is_in_service() && (is_subject || !seen.is_out(member, now, grace))
    };
    let present: Vec<&Member> = group.members.iter().filter(is_present).collect();
    let others = slots.holders.keys().filter(|holder| !holder.is_instance(id));
    let holders: Vec<Subject> = others.cloned().collect();
    let is_about_to_go = |member: &&&Member| holders.iter().any(|holder| holder.is_instance(&member.id));
    let about_to_go = Tally::of(present.iter().filter(is_about_to_go).copied());
    let gone = count(holders.iter()).saturating_sub(about_to_go.instances);
    let gone = Tally { instances: gone, units: group.largest().times(gone) };
    let in_service = Tally::of(group.members.iter().filter(|member| member.lifecycle.is_in_service()));
    let present = Tally::of(present.into_iter());
    let missing = group.desired.less(present.units);
    let missing = Tally { instances: group.instances_of(missing), units: missing };
    Out { taken: about_to_go.and(missing.max(in_service.less(present)).max(gone)), holders }
}

pub(super) fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}
