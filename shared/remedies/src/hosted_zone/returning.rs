//! How an endpoint gets its share back: after a hold, in steps, each only while it is actively proven well.
//!
//! An endpoint that fails again and again is latched: it stays drained until a person has looked. What is latched is its return, not
//! the traffic of others: where some of that is lost on endpoints that are proven unhealthy, it comes back like any other.
//!
//! This module never takes silence for health, and never lets a latched endpoint come back while others serve in its place.

use homeostat_core::aws::alarm::AlarmReading;
use homeostat_core::aws::share::Share;
use homeostat_core::id::SetIdentifier;
use jiff::{SignedDuration, Timestamp};

use super::decide::Situation;
use super::evidence::{Ails, Fitness};
use super::judge::name;
use super::reasons::Awaits;
use super::state::Reduced;
use crate::hosted_zone::policy::RecordPolicy;
use crate::hosted_zone::reasons::Evidence;

/// What becomes of an endpoint that has less than its own share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Course {
    /// It got some of its share back, and is sick again.
    Relapse(Vec<Evidence>),
    Waits(Awaits),
    Latched {
        drains: u32,
    },
    /// It has its own share, which it would have if nobody had acted, and nothing calls it unhealthy.
    Recovered,
    Step {
        share: Share,
        because: Vec<String>,
    },
}

/// The hold is doubled with each drain, up to 64 times: past that the latch has long spoken.
const MOST_DOUBLINGS: u32 = 6;

/// An endpoint that was drained, and what is known of it.
pub(super) struct Returning<'a> {
    pub(super) case: Situation<'a>,
    pub(super) record: &'a RecordPolicy,
    pub(super) id: &'a SetIdentifier,
    pub(super) reduced: &'a Reduced,
    /// Its share before the first drain.
    pub(super) own: Share,
    /// What it was drained to.
    pub(super) floor: Share,
    /// What it has: more than it is to have, where nobody could take the rest.
    pub(super) has: Share,
    pub(super) ails: &'a Ails,
    pub(super) fitness: &'a Fitness,
    pub(super) alarm: Option<&'a AlarmReading>,
    /// Others of the record are proven unhealthy and have weight that it could have.
    pub(super) is_needed: bool,
}

pub(super) fn course(it: &Returning<'_>) -> Course {
    let Returning { case, record, id, reduced, own, floor, has, ails, fitness, alarm, is_needed } = *it;
    if reduced.has_only_given_back(own, floor) {
        return recovery(case.now, record, reduced, ails, fitness);
    }
    let serves = has > Share::NONE;
    let has_more_than_its_floor = reduced.share > floor;
    let next_step = reduced.stepped_at + record.pace;
    if has_more_than_its_floor && let Some(proofs) = relapse(case.now, reduced, next_step, ails, fitness, alarm) {
        return Course::Relapse(proofs);
    }
    let well = match fitness {
        Fitness::Well(why) => why.clone(),
        Fitness::Sick(proof) => return Course::Waits(Awaits::Proof { why: proof.to_string() }),
        Fitness::Unknown(why) => return Course::Waits(Awaits::Proof { why: why.clone() }),
    };
    let memory = &case.around.limits.memory;
    let name = name(&record.key, id);
    let drains_at = |at| memory.drains_within(at, record.flaps_within, &name);
    if let Some(latched_at) = memory.latched.get(&name).filter(|_| !is_needed) {
        return Course::Latched { drains: drains_at(*latched_at) };
    }
    let drains = drains_at(case.now);
    // Only where there is traffic does an alarm on traffic say anything.
    if let Some(alarm) = alarm.filter(|_| serves) {
        return Course::Waits(Awaits::Alarm { alarm: alarm.arn.clone() });
    }
    let well_since = reduced.healthy_since.unwrap_or(case.now);
    let held_until = well_since + held_for(record, drains);
    if !has_more_than_its_floor && case.now < held_until {
        return Course::Waits(Awaits::Hold { healthy_since: well_since, until: held_until });
    }
    if has_more_than_its_floor && case.now < next_step {
        return Course::Waits(Awaits::Step { until: next_step });
    }
    // A step that whole weights can't give is never seen to be taken: the endpoint would wait for it, and the others with it.
    let can_be_given = |share: Share| share >= Share::FINEST && own.less(share) >= Share::FINEST;
    let mut steps = record.steps.iter().map(|step| step.of(own));
    let next = steps.find(|share| can_be_given(*share) && *share > reduced.share.max(has));
    Course::Step { share: next.unwrap_or(own), because: well }
}

/// Of an endpoint that failed with what it had taken over, and gave only that back: with its own share it may recover. If it does not,
/// that was not the reason.
fn recovery(now: Timestamp, record: &RecordPolicy, reduced: &Reduced, ails: &Ails, fitness: &Fitness) -> Course {
    let until = reduced.stepped_at + record.pace;
    match (ails, fitness) {
        (Ails::Sick(proofs), _) if now >= until => Course::Relapse(proofs.clone()),
        (Ails::No, Fitness::Well(_)) => Course::Recovered,
        _ if now < until => Course::Waits(Awaits::Recovery { until }),
        _ => Course::Recovered,
    }
}

/// The hold after so many drains.
pub(super) fn held_for(record: &RecordPolicy, drains: u32) -> SignedDuration {
    let doublings = drains.saturating_sub(1).min(MOST_DOUBLINGS);
    record.hold * i32::try_from(1_u32 << doublings).unwrap_or(1)
}

/// Actively sick; or its alarm went off since the last step, or has not cleared by the time of the next.
fn relapse(
    now: Timestamp,
    reduced: &Reduced,
    next_step: Timestamp,
    ails: &Ails,
    fitness: &Fitness,
    alarm: Option<&AlarmReading>,
) -> Option<Vec<Evidence>> {
    if let Ails::Sick(proofs) = ails {
        let is_new = alarm.is_none_or(|alarm| alarm.since >= reduced.stepped_at);
        return (is_new || now >= next_step).then(|| proofs.clone());
    }
    match fitness {
        Fitness::Sick(proof) => Some(vec![proof.clone()]),
        Fitness::Well(_) | Fitness::Unknown(_) => None,
    }
}
