//! What an invocation heard of the records when it sent a change: a list that was lost on its way back is one that nobody read.
//!
//! This module never changes what is asked or answered, and never judges.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use homeostat_core::aws::fleet::TargetHealth;
use homeostat_core::aws::record::RecordSet;
use homeostat_core::aws::record_name::RecordName;
use homeostat_core::id::{AlarmArn, HealthCheckId, HostedZoneId, TargetGroupArn};
use homeostat_core::ports::{Outcome, Unavailable};
use homeostat_remedies::hosted_zone::generation::Generation;
use homeostat_remedies::hosted_zone::observation::{AlarmReadings, HealthCheckReading};
use homeostat_remedies::hosted_zone::shift::Shift;
use homeostat_remedies::hosted_zone::{Records, ShiftWeights};

/// A name, and the generation that a change gave it.
type Changed = (RecordName, Generation);

/// The names that could not be read at the look that led to a change, by what that change did.
#[derive(Debug, Clone, Default)]
pub(super) struct Unread(Arc<Mutex<BTreeMap<Changed, BTreeSet<RecordName>>>>);

/// One invocation's port, from outside of all that delays and loses its calls.
#[derive(Debug)]
pub(super) struct Heard<P> {
    port: P,
    /// Names of which the last list never came.
    missing: Mutex<BTreeSet<RecordName>>,
    unread: Unread,
}

/// A panic elsewhere ends the history anyway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Unread {
    pub(super) fn note(&self, shift: &Shift, missing: &BTreeSet<RecordName>) {
        let of = |name: &RecordName, generation: &Generation| ((name.clone(), generation.clone()), missing.clone());
        lock(&self.0).extend(shift.moves.iter().map(|moved| of(&moved.key.name, &moved.generation)));
    }

    /// Whether whoever gave `changed` this generation could not read `name`.
    pub(super) fn has(&self, changed: &RecordName, generation: &Generation, name: &RecordName) -> bool {
        lock(&self.0).get(&(changed.clone(), generation.clone())).is_some_and(|missing| missing.contains(name))
    }
}

impl<P> Heard<P> {
    pub(super) fn new(port: P, unread: Unread) -> Self {
        Heard { port, missing: Mutex::default(), unread }
    }
}

impl<P: Records + Sync> Records for Heard<P> {
    async fn record_sets(&self, zone: &HostedZoneId, name: &RecordName) -> Result<Vec<RecordSet>, Unavailable> {
        let sets = self.port.record_sets(zone, name).await;
        match &sets {
            Ok(_) => lock(&self.missing).remove(name),
            Err(_) => lock(&self.missing).insert(name.clone()),
        };
        sets
    }
    async fn is_in_sync(&self, change: &str) -> Result<bool, Unavailable> {
        self.port.is_in_sync(change).await
    }
    async fn alarms(&self, alarms: &[AlarmArn]) -> Result<AlarmReadings, Unavailable> {
        self.port.alarms(alarms).await
    }
    async fn health_check(&self, health_check: &HealthCheckId) -> Result<Option<HealthCheckReading>, Unavailable> {
        self.port.health_check(health_check).await
    }
    async fn has_health_check(&self, health_check: &HealthCheckId) -> Result<bool, Unavailable> {
        self.port.has_health_check(health_check).await
    }
    async fn targets(&self, target_group: &TargetGroupArn) -> Result<Option<Vec<TargetHealth>>, Unavailable> {
        self.port.targets(target_group).await
    }
}

impl<P: ShiftWeights + Sync> ShiftWeights for Heard<P> {
    async fn shift(&self, shift: &Shift) -> Outcome {
        self.unread.note(shift, &lock(&self.missing));
        self.port.shift(shift).await
    }
}
