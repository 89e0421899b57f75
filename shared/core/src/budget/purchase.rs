//! What an act takes out of the shared budget, and how much there is.
//!
//! This module never knows who has taken what.

use std::fmt;
use std::iter::Sum;

use serde::{Deserialize, Serialize};

use crate::id::Scope;

/// Thousandths of a group: the share of its capacity that goes out. So a limit is the same for groups of any size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Thousandths(u32);

/// What an act takes, and the limits that it is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    pub scope: Scope,
    pub service: String,
    pub cost: Thousandths,
    pub bounds: Bounds,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    pub account: Bound,
    /// `None`: there is only one service, and the account's limits are its own.
    pub service: Option<Bound>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bound {
    pub at_once: Thousandths,
    pub per_hour: Thousandths,
}

impl Thousandths {
    pub const ONE_GROUP: Thousandths = Thousandths(1_000);

    pub const fn of_groups(groups: u32) -> Thousandths {
        Thousandths(groups.saturating_mul(1_000))
    }

    /// So much of a group, rounded up: at least a thousandth, at most all of it.
    pub fn of_group(part: u32, whole: u32) -> Thousandths {
        let share = (u64::from(part) * 1_000).div_ceil(u64::from(whole.max(1)));
        Thousandths(u32::try_from(share).unwrap_or(u32::MAX).clamp(1, Self::ONE_GROUP.0))
    }

    /// So many per cent of as many groups, rounded down.
    pub fn percent(percent: u32, groups: u32) -> Thousandths {
        Thousandths(groups.saturating_mul(percent).saturating_mul(10))
    }

    #[must_use]
    pub fn half(self) -> Thousandths {
        Thousandths(self.0 / 2)
    }

    #[must_use]
    pub fn and(self, other: Thousandths) -> Thousandths {
        Thousandths(self.0.saturating_add(other.0))
    }

    #[must_use]
    pub fn less(self, other: Thousandths) -> Thousandths {
        Thousandths(self.0.saturating_sub(other.0))
    }
}

impl Sum for Thousandths {
    fn sum<I: Iterator<Item = Thousandths>>(all: I) -> Thousandths {
        all.fold(Thousandths::default(), Thousandths::and)
    }
}

impl Bounds {
    /// No service of several takes more than half; but one whole group it may always have out, or a group of one instance could never
    /// be healed.
    pub fn of(account: Bound, services: usize) -> Bounds {
        let service = Bound {
            at_once: account.at_once.half().max(Thousandths::ONE_GROUP),
            per_hour: account.per_hour.half().max(Thousandths::ONE_GROUP),
        };
        Bounds { account, service: (services > 1).then_some(service) }
    }
}

/// In groups: `0.334`.
impl fmt::Display for Thousandths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (groups, rest) = (self.0 / 1_000, format!("{:03}", self.0 % 1_000));
        match rest.trim_end_matches('0') {
            "" => write!(f, "{groups}"),
            rest => write!(f, "{groups}.{rest}"),
        }
    }
}
