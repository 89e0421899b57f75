//! Whether a record is one whose weights can be moved, and is as Homeostat left it.
//!
//! This module never takes a change that somebody else made for one that can be overwritten.

use homeostat_core::aws::record::{RecordSet, Routing, weights};
use homeostat_core::aws::record_name::RecordName;
use jiff::Timestamp;

use super::decide::Situation;
use super::state::Held;
use crate::hosted_zone::generation::{FENCE_LABEL, Generation};
use crate::hosted_zone::policy::RecordPolicy;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    AsLeft,
    /// What was read is older than what Homeostat knows that it did.
    Stale,
    Changed {
        what: String,
    },
    Unfit {
        why: String,
    },
    /// What is there now could not be read.
    Unread {
        why: String,
    },
}

pub(super) fn standing(
    case: Situation<'_>,
    record: &RecordPolicy,
    held: Option<&Held>,
    sets: &[RecordSet],
) -> Standing {
    let name = &record.key.name;
    if let Some(why) = case.seen.unread.get(name) {
        return Standing::Unread { why: why.clone() };
    }
    let (left, there) = (case.kept.generations.get(name), case.seen.generation(name));
    let of_its_generation = match (left, &there) {
        (Some(left), Some(there)) if there < left => match held {
            _ if case.is_recent(left, held) => return Standing::Stale,
            Some(_) => Some("an older generation stands in its place".to_owned()),
            None => None,
        },
        // What is not held is nobody's: any generation will do to start from.
        _ if held.is_none() => None,
        (Some(left), Some(there)) if there > left => {
            Some(format!("another Homeostat moved its weights at {:.0}", there.at))
        }
        // A list from before the first change shows no generation, and the record as it was then.
        (Some(left), None) if case.is_recent(left, held) && held.is_some_and(|held| is_as_saved(held, sets)) => {
            return Standing::Stale;
        }
        (Some(_), None) => Some("its generation is gone".to_owned()),
        _ => None,
    };
    let of_its_sets = held.and_then(|held| difference(&held.as_left(), sets));
    // A word on the one must not pass for a word on the other.
    let changes: Vec<String> = of_its_generation.into_iter().chain(of_its_sets).collect();
    if !changes.is_empty() {
        return Standing::Changed { what: changes.join(", ") };
    }
    if let Some(why) = unfit(record, sets).or_else(|| foreign(name, &case.seen.sets)) {
        return Standing::Unfit { why };
    }
    Standing::AsLeft
}

fn is_as_saved(held: &Held, sets: &[RecordSet]) -> bool {
    sets.len() == held.saved.len() && sets.iter().all(|set| held.saved.contains(set))
}

impl Situation<'_> {
    /// A list may still show what was there before the last change, which may have been one of somebody who has its own share again.
    fn is_recent(&self, left: &Generation, held: Option<&Held>) -> bool {
        let last = held.map_or(left.at, |held| last_step(held).max(left.at));
        self.now < last + self.policy.dns.in_sync_within
    }
}

/// When Homeostat last changed it.
fn last_step(held: &Held) -> Timestamp {
    held.reduced.values().map(|reduced| reduced.stepped_at).max().unwrap_or(Timestamp::MIN)
}

/// Somebody else's record where the generation belongs: a text of theirs, or a CNAME, beside which no text can be.
pub(crate) fn foreign(name: &RecordName, sets: &[RecordSet]) -> Option<String> {
    let is_in_the_way = |set: &&RecordSet| match set.kind.as_str() {
        "TXT" => Generation::of(set).is_none(),
        kind => kind == "CNAME",
    };
    let fence = sets.iter().filter(|set| set.name.is_under(FENCE_LABEL, name)).find(is_in_the_way)?;
    Some(format!("the {} record {} was not written by Homeostat: {}", fence.kind, fence.name, fence.values.join(" ")))
}

/// Why the weights of these sets can't be moved.
pub(crate) fn unfit(record: &RecordPolicy, sets: &[RecordSet]) -> Option<String> {
    if sets.is_empty() {
        return Some("there is no such record in the zone".to_owned());
    }
    for set in sets {
        if let Some(policy) = &set.traffic_policy {
            return Some(format!("the traffic policy instance {policy} owns it, and would undo every change"));
        }
        match &set.routing {
            Routing::Weighted { .. } => {}
            Routing::Simple => return Some("it is a simple record, not a weighted one".to_owned()),
            Routing::Other(what) => return Some(format!("it is a {what} record, not a weighted one")),
        }
    }
    let weights = weights(sets);
    if !record.endpoints.iter().any(|endpoint| weights.contains_key(&endpoint.id)) {
        return Some("it has none of the set identifiers that the policy names".to_owned());
    }
    let all_zero = weights.values().all(|weight| *weight == 0);
    all_zero.then(|| "all of its weights are zero already, so Route 53 answers with each as often".to_owned())
}

/// All that is no longer as it was left, in words: a word on one change must not pass for a word on another.
fn difference(left: &[RecordSet], there: &[RecordSet]) -> Option<String> {
    let changed = left.iter().filter_map(|set| change(set, find(there, set)));
    let new = there.iter().filter(|set| find(left, set).is_none()).map(|set| format!("{} is new", name(set)));
    let differences: Vec<String> = changed.chain(new).collect();
    (!differences.is_empty()).then(|| differences.join(", "))
}

fn find<'a>(sets: &'a [RecordSet], set: &RecordSet) -> Option<&'a RecordSet> {
    let id = set.weighted().map(|(id, _)| id);
    sets.iter().find(|other| other.weighted().map(|(id, _)| id) == id)
}

fn name(set: &RecordSet) -> String {
    set.weighted().map_or_else(|| "a record set".to_owned(), |(id, _)| id.to_string())
}

fn change(left: &RecordSet, there: Option<&RecordSet>) -> Option<String> {
    let name = name(left);
    let Some(there) = there else { return Some(format!("{name} is gone")) };
    match (left.weighted(), there.weighted()) {
        _ if there == left => None,
        (Some((_, left)), Some((_, weight))) if left != weight => {
            Some(format!("{name} has weight {weight}, and Homeostat left {left}"))
        }
        _ => Some(format!("{name} answers with something else, or in another way")),
    }
}
