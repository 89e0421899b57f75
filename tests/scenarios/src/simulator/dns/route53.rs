//! Route 53 as it can be on a bad day: throttled, still busy with the change before, answering with what was, and taking a batch
//! long after its sender stopped to listen. And doubles of it that break their promise, for the rules to catch.
//!
//! This module never applies a part of a batch, unless it is such a double.

use std::sync::Arc;

use homeostat_core::aws::fleet::TargetHealth;
use homeostat_core::aws::record::{RecordSet, reweighted};
use homeostat_core::aws::record_name::RecordName;
use homeostat_core::id::{AlarmArn, HealthCheckId, HostedZoneId, TargetGroupArn};
use homeostat_core::ports::{Outcome, Unavailable};
use homeostat_remedies::hosted_zone::observation::{AlarmReadings, HealthCheckReading};
use homeostat_remedies::hosted_zone::shift::Shift;
use homeostat_remedies::hosted_zone::{Records, ShiftWeights};
use jiff::SignedDuration;
use world::{Author, Cloud};

use crate::simulator::stage::Stage;

/// What a port may do wrong that no rule must miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Double {
    /// It keeps its promise.
    None,
    /// It writes what it is given over whatever is there.
    Upserts,
    /// It neither compares nor writes the generation.
    IgnoresTheFence,
    /// It writes the generation and not the weights.
    WritesOnlyTheFence,
    ZeroesAll,
    ForgetsAField,
    /// It gives the drained endpoint all, and the others nothing.
    SwapsTheWeights,
    /// It takes away what it should only reduce, and gives the first endpoint everything.
    GivesAllToTheFirst,
}

/// In percent of the calls that could.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moods {
    pub(super) throttles: f64,
    pub(super) busy: f64,
    pub(super) late: f64,
    pub(super) stale: f64,
    pub(super) slow: f64,
}

#[derive(Debug, Clone)]
pub(super) struct Route53 {
    pub(super) stage: Arc<Stage>,
    pub(super) cloud: Cloud,
    pub(super) moods: Moods,
    pub(super) double: Double,
}

impl Route53 {
    fn falls(&self, percent: f64, what: &str) -> bool {
        let falls = percent > 0.0 && self.stage.befalls(percent, || format!("Route 53: {what}"));
        if falls {
            self.stage.count(&format!("fault: {what}"));
            self.stage.log(|| format!("Route 53: {what}"));
        }
        falls
    }

    fn propagates_after(&self) -> SignedDuration {
        if self.falls(self.moods.slow, "a change takes minutes") {
            return self.stage.dice().minutes(4, 9);
        }
        self.stage.dice().seconds(3, 50)
    }

    /// As a double does it, without any condition.
    fn misdo(&self, shift: &Shift) -> Outcome {
        let double = self.double;
        let edit = |sets: &mut Vec<RecordSet>| {
            for moved in &shift.moves {
                misplace(double, moved, sets);
            }
        };
        match self.cloud.with(|world| world.edit_records(&shift.zone, Author::Homeostat, edit)) {
            Ok(change) => Outcome::Pending { change },
            Err(refusal) => Outcome::Refused { why: refusal.to_string() },
        }
    }
}

fn misplace(double: Double, moved: &homeostat_remedies::hosted_zone::shift::Move, sets: &mut Vec<RecordSet>) {
    let mut after = reweighted(&moved.before, &moved.after);
    let is_first = |nth: usize| nth == 0;
    for (nth, set) in after.iter_mut().enumerate() {
        *set = match double {
            Double::ZeroesAll => set.with_weight(0),
            Double::WritesOnlyTheFence => moved.before.get(nth).cloned().unwrap_or_else(|| set.clone()),
            Double::SwapsTheWeights => set.with_weight(set.weighted().map_or(0, |(_, weight)| 255 - weight)),
            Double::GivesAllToTheFirst => set.with_weight(if is_first(nth) { 255 } else { 0 }),
            Double::ForgetsAField => RecordSet { health_check: None, ..set.clone() },
            Double::None | Double::Upserts | Double::IgnoresTheFence => set.clone(),
        };
    }
    sets.retain(|set| !set.is_of(&moved.key));
    sets.extend(after);
    if let (true, Ok(fence)) = (double != Double::IgnoresTheFence, moved.generation.fence(&moved.key.name)) {
        sets.retain(|set| set.name != fence.name);
        sets.push(fence);
    }
}

impl Records for Route53 {
    async fn record_sets(&self, zone: &HostedZoneId, name: &RecordName) -> Result<Vec<RecordSet>, Unavailable> {
        let sets = self.cloud.record_sets(zone, name).await?;
        let now = self.stage.now();
        let before =
            self.cloud.with(|world| world.zone(zone).map(|zone| zone.listed_before(name, now)).unwrap_or_default());
        let differs = before != sets;
        Ok(if differs && self.falls(self.moods.stale, "a list of what was") { before } else { sets })
    }
    async fn is_in_sync(&self, change: &str) -> Result<bool, Unavailable> {
        self.cloud.is_in_sync(change).await
    }
    async fn alarms(&self, alarms: &[AlarmArn]) -> Result<AlarmReadings, Unavailable> {
        self.cloud.alarms(alarms).await
    }
    async fn health_check(&self, health_check: &HealthCheckId) -> Result<Option<HealthCheckReading>, Unavailable> {
        self.cloud.health_check(health_check).await
    }
    async fn has_health_check(&self, health_check: &HealthCheckId) -> Result<bool, Unavailable> {
        self.cloud.has_health_check(health_check).await
    }
    async fn targets(&self, target_group: &TargetGroupArn) -> Result<Option<Vec<TargetHealth>>, Unavailable> {
        self.cloud.targets(target_group).await
    }
}

impl ShiftWeights for Route53 {
    async fn shift(&self, shift: &Shift) -> Outcome {
        let unknown = |why: &str| Outcome::Unknown { why: why.to_owned() };
        let propagates_after = self.propagates_after();
        self.cloud.with(|world| {
            if let Some(zone) = world.zone_mut(&shift.zone) {
                zone.propagates_after = propagates_after;
            }
        });
        if self.falls(self.moods.throttles, "throttled") {
            return unknown("Throttling: Rate exceeded");
        }
        if self.falls(self.moods.busy, "the change before is not complete") {
            return unknown(
                "PriorRequestNotComplete: The request was rejected because Route 53 was still processing a prior request.",
            );
        }
        if self.double != Double::None {
            return self.misdo(shift);
        }
        if let (true, Ok(batch)) = (self.falls(self.moods.late, "a batch is held back"), shift.batch()) {
            let after = self.stage.dice().seconds(5, 1200);
            self.cloud.with(|world| world.change_records_at(world.now() + after, &shift.zone, &batch));
            return unknown("the request timed out");
        }
        self.cloud.shift(shift).await
    }
}
