//! What keeps a record's weights from being moved, or makes it do less than one may think.
//!
//! This module never looks at what the records share, and never says of an endpoint that it is sick: the function does.

mod room;
mod sources;

use std::collections::BTreeSet;

use super::Severity::{Error, Note, Warning};
use super::facts::Facts;
use super::{Finding, RecordCheck, unreadable};
use crate::policy::{Active, Ailment, EndpointPolicy, Mode, RecordPolicy, lone_alarm};
use crate::zone::record::{Generation, weights};
use crate::zone::unfit;

pub(super) const CHECKS: &[RecordCheck] = &[
    unread,
    fitness,
    foreign_text,
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

fn unread(record: &RecordPolicy, facts: &Facts) -> Vec<Finding> {
    let unread = facts.dns.read(record).and_then(|read| read.as_ref().err());
    let say = |unread| unreadable(about(record), &format!("what zone {} has of it", record.zone), unread);
    unread.map(say).into_iter().collect()
}

fn fitness(record: &RecordPolicy, facts: &Facts) -> Vec<Finding> {
    let why = facts.dns.record(record).and_then(|sets| unfit(record, &sets));
    let severity = if record.mode == Mode::Watch { Warning } else { Error };
    let mend = "mend the record in Route 53, or its zone, name, type and endpoints in the policy";
    let say = |why| Finding::new(severity, about(record), format!("its weights can't be moved: {why}"), mend);
    why.map(say).into_iter().collect()
}

fn foreign_text(record: &RecordPolicy, facts: &Facts) -> Vec<Finding> {
    let fence = facts.dns.fence(record).filter(|fence| Generation::of(fence).is_none());
    fence
        .map(|fence| {
            let what = format!(
                "the TXT record {}, which Homeostat needs for itself, holds another text: {}",
                fence.name,
                fence.values.join(" ")
            );
            Finding::new(Error, about(record), what, "remove that TXT record, or take this one out of the policy")
        })
        .into_iter()
        .collect()
}

fn unnamed(record: &RecordPolicy, facts: &Facts) -> Vec<Finding> {
    let weights = facts.dns.record(record).map(|sets| weights(&sets)).unwrap_or_default();
    let unnamed: Vec<String> =
        weights.keys().filter(|id| record.endpoint(id).is_none()).map(ToString::to_string).collect();
    if unnamed.is_empty() {
        return Vec::new();
    }
    let what = format!("the policy doesn't name {}: drained or given more they never are", unnamed.join(", "));
    let mend = "name them as endpoints in the policy, with what can prove that they are well";
    vec![Finding::new(Warning, about(record), what, mend)]
}

fn time_to_live(record: &RecordPolicy, facts: &Facts) -> Vec<Finding> {
    let sets = facts.dns.record(record).unwrap_or_default();
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
fn one_source(record: &RecordPolicy, _: &Facts) -> Vec<Finding> {
    let say = |only| {
        let what = format!(
            "its evidence is [\"{only}\"] alone: whoever may set the state of one alarm can drain an endpoint with it"
        );
        Finding::new(Warning, about(record), what, "add a second source to the evidence, such as \"health-check\"")
    };
    lone_alarm(&record.evidence).map(say).into_iter().collect()
}

/// By its own health check, Route 53 takes a set out of the answers without Homeostat.
fn own_health_checks(record: &RecordPolicy, facts: &Facts) -> Vec<Finding> {
    let sets = facts.dns.record(record).unwrap_or_default();
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
        let mend = "nothing, if it is meant so; else give its record the health check that the policy names";
        Some(Finding::new(Note, about_endpoint(record, endpoint), what, mend))
    };
    record.endpoints.iter().filter_map(own).collect()
}
