//! What one look at a marked hosted zone asked of AWS: how many calls of each API, and what it was told of the alarms.
//!
//! This module never keeps an answer for a later question, and never asks anything by itself.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use homeostat_core::aws::Read;
use homeostat_core::aws::alarm::{AlarmChange, AlarmReading, AlarmReadings};
use homeostat_core::aws::fleet::TargetHealth;
use homeostat_core::aws::rates::Api;
use homeostat_core::aws::record::RecordSet;
use homeostat_core::aws::record_name::RecordName;
use homeostat_core::id::{AlarmArn, HealthCheckId, HostedZoneId, TargetGroupArn};
use homeostat_core::ports::{Outcome, Unavailable};

use super::observation::HealthCheckReading;
use super::shift::Shift;
use super::{Records, ShiftWeights};

/// Alarms of one call.
const PAGE: usize = 100;

pub(super) struct Counted<'a, A> {
    aws: &'a A,
    calls: Mutex<Vec<(Api, usize)>>,
    /// As they were read last. `None`: there is no such alarm.
    alarms: Mutex<BTreeMap<AlarmArn, Read<Option<AlarmReading>>>>,
}

/// Whether an alarm was read, as new as an event tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    Whole,
    Unasked,
    /// CloudWatch could not tell, or didn't know of the change yet.
    Not(String),
}

/// Nothing panics while it holds one of these.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a, A> Counted<'a, A> {
    pub(super) fn over(aws: &'a A) -> Self {
        Counted { aws, calls: Mutex::default(), alarms: Mutex::default() }
    }

    /// All calls so far.
    pub(super) fn calls(&self) -> Vec<(Api, usize)> {
        lock(&self.calls).clone()
    }

    fn call(&self, calls: &[(Api, usize)]) {
        lock(&self.calls).extend_from_slice(calls);
    }

    pub(super) fn heard(&self, change: &AlarmChange) -> Heard {
        match lock(&self.alarms).get(&change.alarm) {
            None => Heard::Unasked,
            Some(Ok(None)) => Heard::Whole,
            Some(Ok(Some(alarm))) => match alarm.is_not_older(change) {
                Ok(()) => Heard::Whole,
                Err(older) => Heard::Not(older.to_string()),
            },
            Some(Err(why)) => Heard::Not(why.clone()),
        }
    }
}

impl<A: Records + Sync> Records for Counted<'_, A> {
    /// As a rule one page holds what is there of a name.
    async fn record_sets(&self, zone: &HostedZoneId, name: &RecordName) -> Result<Vec<RecordSet>, Unavailable> {
        self.call(&[(Api::Route53, 1)]);
        self.aws.record_sets(zone, name).await
    }

    async fn is_in_sync(&self, change: &str) -> Result<bool, Unavailable> {
        self.call(&[(Api::Route53, 1)]);
        self.aws.is_in_sync(change).await
    }

    async fn alarms(&self, alarms: &[AlarmArn]) -> Result<AlarmReadings, Unavailable> {
        self.call(&[(Api::Alarms, alarms.len().div_ceil(PAGE))]);
        let read = self.aws.alarms(alarms).await;
        let told = |arn: &AlarmArn| match &read {
            Ok(found) => found.get(arn).cloned().transpose(),
            Err(unavailable) => Err(unavailable.to_string()),
        };
        lock(&self.alarms).extend(alarms.iter().map(|arn| (arn.clone(), told(arn))));
        read
    }

    /// Its settings and its status.
    async fn health_check(&self, health_check: &HealthCheckId) -> Result<Option<HealthCheckReading>, Unavailable> {
        self.call(&[(Api::Route53, 2), (Api::HealthCheckStatus, 1)]);
        self.aws.health_check(health_check).await
    }

    async fn has_health_check(&self, health_check: &HealthCheckId) -> Result<bool, Unavailable> {
        self.call(&[(Api::Route53, 1)]);
        self.aws.has_health_check(health_check).await
    }

    async fn targets(&self, target_group: &TargetGroupArn) -> Result<Option<Vec<TargetHealth>>, Unavailable> {
        self.call(&[(Api::LoadBalancing, 1)]);
        self.aws.targets(target_group).await
    }
}

impl<A: ShiftWeights + Sync> ShiftWeights for Counted<'_, A> {
    async fn shift(&self, shift: &Shift) -> Outcome {
        self.call(&[(Api::Route53, 1)]);
        self.aws.shift(shift).await
    }
}
