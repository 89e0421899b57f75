//! The template's parameters that belong to a policy: the records that the role of shift-dns may change.
//!
//! This module never names more than the policy does, and the name under which each record's generation stands.

mod hooks;

use std::collections::BTreeSet;

use homeostat_core::aws::record_name::RecordName;
use homeostat_core::shell;
use homeostat_remedies::hosted_zone::generation::FENCE_LABEL;
use homeostat_remedies::hosted_zone::policy::{DnsPolicy, EndpointPolicy};

pub(super) use hooks::HookParameters;
use serde::Serialize;

/// In each, commas between the values, as CloudFormation has lists.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Parameters {
    #[serde(rename = "DnsZoneArns")]
    zones: String,
    #[serde(rename = "DnsRecordNames")]
    names: String,
    #[serde(rename = "DnsRecordTypes")]
    types: String,
}

impl Parameters {
    /// `None` if the policy names no record.
    pub(super) fn of(dns: &DnsPolicy) -> Option<Parameters> {
        let partition = partition(dns);
        let arn = |zone| format!("arn:{partition}:route53:::hostedzone/{zone}");
        let keys = || dns.records.iter().map(|record| &record.key);
        // In the one form in which IAM compares them (`route53:ChangeResourceRecordSetsNormalizedRecordNames`).
        let fences: Vec<RecordName> = keys().filter_map(|key| key.name.under(FENCE_LABEL).ok()).collect();
        let names: BTreeSet<&str> = keys().map(|key| &key.name).chain(&fences).map(RecordName::as_str).collect();
        let types: BTreeSet<&str> = keys().map(|key| key.kind.as_str()).chain(["TXT"]).collect();
        let zones: Vec<String> = dns.zones().into_iter().map(arn).collect();
        let parameters = Parameters { zones: zones.join(","), names: joined(names), types: joined(types) };
        (!dns.records.is_empty()).then_some(parameters)
    }

    /// `DnsZoneArns=…`, each as one word of a shell.
    pub(super) fn words(&self) -> [String; 3] {
        let Parameters { zones, names, types } = self;
        [("DnsZoneArns", zones), ("DnsRecordNames", names), ("DnsRecordTypes", types)]
            .map(|(name, value)| shell::word(&format!("{name}={value}")))
    }
}

fn joined(values: BTreeSet<&str>) -> String {
    values.into_iter().collect::<Vec<_>>().join(",")
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
mod tests {
    use super::*;
    use homeostat_remedies::policy;

    fn record(zone: &str, name: &str, kind: &str) -> String {
        let endpoint = |id: &str| {
            format!(
                "[[shift-dns.record.endpoint]]\nid = \"{id}\"\n\
                 alarms = [\"arn:aws-cn:cloudwatch:cn-north-1:123456789012:alarm:{id}\"]\n\
                 health-check = \"00000000-0000-0000-0000-000000000001\"\n"
            )
        };
        let (blue, green) = (endpoint("blue"), endpoint("green"));
        format!(
            "[[shift-dns.record]]\nhosted-zone = \"{zone}\"\nname = \"{name}\"\ntype = \"{kind}\"\nproof = [\"health-check\"]\n{blue}{green}"
        )
    }

    #[test]
    fn what_the_role_may_change_is_named_once_and_in_iams_own_form() {
        let records = [
            record("Z2", "WWW.example.com.", "A"),
            record("Z1", "www.example.com", "AAAA"),
            record("Z1", "*.example.com", "A"),
        ];
        let policy = policy::parse(&format!("schema = 1\n{}", records.concat())).unwrap();
        let parameters = Parameters::of(policy.dns.as_ref().unwrap()).unwrap();
        assert_eq!(
            parameters.words(),
            [
                "DnsZoneArns=arn:aws-cn:route53:::hostedzone/Z1,arn:aws-cn:route53:::hostedzone/Z2",
                r"'DnsRecordNames=\052.example.com,_homeostat.\052.example.com,_homeostat.www.example.com,www.example.com'",
                "DnsRecordTypes=A,AAAA,TXT",
            ]
        );
    }
}
