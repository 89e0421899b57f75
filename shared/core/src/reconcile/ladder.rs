//! The one form in which remedies decide: a list of checks, in order, of which the first that stops decides. So `explain` shows all that
//! decides, and nothing else.
//!
//! This module never knows what a check is about.

use serde::Serialize;

use crate::incident::{Decision, Kind};

/// One step of a ladder.
pub struct Check<C, K: Kind> {
    /// What is so where it lets pass.
    pub name: &'static str,
    /// What is decided where it doesn't.
    pub stops: fn(&C) -> Option<Decision<K>>,
    /// What it goes by, with today's values.
    pub by: fn(&C) -> String,
}

/// The first check that stops decides, or else what is at the top.
pub fn climb<C, K: Kind>(ladder: &[Check<C, K>], case: &C, top: impl FnOnce(&C) -> Decision<K>) -> Decision<K> {
    ladder.iter().find_map(|check| (check.stops)(case)).unwrap_or_else(|| top(case))
}

/// A check as it turned out, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rung {
    pub name: &'static str,
    /// `None` = not reached.
    pub passed: Option<bool>,
    /// What it goes by, with today's values.
    pub by: String,
}

/// Each check with whether it lets pass, and what it goes by.
pub fn checked<C, K: Kind>(ladder: &[Check<C, K>], case: &C) -> impl Iterator<Item = Passed> {
    ladder.iter().map(|check| (check.name, (check.stops)(case).is_none(), (check.by)(case)))
}

type Passed = (&'static str, bool, String);

/// The ladder as it is climbed. Past the first that doesn't let pass, none is reached.
pub fn climbed(ladder: impl IntoIterator<Item = Passed>) -> Vec<Rung> {
    let mut is_reached = true;
    let rung = |(name, passes, by)| {
        let passed = is_reached.then_some(passes);
        is_reached &= passes;
        Rung { name, passed, by }
    };
    ladder.into_iter().map(rung).collect()
}
