//! What of a leaving instance is still in use, and what is to be done so that it gets no new work.
//!
//! This module never repeats what Auto Scaling did (it deregisters and drains in the group's own target groups before the hook),
//! but it looks whether it did.

use homeostat_core::aws::record::{RecordSet, Routing};
use homeostat_core::id::{InstanceId, TargetGroupArn};
use jiff::Timestamp;

use super::observation::{Observation, Registration};
use super::reasons::HookStep;
use super::state::HookState;
use super::targets::{TargetId, is_same_host};
use crate::hook::policy::{OwnRecord, TerminationPolicy};

/// What keeps new work away, if something does not yet.
pub(super) fn step(kept: &HookState, seen: &Observation, policy: &TerminationPolicy) -> Option<HookStep> {
    let steps = own_records(kept, seen, policy).into_iter().chain(deregistrations(kept, seen, policy));
    // What AWS refused is not asked for again: it is told at the end.
    steps.into_iter().find(|step| !kept.not_done.iter().any(|undone| undone.starts_with(&step.to_string())))
}

/// Those of its name that the policy lists, each on its own proof.
fn own_records(kept: &HookState, seen: &Observation, policy: &TerminationPolicy) -> Option<HookStep> {
    let record = policy.record.as_ref()?;
    let own = found(kept, seen, record).into_iter().filter(|set| is_listed(set, record) && leads_to(kept, set));
    let sets: Vec<RecordSet> = own.cloned().collect();
    (!sets.is_empty()).then(|| HookStep::RemoveRecords { zone: record.zone.clone(), sets })
}

/// To this instance alone: what somebody else put there is not ours to remove.
fn leads_to(kept: &HookState, set: &RecordSet) -> bool {
    let addresses = &kept.addresses;
    let is_own = matches!(set.values.as_slice(), [value] if addresses.iter().any(|own| is_same_host(own, value)));
    is_own && set.routing == Routing::Simple && set.alias.is_none() && set.traffic_policy.is_none()
}

fn is_listed(set: &RecordSet, record: &OwnRecord) -> bool {
    record.kinds.iter().any(|kind| kind.as_str() == set.kind)
}

/// All that the name answers with.
fn found<'a>(kept: &HookState, seen: &'a Observation, record: &OwnRecord) -> Vec<&'a RecordSet> {
    let (Ok(name), Some(Ok(sets))) = (record.name_of(&kept.instance), &seen.records) else { return Vec::new() };
    sets.iter().filter(|set| set.name == name).collect()
}

/// What goes on leading to an instance that leaves, since the policy lists another type of the name alone.
pub(super) fn unlisted(kept: &HookState, seen: &Observation, policy: &TerminationPolicy) -> Vec<String> {
    let Some(record) = &policy.record else { return Vec::new() };
    let stays = found(kept, seen, record).into_iter().filter(|set| !is_listed(set, record) && leads_to(kept, set));
    let say = |set: &RecordSet| {
        format!("the record {} {} leads to the instance, too, and the policy doesn't list its type", set.name, set.kind)
    };
    stays.map(say).collect()
}

fn deregistrations(kept: &HookState, seen: &Observation, policy: &TerminationPolicy) -> Vec<HookStep> {
    let of = |(arn, registrations)| deregister(&kept.instance, arn, registrations, machine(seen));
    ours(seen, policy).filter_map(of).collect()
}

/// What is registered in the target groups that the policy names.
fn ours<'a>(
    seen: &'a Observation,
    policy: &TerminationPolicy,
) -> impl Iterator<Item = (&'a TargetGroupArn, &'a [Registration])> {
    let read = seen.targets.iter().filter(|(arn, _)| policy.target_groups.contains(arn));
    read.filter_map(|(arn, registrations)| Some((arn, registrations.as_ref().ok()?.as_slice())))
}

/// By an address only as long as EC2 shows that it is the machine's: later it may be another host's.
fn deregister(
    instance: &InstanceId,
    arn: &TargetGroupArn,
    registrations: &[Registration],
    machine: Machine,
) -> Option<HookStep> {
    let is_its_own = |one: &&Registration| machine == Machine::There || one.target.address().is_none();
    let taking = registrations.iter().filter(|one| one.takes_traffic()).filter(is_its_own);
    let targets: Vec<TargetId> = taking.map(|one| one.target.clone()).collect();
    let (instance, target_group) = (instance.clone(), arn.clone());
    (!targets.is_empty()).then_some(HookStep::Deregister { instance, target_group, targets })
}

/// What EC2 says of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Machine {
    There,
    /// EC2 has taken it: whatever was in flight there is over.
    Gone,
    /// EC2 knows no such instance (any more), or could not be asked.
    Unknown,
}

pub(super) fn machine(seen: &Observation) -> Machine {
    match &seen.details {
        Some(Ok(Some(details))) if matches!(details.state.as_str(), "shutting-down" | "terminated") => Machine::Gone,
        Some(Ok(Some(_))) => Machine::There,
        Some(Ok(None) | Err(_)) | None => Machine::Unknown,
    }
}

/// What stays registered by an address of a machine that is gone.
pub(super) fn stays(seen: &Observation, policy: &TerminationPolicy) -> Vec<String> {
    if machine(seen) != Machine::Gone {
        return Vec::new();
    }
    let by_address = |one: &&Registration| one.target.address().is_some() && one.takes_traffic();
    let named = |(arn, all): (&TargetGroupArn, &[Registration])| -> Vec<String> {
        all.iter().filter(by_address).map(|one| format!("{} in {}", one.target.id, arn.short_name())).collect()
    };
    ours(seen, policy).flat_map(named).collect()
}

/// What is still in use, or can't be told not to be.
pub(super) fn in_use(now: Timestamp, kept: &HookState, seen: &Observation, policy: &TerminationPolicy) -> Vec<String> {
    let mut by = Vec::new();
    by.extend(record_in_use(now, kept, seen, policy));
    // Where AWS refused to deregister it, it stays registered: waiting for that would be in vain.
    let refused = |arn: &&TargetGroupArn| kept.not_done.iter().any(|undone| undone.contains(arn.short_name()));
    for arn in policy.target_groups.iter().filter(|arn| !refused(arn)) {
        match seen.targets.get(arn) {
            None => by.push(format!("{}: not read", arn.short_name())),
            Some(Err(why)) => by.push(why.clone()),
            Some(Ok(registrations)) => by.extend(registered(arn, registrations)),
        }
    }
    match &seen.attached {
        None => {}
        Some(Err(why)) => by.push(why.clone()),
        Some(Ok(attached)) => {
            by.extend(attached.iter().flat_map(|(arn, registrations)| registered(arn, registrations)));
        }
    }
    by.extend(busy_tag(seen, policy));
    by.extend(busy_metric(kept, seen, policy));
    by
}

fn registered(arn: &TargetGroupArn, registrations: &[Registration]) -> Option<String> {
    let one = registrations.iter().find(|one| !one.is("unused"))?;
    Some(format!("{} in {}", one.health, arn.short_name()))
}

fn record_in_use(now: Timestamp, kept: &HookState, seen: &Observation, policy: &TerminationPolicy) -> Option<String> {
    let record = policy.record.as_ref()?;
    if let (Some(from), Some(ttl)) = (kept.unresolved_from, kept.unresolved_ttl) {
        let until = from + ttl;
        return (now < until).then(|| format!("resolvers may remember its record until {until:.0}"));
    }
    match &seen.records {
        None => Some("its record: not read".to_owned()),
        Some(Err(why)) => Some(why.clone()),
        Some(Ok(_)) => {
            found(kept, seen, record).into_iter().find(|set| is_listed(set, record))?;
            match &seen.details {
                _ if !kept.addresses.is_empty() => None,
                Some(Err(why)) => Some(why.clone()),
                _ => Some("its record, since EC2 doesn't tell the instance's addresses".to_owned()),
            }
        }
    }
}

fn busy_tag(seen: &Observation, policy: &TerminationPolicy) -> Option<String> {
    let key = policy.busy_tag.as_ref()?;
    match &seen.details {
        None => Some(format!("tag {key}: not read")),
        Some(Err(why)) => Some(why.clone()),
        // Whoever is gone works no more.
        Some(Ok(None)) => None,
        Some(Ok(Some(details))) => details.tags.get(key).map(|value| format!("tag {key} is {value:?}")),
    }
}

/// Only a value of a period that began after the instance was to leave says that its work is done.
fn busy_metric(kept: &HookState, seen: &Observation, policy: &TerminationPolicy) -> Option<String> {
    let metric = policy.busy_metric.as_ref()?;
    let name = &metric.name;
    match &seen.work {
        None => Some(format!("metric {name}: not read")),
        Some(Err(why)) => Some(why.clone()),
        Some(Ok(None)) => Some(format!("metric {name} has no value yet")),
        Some(Ok(Some(point))) if point.at < kept.began => Some(format!("metric {name} has no value since it is held")),
        Some(Ok(Some(point))) => (point.value > 0.0).then(|| format!("metric {name} is {}", point.value)),
    }
}
