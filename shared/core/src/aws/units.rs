//! Capacity in the unit in which its group counts: instances, weights, vCPUs or MiB.
//!
//! This module never takes a number of instances for capacity, nor capacity for a number of instances.

use std::fmt;
use std::iter::Sum;

use serde::{Deserialize, Serialize};

/// What a group's desired capacity is a number of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    #[default]
    Instances,
    /// Instance weights, or a `DesiredCapacityType` that is not known here.
    Weights,
    /// `DesiredCapacityType`: `vcpu`.
    Vcpus,
    /// `DesiredCapacityType`: `memory-mib`.
    Mebibytes,
}

impl Unit {
    pub fn is_instances(&self) -> bool {
        *self == Unit::Instances
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unit::Instances => "instances",
            Unit::Weights => "units of capacity",
            Unit::Vcpus => "vCPUs",
            Unit::Mebibytes => "MiB of memory",
        })
    }
}

/// An amount of a group's capacity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Units(u32);

impl Units {
    pub const NONE: Units = Units(0);
    /// What a member is where a group counts instances.
    pub const ONE_INSTANCE: Units = Units(1);

    pub const fn new(units: u32) -> Self {
        Units(units)
    }

    pub fn number(self) -> u32 {
        self.0
    }

    pub fn is_none(self) -> bool {
        self.0 == 0
    }

    #[must_use]
    pub fn less(self, other: Units) -> Units {
        Units(self.0.saturating_sub(other.0))
    }

    #[must_use]
    pub fn and(self, other: Units) -> Units {
        Units(self.0.saturating_add(other.0))
    }

    #[must_use]
    pub fn times(self, count: u32) -> Units {
        Units(self.0.saturating_mul(count))
    }
}

impl Sum for Units {
    fn sum<I: Iterator<Item = Units>>(units: I) -> Units {
        units.fold(Units::NONE, Units::and)
    }
}

impl fmt::Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
