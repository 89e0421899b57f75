//! Where an instance stands in its life as a member of a group.
//!
//! This module never moves an instance from one state to the next; the group does, or a story.

/// Values of `Instance.LifecycleState` (API reference, `Instance`). By itself the model goes through all but Detaching,
/// Detached, Quarantined and `Warmed:Hibernated`, which are there for a story to set.
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
    TerminatingRetained,
    Detaching,
    Detached,
    Quarantined,
    WarmedPending,
    WarmedPendingWait,
    WarmedPendingProceed,
    WarmedRunning,
    WarmedStopped,
    WarmedHibernated,
    WarmedTerminating,
    WarmedTerminatingWait,
    WarmedTerminatingProceed,
    WarmedTerminatingRetained,
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
            LifecycleState::TerminatingRetained => "Terminating:Retained",
            LifecycleState::Detaching => "Detaching",
            LifecycleState::Detached => "Detached",
            LifecycleState::Quarantined => "Quarantined",
            LifecycleState::WarmedPending => "Warmed:Pending",
            LifecycleState::WarmedPendingWait => "Warmed:Pending:Wait",
            LifecycleState::WarmedPendingProceed => "Warmed:Pending:Proceed",
            LifecycleState::WarmedRunning => "Warmed:Running",
            LifecycleState::WarmedStopped => "Warmed:Stopped",
            LifecycleState::WarmedHibernated => "Warmed:Hibernated",
            LifecycleState::WarmedTerminating => "Warmed:Terminating",
            LifecycleState::WarmedTerminatingWait => "Warmed:Terminating:Wait",
            LifecycleState::WarmedTerminatingProceed => "Warmed:Terminating:Proceed",
            LifecycleState::WarmedTerminatingRetained => "Warmed:Terminating:Retained",
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
                | LifecycleState::WarmedTerminatingWait
                | LifecycleState::WarmedTerminatingProceed
        )
    }

    /// Whether hooks hold it, or have just let go of it.
    pub(crate) fn is_held(self) -> bool {
        matches!(
            self,
            LifecycleState::PendingWait
                | LifecycleState::PendingProceed
                | LifecycleState::TerminatingWait
                | LifecycleState::TerminatingProceed
                | LifecycleState::WarmedPendingWait
                | LifecycleState::WarmedPendingProceed
                | LifecycleState::WarmedTerminatingWait
                | LifecycleState::WarmedTerminatingProceed
        )
    }

    /// An abandoned termination keeps it (EC2 Auto Scaling User Guide, "Configure instance retention").
    pub fn is_retained(self) -> bool {
        matches!(self, LifecycleState::TerminatingRetained | LifecycleState::WarmedTerminatingRetained)
    }

    pub fn is_warm(self) -> bool {
        matches!(
            self,
            LifecycleState::WarmedPending
                | LifecycleState::WarmedPendingWait
                | LifecycleState::WarmedPendingProceed
                | LifecycleState::WarmedRunning
                | LifecycleState::WarmedStopped
                | LifecycleState::WarmedHibernated
                | LifecycleState::WarmedTerminating
                | LifecycleState::WarmedTerminatingWait
                | LifecycleState::WarmedTerminatingProceed
                | LifecycleState::WarmedTerminatingRetained
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
