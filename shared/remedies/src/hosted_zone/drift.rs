//! What the policy names and AWS no longer has, or has otherwise than the policy says: found at noon, and not by the emergency.
//!
//! This module never takes one reading for the truth: a list may be as old as the last change, and what is missing from it once
//! is unknown.

use std::collections::BTreeMap;
use std::fmt;

use homeostat_core::aws::record::{RecordKey, RecordSet, RecordType, Weights, weights};
use homeostat_core::id::{AlarmArn, HealthCheckId, SetIdentifier, TargetGroupArn};
use homeostat_core::incident::State;
use homeostat_core::line::list;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::observation::Observation;
use super::share::shares;
use super::standing::{foreign, unfit};
use super::state::{Held, PROPAGATES_WITHIN, ZoneState};
use crate::hosted_zone::policy::{Active, Ailment, EndpointPolicy, HostedZonePolicy, RecordPolicy};
use crate::hosted_zone::reasons::{Decision, Hold, HoldReason, Incident};

/// By then every name server has the last change, and a second list can't be older than it.
pub const SURE_AFTER: SignedDuration = PROPAGATES_WITHIN;

/// One thing on which the policy and AWS don't agree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drift {
    /// The record has no set with an identifier that the policy names.
    SetGone { record: RecordKey, endpoint: SetIdentifier },
    /// The record is not one whose weights can be moved.
    Unfit { record: RecordKey, why: String },
    /// Something else stands where the record's generation belongs.
    LabelInUse { record: RecordKey, why: String },
    /// A record of the same name and another type, which the policy leaves out: it keeps its answers when weight moves.
    LeftOut { record: RecordKey, beside: RecordKey },
    /// An alarm by which the policy judges an endpoint doesn't exist.
    AlarmGone { endpoint: SetIdentifier, alarm: AlarmArn },
    /// So doesn't a health check.
    HealthCheckGone { endpoint: SetIdentifier, health_check: HealthCheckId },
    /// So doesn't a target group.
    TargetGroupGone { endpoint: SetIdentifier, target_group: TargetGroupArn },
}

/// A drift, and since when each look has found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noticed {
    pub drift: Drift,
    pub since: Timestamp,
}

/// What is held for, where nothing is wrong but this.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drifted {
    /// What two readings agree on.
    pub known: Vec<Drift>,
    /// Those of them that people have not heard of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub news: Vec<Drift>,
    /// What only one reading says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsure: Vec<Drift>,
}

/// Nothing was found wrong but that the policy and AWS do not agree.
pub fn has_only_drifted(incident: &Incident) -> bool {
    matches!(incident.decision, Some(Decision::Hold { because: Hold::Own(HoldReason::Drifted(_)), .. }))
        && incident.state == State::Holding
}

impl Noticed {
    pub fn is_sure(&self, now: Timestamp) -> bool {
        now >= self.since + SURE_AFTER
    }
}

impl Drifted {
    /// What an incident keeps, held against what people have heard of.
    pub(super) fn of(now: Timestamp, kept: &ZoneState, told: &[Drift]) -> Drifted {
        let (known, unsure): (Vec<&Noticed>, Vec<&Noticed>) =
            kept.drifts.iter().partition(|noticed| noticed.is_sure(now));
        let [known, unsure] =
            [known, unsure].map(|all| all.into_iter().map(|one| one.drift.clone()).collect::<Vec<_>>());
        let news = known.iter().filter(|drift| !told.contains(drift)).cloned().collect();
        Drifted { known, news, unsure }
    }

    pub(super) fn is_none(&self) -> bool {
        self.known.is_empty() && self.unsure.is_empty()
    }

    pub fn is_news(&self) -> bool {
        !self.news.is_empty()
    }
}

/// All drift of a zone, as one reading shows it.
pub(super) fn drifts(
    policy: &HostedZonePolicy<'_>,
    seen: &Observation,
    held: &BTreeMap<RecordKey, Held>,
) -> Vec<Drift> {
    let mut drifts: Vec<Drift> =
        policy.records.iter().flat_map(|record| of_record(record, seen, held.get(&record.key))).collect();
    let left_out = siblings(policy, seen).into_iter().filter(|(_, sibling)| !sibling.is_in_policy);
    drifts.extend(left_out.map(|(record, sibling)| Drift::LeftOut { record, beside: sibling.of }));
    drifts.sort();
    drifts.dedup();
    drifts
}

fn of_record(record: &RecordPolicy, seen: &Observation, held: Option<&Held>) -> Vec<Drift> {
    let (key, sets) = (&record.key, seen.record(&record.key));
    let mut drifts: Vec<Drift> = record.endpoints.iter().flat_map(|endpoint| sources(record, endpoint, seen)).collect();
    if seen.unread.contains_key(&key.name) {
        return drifts;
    }
    // What changes in a record that is held is a matter of its own: somebody else's change, which is a page.
    match unfit(record, &sets).filter(|_| held.is_none()) {
        Some(why) => drifts.push(Drift::Unfit { record: key.clone(), why }),
        None => {
            let had = held.map(|held| weights(&held.saved));
            let was_there = |id: &SetIdentifier| had.as_ref().is_some_and(|had| had.contains_key(id));
            let gone = missing(record, &sets).map(|endpoint| endpoint.id.clone()).filter(|id| !was_there(id));
            drifts.extend(gone.map(|endpoint| Drift::SetGone { record: key.clone(), endpoint }));
        }
    }
    drifts.extend(foreign(&key.name, &seen.sets).map(|why| Drift::LabelInUse { record: key.clone(), why }));
    drifts
}

/// The addresses of a name that answer beside a record of the policy, as last seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sibling {
    /// The record of the policy.
    pub of: RecordKey,
    pub is_in_policy: bool,
    /// None, if it is not weighted.
    pub weights: Weights,
}

/// Every record of addresses under a name of the policy for which there are two or more.
pub(super) fn siblings(policy: &HostedZonePolicy<'_>, seen: &Observation) -> BTreeMap<RecordKey, Sibling> {
    let mut siblings = BTreeMap::new();
    for record in &policy.records {
        for kind in [RecordType::A, RecordType::Aaaa].into_iter().filter(|kind| *kind != record.key.kind) {
            let key = RecordKey { name: record.key.name.clone(), kind };
            let sets = seen.record(&key);
            if !sets.is_empty() {
                let (of, is_in_policy) = (record.key.clone(), policy.record(&key).is_some());
                siblings.insert(key, Sibling { of, is_in_policy, weights: weights(&sets) });
            }
        }
    }
    siblings
}

impl Sibling {
    /// What it answers with, by its own weights.
    pub fn shares(&self) -> String {
        let shares = shares(&self.weights);
        let each: Vec<String> = shares.iter().map(|(id, share)| format!("{id} {share}")).collect();
        if each.is_empty() {
            "the same answers as before".to_owned()
        } else {
            format!("{} of its answers", each.join(", "))
        }
    }
}

/// The policy's endpoints for which the record has no set. All of them, where there is none at all.
pub(crate) fn missing<'a>(record: &'a RecordPolicy, sets: &[RecordSet]) -> impl Iterator<Item = &'a EndpointPolicy> {
    let there = weights(sets);
    record.endpoints.iter().filter(move |endpoint| !there.contains_key(&endpoint.id))
}

/// What the policy judges an endpoint by and AWS says that there is none of.
fn sources(record: &RecordPolicy, endpoint: &EndpointPolicy, seen: &Observation) -> Vec<Drift> {
    let beside = endpoint.alarms.iter().filter(|_| !record.evidence.contains(&Ailment::Alarm));
    let beside = beside.map(|alarm| alarm_gone(endpoint, alarm));
    judged_by(record, endpoint).chain(beside).filter(|source| source.is_shown_by(seen)).collect()
}

/// Two readings agree that nothing is left by which the endpoint could be judged.
pub(super) fn nothing_is_left(
    now: Timestamp,
    kept: &ZoneState,
    record: &RecordPolicy,
    endpoint: &EndpointPolicy,
    seen: &Observation,
) -> bool {
    let is_sure = |drift: &Drift| kept.drifts.iter().any(|noticed| noticed.drift == *drift && noticed.is_sure(now));
    judged_by(record, endpoint).all(|source| source.is_shown_by(seen) && is_sure(&source))
}

fn alarm_gone(endpoint: &EndpointPolicy, alarm: &AlarmArn) -> Drift {
    Drift::AlarmGone { endpoint: endpoint.id.clone(), alarm: alarm.clone() }
}

/// Each source of what the policy asks for as evidence or proof, as the drift that it would be if it were gone.
fn judged_by<'a>(record: &'a RecordPolicy, endpoint: &'a EndpointPolicy) -> impl Iterator<Item = Drift> + 'a {
    let uses = |source| record.proof.contains(&source) || record.evidence.contains(&Ailment::Active(source));
    let alarms = endpoint.alarms.iter().filter(|_| record.evidence.contains(&Ailment::Alarm));
    let canaries = endpoint.canaries.iter().filter(move |_| uses(Active::Canary));
    let alarms = alarms.chain(canaries).map(|alarm| alarm_gone(endpoint, alarm));
    let id = || endpoint.id.clone();
    let check = endpoint.health_check.iter().filter(move |_| uses(Active::HealthCheck));
    let check = check.map(move |check| Drift::HealthCheckGone { endpoint: id(), health_check: check.clone() });
    let groups = endpoint.target_groups.iter().filter(move |_| uses(Active::TargetHealth));
    let groups = groups.map(move |arn| Drift::TargetGroupGone { endpoint: id(), target_group: arn.clone() });
    alarms.chain(check).chain(groups)
}

/// What was noticed before, with what this reading shows. What it can't tell is as it was.
pub(super) fn noticed(now: Timestamp, before: &[Noticed], seen: &Observation, shown: Vec<Drift>) -> Vec<Noticed> {
    let since = |drift: &Drift| before.iter().find(|noticed| noticed.drift == *drift).map_or(now, |it| it.since);
    let untold = before.iter().filter(|noticed| noticed.drift.is_unread(seen) && !shown.contains(&noticed.drift));
    let mut noticed: Vec<Noticed> = untold.cloned().collect();
    noticed.extend(shown.into_iter().map(|drift| Noticed { since: since(&drift), drift }));
    noticed
}

/// Sets that are missing from the list and may be there all the same: nothing is moved on the strength of one list.
pub(super) fn unsure(now: Timestamp, kept: &ZoneState, record: &RecordPolicy, sets: &[RecordSet]) -> Option<String> {
    let is_sure = |drift: &Drift| kept.drifts.iter().any(|noticed| noticed.drift == *drift && noticed.is_sure(now));
    if sets.is_empty() {
        let gone = |it: &Drift| matches!(it, Drift::Unfit { record: of, .. } if *of == record.key) && is_sure(it);
        let is_gone = kept.drifts.iter().any(|noticed| gone(&noticed.drift));
        return (!is_gone)
            .then(|| format!("{} is missing from the list of records, which is read once more", record.key));
    }
    // Of a record whose weights can't be moved, the sets don't matter.
    if unfit(record, sets).is_some() {
        return None;
    }
    let id = |endpoint: &EndpointPolicy| endpoint.id.clone();
    let gone = |id: &SetIdentifier| Drift::SetGone { record: record.key.clone(), endpoint: id.clone() };
    let unsure: Vec<SetIdentifier> = missing(record, sets).map(id).filter(|id| !is_sure(&gone(id))).collect();
    let said =
        || format!("{} of {} is missing from the list of records, which is read once more", list(&unsure), record.key);
    (!unsure.is_empty()).then(said)
}

impl Drift {
    /// What it is about, as people know it.
    pub fn about(&self) -> String {
        match self {
            Drift::SetGone { record, .. }
            | Drift::Unfit { record, .. }
            | Drift::LabelInUse { record, .. }
            | Drift::LeftOut { record, .. } => record.to_string(),
            Drift::AlarmGone { endpoint, .. }
            | Drift::HealthCheckGone { endpoint, .. }
            | Drift::TargetGroupGone { endpoint, .. } => endpoint.to_string(),
        }
    }

    /// Whether this reading shows that a source doesn't exist.
    fn is_shown_by(&self, seen: &Observation) -> bool {
        match self {
            Drift::AlarmGone { alarm, .. } => matches!(seen.alarms.get(alarm), Some(Ok(None))),
            Drift::HealthCheckGone { health_check, .. } => {
                matches!(seen.health_checks.get(health_check), Some(Ok(None)))
            }
            Drift::TargetGroupGone { target_group, .. } => matches!(seen.targets.get(target_group), Some(Ok(None))),
            Drift::SetGone { .. } | Drift::Unfit { .. } | Drift::LabelInUse { .. } | Drift::LeftOut { .. } => false,
        }
    }

    fn is_unread(&self, seen: &Observation) -> bool {
        match self {
            Drift::AlarmGone { alarm, .. } => matches!(seen.alarms.get(alarm), Some(Err(_))),
            Drift::HealthCheckGone { health_check, .. } => matches!(seen.health_checks.get(health_check), Some(Err(_))),
            Drift::TargetGroupGone { target_group, .. } => matches!(seen.targets.get(target_group), Some(Err(_))),
            Drift::SetGone { record, .. }
            | Drift::Unfit { record, .. }
            | Drift::LabelInUse { record, .. }
            | Drift::LeftOut { record, .. } => seen.unread.contains_key(&record.name),
        }
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Drift::SetGone { record, endpoint } => write!(
                f,
                "{record} has no record set with the identifier {:?}, which the policy names: weight moves among the others",
                endpoint.as_str()
            ),
            Drift::Unfit { record, why } => write!(f, "{record}: its weights can't be moved: {why}"),
            Drift::LabelInUse { record, why } => write!(f, "{record}: its weights can't be moved: {why}"),
            Drift::LeftOut { record, beside } => write!(
                f,
                "{record} is not in the policy: when weight moves in {beside}, it keeps its answers. To have both move, list \
                 both types: type = [\"A\", \"AAAA\"]"
            ),
            Drift::HealthCheckGone { endpoint, health_check } => {
                write!(f, "health check {health_check}, by which the policy judges {endpoint}, does not exist")
            }
            Drift::TargetGroupGone { endpoint, target_group } => {
                write!(f, "target group {target_group}, by which the policy judges {endpoint}, does not exist")
            }
            Drift::AlarmGone { endpoint, alarm } => {
                write!(f, "alarm {:?}, by which the policy judges {endpoint}, does not exist", alarm.alarm_name())
            }
        }
    }
}

impl fmt::Display for Drifted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.known.is_empty(), self.unsure.is_empty()) {
            (false, _) => write!(f, "the policy and AWS do not agree: {}", list(&self.known)),
            (true, _) => write!(f, "the policy and AWS may not agree, which is read once more: {}", list(&self.unsure)),
        }
    }
}
