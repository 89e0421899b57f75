//! Names with addresses of both families: whether what one table lists goes together, whether people hear of the rest what is so,
//! and whether they hear of what the zone and the policy don't agree on.
//!
//! This module never asks the code under test what a sibling is, or what has drifted: it looks at the zone and at the policy.

use std::collections::BTreeMap;

use homeostat_core::aws::record::{RecordKey, RecordSet, RecordType, Weights};
use homeostat_core::aws::share::Share;
use homeostat_core::id::HostedZoneId;
use homeostat_core::incident::State;
use homeostat_core::policy::Mode;
use homeostat_remedies::hosted_zone::drift::Drift;
use homeostat_remedies::hosted_zone::policy::RecordPolicy;
use homeostat_remedies::hosted_zone::reasons::{Decision, Incident, Step};
use homeostat_remedies::policy::Policy;
use jiff::{SignedDuration, Timestamp};
use world::{Author, HostedZone, World};

use super::shares;

/// One batch moves both; a look that only sees one of them would take another minute or two.
const APART: SignedDuration = SignedDuration::from_mins(2);

/// Percent. Seed 137966514: what has less comes back at once, while the other type's share comes back in steps and goes again.
const FINEST: f64 = 5.0;

/// A look, and a list that is as old as the change before.
const LATELY: SignedDuration = SignedDuration::from_secs(90);

/// Records that one table lists, and since when an endpoint answers in one and not in the other.
#[derive(Debug, Default)]
pub(super) struct Siblings {
    pairs: Vec<[RecordKey; 2]>,
    apart_since: BTreeMap<(RecordKey, String), Timestamp>,
    /// How many changes of the zone were judged.
    judged: Option<usize>,
}

impl Siblings {
    /// Where no limit or standby may make a difference between them.
    pub(super) fn of(policy: &Policy, template: &[RecordSet]) -> Siblings {
        let records: Vec<&RecordPolicy> = policy.dns.iter().flat_map(|dns| &dns.records).collect();
        let is_free = |record: &&&RecordPolicy| {
            record.mode == Mode::Act
                && record.endpoints.iter().all(|it| it.max_share == Share::ALL && it.drain_to == Share::NONE)
                && shares::percents(&shares::weights(&record.key, template)).values().all(|percent| *percent > FINEST)
        };
        let is_one_table = |one: &RecordPolicy, other: &RecordPolicy| {
            one.key.name == other.key.name && *one == RecordPolicy { key: one.key.clone(), ..other.clone() }
        };
        let free: Vec<&&RecordPolicy> = records.iter().filter(is_free).collect();
        let of = |(nth, one): (usize, &&&RecordPolicy)| {
            let other = free.iter().skip(nth + 1).find(|other| is_one_table(one, other))?;
            Some([one.key.clone(), other.key.clone()])
        };
        Siblings { pairs: free.iter().enumerate().filter_map(of).collect(), ..Siblings::default() }
    }

    /// Nobody else has changed either of them, and Route 53 has refused neither. Seeds 819503306 and 819505522: a set of one of them
    /// named a health check that was deleted, so the batch was refused as a whole, and each goes by itself from then on.
    pub(super) fn judge(
        &mut self,
        now: Timestamp,
        zone: &HostedZone,
        edited: &BTreeMap<RecordKey, Timestamp>,
    ) -> Result<(), String> {
        // What went together still does.
        let changes = Some(zone.changes().len());
        if std::mem::replace(&mut self.judged, changes) == changes && self.apart_since.is_empty() {
            return Ok(());
        }
        let is_refused = |key: &RecordKey| {
            let mut batches = zone.refused().iter().filter(|refused| refused.by == Author::Homeostat);
            batches.any(|refused| refused.batch.delete.iter().any(|set| set.is_of(key)))
        };
        let is_bound = |pair: &&[RecordKey; 2]| !pair.iter().any(|key| edited.contains_key(key) || is_refused(key));
        for [one, other] in self.pairs.iter().filter(is_bound) {
            let (weights, others) = (zone.weights(one), zone.weights(other));
            for (id, weight) in &weights {
                let place = (one.clone(), id.to_string());
                let differs = others.get(id).is_some_and(|other| (*other == 0) != (*weight == 0));
                if !differs {
                    self.apart_since.remove(&place);
                    continue;
                }
                let since = *self.apart_since.entry(place).or_insert(now);
                if since + APART < now {
                    let shown = [&weights, &others].map(shares::shown);
                    return Err(format!("{one}: {}; {other}: {}; since {since}", shown[0], shown[1]));
                }
            }
        }
        Ok(())
    }
}

/// What an incident that people hear of says of the other family.
pub(super) fn is_told_rightly(now: Timestamp, zone: &HostedZone, open: &Incident) -> Result<(), String> {
    let kept = open.kind.state();
    // What is said with an act is true when it is decided; its outcome may be written much later (seed 911209000).
    let decided_at = open.intent.as_ref().map_or(now, |intent| intent.until - open.lease());
    let now = if matches!(open.decision, Some(Decision::Act { .. })) { now.min(decided_at) } else { now };
    let shift = match &open.decision {
        Some(Decision::Act { step: Step::Shift(shift), .. }) => Some(shift),
        _ => None,
    };
    // Of what the policy lists a message says only that it stays, beside what moves under the same name.
    let stays = |key: &RecordKey| {
        let mut moves = shift.into_iter().flat_map(|shift| &shift.moves);
        moves.clone().any(|moved| moved.key.name == key.name) && moves.all(|moved| moved.key != *key)
    };
    for (key, sibling) in kept.siblings.iter().filter(|(key, sibling)| !sibling.is_in_policy || stays(key)) {
        let lately = lately(now, zone, key);
        if !lately.contains(&sibling.weights) {
            let said = shares::shown(&sibling.weights);
            return Err(format!("{key} is said to have {said}, and had {lately:?}"));
        }
    }
    let Some(shift) = shift else { return Ok(()) };
    for moved in &shift.moves {
        let other = other_family(&moved.key);
        let is_moved = shift.moves.iter().any(|moved| moved.key == other);
        let was_there = lately(now, zone, &other).iter().all(|weights| !weights.is_empty());
        if was_there && !is_moved && !kept.siblings.contains_key(&other) {
            return Err(format!("{other} keeps {} and nothing is said of it", shares::shown(&zone.weights(&other))));
        }
    }
    Ok(())
}

fn other_family(key: &RecordKey) -> RecordKey {
    let kind = if key.kind == RecordType::A { RecordType::Aaaa } else { RecordType::A };
    RecordKey { name: key.name.clone(), kind }
}

/// As it is, and as a list may have shown it.
fn lately(now: Timestamp, zone: &HostedZone, key: &RecordKey) -> Vec<Weights> {
    let changes = zone.changes().iter().filter(|change| change.in_sync_at + LATELY > now);
    let before = changes.map(|change| shares::weights(key, &change.before));
    before.chain([zone.weights(key)]).collect()
}

/// What the zone, the account and the policy don't agree on, by their own words, and nobody was told of.
pub(super) fn untold(
    policy: &Policy,
    id: &HostedZoneId,
    world: &World,
    open: Option<&Incident>,
    told: &[Drift],
) -> Option<String> {
    // A person is on it, and hears of one thing after the other. Seed 751156179: the page had ended a minute before, with a change on
    // its way.
    let is_under_way =
        |open: &Incident| open.paged_at.is_some() && matches!(open.state, State::Acting | State::Verifying);
    if open.is_some_and(|open| open.state == State::Escalated || is_under_way(open)) {
        return None;
    }
    let zone = world.zone(id)?;
    let is_held = |key: &RecordKey| open.is_some_and(|open| open.kind.state().records.contains_key(key));
    let records = || policy.dns.iter().flat_map(|dns| &dns.records);
    for record in records() {
        let weights = zone.weights(&record.key);
        for endpoint in &record.endpoints {
            let knows = |drift: &Drift| match drift {
                Drift::SetGone { record: of, endpoint: it } => *of == record.key && *it == endpoint.id,
                Drift::Unfit { record: of, .. } => *of == record.key,
                _ => false,
            };
            if !weights.contains_key(&endpoint.id) && !is_held(&record.key) && !told.iter().any(knows) {
                return Some(format!("{} has no set {}", record.key, endpoint.id));
            }
            let gone = endpoint.alarms.iter().find(|arn| world.alarm(arn.alarm_name()).is_none());
            let knows = |drift: &Drift| matches!(drift, Drift::AlarmGone { alarm, .. } if Some(alarm) == gone);
            if let (Some(gone), false) = (gone, told.iter().any(knows)) {
                return Some(format!("alarm {} is gone", gone.alarm_name()));
            }
        }
        let other = other_family(&record.key);
        let is_left_out = !zone.weights(&other).is_empty() && !records().any(|record| record.key == other);
        let knows = |drift: &Drift| matches!(drift, Drift::LeftOut { record, .. } if *record == other);
        // Seed 771306441: a page was over for seconds, and each message of its incident had named it.
        let names = |open: &Incident| open.notify_seq > 0 && (open.kind.state().siblings.contains_key(&other));
        if is_left_out && !open.is_some_and(names) && !told.iter().any(knows) {
            return Some(format!("{other} is left out"));
        }
    }
    None
}

/// Whether there is anything that a person would have to correct.
pub(super) fn has_drifted(policy: &Policy, id: &HostedZoneId, world: &World) -> bool {
    untold(policy, id, world, None, &[]).is_some()
}
