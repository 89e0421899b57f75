//! What keeps a record's weights from being moved, or makes it do less than one may think.
//!
//! This module never looks at what the records share, and never says of an endpoint that it is sick: the function does.

mod facts;
mod room;
mod sources;
mod stored;

use std::collections::BTreeSet;

use homeostat_core::aws::record::{RecordKey, RecordSet, RecordType, weights};
use homeostat_core::doctor::Severity::{Error, Note, Warning};
use homeostat_core::doctor::{Finding, unreadable};
use homeostat_core::policy::Mode;
use homeostat_core::shell;

use super::drift::missing;
use super::{foreign, unfit};
use crate::hosted_zone::policy::{Active, Ailment, DnsPolicy, EndpointPolicy, RecordPolicy, lone_alarm};

pub use facts::DnsFacts;

type Facts<'a> = homeostat_core::doctor::Facts<'a, DnsFacts>;

/// Looks at one weighted record of the policy.
type Check = fn(&RecordPolicy, &Facts<'_>) -> Vec<Finding>;

pub(crate) fn check(policy: Option<&DnsPolicy>, facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = latches(facts);
    let Some(dns) = policy else { return findings };
    findings.extend(dns.records.iter().flat_map(|record| CHECKS.iter().flat_map(|check| check(record, facts))));
    findings.extend(left_out(dns, facts));
    findings.extend(dns.zones().into_iter().filter_map(|zone| stored::too_large(&dns.zone(zone), facts)));
    findings
}

const CHECKS: &[Check] = &[
    unread,
    fitness,
    foreign_text,
    gone,
    unnamed,
    time_to_live,
    own_health_checks,
    one_source,
    room::left,
    sources::alarms,
    sources::elsewhere,
    sources::health_checks,
    sources::target_groups,
];

/// What AWS advises for weighted records: clients keep an answer as long.
const LONG_TTL: i64 = 60;

fn about(record: &RecordPolicy) -> String {
    format!("record {}", record.key)
}

fn about_endpoint(record: &RecordPolicy, endpoint: &EndpointPolicy) -> String {
    format!("{} of {}", endpoint.id, about(record))
}

/// Whether the policy judges endpoints by it.
fn uses(record: &RecordPolicy, source: Active) -> bool {
    record.proof.contains(&source) || record.evidence.contains(&Ailment::Active(source))
}

/// The other family of a name's addresses: who resolves that one goes on getting the answers of a drained endpoint.
fn left_out(dns: &DnsPolicy, facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for record in &dns.records {
        let all = facts.own.read(record).and_then(|read| read.as_ref().ok());
        for kind in [RecordType::A, RecordType::Aaaa].into_iter().filter(|kind| *kind != record.key.kind) {
            let key = RecordKey { name: record.key.name.clone(), kind };
            let is_listed = dns.records.iter().any(|other| other.zone == record.zone && other.key == key);
            let sets: Vec<&RecordSet> = all.into_iter().flatten().filter(|set| set.is_of(&key)).collect();
            if is_listed || sets.is_empty() {
                continue;
            }
            let is_weighted = sets.iter().any(|set| set.weighted().is_some());
            let (severity, fix) = match is_weighted {
                true => (
                    Error,
                    "list both in the policy, type = [\"A\", \"AAAA\"], and deploy with the parameters that policy check prints",
                ),
                false => (
                    Warning,
                    "make it a weighted record with the same set identifiers, and list both types in the policy",
                ),
            };
            let what = format!("{key} is there too and is not in the policy: when weight moves, it keeps its answers");
            findings.push(Finding::new(severity, about(record), what, fix));
        }
    }
    findings
}

fn unread(record: &RecordPolicy, facts: &Facts<'_>) -> Vec<Finding> {
    let unread = facts.own.read(record).and_then(|read| read.as_ref().err());
    let say = |unread| unreadable(about(record), &format!("what zone {} has of it", record.zone), unread);
    unread.map(say).into_iter().collect()
}

fn fitness(record: &RecordPolicy, facts: &Facts<'_>) -> Vec<Finding> {
    let why = facts.own.record(record).and_then(|sets| unfit(record, &sets));
    let severity = if record.mode == Mode::Watch { Warning } else { Error };
    let fix = "fix the record in Route 53, or its hosted-zone, name, type and endpoints in the policy";
    let say = |why| Finding::new(severity, about(record), format!("its weights can't be moved: {why}"), fix);
    why.map(say).into_iter().collect()
}

fn foreign_text(record: &RecordPolicy, facts: &Facts<'_>) -> Vec<Finding> {
    let sets = facts.own.read(record).and_then(|read| read.as_ref().ok());
    let why = sets.and_then(|sets| foreign(&record.key.name, sets));
    let fix = "remove that record: Homeostat keeps the record's generation there; or take this one out of the policy";
    why.map(|why| Finding::new(Error, about(record), why, fix)).into_iter().collect()
}

/// Where there are some of them; where there are none, its weights can't be moved at all.
fn gone(record: &RecordPolicy, facts: &Facts<'_>) -> Vec<Finding> {
    let sets = facts.own.record(record).unwrap_or_default();
    if unfit(record, &sets).is_some() {
        return Vec::new();
    }
    let say = |endpoint: &EndpointPolicy| {
        let what = format!(
            "the record has no set with the identifier {:?}, which the policy names: weight moves only among the others",
            endpoint.id.as_str()
        );
        Finding::new(Error, about_endpoint(record, endpoint), what, "create the set, or correct its id in the policy")
    };
    missing(record, &sets).map(say).collect()
}

fn unnamed(record: &RecordPolicy, facts: &Facts<'_>) -> Vec<Finding> {
    let weights = facts.own.record(record).map(|sets| weights(&sets)).unwrap_or_default();
    let unnamed: Vec<String> =
        weights.keys().filter(|id| record.endpoint(id).is_none()).map(ToString::to_string).collect();
    if unnamed.is_empty() {
        return Vec::new();
    }
    let what = format!("the policy doesn't name {}: drained or given more they never are", unnamed.join(", "));
    let fix = "name them as endpoints in the policy, with what can prove that they are well";
    vec![Finding::new(Warning, about(record), what, fix)]
}

fn time_to_live(record: &RecordPolicy, facts: &Facts<'_>) -> Vec<Finding> {
    let sets = facts.own.record(record).unwrap_or_default();
    let seconds: BTreeSet<i64> = sets.iter().filter_map(|set| set.ttl).collect();
    let (Some(least), Some(most)) = (seconds.first(), seconds.last()) else { return Vec::new() };
    let mut findings = Vec::new();
    if least < most {
        let what = format!("its sets have different TTLs, from {least} to {most} s");
        findings.push(Finding::new(Warning, about(record), what, "give all of them the same"));
    }
    if *most > LONG_TTL {
        let what = format!("its TTL is {most} s: clients keep the answer of a drained endpoint as long");
        findings.push(Finding::new(Warning, about(record), what, format!("make it {LONG_TTL} s or less")));
    }
    findings
}

/// Nobody should find out by a drain that one alarm was enough.
fn one_source(record: &RecordPolicy, _: &Facts<'_>) -> Vec<Finding> {
    let say = |only| {
        let what = format!(
            "its evidence is [\"{only}\"] alone: whoever may set the state of one alarm can drain an endpoint with it"
        );
        Finding::new(Warning, about(record), what, "add a second source to the evidence, such as \"health-check\"")
    };
    lone_alarm(&record.evidence).map(say).into_iter().collect()
}

/// By its own health check, Route 53 takes a set out of the answers without Homeostat.
fn own_health_checks(record: &RecordPolicy, facts: &Facts<'_>) -> Vec<Finding> {
    let sets = facts.own.record(record).unwrap_or_default();
    let own = |endpoint: &EndpointPolicy| {
        let set = sets.iter().find(|set| set.weighted().is_some_and(|(id, _)| *id == endpoint.id))?;
        let named = endpoint.health_check.as_ref()?;
        let what = match &set.health_check {
            Some(own) if own.eq_ignore_ascii_case(named.as_str()) => return None,
            Some(own) => format!("its record has the health check {own}, and the policy names {named}"),
            None => {
                "its record has no health check: if it is dead, Route 53 alone goes on answering with it".to_owned()
            }
        };
        let fix = "nothing, if it is meant so; else give its record the health check that the policy names";
        Some(Finding::new(Note, about_endpoint(record, endpoint), what, fix))
    };
    record.endpoints.iter().filter_map(own).collect()
}

fn latches(facts: &Facts<'_>) -> Vec<Finding> {
    let read = facts.own.memories.iter().filter_map(|(zone, memory)| Some((zone, memory.as_ref().ok()?)));
    read.flat_map(|(zone, memory)| memory.latched.iter().map(move |latch| (zone, latch)))
        .map(|(zone, (endpoint, since))| {
            let what = format!(
                "it is latched since {since:.0}: it was drained again and again, and gets no weight back by itself"
            );
            let fix =
                format!("find out why, fix it, then: homeostat ack {}", shell::word(&format!("hosted-zone#{zone}")));
            Finding::new(Warning, endpoint, what, fix)
        })
        .collect()
}
