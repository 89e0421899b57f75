//! Rules about who else has a say: other people, the change before, a pause.

#[cfg(test)]
mod tests;

use homeostat_core::aws::record::{RecordSet, weights};
use homeostat_core::aws::record_name::RecordName;
use homeostat_core::id::HostedZoneId;
use homeostat_remedies::hosted_zone::policy::RecordPolicy;
use homeostat_remedies::hosted_zone::state::PROPAGATES_WITHIN;
use world::ZoneChange;

use super::{Moment, SKEWS, generation};
use crate::simulator::dns::annals::{Annals, decided_at, kept};
use crate::simulator::dns::{View, shares};

pub(super) fn is_as_it_was_left(moment: &Moment<'_>) -> Result<(), String> {
    let Some(kept) = kept(moment.view, moment.zone) else { return Ok(()) };
    let is_moved = |key| shares::of(key, &moment.change.before) != shares::of(key, &moment.change.after);
    for record in moment.records().filter(|record| kept.records.contains_key(&record.key) && is_moved(&record.key)) {
        let Some(left) = moment.annals.left.get(&record.key) else { continue };
        // Seed 803518878: a batch that was held back for a quarter of an hour applied to just what it was based on, since somebody had
        // put all of that back.
        let edited = moment.annals.edited.get(&record.key);
        if moment.generation(&record.key).is_some_and(|it| edited.is_some_and(|edited| it.at + SKEWS < *edited)) {
            continue;
        }
        // Seed 803511115: only its generation was deleted since it was left, or since a person gave their word, and the next change of
        // the name's other type brought another.
        let is_as_in =
            |known: &[RecordSet]| shares::of(&record.key, &moment.change.before) == shares::of(&record.key, known);
        let acknowledged = moment.annals.acknowledged.get(&record.key);
        let acknowledged = acknowledged.filter(|_| moment.annals.answered.contains(&record.key));
        let is_same = is_as_in(left) || acknowledged.is_some_and(|known| is_as_in(known));
        if is_same && generation(&record.key.name, &moment.change.before).is_some() {
            continue;
        }
        let known = |sets: &[RecordSet]| moment.annals.known(&record.key, sets, moment.change);
        let (left, before) = (known(left), known(&moment.change.before));
        if before != left {
            return Err(format!("{}: left as {left:?}, and it was {before:?}", record.key));
        }
    }
    Ok(())
}

/// So long nobody else acts on the zone, whatever became of the call.
const LEASE: jiff::SignedDuration = jiff::SignedDuration::from_mins(1);

/// Where the id of the change before is known, or where it takes no longer than Route 53 says.
pub(super) fn is_alone(moment: &Moment<'_>) -> Result<(), String> {
    let Some(last) = moment.annals.last.as_ref().filter(|last| last.in_sync_at > moment.change.at) else {
        return Ok(());
    };
    // Seed 771324026: held back for eight minutes, and what would have kept it out was refused. Another name's change came first.
    let decided = moment.records().filter_map(|record| moment.generation(&record.key)).map(|it| it.at).max();
    if decided.is_some_and(|decided| decided + LEASE + SKEWS < last.at) {
        return Ok(());
    }
    let is_known = moment.annals.told.contains(&last.id);
    // Seed 497251307: held back for seven minutes, it applied just before a look that could not read its record, and on which another
    // name's change was decided. That one rests on its own record alone, and an endpoint that fails doesn't wait for another's list.
    if !is_known && came_late(moment, last) && is_unread(moment, last) {
        return Ok(());
    }
    if !is_known && is_traceless(moment, last) {
        return Ok(());
    }
    let is_usual = last.in_sync_at <= last.at + PROPAGATES_WITHIN;
    if is_usual || is_known {
        return Err(format!("{} of {:.3} is in sync at {:.3}", last.id, last.at, last.in_sync_at));
    }
    Ok(())
}

/// Whoever decided on it had given up waiting for an answer when it applied.
fn came_late(moment: &Moment<'_>, change: &ZoneChange) -> bool {
    let mut records = moment.records_of(change).peekable();
    records.peek().is_some() && records.all(|record| decided_at(&record.key, change) + LEASE + SKEWS < change.at)
}

/// Seed 503416935: nobody answered it, and somebody deleted its generation before a look could find it. There had been none before it
/// either, so all that is left of it is weights that people may have moved by hand.
fn is_traceless(moment: &Moment<'_>, change: &ZoneChange) -> bool {
    let decided = moment.records().filter_map(|record| moment.generation(&record.key)).map(|it| it.at).max();
    let is_found = |name: &RecordName| {
        let left = generation(name, &change.after);
        left.is_some_and(|left| moment.annals.found.contains(&left))
    };
    let is_deleted = |record: &RecordPolicy| {
        let (now, edited) = (moment.annals.now.get(&record.key), moment.annals.edited.get(&record.key));
        let in_time = edited.zip(decided).is_some_and(|(edited, decided)| *edited < decided + SKEWS);
        in_time && now.is_some_and(|now| generation(&record.key.name, now).is_none())
    };
    let is_traceless = |record: &RecordPolicy| {
        let name = &record.key.name;
        generation(name, &change.before).is_none() && is_deleted(record) && !is_found(name)
    };
    let mut records = moment.records_of(change).peekable();
    records.peek().is_some() && records.all(is_traceless)
}

/// Whether whoever decided on this change could read none of the other's records.
fn is_unread(moment: &Moment<'_>, other: &ZoneChange) -> bool {
    let has = |record: &RecordPolicy, name: &RecordName| {
        let generation = moment.generation(&record.key);
        generation.is_some_and(|it| moment.unread.has(&record.key.name, &it, name))
    };
    let mut names = moment.records_of(other).map(|record| &record.key.name);
    names.all(|name| moment.records().all(|record| has(record, name)))
}

pub(super) fn is_unpaused(moment: &Moment<'_>) -> Result<(), String> {
    let decided = moment.records().filter_map(|record| moment.generation(&record.key)).map(|it| it.at).max();
    let Some(decided) = decided else { return Ok(()) };
    let in_force =
        |since: &jiff::Timestamp, until| *since + SKEWS < decided && until > moment.change.at.max(decided + SKEWS);
    let found = moment.pauses.iter().find(|(since, pause)| in_force(since, pause.until));
    found.map_or(Ok(()), |(since, pause)| Err(format!("{pause:?}, since {since}; decided at {decided}")))
}

/// The weights never; the rest only on a person's word about a change of it: about the last one, or as it was when they gave their
/// word, since a list may be older than what somebody did after that.
pub(super) fn keeps_what_was_saved(
    zone: &HostedZoneId,
    annals: &Annals,
    before: &View,
    after: &View,
) -> Result<(), String> {
    let (Some(before), Some(after)) = (kept(before, zone), kept(after, zone)) else { return Ok(()) };
    for (key, held) in &after.records {
        let Some(was) = before.records.get(key).filter(|was| was.saved != held.saved) else { continue };
        let (old, new) = (weights(&was.saved), weights(&held.saved));
        let keeps_weights = old.iter().all(|(id, weight)| new.get(id).is_none_or(|now| now == weight));
        let edited = annals.edited.get(key);
        let is_known = edited.zip(annals.acknowledged_at).is_some_and(|(edited, known)| known >= *edited);
        let is_as_acknowledged = annals.acknowledged.get(key).is_some_and(|known| {
            held.saved.iter().all(|set| known.iter().any(|known| known.with_weight(0) == set.with_weight(0)))
        });
        if !(keeps_weights && (is_known || is_as_acknowledged)) {
            return Err(format!("{key}: {:?}", held.saved));
        }
    }
    Ok(())
}
