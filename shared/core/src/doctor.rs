//! Holds the policy against an account, and says what a person should fix before it costs them a night.
//!
//! Facts go in and findings come out: this module never reads anything, and never takes what could not be read for fine.

mod deployment;
mod facts;
#[cfg(test)]
mod tests;

use serde::Serialize;

pub use facts::{Alarm, Audience, DnsFacts, Facts, HookFact, HookFacts, Memories, Read, Unread};

use crate::id::GroupName;
use crate::policy::Policy;

/// Worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Something that should be healed won't be, or nobody will hear of it.
    Error,
    /// It works, and less well than one may think.
    Warning,
    /// Good to know; nothing to fix.
    Note,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    pub severity: Severity,
    /// The thing itself, as its owner knows it: `group web`, `the topic`.
    pub about: String,
    pub what: String,
    /// What a person does about it.
    pub fix: String,
}

impl Finding {
    pub(crate) fn new(
        severity: Severity,
        about: impl Into<String>,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Finding { severity, about: about.into(), what: what.into(), fix: fix.into() }
    }
}

/// Looks at what one remedy needs. Without a policy, at nothing that a policy names.
pub type Check = fn(Option<&Policy>, &Facts) -> Vec<Finding>;

/// All that is to be said, worst first: what all remedies share, and what each looks at by itself.
pub fn examine(policy: Option<&Policy>, facts: &Facts, remedies: &[Check]) -> Vec<Finding> {
    let mut findings = deployment::check(policy, facts);
    findings.extend(remedies.iter().flat_map(|check| check(policy, facts)));
    findings.sort();
    findings.dedup();
    findings
}

/// The functions' roles demand it (`template.yaml`).
pub(crate) const TAG: &str = "homeostat:managed";

pub(crate) fn missing(group: &GroupName, facts: &Facts) -> Option<Finding> {
    let is_missing = facts.groups.is_ok() && facts.group(group).is_none();
    let what = "there is no such Auto Scaling group in this Region";
    let fix = "fix its name in the policy, look into another Region by --region, or create it";
    is_missing.then(|| Finding::new(Severity::Error, format!("group {group}"), what, fix))
}

/// What could not be read of a thing that the policy names.
pub(crate) fn unreadable(about: String, thing: &str, unread: &Unread) -> Finding {
    let (why, action) = match unread {
        Unread::Failed { action, why } => (why.as_str(), *action),
        Unread::NoPlace { what } => ("nobody said where to look", *what),
    };
    let fix = format!("fix its name in the policy, or see why {action} fails with the credentials that run this");
    Finding::new(Severity::Error, about, format!("{thing} can't be read: {why}"), fix)
}

/// `1 instance`, `3 instances`.
pub(crate) fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}
