//! Holds the policy against an account, and says what a person should fix before it costs them a night.
//!
//! Facts go in and findings come out: this module never reads anything, and never takes what could not be read for fine.

mod deployment;
mod facts;
#[cfg(test)]
mod tests;

use homeostat_core::doctor::{self, Finding};

pub use facts::{Audience, Facts};

use crate::policy::Policy;
use crate::{hook, hosted_zone, instance};

/// All that is to be said, worst first: what all remedies share, and what each looks at by itself. Without a policy, nothing that a
/// policy names is looked at.
pub fn examine(policy: Option<&Policy>, facts: &Facts) -> Vec<Finding> {
    let (shared, mut findings) = (&facts.shared, deployment::check(policy, facts));
    let instances = doctor::Facts { shared, own: &facts.instances };
    findings.extend(instance::doctor::check(policy.map(|policy| &policy.instances), &instances));
    let records = doctor::Facts { shared, own: &facts.dns };
    findings.extend(hosted_zone::doctor::check(policy.and_then(|policy| policy.dns.as_ref()), &records));
    let hooks = doctor::Facts { shared, own: &facts.hooks };
    findings.extend(hook::doctor::check(policy.and_then(|policy| policy.hooks.as_ref()), &hooks));
    findings.sort();
    findings.dedup();
    findings
}
