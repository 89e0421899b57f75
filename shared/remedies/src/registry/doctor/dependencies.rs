//! What the policy's groups, records and hooks depend on: whether the alarms that say so are there.
//!
//! This module never judges what an alarm says.

use homeostat_core::dependency::Dependency;
use homeostat_core::doctor::Severity::Error;
use homeostat_core::doctor::{Finding, unreadable};

use super::Facts;

/// One that isn't there never holds anybody, and nothing at night would say so.
pub(super) fn check(dependencies: &[Dependency], facts: &Facts) -> Vec<Finding> {
    let each = dependencies.iter().flat_map(|of| of.alarms.iter().map(move |arn| (of, arn)));
    let found = each.filter_map(|(of, arn)| {
        let about = format!("dependency {}", of.name);
        match facts.dependencies.get(arn)? {
            Err(unread) => Some(unreadable(about, &format!("its alarm {:?}", arn.alarm_name()), unread)),
            Ok(true) => None,
            Ok(false) => {
                let what = format!("its policy names the alarm {arn}, and there is none");
                Some(Finding::new(Error, about, what, "fix the ARN in the policy, or create the alarm"))
            }
        }
    });
    found.collect()
}
