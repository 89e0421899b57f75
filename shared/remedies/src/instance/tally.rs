//! Members and their capacity, counted side by side and held against the limits of the policy.
//!
//! This module never takes a number of instances for capacity, nor capacity for a number of instances.

use homeostat_core::aws::fleet::{Group, Member};
use homeostat_core::aws::units::{Unit, Units};
use homeostat_core::policy::Budget;

/// Members, and the capacity that they are. A limit of the policy is held against the one or the other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub instances: u32,
    pub units: Units,
}

impl Tally {
    pub(super) fn of<'a>(members: impl Iterator<Item = &'a Member>) -> Tally {
        members.fold(Tally::default(), |tally, member| {
            // One whose capacity is not known is held before anything is counted: see `Group::uncounted`.
            let units = member.units.unwrap_or(Units::ONE_INSTANCE);
            tally.and(Tally { instances: 1, units })
        })
    }

    #[must_use]
    pub(super) fn and(self, other: Tally) -> Tally {
        Tally { instances: self.instances.saturating_add(other.instances), units: self.units.and(other.units) }
    }

    #[must_use]
    pub(super) fn less(self, other: Tally) -> Tally {
        Tally { instances: self.instances.saturating_sub(other.instances), units: self.units.less(other.units) }
    }

    /// The larger of the two, in either count.
    #[must_use]
    pub(super) fn max(self, other: Tally) -> Tally {
        Tally { instances: self.instances.max(other.instances), units: self.units.max(other.units) }
    }

    pub(super) fn in_unit(self, unit: Unit) -> u32 {
        if unit.is_instances() { self.instances } else { self.units.number() }
    }
}

/// How much of a group a setting of the policy stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub most: u32,
    /// A number in the policy is of instances, a share is of the group's capacity.
    pub unit: Unit,
}

impl Limit {
    /// Whether so much is within it. One instance alone always is: else no group whose instances are larger than the share
    /// could ever be healed.
    pub fn allows(self, tally: Tally) -> bool {
        let is_one_at_most = self.most > 0 && tally.instances <= 1;
        is_one_at_most || tally.in_unit(self.unit) <= self.most
    }
}

/// Instances of a group in which one more or less is a large share.
const A_FEW: u32 = 4;

impl Limit {
    pub fn of(group: &Group, setting: Budget) -> Limit {
        Limit::by(group, setting, Budget::slots)
    }

    /// How much may be unhealthy: less than the share. Of a few instances the share itself: two of four may fail by chance, and the second
    /// waits until the replacement of the first is healthy.
    pub fn of_unhealthy(group: &Group, setting: Budget) -> Limit {
        let are_few = group.instances_of(group.desired) <= A_FEW;
        Limit::by(group, setting, if are_few { Budget::slots } else { Budget::below })
    }

    fn by(group: &Group, setting: Budget, most: impl Fn(Budget, u32) -> u32) -> Limit {
        match setting {
            Budget::Instances(_) => Limit { most: most(setting, group.desired.number()), unit: Unit::Instances },
            Budget::Percent(_) if group.uncounted().is_empty() => {
                Limit { most: most(setting, group.desired.number()), unit: group.unit }
            }
            // A share of those that are there: whether too many are unhealthy is asked of such a group, too.
            Budget::Percent(_) => Limit { most: most(setting, group.count_in_service()), unit: Unit::Instances },
        }
    }
}
