//! What replace-instance's incidents are about: one instance, or a whole group.
//!
//! This module never asks AWS whether a thing exists.

use homeostat_core::id::{GroupName, InstanceId, InvalidId, Named, Scope, Subject};

/// What a person may name of it. `None`: it is another remedy's.
pub fn named(subject: &Subject) -> Option<Result<Named, InvalidId>> {
    let id = subject.id();
    let pausable = vec![subject.in_any_region()];
    match subject.tag() {
        "instance" => Some(id.parse::<InstanceId>().map(|_| Named { whole: None, pausable })),
        "group" => Some(id.parse::<GroupName>().map(|name| Named { whole: Some(Scope::of_group(&name)), pausable })),
        _ => None,
    }
}

pub(super) fn is_ours(subject: &Subject) -> bool {
    subject.instance().is_some() || subject.group().is_some()
}
