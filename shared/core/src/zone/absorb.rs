//! Brings what an incident keeps of a zone up to what was seen: whether the last change has arrived, since when each endpoint is
//! well, and which records are Homeostat's to hold no longer.
//!
//! This module never lets go of a record before people have heard why, and never forgets what an endpoint had before it was
//! drained as long as it is drained.

use jiff::Timestamp;

use super::decide::Case;
use super::evidence::{Fitness, alarming, fitness};
use super::kept::{Held, Kept, PROPAGATES_WITHIN, Propagating};
use super::record::{RecordKey, RecordSet, reweighted, weights};
use super::said::Trouble;
use super::seen::Seen;
use super::shift::Shift;
use super::standing::{Standing, standing};
use crate::attend::Circumstances;
use crate::decision::{Page, Step};
use crate::incident::{Incident, Intent, Kind};
use crate::policy::{RecordPolicy, ZonePolicy};
use crate::ports::Outcome;

pub(super) fn absorb(now: Timestamp, mut incident: Incident, seen: &Seen, policy: &ZonePolicy<'_>) -> Incident {
    if let Some(shift) = seen_late(now, &incident, seen) {
        incident = incident.found_done(now, &shift);
    }
    let Kind::Zone(kept) = &mut incident.kind else { return incident };
    if let Some(late) = kept.tried.iter().find(|tried| tried.is_seen(seen)).cloned() {
        kept.shifted(now, &late, &Outcome::AlreadyDone);
    }
    let Kind::Zone(kept) = &incident.kind else { return incident };
    let around = Circumstances::default();
    let case = Case { now, incident: &incident, kept, seen, around: &around, policy };
    let (mut next, mut settled) = (kept.clone(), Vec::new());
    next.propagating = next.propagating.filter(|on_its_way| !has_arrived(now, on_its_way, seen));
    for (key, held) in &kept.records {
        match fate(case, key, held) {
            Fate::Held => continue,
            Fate::TakenUp(sets) => take_up(&mut next, key, sets, seen),
            Fate::TakenOver => {
                next.records.remove(key);
                next.taken_over.push(key.clone());
            }
        }
        settled.push(key.clone());
    }
    for record in &policy.records {
        for (id, reduced) in next.records.get_mut(&record.key).into_iter().flat_map(|held| &mut held.reduced) {
            let endpoint = record.endpoint(id);
            let is_well = endpoint.is_some_and(|it| matches!(fitness(now, record, it, seen), Fitness::Well(_)));
            reduced.well_since = if is_well { reduced.well_since.or(Some(now)) } else { None };
        }
    }
    let paged_because = without(incident.paged_because.clone(), &settled);
    Incident { kind: Kind::Zone(next), paged_because, ..incident }
}

/// A word on one change is no word on the next: that one is asked about anew.
fn without(page: Option<Page>, settled: &[RecordKey]) -> Option<Page> {
    let Some(Page::Weights { mut troubles }) = page else { return page };
    troubles.retain(|trouble| trouble.hands_off().is_none_or(|record| !settled.contains(record)));
    (!troubles.is_empty()).then_some(Page::Weights { troubles })
}

/// The loop settles what an acting incident did. One that was held back since, or asked for a person, may find it too.
fn seen_late(now: Timestamp, incident: &Incident, seen: &Seen) -> Option<Shift> {
    // A batch that was refused as lost may be the second try of one that applied.
    let is_open = |intent: &&Intent| !intent.took_effect() && (intent.outcome.is_some() || now >= intent.until);
    let intent = incident.intent.as_ref().filter(is_open)?;
    let Step::Shift(shift) = &intent.step else { return None };
    shift.is_seen(seen).then(|| shift.clone())
}

fn has_arrived(now: Timestamp, on_its_way: &Propagating, seen: &Seen) -> bool {
    match on_its_way.change {
        Some(_) => seen.is_in_sync == Some(true),
        None => now >= on_its_way.since + PROPAGATES_WITHIN,
    }
}

/// What becomes of a record that is held.
enum Fate {
    Held,
    /// It is Homeostat's again, as it is now.
    TakenUp(Vec<RecordSet>),
    /// It is somebody else's.
    TakenOver,
}

/// Only on what people were asked, and have answered; or on what shows that they have mended it themselves.
fn fate(case: Case<'_>, key: &RecordKey, held: &Held) -> Fate {
    let has_answered = case.incident.acknowledged.is_some();
    let record = key.clone();
    let policy = case.policy.record(key).filter(|policy| held.names_only_endpoints_of(policy));
    let Some(policy) = policy else {
        let answered = has_answered && was_told(case.incident, &Trouble::NotInPolicy { record });
        return if answered { Fate::TakenOver } else { Fate::Held };
    };
    let sets = case.seen.record(key);
    let Standing::Changed { what } = standing(case, policy, Some(held), &sets) else { return Fate::Held };
    if !was_told(case.incident, &Trouble::Changed { record, what }) {
        return Fate::Held;
    }
    if has_answered {
        // What has the same endpoints with the same weights still knows what each had before.
        return if weights(&sets) == held.left { Fate::TakenUp(sets) } else { Fate::TakenOver };
    }
    // Whoever left the weights alone has not taken the drained endpoint's share for theirs to give.
    if !has_the_weights_left(held, &sets) && all_well(case, policy) { Fate::TakenOver } else { Fate::Held }
}

/// Whatever else was changed, or added beside it.
fn has_the_weights_left(held: &Held, sets: &[RecordSet]) -> bool {
    let there = weights(sets);
    held.left.iter().all(|(id, left)| there.get(id) == Some(left))
}

fn take_up(next: &mut Kept, key: &RecordKey, sets: Vec<RecordSet>, seen: &Seen) {
    if let Some(held) = next.records.get_mut(key) {
        held.saved = reweighted(&sets, &weights(&held.saved));
    }
    match seen.generation(&key.name) {
        Some(there) => _ = next.generations.insert(key.name.clone(), there),
        None => _ = next.generations.remove(&key.name),
    }
}

/// Whether people heard of this last. What they know of another trouble, or of another change, says nothing about it.
fn was_told(incident: &Incident, trouble: &Trouble) -> bool {
    let Some(Page::Weights { troubles }) = &incident.paged_because else { return false };
    troubles.contains(trouble)
}

/// Everything of the record that gives answers is proven well.
fn all_well(case: Case<'_>, record: &RecordPolicy) -> bool {
    let weights = weights(&case.seen.record(&record.key));
    let serving =
        record.endpoints.iter().filter(|endpoint| weights.get(&endpoint.id).is_some_and(|weight| *weight > 0));
    let mut serving = serving.peekable();
    serving.peek().is_some()
        && serving.all(|endpoint| {
            matches!(fitness(case.now, record, endpoint, case.seen), Fitness::Well(_))
                && alarming(endpoint, case.seen).is_none()
        })
}
