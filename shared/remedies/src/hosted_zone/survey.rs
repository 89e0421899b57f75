//! A look at all of the policy: which zones have an endpoint that is unhealthy, or are no longer as the policy says, and no
//! incident. It finds what no event told.
//!
//! This module never asks Route 53 about a zone that has an incident: its own looks do, and all of an account share the calls.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use homeostat_core::aws::record::RecordSet;
use homeostat_core::aws::record_name::RecordName;
use homeostat_core::id::{HostedZoneId, Subject};
use homeostat_core::ports::{Ledger, Unavailable};
use homeostat_core::reconcile::Surveyed;
use homeostat_core::signal::{Hint, Trigger};
use jiff::Timestamp;

use super::drift::drifts;
use super::evidence::{Ails, ails};
use super::observation::Observation;
use super::{Records, observer, subject};
use crate::hosted_zone::policy::{DnsPolicy, HostedZonePolicy, RecordPolicy};

/// Asks all that the policy takes for evidence, and for the records of each zone without an incident.
///
/// # Errors
/// [`Unavailable`]: the ledger could not be read.
pub(super) async fn survey<A: Records + Sync>(
    aws: &A,
    dns: &DnsPolicy,
    ledger: &(impl Ledger + Sync),
    now: Timestamp,
) -> Result<Surveyed, Unavailable> {
    let seen = observer::ask(aws, dns.records.iter().flat_map(|record| &record.endpoints)).await;
    let subjects: Vec<Subject> = dns.zones().into_iter().map(subject::subject).collect();
    let open = ledger.open_among(&subjects).await?;
    let hint = |zone: &HostedZoneId| {
        let why = Trigger::Found { since: now, alarms: Vec::new(), told_by: None };
        Hint { subject: subject::subject(zone), why }
    };
    let mut surveyed = Surveyed { unread: unread(&seen), ..Surveyed::default() };
    for zone in dns.zones().into_iter().filter(|zone| !open.contains(&subject::subject(zone))) {
        surveyed.looked_at.push(zone.to_string());
        let policy = dns.zone(zone);
        // One zone after the other: the rate of Route 53's calls is all of the account's.
        match policy.records.iter().any(|record| has_unhealthy(now, record, &seen)) {
            true => surveyed.hints.push(hint(zone)),
            false => match sets(aws, &policy).await {
                Ok(sets) => {
                    let seen = Observation { sets, ..seen.clone() };
                    let has_drifted = !drifts(&policy, &seen, &BTreeMap::new()).is_empty();
                    surveyed.hints.extend(has_drifted.then(|| hint(zone)));
                }
                Err(unavailable) => surveyed.unread.push(unavailable.to_string()),
            },
        }
    }
    Ok(Surveyed { open, ..surveyed })
}

fn has_unhealthy(now: Timestamp, record: &RecordPolicy, seen: &Observation) -> bool {
    record.endpoints.iter().any(|endpoint| matches!(ails(now, record, endpoint, seen), Ails::Sick(_)))
}

async fn sets<A: Records + Sync>(aws: &A, policy: &HostedZonePolicy<'_>) -> Result<Vec<RecordSet>, Unavailable> {
    let names: BTreeSet<&RecordName> = policy.records.iter().map(|record| &record.key.name).collect();
    let sets = join_all(names.into_iter().map(|name| aws.record_sets(policy.id, name))).await;
    let sets: Result<Vec<_>, _> = sets.into_iter().collect();
    Ok(sets?.concat())
}

fn unread(seen: &Observation) -> Vec<String> {
    let alarms = seen.alarms.values().filter_map(|read| read.as_ref().err());
    let checks = seen.health_checks.values().filter_map(|read| read.as_ref().err());
    let targets = seen.targets.values().filter_map(|read| read.as_ref().err());
    let mut unread: Vec<String> = alarms.chain(checks).chain(targets).cloned().collect();
    unread.dedup();
    unread
}
