//! What a whole group is like, where that keeps its instances from being replaced.
//!
//! This module never decides; it says what was seen.

use std::fmt;

use homeostat_core::aws::units::Unit;
use homeostat_core::id::{GroupName, TargetGroupArn};
use homeostat_core::line::list;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupState {
    /// Auto Scaling doesn't show what these instances count toward the desired capacity.
    Uncounted { unit: Unit, instances: Vec<String> },
    /// One answer says that a target group doesn't exist. It is asked for again before that counts.
    TargetGroupMissing(Attached),
    /// A launch would fail: it would be registered with what doesn't exist.
    TargetGroupGone(Attached),
    /// The policy asks for target health, and no target group checks any of the group: nobody of it can be proven unhealthy.
    Unchecked {
        group: GroupName,
        /// Whom alarms call unhealthy.
        instances: Vec<String>,
    },
    /// It is shown with fewer members than it should have, and neither its desired capacity nor its activities account for that.
    Shrunk {
        group: GroupName,
        members: u32,
        desired: u32,
        #[serde(default, skip_serializing_if = "Unit::is_instances")]
        unit: Unit,
    },
    /// Somebody stopped all of it on purpose: nothing replaces or starts anything.
    Parked { suspended: String, instances: u32 },
}

/// Target groups that are attached to an Auto Scaling group and don't exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    pub group: GroupName,
    pub target_groups: Vec<TargetGroupArn>,
    /// When that was first seen.
    pub since: jiff::Timestamp,
}

impl GroupState {
    pub fn name(&self) -> &'static str {
        match self {
            GroupState::Uncounted { .. } => "uncounted",
            GroupState::TargetGroupMissing(_) => "target-group-missing",
            GroupState::TargetGroupGone(_) => "target-group-gone",
            GroupState::Unchecked { .. } => "unchecked",
            GroupState::Shrunk { .. } => "shrunk",
            GroupState::Parked { .. } => "parked",
        }
    }

    /// Whether an unhealthy instance waits for it to end, so that a person is asked in time.
    pub fn keeps_waiting(&self) -> bool {
        // Who is left out of an answer may be being replaced all the same.
        !matches!(self, GroupState::Parked { .. } | GroupState::Shrunk { .. })
    }
}

impl fmt::Display for GroupState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GroupState::Uncounted { unit, instances } => write!(
                f,
                "the group's capacity is counted in {unit}, and Auto Scaling doesn't show how much of it {} provide",
                list(instances)
            ),
            GroupState::TargetGroupMissing(Attached { group, target_groups, .. }) => write!(
                f,
                "{}, attached to group {group}, was not found, and is asked for once more before that counts",
                list(target_groups)
            ),
            GroupState::TargetGroupGone(attached) => write!(f, "{attached}"),
            GroupState::Unchecked { group, instances } => {
                write!(f, "the policy wants target-health, and no target group checks the instances of group {group}")?;
                if !instances.is_empty() {
                    write!(f, ", while alarms call {} unhealthy", list(instances))?;
                }
                Ok(())
            }
            GroupState::Shrunk { group, members, desired, unit } => write!(
                f,
                "group {group} is shown with {members} members, {desired} {unit} are desired, and nothing in its activities accounts for that"
            ),
            GroupState::Parked { suspended, instances } => {
                let all = if *instances == 1 { "its only instance is" } else { "all its instances are" };
                write!(f, "the group is parked: {suspended} are suspended, and {all} stopped ({instances})")
            }
        }
    }
}

impl fmt::Display for Attached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, exists) = match self.target_groups.as_slice() {
            [_] => ("target group", "does not exist"),
            _ => ("target groups", "do not exist"),
        };
        let Attached { group, target_groups, since } = self;
        let arns = list(target_groups);
        write!(
            f,
            "{what} {arns}, attached to group {group}, {exists} (seen since {since:.0}), so the group's launches fail"
        )
    }
}
