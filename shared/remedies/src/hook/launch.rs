//! Whether a launching instance is ready to serve, by the policy's evidence.
//!
//! This module never takes what could not be read for a "no".

use homeostat_core::aws::fleet::{Checks, TargetHealth};
use homeostat_core::id::TargetGroupArn;

use super::observation::{Details, Observation};
use crate::hook::policy::{LaunchPolicy, Readiness, ReadyTag};

/// What the evidence says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Judged {
    pub there: Vec<String>,
    /// Read, and not there.
    pub missing: Vec<String>,
    /// Not to be read.
    pub unknown: Vec<String>,
}

impl Judged {
    pub(super) fn is_ready(&self) -> bool {
        self.missing.is_empty() && self.unknown.is_empty()
    }

    /// All that it waits for.
    pub(super) fn open(&self) -> Vec<String> {
        self.missing.iter().chain(&self.unknown).cloned().collect()
    }
}

enum Says {
    Yes(String),
    No(String),
    Unknown(String),
}

pub(super) fn judge(seen: &Observation, policy: &LaunchPolicy) -> Judged {
    let mut judged = Judged::default();
    let mut add = |says| match says {
        Says::Yes(what) => judged.there.push(what),
        Says::No(what) => judged.missing.push(what),
        Says::Unknown(what) => judged.unknown.push(what),
    };
    for readiness in &policy.evidence {
        match readiness {
            Readiness::InstanceStatus => add(status(seen)),
            Readiness::Tag => add(policy.tag.as_ref().map_or_else(no_tag_named, |wanted| tag(seen, wanted))),
            Readiness::TargetHealth => policy.target_groups.iter().for_each(|arn| add(target(seen, arn))),
        }
    }
    judged
}

fn no_tag_named() -> Says {
    Says::Unknown("the policy names no tag".to_owned())
}

fn status(seen: &Observation) -> Says {
    let what = "EC2's status checks";
    match &seen.machine {
        None => Says::Unknown(format!("{what}: not read")),
        Some(Err(why)) => Says::Unknown(why.clone()),
        Some(Ok(None)) => Says::No("EC2 doesn't know the instance".to_owned()),
        Some(Ok(Some(machine))) if !machine.is_running() => Says::No(format!("EC2 calls it {}", machine.state)),
        Some(Ok(Some(machine))) => match &machine.checks {
            Checks::Passed => Says::Yes(format!("{what} passed")),
            Checks::Impaired { checks, .. } => Says::No(format!("{what}: impaired ({checks})")),
            Checks::Unknown { status } => Says::No(format!("{what}: {status}")),
        },
    }
}

fn tag(seen: &Observation, wanted: &ReadyTag) -> Says {
    let key = &wanted.key;
    let details = match &seen.details {
        None => return Says::Unknown(format!("tag {key}: not read")),
        Some(Err(why)) => return Says::Unknown(why.clone()),
        Some(Ok(None)) => return Says::No("EC2 doesn't know the instance".to_owned()),
        Some(Ok(Some(details))) => details,
    };
    let Some(value) = details.tags.get(key) else { return Says::No(format!("tag {key}: not set")) };
    match &wanted.value {
        Some(wanted) if wanted == value => Says::Yes(format!("tag {key} is {value:?}")),
        Some(wanted) => Says::No(format!("tag {key} is {value:?}, expected {wanted:?}")),
        None => since_start(details, key, value),
    }
}

/// An instance of the warm pool may carry the tag from an earlier life.
fn since_start(details: &Details, key: &str, value: &str) -> Says {
    let Ok(at) = value.parse::<jiff::Timestamp>() else {
        return Says::No(format!("tag {key} is {value:?}, expected a time such as 2026-03-01T02:03:04Z"));
    };
    match details.started_at {
        None => Says::Unknown(format!("tag {key}: EC2 doesn't say when the machine was started")),
        Some(started) if at < started => {
            Says::No(format!("tag {key} is from before the machine was started at {started:.0}"))
        }
        Some(_) => Says::Yes(format!("tag {key} is set since {at:.0}")),
    }
}

fn target(seen: &Observation, arn: &TargetGroupArn) -> Says {
    let name = arn.short_name();
    let registrations = match seen.targets.get(arn) {
        None => return Says::Unknown(format!("{name}: not read")),
        Some(Err(why)) => return Says::Unknown(why.clone()),
        Some(Ok(registrations)) => registrations,
    };
    let in_use: Vec<_> = registrations.iter().filter(|one| !one.is("unused")).collect();
    match in_use.iter().find(|one| one.health != TargetHealth::Healthy) {
        None if in_use.is_empty() => Says::No(format!("not registered in {name}")),
        None => Says::Yes(format!("healthy in {name}")),
        Some(other) => Says::No(format!("{} in {name}", other.health)),
    }
}
