//! Reads what the policy names of weighted records, side by side.
//!
//! This module never takes one Region's silence for that of another: each is asked for its own alarms.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{join, join_all};
use homeostat_core::aws::alarm::AlarmReading;
use homeostat_core::aws::fleet::TargetHealth;
use homeostat_core::aws::record::RecordSet;
use homeostat_core::aws::record_name::RecordName;
use homeostat_core::doctor::{Read, Unread};
use homeostat_core::id::{AlarmArn, HealthCheckId, HostedZoneId, Region, TargetGroupArn};
use homeostat_remedies::hosted_zone::Records;
use homeostat_remedies::hosted_zone::doctor::DnsFacts;
use homeostat_remedies::hosted_zone::observation::{AlarmReadings, HealthCheckReading};
use homeostat_remedies::hosted_zone::policy::{DnsPolicy, EndpointPolicy};

use super::facts::{action, read};

pub(super) async fn gather(aws: &impl Records, region: Option<Region>, dns: Option<&DnsPolicy>) -> DnsFacts {
    let Some(dns) = dns else { return DnsFacts { region, ..DnsFacts::default() } };
    let (sets, alarms) = join(sets(aws, dns), alarms(aws, dns)).await;
    let (health_checks, targets) = join(health_checks(aws, dns), targets(aws, dns)).await;
    DnsFacts { region, sets, alarms, health_checks, targets, memories: BTreeMap::new() }
}

fn endpoints(dns: &DnsPolicy) -> impl Iterator<Item = &EndpointPolicy> {
    dns.records.iter().flat_map(|record| &record.endpoints)
}

async fn sets(aws: &impl Records, dns: &DnsPolicy) -> BTreeMap<(HostedZoneId, RecordName), Read<Vec<RecordSet>>> {
    let places: BTreeSet<(HostedZoneId, RecordName)> =
        dns.records.iter().map(|record| (record.zone.clone(), record.key.name.clone())).collect();
    let of_place = async |place: (HostedZoneId, RecordName)| {
        let sets = read(action::RECORDS, aws.record_sets(&place.0, &place.1).await);
        (place, sets)
    };
    join_all(places.into_iter().map(of_place)).await.into_iter().collect()
}

async fn alarms(aws: &impl Records, dns: &DnsPolicy) -> BTreeMap<AlarmArn, Read<Option<AlarmReading>>> {
    named(aws, endpoints(dns).flat_map(|endpoint| endpoint.alarms.iter().chain(&endpoint.canaries))).await
}

/// These alarms, each in its own Region.
pub(super) async fn named<'a>(
    aws: &impl Records,
    arns: impl Iterator<Item = &'a AlarmArn>,
) -> BTreeMap<AlarmArn, Read<Option<AlarmReading>>> {
    let mut by_region: BTreeMap<Option<Region>, BTreeSet<AlarmArn>> = BTreeMap::new();
    for arn in arns {
        by_region.entry(arn.region().ok()).or_default().insert(arn.clone());
    }
    let of_region = async |arns: BTreeSet<AlarmArn>| {
        let arns: Vec<AlarmArn> = arns.into_iter().collect();
        let found: Read<AlarmReadings> = read(action::ALARMS, aws.alarms(&arns).await);
        let find = |arn: &AlarmArn| {
            let alarm = found.as_ref().map_err(Clone::clone)?.get(arn).cloned().transpose();
            alarm.map_err(|why| Unread::Failed { action: action::ALARMS, why })
        };
        arns.iter().map(|arn| (arn.clone(), find(arn))).collect::<Vec<_>>()
    };
    join_all(by_region.into_values().map(of_region)).await.into_iter().flatten().collect()
}

async fn health_checks(
    aws: &impl Records,
    dns: &DnsPolicy,
) -> BTreeMap<HealthCheckId, Read<Option<HealthCheckReading>>> {
    let ids: BTreeSet<HealthCheckId> = endpoints(dns).filter_map(|endpoint| endpoint.health_check.clone()).collect();
    let of_check = async |id: HealthCheckId| {
        let seen = read(action::HEALTH_CHECKS, aws.health_check(&id).await);
        (id, seen)
    };
    join_all(ids.into_iter().map(of_check)).await.into_iter().collect()
}

async fn targets(aws: &impl Records, dns: &DnsPolicy) -> BTreeMap<TargetGroupArn, Read<Option<Vec<TargetHealth>>>> {
    let arns: BTreeSet<TargetGroupArn> = endpoints(dns).flat_map(|endpoint| &endpoint.target_groups).cloned().collect();
    let of_group = async |arn: TargetGroupArn| {
        let targets = read(action::TARGETS, aws.targets(&arn).await);
        (arn, targets)
    };
    join_all(arns.into_iter().map(of_group)).await.into_iter().collect()
}

#[cfg(test)]
mod tests;
