//! The budget above the groups: what is out, and what was done within the last hour, in the whole account and Region. It stands in one
//! item of the ledger, which changes in the same transaction as the intent, and as the end of the incident.
//!
//! One item for the account and all of its services: each act has to write the account's anyway, so that one item of each service would
//! add writes and no concurrency, and one of a service that the policy calls by another name since would never be given back. This module
//! never knows which remedy acts, and never writes anything; each transition gives the next version.

mod purchase;
mod shortage;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::id::{Scope, Subject};
use crate::size;
pub use purchase::{Bound, Bounds, Purchase, Thousandths};
pub use shortage::{Exceeded, Level, Shortage, User};

/// How far back acts count.
pub const WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// Whose incident is open for longer than this gives back what it holds. An incident that was closed gives it back in the same write, but
/// for a write that could not read this item; and who was asked about an incident for a day is not waited for by all the others.
pub const HELD_FOR: SignedDuration = SignedDuration::from_hours(24);

/// A page about the budget is for all that wait for it, for so long.
pub const PAGED_FOR: SignedDuration = SignedDuration::from_hours(1);

/// More than DynamoDB counts for a group, a holder and an act, beside their names.
const BYTES_OF_GROUP: usize = 48;
const BYTES_OF_HOLDER: usize = 128;
const BYTES_OF_ACT: usize = 64;

/// Who uses the budget.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedBudget {
    pub version: u64,
    pub groups: BTreeMap<Scope, Used>,
    /// Who asked a person about it, for all that wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paged: Option<Paged>,
}

/// What one group uses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// As the policy called it at the last act.
    pub service: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub holders: BTreeMap<Subject, Held>,
    /// Oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acts: Vec<Act>,
}

/// An incident that acted and is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub since: Timestamp,
    pub cost: Thousandths,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    pub at: Timestamp,
    pub cost: Thousandths,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paged {
    pub at: Timestamp,
    pub by: Subject,
}

impl SharedBudget {
    /// An act is about to be tried. One that is tried again is no second act.
    #[must_use]
    pub fn taken_by(&self, now: Timestamp, subject: &Subject, purchase: &Purchase) -> SharedBudget {
        let mut next = self.next(now);
        let used = next.groups.entry(purchase.scope.clone()).or_default();
        used.service.clone_from(&purchase.service);
        if !used.holders.contains_key(subject) {
            used.holders.insert(subject.clone(), Held { since: now, cost: purchase.cost });
            used.acts.push(Act { at: now, cost: purchase.cost });
        }
        next
    }

    /// The subject's incident is over, or its act came to nothing. `None`: it holds nothing.
    #[must_use]
    pub fn freed_by(&self, now: Timestamp, subject: &Subject) -> Option<SharedBudget> {
        self.is_held_by(subject).then(|| {
            let mut next = self.next(now);
            next.groups.values_mut().for_each(|used| _ = used.holders.remove(subject));
            next.groups.retain(|_, used| used.is_anything());
            next
        })
    }

    /// The subject's incident asks a person about it. `None`: that is known.
    #[must_use]
    pub fn paged_by(&self, now: Timestamp, subject: &Subject) -> Option<SharedBudget> {
        let is_fresh = |paged: &Paged| now.duration_since(paged.at) < PAGED_FOR / 2 && paged.by == *subject;
        (!self.paged.as_ref().is_some_and(is_fresh)).then(|| {
            let paged = Some(Paged { at: now, by: subject.clone() });
            SharedBudget { paged, ..self.next(now) }
        })
    }

    /// Whether somebody else's incident has asked a person, who looks into it for all.
    pub fn is_paged_by_another(&self, now: Timestamp, subject: &Subject) -> bool {
        self.paged.as_ref().is_some_and(|paged| paged.by != *subject && now.duration_since(paged.at) < PAGED_FOR)
    }

    fn is_held_by(&self, subject: &Subject) -> bool {
        self.groups.values().any(|used| used.holders.contains_key(subject))
    }

    /// Whether one more act may outgrow what an item of the ledger is kept to: both names are then at their longest.
    fn is_full(&self) -> bool {
        const LONGEST_NAMES: usize = 3 * 1_024;
        let groups = self.groups.iter().map(|(scope, used)| scope.id().len() + scope.tag().len() + used.bytes());
        groups.sum::<usize>() + LONGEST_NAMES > size::ENOUGH
    }

    /// Without what counts no more.
    fn next(&self, now: Timestamp) -> SharedBudget {
        let mut next = self.clone();
        next.version += 1;
        for used in next.groups.values_mut() {
            used.acts.retain(|act| act.counts(now));
            used.holders.retain(|_, held| held.counts(now));
        }
        next.groups.retain(|_, used| used.is_anything());
        next.paged = next.paged.filter(|paged| now.duration_since(paged.at) < PAGED_FOR);
        next
    }
}

impl Used {
    fn is_anything(&self) -> bool {
        !self.holders.is_empty() || !self.acts.is_empty()
    }

    fn bytes(&self) -> usize {
        let holders = self.holders.keys().map(|subject| subject.id().len() + BYTES_OF_HOLDER).sum::<usize>();
        self.service.len() + BYTES_OF_GROUP + holders + self.acts.len() * BYTES_OF_ACT
    }
}

impl Held {
    fn counts(&self, now: Timestamp) -> bool {
        now.duration_since(self.since) < HELD_FOR
    }
}

impl Act {
    fn counts(&self, now: Timestamp) -> bool {
        now.duration_since(self.at) < WINDOW
    }
}
