//! Whether weight stays on an endpoint that is unhealthy, because something that all endpoints of its record depend on moves.
//!
//! This module never holds back weight that returns.

use std::collections::BTreeMap;

use homeostat_core::aws::record::RecordKey;
use homeostat_core::dependency::{Dependent, HeldLately, Moves};
use jiff::Timestamp;

use super::decide::{Situation, judged};
use super::judge::Judged;
use super::memory::Memory;
use super::observation::Observation;
use super::reasons::Circumstances;
use crate::hosted_zone::policy::{HostedZonePolicy, RecordPolicy};
use crate::hosted_zone::reasons::{Incident, Limits};
use crate::hosted_zone::shift::Move;

fn dependent<'a>(now: Timestamp, seen: &'a Observation, memory: &'a Memory, record: &'a RecordPolicy) -> Dependent<'a> {
    Dependent { now, on: &record.depends_on, read: &seen.alarms, lately: memory.held_lately(&record.key) }
}

/// The others of these endpoints depend on the same. The records of one table move together, or none of them does.
pub(super) fn without_drains_that_are_held(case: Situation<'_>, table: &[&RecordPolicy], mut judged: Judged) -> Judged {
    let drains = |moved: &Move| moved.drained().next().is_some();
    if !judged.act.iter().chain(&judged.watch).any(|(moved, _)| drains(moved)) {
        return judged;
    }
    let moves = |record: &&RecordPolicy| {
        let dependent = dependent(case.now, case.seen, &case.around.limits.memory, record);
        dependent.moves().map(|moves| (record.key.clone(), moves))
    };
    let Some(held) = table.iter().map(moves).collect::<Option<Vec<_>>>() else { return judged };
    judged.act.retain(|(moved, _)| !drains(moved));
    judged.watch.retain(|(moved, _)| !drains(moved));
    judged.held.extend(held);
    judged
}

/// What is remembered of records whose drains are held at this look, whatever else is decided about the zone.
pub(super) fn remembered(
    now: Timestamp,
    incident: &Incident,
    seen: &Observation,
    policy: &HostedZonePolicy<'_>,
    memory: &Memory,
) -> BTreeMap<String, HeldLately> {
    let mut next = memory.dependency.clone();
    if policy.records.iter().all(|record| record.depends_on.is_empty()) {
        return next;
    }
    let limits = Limits { memory: memory.clone(), ..Limits::default() };
    let around = Circumstances { limits, ..Circumstances::default() };
    let case = Situation { now, incident, kept: incident.kind.state(), seen, around: &around, policy };
    for (key, moves) in judged(case).held {
        let more = |record: &RecordPolicy| dependent(now, seen, memory, record).remembered(&moves);
        if let Some(more) = policy.record(&key).and_then(more) {
            next.insert(key.to_string(), more);
        }
    }
    next
}

pub(super) fn in_words(case: Situation<'_>) -> String {
    let memory = &case.around.limits.memory;
    let on_something = case.policy.records.iter().filter(|record| !record.depends_on.is_empty());
    let each: Vec<String> = on_something
        .map(|record| format!("{}: {}", record.key, dependent(case.now, case.seen, memory, record).in_words()))
        .collect();
    if each.is_empty() { "they depend on nothing that the policy names".to_owned() } else { each.join("; ") }
}

pub(super) fn first(held: &[(RecordKey, Moves)]) -> Option<Moves> {
    held.iter().map(|(_, moves)| moves).max_by_key(|moves| moves.until).cloned()
}
