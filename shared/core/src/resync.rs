//! How far a resync has got that is read in slices: a cursor, a lease, and what could not be read.
//!
//! This module never reads and never waits. Whatever it forgets is read once more: nothing in it decides about an incident.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::aws::rates::Pacer;

/// Longer than any slice takes, its function's timeout included, so that a slice whose function died is read again and no other is.
pub const LEASE: SignedDuration = SignedDuration::from_secs(45);

/// How often a resync begins, as the template's schedule has it, where all can be read in that time.
pub const RESYNC_EVERY: SignedDuration = SignedDuration::from_mins(5);

/// A group that was left unread for this many times the time of a resync is reported.
const TOLERATED: i32 = 3;

/// Slices in a row that could read nothing before that is a failure.
const MOST_STALLS: u32 = 3;

/// What is stored of one remedy's resync.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resync {
    /// The fence: each write is one more than what was read.
    pub version: u64,
    /// When the resync began that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began_at: Option<Timestamp>,
    /// Until when a slice is being read: nobody else reads one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The last name that was read, in the order of the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// What could not be read the first time, and is read once more at the end.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub again: BTreeSet<String>,
    /// What no resync could read, and since when.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unread: BTreeMap<String, Timestamp>,
    /// Slices in a row that could read nothing at all.
    #[serde(default)]
    pub stalls: u32,
    #[serde(default)]
    pub pacer: Pacer,
}

/// Why no slice is read now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoSlice {
    #[error("no resync is under way that could be continued")]
    NotBegun,
    #[error("another slice of the resync is being read")]
    BeingRead,
}

impl Resync {
    /// Takes the next slice: of the resync that is under way, or of a new one unless only that one is to be continued.
    ///
    /// # Errors
    /// [`NoSlice`]: nothing is to be done.
    pub fn claimed(&self, now: Timestamp, continues: bool) -> Result<Resync, NoSlice> {
        if self.until.is_some_and(|until| now < until && until <= now + LEASE) {
            return Err(NoSlice::BeingRead);
        }
        if continues && self.began_at.is_none() {
            return Err(NoSlice::NotBegun);
        }
        let began_at = self.began_at.filter(|at| *at <= now).or(Some(now));
        Ok(Resync { version: self.version + 1, began_at, until: Some(now + LEASE), ..self.clone() })
    }

    /// The next names to read, `most` at a time: the rest of the policy's, then those that could not be read the first time.
    pub fn next<'a>(&'a self, names: &'a [String], most: usize) -> Vec<&'a String> {
        let rest = self.rest(names);
        if rest.is_empty() {
            return self.again.iter().filter(|name| names.contains(name)).take(most).collect();
        }
        rest.iter().take(most).collect()
    }

    /// How many names are left to read.
    pub fn left(&self, names: &[String]) -> usize {
        self.rest(names).len() + self.again.iter().filter(|name| names.contains(name)).count()
    }

    /// Whether all names were read once, and only those are left that could not be.
    pub fn is_at_end(&self, names: &[String]) -> bool {
        self.rest(names).is_empty()
    }

    /// A name that the policy no longer has is no place to go on from.
    fn rest<'a>(&self, names: &'a [String]) -> &'a [String] {
        let at = self.after.as_ref().and_then(|after| names.iter().position(|name| name == after));
        names.get(at.map_or(0, |at| at + 1)..).unwrap_or_default()
    }

    /// These were read, but for those that `failed`.
    #[must_use]
    pub fn advanced(&self, now: Timestamp, names: &[String], read: &[String], failed: &[String]) -> Resync {
        let mut next = Resync { until: Some(now + LEASE), stalls: 0, ..self.clone() };
        let is_first_time = !self.rest(names).is_empty();
        if is_first_time {
            next.after = read.last().cloned().or(next.after);
        }
        for name in read {
            next.again.remove(name);
            match failed.contains(name) {
                false => _ = next.unread.remove(name),
                true if is_first_time => _ = next.again.insert(name.clone()),
                true => _ = next.unread.entry(name.clone()).or_insert(now),
            }
        }
        next.version += 1;
        next
    }

    /// Nothing could be read: the next slice begins in the same place.
    #[must_use]
    pub fn stalled(&self) -> Resync {
        Resync { version: self.version + 1, until: None, stalls: self.stalls.saturating_add(1), ..self.clone() }
    }

    /// Whether nothing could be read for so long that it is no hiccup.
    pub fn is_stuck(&self) -> bool {
        self.stalls >= MOST_STALLS
    }

    /// The slice is over, and where nothing is left the resync is.
    #[must_use]
    pub fn handed_back(mut self, names: &[String]) -> Resync {
        self.until = None;
        if self.left(names) == 0 {
            (self.began_at, self.after) = (None, None);
            self.again.clear();
            self.unread.retain(|name, _| names.contains(name));
        }
        self
    }

    /// Since when a resync has been under way that should long be over: `period` is what one takes.
    pub fn overdue_since(&self, now: Timestamp, period: SignedDuration) -> Option<Timestamp> {
        self.began_at.filter(|began_at| now.duration_since(*began_at) >= period * TOLERATED)
    }

    /// What has not been read for too long, and since when.
    pub fn unread_too_long(
        &self,
        now: Timestamp,
        period: SignedDuration,
    ) -> impl Iterator<Item = (&String, Timestamp)> {
        let overdue = move |since: &Timestamp| now.duration_since(*since) >= period * TOLERATED;
        self.unread.iter().filter(move |(_, since)| overdue(since)).map(|(name, since)| (name, *since))
    }
}

#[cfg(test)]
mod tests;
