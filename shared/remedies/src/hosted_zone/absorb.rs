//! Brings what an incident keeps of a zone up to what was seen: whether the last change has arrived, since when each endpoint is
//! well, and which records are Homeostat's to hold no longer.
//!
//! This module never lets go of a record before people have heard why, and never forgets what an endpoint had before it was
//! drained as long as it is drained.

use std::collections::BTreeMap;

use homeostat_core::aws::record::{RecordKey, RecordSet, reweighted, weights};
use homeostat_core::aws::share::Share;
use homeostat_core::id::SetIdentifier;
use homeostat_core::ports::Outcome;
use jiff::Timestamp;

use super::decide::{Situation, acts};
use super::drift::{drifts, has_only_drifted, nothing_is_left, noticed, siblings};
use super::evidence::{Ails, Fitness, ails, alarming, fitness, is_cleared};
use super::judge::NEARLY;
use super::observation::Observation;
use super::reasons::Trouble;
use super::share::shares;
use super::shift::{Move, Shift};
use super::standing::{Standing, standing};
use super::state::{Held, PROPAGATES_WITHIN, Propagating, Proven, Reduced, ZoneState};
use crate::hosted_zone::kind::HostedZoneKind;
use crate::hosted_zone::policy::{EndpointPolicy, HostedZonePolicy, RecordPolicy};
use crate::hosted_zone::reasons::{Circumstances, Incident, Intent, Page, PageReason, Step};

pub(super) fn absorb(
    now: Timestamp,
    mut incident: Incident,
    seen: &Observation,
    policy: &HostedZonePolicy<'_>,
    hash: &str,
) -> Incident {
    if is_seen_late(now, &incident, seen) {
        incident = incident.found_done(now);
    }
    let kept = incident.kind.state_mut();
    let tried = kept.tried.iter().find(|tried| tried.is_seen(seen) || lost_its_generations(kept, tried, seen));
    if let Some(late) = tried.or_else(|| kept.lost.iter().find(|lost| lost.is_seen(seen))).cloned() {
        kept.shifted(now, &late, &Outcome::AlreadyDone);
    }
    let kept = incident.kind.state();
    let around = Circumstances::default();
    let case = Situation { now, incident: &incident, kept, seen, around: &around, policy };
    let (mut next, mut settled, mut word_is_void) = (kept.clone(), Vec::new(), false);
    next.propagating = next.propagating.and_then(|it| still_on_its_way(now, it, seen));
    refusals(&mut next, case, hash);
    for (key, held) in &kept.records {
        match fate(case, key, held) {
            Fate::Held => continue,
            Fate::Changed(sets) => {
                next.records.entry(key.clone()).and_modify(|held| held.changed_to = sets);
                continue;
            }
            Fate::ChangedSince(sets) => {
                next.records.entry(key.clone()).and_modify(|held| held.changed_to = sets);
                word_is_void = true;
            }
            Fate::TakenUp(sets) => take_up(&mut next, key, sets, seen),
            Fate::TakenOver => {
                next.records.remove(key);
                next.taken_over.push(key.clone());
            }
        }
        settled.push(key.clone());
    }
    for record in &policy.records {
        let Some(held) = next.records.get_mut(&record.key) else { continue };
        for (id, reduced) in &mut held.reduced {
            let endpoint = record.endpoint(id);
            let is_well = endpoint.is_some_and(|it| matches!(fitness(now, record, it, seen), Fitness::Well(_)));
            reduced.healthy_since = if is_well { reduced.healthy_since.or(Some(now)) } else { None };
        }
        without_recovered(now, record, held, seen);
        held.bearing = bearing(now, record, held, seen);
    }
    next.proven = proven(case, &next);
    next.siblings.retain(|key, _| seen.unread.contains_key(&key.name));
    next.siblings.extend(siblings(policy, seen));
    next.drifts = noticed(now, &next.drifts, seen, drifts(policy, seen, &next.records));
    let signalled_at = began_at(now, &incident, seen, policy);
    let paged_because = without(incident.paged_because.clone(), &settled);
    let acknowledged = incident.acknowledged.clone().filter(|_| !word_is_void);
    Incident { kind: HostedZoneKind::HostedZone(next), signalled_at, paged_because, acknowledged, ..incident }
}

/// Who recovered with what it had after it gave the rest back is reduced no longer, and no weight changes by that. Where nobody else is,
/// the last change gives the record back.
fn without_recovered(now: Timestamp, record: &RecordPolicy, held: &mut Held, seen: &Observation) {
    let own = shares(&weights(&held.saved));
    let is_recovered = |id: &SetIdentifier, reduced: &Reduced| {
        let known = record.endpoint(id).zip(own.get(id));
        known.is_some_and(|(endpoint, own)| {
            let has_given_back = reduced.has_only_given_back(*own, endpoint.drain_to.min(*own));
            let is_healthy = matches!(fitness(now, record, endpoint, seen), Fitness::Well(_));
            has_given_back && is_healthy && ails(now, record, endpoint, seen) == Ails::No
        })
    };
    let reduced = held.reduced.iter().filter(|(id, reduced)| !is_recovered(id, reduced));
    let rest: BTreeMap<_, _> = reduced.map(|(id, reduced)| (id.clone(), reduced.clone())).collect();
    if !rest.is_empty() {
        held.reduced = rest;
    }
}

/// Since when each that is not reduced has been proven healthy with what it has. An alarm of its own speaks of that.
fn bearing(
    now: Timestamp,
    record: &RecordPolicy,
    held: &Held,
    seen: &Observation,
) -> BTreeMap<SetIdentifier, Timestamp> {
    let is_healthy = |endpoint: &&EndpointPolicy| {
        matches!(fitness(now, record, endpoint, seen), Fitness::Well(_)) && alarming(endpoint, seen).is_none()
    };
    let unreduced = record.endpoints.iter().filter(|endpoint| !held.reduced.contains_key(&endpoint.id));
    let since = |id: &SetIdentifier| held.bearing.get(id).copied().unwrap_or(now);
    unreduced.filter(is_healthy).map(|endpoint| (endpoint.id.clone(), since(&endpoint.id))).collect()
}

/// Who is proven unhealthy and has more weight than the policy leaves them, each since the first look that proved it.
fn proven(case: Situation<'_>, kept: &ZoneState) -> Vec<Proven> {
    let mut all = Vec::new();
    for record in case.policy.records.iter().filter(|record| acts(record.mode)) {
        let shares = shares(&case.seen.weights(&record.key));
        let is_unread = case.seen.unread.contains_key(&record.key.name);
        let is_drained = |id: &SetIdentifier| {
            let floor = record.endpoint(id).map_or(Share::NONE, |endpoint| endpoint.drain_to);
            !is_unread && shares.get(id).is_none_or(|has| has.less(NEARLY) <= floor)
        };
        for endpoint in record.endpoints.iter().filter(|endpoint| !is_drained(&endpoint.id)) {
            let known = kept.proven.iter().find(|known| known.record == record.key && known.endpoint == endpoint.id);
            let since = match ails(case.now, record, endpoint, case.seen) {
                Ails::Sick(_) | Ails::Disabled(_) => known.map_or(Some(case.now), |known| Some(known.since)),
                Ails::Perhaps { .. } | Ails::No => {
                    // What nothing can judge any more is for the policy's owner, who hears of each source that is gone.
                    let is_over = is_cleared(case.now, record, endpoint, case.seen)
                        || nothing_is_left(case.now, case.kept, record, endpoint, case.seen);
                    known.map(|known| known.since).filter(|_| !is_over)
                }
            };
            let (record, endpoint) = (record.key.clone(), endpoint.id.clone());
            all.extend(since.map(|since| Proven { record, endpoint, since }));
        }
    }
    all
}

/// Forgets a refusal once the record or the policy is another, or a person has answered; and has those go by themselves that lost
/// a race together although nobody seems to have changed any of them.
fn refusals(next: &mut ZoneState, case: Situation<'_>, hash: &str) {
    let answered_at = case.incident.acknowledged.as_ref().map(|known| known.at);
    next.refused.retain(|key, refused| {
        if case.seen.unread.contains_key(&key.name) {
            return true;
        }
        let is_as_then = refused.is_of(&case.seen.record(key), case.seen.fence(&key.name));
        let is_answered = answered_at.is_some_and(|answered| answered > refused.at);
        is_as_then && refused.policy == hash && !is_answered
    });
    let Some(Intent { step: Step::Shift(tried), outcome: Some(Outcome::Lost { .. }), .. }) = &case.incident.intent
    else {
        return;
    };
    let is_as_read = |moved: &Move| {
        let sets = case.seen.record(&moved.key);
        sets.len() == moved.before.len()
            && sets.iter().all(|set| moved.before.contains(set))
            && case.seen.fence(&moved.key.name) == moved.fence.as_ref()
    };
    if tried.moves.len() > 1 && tried.moves.iter().all(is_as_read) {
        next.apart.extend(tried.moves.iter().map(|moved| moved.key.clone()));
    }
}

/// What was open only since the policy and AWS don't agree begins anew when an endpoint becomes unhealthy.
fn began_at(now: Timestamp, incident: &Incident, seen: &Observation, policy: &HostedZonePolicy<'_>) -> Timestamp {
    let since = |record: &RecordPolicy| {
        let unhealthy = record.endpoints.iter().filter(|it| matches!(ails(now, record, it, seen), Ails::Sick(_)));
        unhealthy.map(|it| alarming(it, seen).map_or(now, |alarm| alarm.since)).min()
    };
    let began = policy.records.iter().filter_map(|record| since(record)).min();
    began.filter(|_| has_only_drifted(incident)).map_or(incident.signalled_at, |began| began.max(incident.opened_at))
}

/// A word on one change is no word on the next: that one is asked about anew.
fn without(page: Option<Page>, settled: &[RecordKey]) -> Option<Page> {
    let Some(Page::Own(PageReason::Weights { mut troubles })) = page else { return page };
    troubles.retain(|trouble| trouble.hands_off().is_none_or(|record| !settled.contains(record)));
    (!troubles.is_empty()).then_some(Page::Own(PageReason::Weights { troubles }))
}

/// The loop settles what an acting incident did. One that was held back since, or asked for a person, may find it too.
fn is_seen_late(now: Timestamp, incident: &Incident, seen: &Observation) -> bool {
    // A batch that was refused as lost may be the second try of one that applied.
    let is_open = |intent: &&Intent| !intent.took_effect() && (intent.outcome.is_some() || now >= intent.until);
    incident.intent.as_ref().filter(is_open).is_some() && took_effect(incident, seen)
}

/// Whether the last change did, as far as can be seen.
pub(super) fn took_effect(incident: &Incident, seen: &Observation) -> bool {
    let Some(Intent { step: Step::Shift(shift), .. }) = &incident.intent else { return false };
    // What Route 53 refused, since the record was not as read, may be just what somebody else made of it meanwhile.
    let is_unsettled = incident.unsettled_intent().is_some();
    shift.is_seen(seen) || (is_unsettled && lost_its_generations(incident.kind.state(), shift, seen))
}

/// Somebody deleted what would show that a change took effect. Where all of it is held already, that is left to the comparison with what
/// is held; a batch applies whole, so one name that is not held is enough.
fn lost_its_generations(kept: &ZoneState, shift: &Shift, seen: &Observation) -> bool {
    let is_known = |moved: &Move| kept.records.contains_key(&moved.key) || kept.taken_over.contains(&moved.key);
    shift.is_seen_without_its_generations(seen) && !shift.moves.iter().all(is_known)
}

/// Without what has arrived.
fn still_on_its_way(now: Timestamp, on_its_way: Propagating, seen: &Observation) -> Option<Propagating> {
    let unnamed = match on_its_way.change {
        Some(_) if seen.is_in_sync != Some(true) => return Some(on_its_way),
        Some(_) => Propagating::new(None, on_its_way.late_since?),
        None => on_its_way,
    };
    (now < unnamed.since + PROPAGATES_WITHIN).then_some(unnamed)
}

/// What becomes of a record that is held.
enum Fate {
    Held,
    /// Somebody else changed it to this, and nobody has answered.
    Changed(Vec<RecordSet>),
    /// Somebody changed it once more after the look that a person answered.
    ChangedSince(Vec<RecordSet>),
    /// It is Homeostat's again, as it is now.
    TakenUp(Vec<RecordSet>),
    /// It is somebody else's.
    TakenOver,
}

/// Only on what people were asked, and have answered; or on what shows that they have fixed it themselves.
fn fate(case: Situation<'_>, key: &RecordKey, held: &Held) -> Fate {
    let has_answered = case.incident.acknowledged.is_some();
    let record = key.clone();
    let policy = case.policy.record(key).filter(|policy| held.names_only_endpoints_of(policy));
    let Some(policy) = policy else {
        let answered = has_answered && was_told(case.incident, &Trouble::NotInPolicy { record });
        return if answered { Fate::TakenOver } else { Fate::Held };
    };
    let sets = case.seen.record(key);
    let Standing::Changed { what } = standing(case, policy, Some(held), &sets) else { return Fate::Held };
    if !was_told_of_all(case.incident, &record, &what) {
        return if has_answered { Fate::Held } else { Fate::Changed(sets) };
    }
    if has_answered && !held.changed_to.is_empty() && has_other_fields(&held.changed_to, &sets) {
        return Fate::ChangedSince(sets);
    }
    if has_answered {
        // What has the same endpoints with the same weights still knows what each had before.
        return if weights(&sets) == held.applied { Fate::TakenUp(sets) } else { Fate::TakenOver };
    }
    // Whoever left the weights alone has not taken the drained endpoint's share for theirs to give. Nor are the weights of an older
    // generation anybody else's.
    let are_theirs = !has_the_weights_left(held, &sets) && !is_of_an_older_generation(case, key);
    if are_theirs && all_well(case, policy) { Fate::TakenOver } else { Fate::Changed(sets) }
}

fn is_of_an_older_generation(case: Situation<'_>, key: &RecordKey) -> bool {
    let there = case.seen.generation(&key.name);
    there.zip(case.kept.generations.get(&key.name)).is_some_and(|(there, left)| there < *left)
}

/// In something that is reported in the same words whatever it was changed to.
fn has_other_fields(told: &[RecordSet], sets: &[RecordSet]) -> bool {
    sets.iter().any(|set| !told.iter().any(|told| told.with_weight(0) == set.with_weight(0)))
}

/// Whatever else was changed, or added beside it.
fn has_the_weights_left(held: &Held, sets: &[RecordSet]) -> bool {
    let there = weights(sets);
    held.applied.iter().all(|(id, left)| there.get(id) == Some(left))
}

fn take_up(next: &mut ZoneState, key: &RecordKey, sets: Vec<RecordSet>, seen: &Observation) {
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
    let Some(Page::Own(PageReason::Weights { troubles })) = &incident.paged_because else { return false };
    troubles.contains(trouble)
}

/// Whether people heard of each difference that is there now. One that was undone since needs no other word.
fn was_told_of_all(incident: &Incident, record: &RecordKey, what: &str) -> bool {
    let Some(Page::Own(PageReason::Weights { troubles })) = &incident.paged_because else { return false };
    troubles.iter().any(|trouble| match trouble {
        Trouble::Changed { record: of, what: told } => {
            of == record && what.split(", ").all(|now| told.split(", ").any(|told| told == now))
        }
        _ => false,
    })
}

/// Everything of the record that gives answers is proven well.
fn all_well(case: Situation<'_>, record: &RecordPolicy) -> bool {
    let weights = case.seen.weights(&record.key);
    let serving =
        record.endpoints.iter().filter(|endpoint| weights.get(&endpoint.id).is_some_and(|weight| *weight > 0));
    let mut serving = serving.peekable();
    serving.peek().is_some()
        && serving.all(|endpoint| {
            matches!(fitness(case.now, record, endpoint, case.seen), Fitness::Well(_))
                && alarming(endpoint, case.seen).is_none()
        })
}
