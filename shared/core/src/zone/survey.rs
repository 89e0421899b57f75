//! A look at all endpoints of the policy: which zones have one that is sick and no incident. It finds what no event told.
//!
//! This module never asks Route 53 about records: what nobody calls sick costs none of the calls that all of an account share.

use jiff::Timestamp;

use super::Records;
use super::evidence::{Ails, ails};
use super::eyes;
use super::seen::Seen;
use crate::id::{HostedZoneId, Subject};
use crate::policy::{DnsPolicy, RecordPolicy};
use crate::ports::{Ledger, Unavailable};

/// What a survey came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surveyed {
    /// The zones to attend to.
    pub sick: Vec<HostedZoneId>,
    /// What could not be asked, and so calls nobody sick. It hides nothing else.
    pub unread: Vec<String>,
}

/// Asks all that the policy takes for evidence.
///
/// # Errors
/// [`Unavailable`]: the ledger could not be read.
pub async fn survey<A: Records + Sync>(
    aws: &A,
    dns: &DnsPolicy,
    ledger: &impl Ledger,
    now: Timestamp,
) -> Result<Surveyed, Unavailable> {
    let seen = eyes::ask(aws, dns.records.iter().flat_map(|record| &record.endpoints)).await;
    let has_sick = |record: &&RecordPolicy| {
        record.endpoints.iter().any(|endpoint| matches!(ails(now, record, endpoint, &seen), Ails::Sick(_)))
    };
    let mut sick: Vec<HostedZoneId> = dns.records.iter().filter(has_sick).map(|record| record.zone.clone()).collect();
    sick.sort();
    sick.dedup();
    let subjects: Vec<Subject> = sick.iter().cloned().map(Subject::zone).collect();
    let open = ledger.open_among(&subjects).await?;
    sick.retain(|zone| !open.contains(&Subject::zone(zone.clone())));
    Ok(Surveyed { sick, unread: unread(&seen) })
}

fn unread(seen: &Seen) -> Vec<String> {
    let alarms = seen.alarms.values().filter_map(|read| read.as_ref().err());
    let checks = seen.health_checks.values().filter_map(|read| read.as_ref().err());
    let targets = seen.targets.values().filter_map(|read| read.as_ref().err());
    let mut unread: Vec<String> = alarms.chain(checks).chain(targets).cloned().collect();
    unread.dedup();
    unread
}
