//! Whether a batch fits its zone, in AWS's words where they are known.
//!
//! It never looks for what MiniStack finds by itself: a record that is there already, is not there, or has other values.

use super::batch::{Change, RecordSet, Routing};

/// Route 53 Developer Guide, "Quotas on ChangeResourceRecordSets requests": an UPSERT counts twice.
const MOST_RECORDS: usize = 1000;
const MOST_CHARACTERS: usize = 32_000;

pub(super) fn too_large(changes: &[Change]) -> Option<String> {
    let (records, characters) = size(changes);
    if changes.len() > MOST_RECORDS || records > MOST_RECORDS {
        return Some(format!("Number of records limit of {MOST_RECORDS} exceeded."));
    }
    (characters > MOST_CHARACTERS).then(|| format!("Number of characters limit of {MOST_CHARACTERS} exceeded."))
}

/// All else that is wrong, in the batch's order. `existing` are the zone's sets of the batch's names and types.
pub(super) fn complaints(changes: &[Change], zone: &str, existing: &[RecordSet]) -> Vec<String> {
    let after = carried_out(changes, existing);
    let kept = changes.iter().filter(|change| change.action != "DELETE");
    changes
        .iter()
        .filter(|change| !is_within(&change.set.name, zone))
        .map(|change| format!("RRSet with DNS name {} is not permitted in zone {zone}", change.set.name))
        .chain(kept.filter_map(|change| conflict(&change.set, &after)))
        .collect()
}

fn size(changes: &[Change]) -> (usize, usize) {
    let sizes = changes.iter().map(|change| {
        let times = if change.action == "UPSERT" { 2 } else { 1 };
        let characters: usize = change.set.values.iter().map(|value| value.chars().count()).sum();
        (change.set.values.len() * times, characters * times)
    });
    sizes.fold((0, 0), |(records, characters), (more, longer)| (records + more, characters + longer))
}

fn is_within(name: &str, zone: &str) -> bool {
    name == zone || name.strip_suffix(zone).is_some_and(|labels| labels.ends_with('.'))
}

/// The sets as they are once the whole batch is carried out: what counts, since the batch is one step.
fn carried_out(changes: &[Change], existing: &[RecordSet]) -> Vec<RecordSet> {
    let is_same =
        |one: &RecordSet, other: &RecordSet| is_beside(one, other) && one.set_identifier == other.set_identifier;
    let mut sets = existing.to_vec();
    for change in changes {
        sets.retain(|set| !is_same(set, &change.set));
        if change.action != "DELETE" {
            sets.push(change.set.clone());
        }
    }
    sets
}

fn is_beside(one: &RecordSet, other: &RecordSet) -> bool {
    (&one.name, &one.kind) == (&other.name, &other.kind)
}

fn conflict(set: &RecordSet, after: &[RecordSet]) -> Option<String> {
    let (name, kind) = (&set.name, &set.kind);
    let others = || after.iter().filter(|other| is_beside(other, set));
    let called = match &set.set_identifier {
        Some(identifier) => format!("RRSet with DNS name {name}, type {kind}, SetIdentifier {identifier}"),
        None => format!("RRSet with DNS name {name}, type {kind}"),
    };
    if others().any(|other| other.routing != set.routing) {
        return Some(match set.routing {
            Routing::Simple => format!("{called} cannot be created as other RRSets exist with the same name and type."),
            Routing::Weighted => {
                format!("{called} cannot be created as a non-weighted set exists with the same name and type.")
            }
            Routing::Other => {
                format!("{called} cannot be created as a set with another routing exists with the same name and type.")
            }
        });
    }
    // An alias has the TTL of what it stands for.
    let differs = |other: &RecordSet| matches!((other.ttl, set.ttl), (Some(theirs), Some(own)) if theirs != own);
    let mixed = set.routing == Routing::Weighted && others().any(differs);
    mixed.then(|| format!("{called} cannot be created as weighted sets must contain the same TTL."))
}
