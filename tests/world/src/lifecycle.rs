//! Where an instance stands in its life as a member of a group.
//!
//! This module never moves an instance from one state to the next; the group does, or a story.

/// Values of `Instance.LifecycleState` (API reference, `Instance`). By itself the model goes through Pending, `InService`,
/// Standby and Terminating with their transitions; the others are there for a story to set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LifecycleState {
    Pending,
    PendingWait,
    PendingProceed,
    InService,
    EnteringStandby,
    Standby,
    Terminating,
    TerminatingWait,
    TerminatingProceed,
    Detaching,
    Detached,
    Quarantined,
    WarmedPending,
    WarmedRunning,
    WarmedStopped,
    WarmedHibernated,
    WarmedTerminating,
}

impl LifecycleState {
    pub fn as_str(self) -> &'static str {
        match self {
            LifecycleState::Pending => "Pending",
            LifecycleState::PendingWait => "Pending:Wait",
            LifecycleState::PendingProceed => "Pending:Proceed",
            LifecycleState::InService => "InService",
            LifecycleState::EnteringStandby => "EnteringStandby",
            LifecycleState::Standby => "Standby",
            LifecycleState::Terminating => "Terminating",
            LifecycleState::TerminatingWait => "Terminating:Wait",
            LifecycleState::TerminatingProceed => "Terminating:Proceed",
            LifecycleState::Detaching => "Detaching",
            LifecycleState::Detached => "Detached",
            LifecycleState::Quarantined => "Quarantined",
            LifecycleState::WarmedPending => "Warmed:Pending",
            LifecycleState::WarmedRunning => "Warmed:Running",
            LifecycleState::WarmedStopped => "Warmed:Stopped",
            LifecycleState::WarmedHibernated => "Warmed:Hibernated",
            LifecycleState::WarmedTerminating => "Warmed:Terminating",
        }
    }

    /// Whether it is on its way out for good.
    pub fn is_terminating(self) -> bool {
        matches!(
            self,
            LifecycleState::Terminating
                | LifecycleState::TerminatingWait
                | LifecycleState::TerminatingProceed
                | LifecycleState::WarmedTerminating
        )
    }

    pub fn is_warm(self) -> bool {
        matches!(
            self,
            LifecycleState::WarmedPending
                | LifecycleState::WarmedRunning
                | LifecycleState::WarmedStopped
                | LifecycleState::WarmedHibernated
                | LifecycleState::WarmedTerminating
        )
    }

    /// Standby and the warm pool are outside the desired capacity (EC2 Auto Scaling User Guide, "Temporarily remove
    /// instances from your Auto Scaling group" and "Warm pools").
    pub(crate) fn counts(self) -> bool {
        matches!(
            self,
            LifecycleState::Pending
                | LifecycleState::PendingWait
                | LifecycleState::PendingProceed
                | LifecycleState::InService
        )
    }
}
