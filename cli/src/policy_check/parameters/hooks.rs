//! The template's parameters for the records of instances: what the role of lifecycle-hook may remove.
//!
//! This module never opens a pattern wider than an instance's id.

use std::collections::BTreeSet;

use homeostat_core::id::{HostedZoneId, InstanceId};
use homeostat_core::shell;
use homeostat_remedies::hook::policy::{HeldBy, HookPolicy, OwnRecord};
use serde::Serialize;

/// In each, commas between the values, as CloudFormation has lists.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(in crate::policy_check) struct HookParameters {
    #[serde(rename = "HookZoneArns")]
    zones: String,
    #[serde(rename = "HookRecordNames")]
    names: String,
}

/// Stands for any while the name is brought into its one form: a wildcard would be escaped there.
const ANY: &str = "i-0123456789abcdef0";
/// Any instance's id, as `StringLike` takes it.
const PATTERN: &str = "i-*";

impl HookParameters {
    /// `None` if the policy names no record of an instance.
    pub(in crate::policy_check) fn of(hooks: &HookPolicy) -> Option<HookParameters> {
        let records: Vec<&OwnRecord> = hooks.terminations.iter().filter_map(|policy| policy.record.as_ref()).collect();
        let any: InstanceId = ANY.parse().ok()?;
        let pattern = |record: &&OwnRecord| Some(record.name_of(&any).ok()?.as_str().replace(ANY, PATTERN));
        let names: BTreeSet<String> = records.iter().filter_map(pattern).collect();
        let zones: BTreeSet<&HostedZoneId> = records.iter().map(|record| &record.zone).collect();
        let partition = partition(hooks);
        let zones = zones.into_iter().map(|zone| format!("arn:{partition}:route53:::hostedzone/{zone}"));
        let parameters = HookParameters { zones: joined(zones), names: joined(names.into_iter()) };
        (!records.is_empty()).then_some(parameters)
    }

    /// `HookZoneArns=…`, each as one word of a shell.
    pub(in crate::policy_check) fn words(&self) -> [String; 2] {
        let HookParameters { zones, names } = self;
        [("HookZoneArns", zones), ("HookRecordNames", names)]
            .map(|(name, value)| shell::word(&format!("{name}={value}")))
    }
}

fn joined(values: impl Iterator<Item = String>) -> String {
    values.collect::<Vec<_>>().join(",")
}

/// A zone is in the partition of the target groups that the policy names for hooks.
fn partition(hooks: &HookPolicy) -> String {
    let of = |hook: HeldBy<'_>| {
        let mut arns = hook.target_groups().iter();
        arns.find_map(|arn| arn.as_str().split(':').nth(1).map(str::to_owned))
    };
    hooks.held_by().find_map(of).unwrap_or_else(|| "aws".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_remedies::policy;

    fn terminate(hook: &str, more: &str) -> String {
        format!("[[lifecycle-hook.terminate]]\ngroup = \"web\"\nhook = \"{hook}\"\n{more}\n")
    }

    fn record(zone: &str, name: &str) -> String {
        format!("record = {{ hosted-zone = \"{zone}\", name = \"{name}\" }}")
    }

    fn parameters(tables: &[String]) -> Option<HookParameters> {
        let policy = policy::parse(&format!("schema = 1\n{}", tables.concat())).unwrap();
        HookParameters::of(policy.hooks.as_ref().unwrap())
    }

    #[test]
    fn each_zone_and_pattern_is_named_once_and_in_iams_own_form() {
        let tables = [
            terminate("a", &record("Z2", "{instance}.Example.com.")),
            terminate("b", &record("Z1", "{instance}.example.com")),
            terminate("c", &record("Z1", "*.app-{instance}.example.com")),
        ];
        assert_eq!(
            parameters(&tables).unwrap().words(),
            [
                "HookZoneArns=arn:aws:route53:::hostedzone/Z1,arn:aws:route53:::hostedzone/Z2",
                r"'HookRecordNames=\052.app-i-*.example.com,i-*.example.com'",
            ]
        );
    }

    #[test]
    fn a_pattern_never_covers_more_than_the_ids_of_instances() {
        for name in ["*.{instance}.example.com", "?{instance}.example.com", "{instance}.example.com"] {
            let names = parameters(&[terminate("a", &record("Z1", name))]).unwrap().names;
            let rest = names.replace("i-*", "");
            assert!(names.contains("i-*") && !rest.contains(['*', '?']), "{names}");
        }
    }

    #[test]
    fn without_a_record_of_an_instance_there_is_nothing_to_allow() {
        assert_eq!(parameters(&[terminate("a", "busy-tag = \"app:busy\"")]), None);
    }

    #[test]
    fn zones_are_in_the_partition_of_the_policys_target_groups() {
        let arn = "arn:aws-cn:elasticloadbalancing:cn-north-1:123456789012:targetgroup/jobs/1";
        let named = format!("target-groups = [\"{arn}\"]\n{}", record("Z1", "{instance}.example.com"));
        let parameters = parameters(&[terminate("a", &named)]).unwrap();
        assert_eq!(parameters.zones, "arn:aws-cn:route53:::hostedzone/Z1");
    }
}
