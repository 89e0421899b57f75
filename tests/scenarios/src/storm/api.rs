//! The actions of AWS's that the functions call, and how much goes into one call.
//!
//! This module never says how many of them AWS takes.

use std::fmt;

/// An action of AWS's, by AWS's own name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Api {
    DescribeAutoScalingGroups,
    DescribeScalingActivities,
    DescribeInstanceRefreshes,
    DescribeAutoScalingInstances,
    TerminateInstanceInAutoScalingGroup,
    SetInstanceHealth,
    DescribeTargetHealth,
    DescribeInstanceStatus,
    DescribeInstances,
    DescribeSpotInstanceRequests,
    DescribeAlarms,
    GetItem,
    BatchGetItem,
    Query,
    UpdateItem,
    PutItem,
    DeleteItem,
    TransactWriteItems,
    SendMessage,
    DeleteMessageBatch,
}

/// What each adapter puts into one call, by its own constants.
pub(super) const GROUPS_A_CALL: usize = 100;
pub(super) const INSTANCES_A_CALL: usize = 100;
pub(super) const ALARMS_A_CALL: usize = 100;
pub(super) const PAGES_OF_ALARMS: usize = 20;
pub(super) const ITEMS_A_CALL: usize = 100;

impl Api {
    /// Whether it is the ledger's or a queue's: those take no part in what Homeostat asks of the fleet.
    pub fn is_own(self) -> bool {
        self.bucket().is_none()
    }

    /// Whether it changes the fleet.
    pub(super) fn is_effect(self) -> bool {
        matches!(self, Api::TerminateInstanceInAutoScalingGroup | Api::SetInstanceHealth)
    }
}

impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
