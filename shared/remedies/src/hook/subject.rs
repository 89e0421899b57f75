//! What lifecycle-hook's incidents are about: a lifecycle hook that holds an instance.
//!
//! This module never asks AWS whether a thing exists.

use homeostat_core::aws::lifecycle::LifecycleEvent;
use homeostat_core::id::{GroupName, HookName, InstanceId, InvalidId, Named, Region, Subject};

const TAG: &str = "hook";

pub const FORMS: &[&str] = &["hook#<group>:<hook>:<instance id>"];

/// A hook of a group, and the instance that it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldInstance {
    pub group: GroupName,
    pub hook: HookName,
    pub instance: InstanceId,
}

impl HeldInstance {
    /// Its id is `<group>:<hook>:<instance>`: no group's or hook's name has a colon.
    pub fn subject(&self, region: Region) -> Subject {
        let HeldInstance { group, hook, instance } = self;
        Subject::new(region, TAG, &format_args!("{group}:{hook}:{instance}"))
    }

    pub fn told(told: &LifecycleEvent) -> Self {
        HeldInstance { group: told.group.clone(), hook: told.hook.clone(), instance: told.instance.clone() }
    }

    /// `None`: it is about something else.
    pub fn of(subject: &Subject) -> Option<Self> {
        parse(subject)?.ok()
    }
}

fn parse(subject: &Subject) -> Option<Result<HeldInstance, InvalidId>> {
    (subject.tag() == TAG).then(|| match subject.id().split(':').collect::<Vec<_>>().as_slice() {
        [group, hook, instance] => {
            Ok(HeldInstance { group: group.parse()?, hook: hook.parse()?, instance: instance.parse()? })
        }
        _ => Err(InvalidId::new(subject.id(), "a held instance: hook#<group>:<hook>:<instance id>")),
    })
}

/// What a person may name of it. `None`: it is another remedy's.
pub fn named(subject: &Subject) -> Option<Result<Named, InvalidId>> {
    let held = parse(subject)?;
    Some(held.map(|HeldInstance { group, hook, instance }| Named {
        whole: None,
        pausable: pausable(&group, &instance),
        words: format!("{instance}, held by hook {hook} of group {group}"),
        stops: "completes the hook at once",
        has_instances: true,
    }))
}

/// A single hook can't be paused: the narrowest that cover it are its group's and its instance's.
fn pausable(group: &GroupName, instance: &InstanceId) -> Vec<String> {
    vec![format!("group#{group}"), pause_of_instance(instance)]
}

pub(super) fn pause_of_instance(instance: &InstanceId) -> String {
    format!("instance#{instance}")
}
