//! The template's parameters that belong to a policy: the records that the role of shift-dns may change.
//!
//! This module never names more than the policy does, and the name of each record's generation.

use std::collections::BTreeSet;

use homeostat_core::aws::record_name::RecordName;
use homeostat_core::policy::Parameter;

use super::generation::FENCE_LABEL;
use super::policy::{DnsPolicy, EndpointPolicy};

/// None if the policy names no record.
pub fn parameters(dns: &DnsPolicy) -> Vec<Parameter> {
    if dns.records.is_empty() {
        return Vec::new();
    }
    let partition = partition(dns);
    let arn = |zone| format!("arn:{partition}:route53:::hostedzone/{zone}");
    let keys = || dns.records.iter().map(|record| &record.key);
    // In the one form in which IAM compares them (`route53:ChangeResourceRecordSetsNormalizedRecordNames`).
    let fences: Vec<RecordName> = keys().filter_map(|key| key.name.under(FENCE_LABEL).ok()).collect();
    let names: BTreeSet<&str> = keys().map(|key| &key.name).chain(&fences).map(RecordName::as_str).collect();
    let types: BTreeSet<&str> = keys().map(|key| key.kind.as_str()).chain(["TXT"]).collect();
    vec![
        Parameter::list("DnsZoneArns", dns.zones().into_iter().map(arn)),
        Parameter::list("DnsRecordNames", names),
        Parameter::list("DnsRecordTypes", types),
    ]
}

/// A zone is in the partition of the alarms and target groups that the policy names with it.
fn partition(dns: &DnsPolicy) -> String {
    let of = |endpoint: &EndpointPolicy| {
        let alarms = endpoint.alarms.iter().chain(&endpoint.canaries).map(|arn| arn.as_str());
        let mut arns = alarms.chain(endpoint.target_groups.iter().map(|arn| arn.as_str()));
        arns.find_map(|arn| arn.split(':').nth(1).map(str::to_owned))
    };
    dns.records.iter().flat_map(|record| &record.endpoints).find_map(of).unwrap_or_else(|| "aws".to_owned())
}

#[cfg(test)]
mod tests;
