//! How many of a group are sick at once, in figures and in words.
//!
//! This module never decides whether they are too many.

use std::fmt;

use homeostat_core::aws::fleet::Group;
use homeostat_core::aws::units::Unit;
use serde::{Deserialize, Serialize};

use crate::instance::{Limit, Tally};

/// How much of a group is sick at once, and what of it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crowd {
    pub unhealthy: u32,
    pub most: u32,
    /// Of the limit: what `sick` and `most` are numbers of.
    #[serde(default, skip_serializing_if = "Unit::is_instances")]
    pub unit: Unit,
    pub desired: u32,
    #[serde(default, skip_serializing_if = "Unit::is_instances")]
    pub desired_unit: Unit,
}

impl Crowd {
    pub(crate) fn of(sick: Tally, limit: Limit, group: &Group) -> Crowd {
        let Limit { most, unit } = limit;
        let in_unit = if unit.is_instances() { sick.instances } else { sick.units.number() };
        Crowd { unhealthy: in_unit, most, unit, desired: group.desired.number(), desired_unit: group.unit }
    }

    pub(crate) fn in_words(&self) -> String {
        format!("{} are unhealthy, at most {} may be", self.figures(), self.most)
    }

    /// `3 of 4 instances`, `6 of 8 vCPUs`, `3 instances (the desired capacity is 8 vCPUs)`.
    fn figures(&self) -> String {
        let Crowd { unhealthy: sick, unit, desired, desired_unit, .. } = self;
        if unit == desired_unit {
            return format!("{sick} of {desired} {unit}");
        }
        format!("{sick} {unit} (the desired capacity is {desired} {desired_unit})")
    }
}

impl fmt::Display for Crowd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} are unhealthy at once, and past {} replacing won't help: a zone, a dependency or an image may have failed",
            self.figures(),
            self.most
        )
    }
}
