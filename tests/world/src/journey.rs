//! Where an instance comes from and where it goes, which decides the hooks it meets and the states it goes through (EC2 Auto
//! Scaling User Guide, "Use lifecycle hooks with a warm pool in Auto Scaling group").
//!
//! This module never sends an instance anywhere.

use crate::hook::LifecycleTransition;
use crate::lifecycle::LifecycleState;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Journey {
    Ec2ToGroup,
    Ec2ToWarmPool,
    WarmPoolToGroup,
    GroupToEc2,
    GroupToWarmPool,
    WarmPoolToEc2,
}

const EC2: &str = "EC2";
const GROUP: &str = "AutoScalingGroup";
const WARM_POOL: &str = "WarmPool";

impl Journey {
    /// `Origin` of its events (same guide, "Warm pool events and patterns").
    pub fn origin(self) -> &'static str {
        match self {
            Journey::Ec2ToGroup | Journey::Ec2ToWarmPool => EC2,
            Journey::WarmPoolToGroup | Journey::WarmPoolToEc2 => WARM_POOL,
            Journey::GroupToEc2 | Journey::GroupToWarmPool => GROUP,
        }
    }

    /// `Destination` of its events.
    pub fn destination(self) -> &'static str {
        match self {
            Journey::Ec2ToGroup | Journey::WarmPoolToGroup => GROUP,
            Journey::Ec2ToWarmPool | Journey::GroupToWarmPool => WARM_POOL,
            Journey::GroupToEc2 | Journey::WarmPoolToEc2 => EC2,
        }
    }

    /// Whether the instance leaves for good.
    pub(crate) fn ends_it(self) -> bool {
        matches!(self, Journey::GroupToEc2 | Journey::WarmPoolToEc2)
    }

    /// A return to the pool meets the hooks for scale-in (same page, example 4).
    pub fn transition(self) -> LifecycleTransition {
        match self {
            Journey::Ec2ToGroup | Journey::Ec2ToWarmPool | Journey::WarmPoolToGroup => LifecycleTransition::Launching,
            Journey::GroupToEc2 | Journey::GroupToWarmPool | Journey::WarmPoolToEc2 => LifecycleTransition::Terminating,
        }
    }

    pub(crate) fn waiting(self) -> LifecycleState {
        match self {
            Journey::Ec2ToGroup | Journey::WarmPoolToGroup => LifecycleState::PendingWait,
            Journey::Ec2ToWarmPool | Journey::GroupToWarmPool => LifecycleState::WarmedPendingWait,
            Journey::GroupToEc2 => LifecycleState::TerminatingWait,
            Journey::WarmPoolToEc2 => LifecycleState::WarmedTerminatingWait,
        }
    }

    pub(crate) fn proceeding(self) -> LifecycleState {
        match self {
            Journey::Ec2ToGroup | Journey::WarmPoolToGroup => LifecycleState::PendingProceed,
            Journey::Ec2ToWarmPool | Journey::GroupToWarmPool => LifecycleState::WarmedPendingProceed,
            Journey::GroupToEc2 => LifecycleState::TerminatingProceed,
            Journey::WarmPoolToEc2 => LifecycleState::WarmedTerminatingProceed,
        }
    }
}
