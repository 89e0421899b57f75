//! Why the shared budget has no room for an act: which limit, how far it is used, and by whom.
//!
//! This module never decides what follows.

use std::cmp::Reverse;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Bound, Purchase, SharedBudget, Thousandths, Used};
use crate::id::{Scope, Subject};

/// Groups told one by one.
const MOST_USERS: usize = 5;

/// Whose limit it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Service(String),
    /// In the stack's Region.
    Account,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exceeded {
    AtOnce,
    PerHour,
    /// The budget's own item in the ledger holds no more.
    Room,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortage {
    pub level: Level,
    pub limit: Exceeded,
    /// The first look in a row that found one.
    pub since: Timestamp,
    pub used: Thousandths,
    pub most: Thousandths,
    /// What the act would take.
    pub cost: Thousandths,
    /// Who used it: the groups that used most.
    pub by: Vec<User>,
    /// How many more there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub scope: Scope,
    /// Incidents that are open, or acts within the hour.
    pub count: u32,
    pub cost: Thousandths,
    /// The oldest of them.
    pub since: Timestamp,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Level {
    fn covers(&self, used: &Used) -> bool {
        match self {
            Level::Service(service) => used.service == *service,
            Level::Account => true,
        }
    }
}

impl SharedBudget {
    /// Why the service may not act now, if it has limits of its own.
    pub fn service_shortage(&self, now: Timestamp, subject: &Subject, purchase: &Purchase) -> Option<Shortage> {
        self.shortage(now, subject, purchase, &Level::Service(purchase.service.clone()), purchase.bounds.service?)
    }

    pub fn account_shortage(&self, now: Timestamp, subject: &Subject, purchase: &Purchase) -> Option<Shortage> {
        self.shortage(now, subject, purchase, &Level::Account, purchase.bounds.account)
    }

    fn shortage(
        &self,
        now: Timestamp,
        subject: &Subject,
        purchase: &Purchase,
        level: &Level,
        bound: Bound,
    ) -> Option<Shortage> {
        // It was bought already: what is tried again takes no more.
        if self.is_held_by(subject) {
            return None;
        }
        let (out, done) = (self.users(now, level, Used::out), self.users(now, level, Used::done));
        let of_group = |users: &[User]| users.iter().find(|user| user.scope == purchase.scope).map(|user| user.cost);
        // Who takes out all of a group takes no more than a group, however its shares are rounded.
        let own = of_group(&out).unwrap_or_default();
        let adds = own.and(purchase.cost).min(Thousandths::ONE_GROUP).less(own);
        let is_quiet = of_group(&done).is_none();
        let short = |limit, most, by: Vec<User>| Shortage {
            level: level.clone(),
            limit,
            since: now,
            used: total(&by),
            most,
            cost: purchase.cost,
            more: u32::try_from(by.len().saturating_sub(MOST_USERS)).unwrap_or(u32::MAX),
            by: by.into_iter().take(MOST_USERS).collect(),
        };
        if total(&out).and(adds) > bound.at_once {
            Some(short(Exceeded::AtOnce, bound.at_once, out))
        } else if !is_quiet && total(&done).and(purchase.cost) > bound.per_hour {
            Some(short(Exceeded::PerHour, bound.per_hour, done))
        } else {
            self.is_full().then(|| short(Exceeded::Room, bound.per_hour, done))
        }
    }

    /// What is out of all that is of the level, and what was done to it within the hour.
    pub fn usage(&self, now: Timestamp, level: &Level) -> (Thousandths, Thousandths) {
        (total(&self.users(now, level, Used::out)), total(&self.users(now, level, Used::done)))
    }

    /// The groups that use any of it, who uses most first.
    fn users(&self, now: Timestamp, level: &Level, uses: fn(&Used, Timestamp) -> Option<Use>) -> Vec<User> {
        let of_level = self.groups.iter().filter(|(_, used)| level.covers(used));
        let user = |(scope, used): (&Scope, &Used)| {
            let Use { count, cost, since } = uses(used, now)?;
            Some(User { scope: scope.clone(), count, cost, since })
        };
        let mut users: Vec<User> = of_level.filter_map(user).collect();
        users.sort_by_key(|user| Reverse(user.cost));
        users
    }
}

fn total(users: &[User]) -> Thousandths {
    users.iter().map(|user| user.cost).sum()
}

struct Use {
    count: u32,
    cost: Thousandths,
    since: Timestamp,
}

impl Use {
    fn of(all: impl Iterator<Item = (Timestamp, Thousandths)>) -> Option<Use> {
        let one = |(since, cost)| Use { count: 1, cost, since };
        all.map(one).reduce(|some, other| Use {
            count: some.count.saturating_add(other.count),
            cost: some.cost.and(other.cost),
            since: some.since.min(other.since),
        })
    }
}

impl Used {
    fn out(&self, now: Timestamp) -> Option<Use> {
        let holders = self.holders.values().filter(|held| held.counts(now));
        let out = Use::of(holders.map(|held| (held.since, held.cost)))?;
        Some(Use { cost: out.cost.min(Thousandths::ONE_GROUP), ..out })
    }

    fn done(&self, now: Timestamp) -> Option<Use> {
        Use::of(self.acts.iter().filter(|act| act.counts(now)).map(|act| (act.at, act.cost)))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Level::Service(service) => write!(f, "service {service}"),
            Level::Account => f.write_str("the account in this Region"),
        }
    }
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shortage { level, limit, used, most, cost, by, more, .. } = self;
        let most = if *most == Thousandths::ONE_GROUP { "one group".to_owned() } else { format!("{most} groups") };
        match limit {
            Exceeded::AtOnce => write!(
                f,
                "{level} may have the capacity of {most} out at once, {used} is out, and this would add {cost}"
            )?,
            Exceeded::PerHour => write!(
                f,
                "{level} may have the capacity of {most} replaced within an hour, {used} was, and this would add {cost}"
            )?,
            Exceeded::Room => write!(f, "the ledger has no room to record more of what {level} uses")?,
        }
        let users: Vec<String> = by.iter().map(|user| user.in_words(*limit)).collect();
        match more {
            _ if users.is_empty() => Ok(()),
            0 => write!(f, "; used by {}", users.join(", ")),
            more => write!(f, "; used by {} and {more} more", users.join(", ")),
        }
    }
}

impl User {
    fn in_words(&self, limit: Exceeded) -> String {
        let User { scope, count, cost, since } = self;
        let what = match limit {
            Exceeded::AtOnce => "open",
            Exceeded::PerHour | Exceeded::Room => "in the hour",
        };
        format!("{} {} ({cost}: {count} {what}, the first at {since:.0})", scope.tag(), scope.id())
    }
}
