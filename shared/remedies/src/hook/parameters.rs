//! The template's parameters for the records of instances: what the role of lifecycle-hook may remove.
//!
//! This module never opens a pattern wider than an instance's id.

use std::collections::BTreeSet;

use homeostat_core::id::{HostedZoneId, InstanceId};
use homeostat_core::policy::Parameter;

use super::policy::{HeldBy, HookPolicy, OwnRecord};

/// Stands for any while the name is brought into its one form: a wildcard would be escaped there.
const ANY: &str = "i-0123456789abcdef0";
/// Any instance's id, as `StringLike` takes it.
const PATTERN: &str = "i-*";

/// None if the policy names no record of an instance.
pub fn parameters(hooks: &HookPolicy) -> Vec<Parameter> {
    let records: Vec<&OwnRecord> = hooks.terminations.iter().filter_map(|policy| policy.record.as_ref()).collect();
    let Ok(any) = ANY.parse::<InstanceId>() else { return Vec::new() };
    if records.is_empty() {
        return Vec::new();
    }
    let pattern = |record: &&OwnRecord| Some(record.name_of(&any).ok()?.as_str().replace(ANY, PATTERN));
    let names: BTreeSet<String> = records.iter().filter_map(pattern).collect();
    let zones: BTreeSet<&HostedZoneId> = records.iter().map(|record| &record.zone).collect();
    let partition = partition(hooks);
    let zones = zones.into_iter().map(|zone| format!("arn:{partition}:route53:::hostedzone/{zone}"));
    vec![Parameter::list("HookZoneArns", zones), Parameter::list("HookRecordNames", names)]
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
mod tests;
