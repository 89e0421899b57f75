//! Launches that a hook abandoned one after the other, by what they were launched from.
//!
//! This module never counts a launch before AWS has abandoned it: one that is only being tried is kept beside those.

use homeostat_core::aws::source::{is_same_source, template_of, version_of};
use homeostat_core::id::InstanceId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Sources of launches kept of one hook: a group has one, or one for each of a few types of machine.
const MOST_SOURCES: usize = 10;

/// Longer than a crash keeps anybody from asking again what became of the call. While the function is off, it may take longer.
const TRIED_FOR: SignedDuration = SignedDuration::from_mins(5);

/// Launches from one source that were abandoned one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abandoned {
    pub since: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launched_from: Option<String>,
    /// When the newest of them was launched.
    pub newest: Timestamp,
    /// Those that AWS abandoned, oldest first.
    pub instances: Vec<InstanceId>,
    /// Those that AWS was asked to abandon, with no answer known yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trying: Vec<Trying>,
    /// When they became so many that none is abandoned any more, and with whom: who tells people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_reached: Option<Filled>,
    /// When a later launch from a newer version of the same template was abandoned. Whatever is launched from this one after that was
    /// rolled back to, and has not failed yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trying {
    pub at: Timestamp,
    pub instance: InstanceId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filled {
    pub at: Timestamp,
    pub by: InstanceId,
}

/// An instance, and what it was launched from, if that is known.
#[derive(Debug, Clone, Copy)]
pub struct Launch<'a> {
    pub instance: &'a InstanceId,
    pub from: Option<&'a str>,
    /// When its machine was started.
    pub at: Timestamp,
    /// It was launched then, and not started again from the warm pool, as far as is known: only what a group launches tells which
    /// version it launches.
    pub is_fresh: bool,
}

impl Abandoned {
    /// Whether such a launch came later, and from a newer version. One from an older version, a stopped instance of the warm pool for
    /// instance, may be judged last, and says nothing of what was rolled out since.
    pub(super) fn is_superseded_by(&self, launch: &Launch<'_>) -> bool {
        let Some((own, other)) = self.launched_from.as_deref().zip(launch.from) else { return false };
        let is_older = version_of(own).zip(version_of(other)).is_some_and(|(own, other)| own < other);
        template_of(own) == template_of(other) && is_older && launch.is_fresh && self.newest < launch.at
    }

    /// Whether it was launched after this version was given up, so that somebody has rolled back to it. One that was on its way then, or
    /// that waited in the warm pool, shows no such thing.
    pub fn is_another_rollout(&self, launch: &Launch<'_>) -> bool {
        launch.is_fresh && self.superseded.is_some_and(|superseded| superseded <= launch.at)
    }

    /// Other launches that AWS was asked to abandon so long ago that nobody waits for its answer. They may be abandoned.
    pub fn others_unsettled(&self, now: Timestamp, instance: &InstanceId) -> impl Iterator<Item = &InstanceId> {
        let others = self.trying.iter().filter(move |one| one.at + TRIED_FOR <= now && one.instance != *instance);
        others.map(|one| &one.instance)
    }

    /// Other launches whose abandoning may succeed yet.
    pub fn others_trying(&self, now: Timestamp, instance: &InstanceId) -> impl Iterator<Item = &InstanceId> {
        let others = self.trying.iter().filter(move |one| now < one.at + TRIED_FOR && one.instance != *instance);
        others.map(|one| &one.instance)
    }
}

/// What is known of its source, taken out.
pub(super) fn take(by_source: &mut Vec<Abandoned>, now: Timestamp, launch: &Launch<'_>) -> Abandoned {
    let known = source(by_source, launch.from).map(|index| by_source.remove(index));
    let known = known.filter(|known| !known.is_another_rollout(launch));
    let launched_from = launch.from.map(str::to_owned);
    let new = Abandoned {
        since: now,
        launched_from: None,
        newest: launch.at,
        instances: Vec::new(),
        trying: Vec::new(),
        limit_reached: None,
        superseded: None,
    };
    let abandoned = known.unwrap_or(new);
    let newest = abandoned.newest.max(launch.at);
    Abandoned { launched_from: launched_from.or(abandoned.launched_from), newest, ..abandoned }
}

pub(super) fn put(by_source: &mut Vec<Abandoned>, abandoned: Abandoned) {
    by_source.push(abandoned);
    if by_source.len() > MOST_SOURCES {
        by_source.remove(0);
    }
}

/// The one of that source; where either is not known, they are taken for the same.
pub(super) fn source(by_source: &[Abandoned], from: Option<&str>) -> Option<usize> {
    let known = |known: &Abandoned| known.launched_from.as_deref() == from;
    let may_be = |known: &Abandoned| is_same_source(known.launched_from.as_deref(), from);
    by_source.iter().position(known).or_else(|| by_source.iter().rposition(may_be))
}

/// Whatever the version: `lt-0123456789abcdef0:7` is a launch template's version 7.
pub(super) fn is_same_template(one: Option<&str>, other: Option<&str>) -> bool {
    one.zip(other).is_none_or(|(one, other)| template_of(one) == template_of(other))
}
