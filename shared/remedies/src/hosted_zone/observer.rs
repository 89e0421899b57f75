//! Reads what a decision about a zone rests on, all of it side by side.
//!
//! This module never changes anything. A source that can't be read is told of as such: the Region that it lives in may be the
//! very one that is down.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{join, join_all};
use homeostat_core::aws::alarm::AlarmReading;
use homeostat_core::aws::record_name::RecordName;
use homeostat_core::id::{AlarmArn, HealthCheckId, TargetGroupArn};
use homeostat_core::ports::Unavailable;
use homeostat_core::signal::{Hint, Trigger};

use super::Records;
use super::observation::{Observation, Read};
use crate::hosted_zone::policy::{EndpointPolicy, HostedZonePolicy};

/// Everything but the state of the last change, which only the incident knows of.
pub(super) async fn look<A: Records + Sync>(
    aws: &A,
    policy: &HostedZonePolicy<'_>,
    hint: &Hint,
) -> Result<Observation, Unavailable> {
    let names: BTreeSet<&RecordName> = policy.records.iter().map(|record| &record.key.name).collect();
    let sets = join_all(names.into_iter().map(|name| async move { (name, aws.record_sets(policy.id, name).await) }));
    let endpoints = policy.records.iter().flat_map(|record| &record.endpoints);
    let depends_on = policy.records.iter().flat_map(|record| &record.depends_on);
    let of_dependencies = depends_on.flat_map(|dependency| &dependency.alarms);
    let (sets, seen) = join(sets, ask(aws, endpoints, of_dependencies)).await;
    if let Trigger::Alarm(change) | Trigger::Silence(change) = &hint.why {
        match seen.alarms.get(&change.alarm) {
            // An alarm that nobody could ask is no reason to forget what it said: later may be better.
            Some(Err(why)) => return Err(Unavailable { doing: "look into an alarm".to_owned(), why: why.clone() }),
            Some(Ok(Some(alarm))) => alarm.is_not_older(change)?,
            Some(Ok(None)) | None => {}
        }
    }
    let (mut read, mut unread, mut failure) = (Vec::new(), BTreeMap::new(), None);
    for (name, sets) in sets {
        match sets {
            Ok(sets) => read.push(sets),
            Err(unavailable) => {
                unread.insert(name.clone(), unavailable.to_string());
                failure = Some(unavailable);
            }
        }
    }
    // One name that can't be read hides no other. Where none can, the caller's own retries come sooner than the next look.
    match failure {
        Some(failure) if read.is_empty() => Err(failure),
        _ => Ok(Observation { sets: read.concat(), unread, ..seen }),
    }
}

/// Everything that tells how these endpoints are, and what they depend on.
pub(super) async fn ask<'a, A: Records + Sync>(
    aws: &A,
    endpoints: impl Iterator<Item = &'a EndpointPolicy> + Clone,
    of_dependencies: impl Iterator<Item = &'a AlarmArn>,
) -> Observation {
    let alarms = alarms(aws, endpoints.clone(), of_dependencies);
    let (alarms, (health_checks, targets)) = join(alarms, actives(aws, endpoints)).await;
    Observation { alarms, health_checks, targets, ..Observation::default() }
}

pub(super) async fn alarms<'a, A: Records + Sync>(
    aws: &A,
    endpoints: impl Iterator<Item = &'a EndpointPolicy>,
    of_dependencies: impl Iterator<Item = &'a AlarmArn>,
) -> BTreeMap<AlarmArn, Read<Option<AlarmReading>>> {
    let arns = endpoints.flat_map(|endpoint| endpoint.alarms.iter().chain(&endpoint.canaries));
    let arns: BTreeSet<AlarmArn> = arns.chain(of_dependencies).cloned().collect();
    let mut by_region: BTreeMap<String, Vec<AlarmArn>> = BTreeMap::new();
    for arn in arns {
        let region = arn.region().map(|region| region.to_string()).unwrap_or_default();
        by_region.entry(region).or_default().push(arn);
    }
    let reads = by_region.into_values().map(|arns| async move {
        let read = aws.alarms(&arns).await.map_err(|unavailable| unavailable.to_string());
        let find = |arn: &AlarmArn| match &read {
            Ok(found) => found.get(arn).cloned().transpose(),
            Err(why) => Err(why.clone()),
        };
        arns.iter().map(|arn| (arn.clone(), find(arn))).collect::<Vec<_>>()
    });
    join_all(reads).await.into_iter().flatten().collect()
}

type Actives = (
    BTreeMap<HealthCheckId, Read<Option<super::observation::HealthCheckReading>>>,
    BTreeMap<TargetGroupArn, Read<Option<Vec<homeostat_core::aws::fleet::TargetHealth>>>>,
);

async fn actives<'a, A: Records + Sync>(
    aws: &A,
    endpoints: impl Iterator<Item = &'a EndpointPolicy> + Clone,
) -> Actives {
    let checks: BTreeSet<HealthCheckId> =
        endpoints.clone().filter_map(|endpoint| endpoint.health_check.clone()).collect();
    let groups: BTreeSet<TargetGroupArn> = endpoints.flat_map(|endpoint| endpoint.target_groups.clone()).collect();
    let checks = checks.into_iter().map(|id| async move {
        let read = aws.health_check(&id).await.map_err(|unavailable| unavailable.to_string());
        (id, read)
    });
    let groups = groups.into_iter().map(|arn| async move {
        let read = aws.targets(&arn).await.map_err(|unavailable| unavailable.to_string());
        (arn, read)
    });
    let (checks, groups) = join(join_all(checks), join_all(groups)).await;
    (checks.into_iter().collect(), groups.into_iter().collect())
}
