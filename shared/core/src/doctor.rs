//! What `doctor` reads and finds, as far as no remedy is named: findings, and what of an account several remedies look at.
//!
//! Facts go in and findings come out: this module never reads anything, and never takes what could not be read for fine.

use jiff::Timestamp;
use serde::Serialize;

use crate::aws::fleet::Group;
use crate::id::GroupName;
use crate::outcome::Unavailable;

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
    pub fn new(severity: Severity, about: impl Into<String>, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Finding { severity, about: about.into(), what: what.into(), fix: fix.into() }
    }
}

pub type Read<T> = Result<T, Unread>;

/// Why a fact is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// AWS did not answer, or refused. `action` is the permission that the reading needs.
    Failed { action: &'static str, why: String },
    /// Nobody said where to look.
    NoPlace { what: &'static str },
}

impl Unread {
    pub fn failed(action: &'static str, unavailable: &Unavailable) -> Self {
        Unread::Failed { action, why: unavailable.to_string() }
    }
}

/// What more than one remedy looks at.
#[derive(Debug, Clone)]
pub struct Shared {
    pub now: Timestamp,
    /// Those of the policy's groups that exist.
    pub groups: Read<Vec<Group>>,
}

/// What one remedy looks at: what others look at, too, and its own.
#[derive(Debug)]
pub struct Facts<'a, T> {
    pub shared: &'a Shared,
    pub own: &'a T,
}

impl Shared {
    pub fn group(&self, name: &GroupName) -> Option<&Group> {
        self.groups.as_ref().ok()?.iter().find(|group| group.name == *name)
    }
}

impl<T> Facts<'_, T> {
    pub fn group(&self, name: &GroupName) -> Option<&Group> {
        self.shared.group(name)
    }
}

/// The functions' roles demand it (`template.yaml`).
pub const TAG: &str = "homeostat:managed";

pub fn missing(group: &GroupName, shared: &Shared) -> Option<Finding> {
    let is_missing = shared.groups.is_ok() && shared.group(group).is_none();
    let what = "there is no such Auto Scaling group in this Region";
    let fix = "fix its name in the policy, look into another Region by --region, or create it";
    is_missing.then(|| Finding::new(Severity::Error, format!("group {group}"), what, fix))
}

/// What could not be read of a thing that the policy names.
pub fn unreadable(about: String, thing: &str, unread: &Unread) -> Finding {
    let (why, action) = match unread {
        Unread::Failed { action, why } => (why.as_str(), *action),
        Unread::NoPlace { what } => ("nobody said where to look", *what),
    };
    let fix = format!("fix its name in the policy, or see why {action} fails with the credentials that run this");
    Finding::new(Severity::Error, about, format!("{thing} can't be read: {why}"), fix)
}

/// `1 instance`, `3 instances`.
pub fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}
