//! What replace-instance's incidents are about: one instance, or a whole group.
//!
//! This module never asks AWS whether a thing exists.

use homeostat_core::id::{GroupName, InstanceId, InvalidId, Named, Scope, Subject};

pub const FORMS: &[&str] = &["instance#<id>", "group#<name>"];

/// What a person may name of it. `None`: it is another remedy's.
pub fn named(subject: &Subject) -> Option<Result<Named, InvalidId>> {
    let id = subject.id();
    let whole = match subject.tag() {
        "instance" => id.parse::<InstanceId>().map(|_| None),
        "group" => id.parse::<GroupName>().map(|name| Some(Scope::of_group(&name))),
        _ => return None,
    };
    Some(whole.map(|whole| Named {
        whole,
        pausable: vec![subject.in_any_region()],
        words: format!("{} {id}", subject.tag()),
        stops: "replaces nothing there",
        has_instances: true,
    }))
}
