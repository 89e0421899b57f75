//! How many of a group may be out at once, and how many groups.
//!
//! This module never counts who is.

use std::str::FromStr;

use crate::budget::Thousandths;

/// A share of the group's desired capacity, or a number of instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    Percent(u32),
    Instances(u32),
}

impl Budget {
    /// How many of `desired` instances may be out at once: a share is rounded down, but is never less than one, since a
    /// group of four with 20 % could else never be healed. A group of one may lose its one.
    pub fn slots(self, desired: u32) -> u32 {
        match self {
            Budget::Instances(count) => count.min(desired),
            Budget::Percent(percent) => {
                let share = u64::from(desired) * u64::from(percent) / 100;
                u32::try_from(share).unwrap_or(u32::MAX).max(1).min(desired)
            }
        }
    }

    /// The most of `desired` that is less than the share, and at least one: half of a group is no few of it. All of it is never more than
    /// 100 %, and a number is what it says.
    pub fn below(self, desired: u32) -> u32 {
        match self {
            Budget::Percent(percent) if percent < 100 => {
                let share = (u64::from(desired) * u64::from(percent)).div_ceil(100);
                u32::try_from(share).unwrap_or(u32::MAX).saturating_sub(1).max(1).min(desired)
            }
            Budget::Percent(_) | Budget::Instances(_) => self.slots(desired),
        }
    }
}

/// A share of the groups that the policy names, or a number of groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupsBudget {
    Percent(u32),
    Groups(u32),
}

impl GroupsBudget {
    /// How much of `named` groups: a share is never less than `least` groups, since few groups could else never be healed.
    pub fn of(self, named: usize, least: u32) -> Thousandths {
        let named = u32::try_from(named).unwrap_or(u32::MAX);
        match self {
            GroupsBudget::Groups(count) => Thousandths::of_groups(count),
            GroupsBudget::Percent(percent) => Thousandths::percent(percent, named).max(Thousandths::of_groups(least)),
        }
    }
}

impl FromStr for Budget {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        percent(text).map(Budget::Percent)
    }
}

impl FromStr for GroupsBudget {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        percent(text).map(GroupsBudget::Percent)
    }
}

/// From 1 to 100.
fn percent(text: &str) -> Result<u32, ()> {
    let percent: u32 = text.strip_suffix('%').ok_or(())?.parse().map_err(|_| ())?;
    if (1..=100).contains(&percent) { Ok(percent) } else { Err(()) }
}
