//! The machine under an application, as EC2 sees it: its state, its status checks, the events that EC2 has planned.
//!
//! This module never judges a member: what Auto Scaling makes of it is in [`crate::health`].

use homeostat_core::id::InstanceId;
use jiff::Timestamp;

use crate::instance::Instance;
use crate::pace::Pace;
use crate::world::World;

/// What has become of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    Well,
    /// EC2's own host or network: the system status check fails.
    SystemImpaired,
    /// The operating system: the instance status check fails.
    InstanceImpaired,
    /// The volumes: the attached EBS status check fails. Auto Scaling looks at it only if told to (EC2 Auto Scaling User
    /// Guide, "About the health checks for your Auto Scaling group"), which is not modelled.
    EbsImpaired,
    /// It runs well, but EC2 has no data about it.
    Unreported,
    /// Somebody stopped it, or EC2 did as announced.
    Stopped,
}

impl Machine {
    /// Whether an application can run on it.
    pub fn works(self) -> bool {
        matches!(self, Machine::Well | Machine::Unreported)
    }
}

/// `InstanceState.Name` and its code (EC2 API reference, `InstanceState`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstanceState {
    Pending,
    Running,
    ShuttingDown,
    Terminated,
    Stopping,
    Stopped,
}

impl InstanceState {
    pub fn as_str(self) -> &'static str {
        match self {
            InstanceState::Pending => "pending",
            InstanceState::Running => "running",
            InstanceState::ShuttingDown => "shutting-down",
            InstanceState::Terminated => "terminated",
            InstanceState::Stopping => "stopping",
            InstanceState::Stopped => "stopped",
        }
    }

    pub fn code(self) -> u8 {
        match self {
            InstanceState::Pending => 0,
            InstanceState::Running => 16,
            InstanceState::ShuttingDown => 32,
            InstanceState::Terminated => 48,
            InstanceState::Stopping => 64,
            InstanceState::Stopped => 80,
        }
    }
}

/// What one kind of status check says (EC2 API reference, `InstanceStatusSummary`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusCheck {
    Ok,
    Impaired { since: Timestamp },
    Initializing,
    InsufficientData,
    NotApplicable,
}

impl StatusCheck {
    pub fn as_str(self) -> &'static str {
        match self {
            StatusCheck::Ok => "ok",
            StatusCheck::Impaired { .. } => "impaired",
            StatusCheck::Initializing => "initializing",
            StatusCheck::InsufficientData => "insufficient-data",
            StatusCheck::NotApplicable => "not-applicable",
        }
    }

    /// `InstanceStatusDetails.Status`, of which there is none for a machine that isn't checked.
    pub fn detail(self) -> Option<&'static str> {
        match self {
            StatusCheck::Ok => Some("passed"),
            StatusCheck::Impaired { .. } => Some("failed"),
            StatusCheck::Initializing => Some("initializing"),
            StatusCheck::InsufficientData => Some("insufficient-data"),
            StatusCheck::NotApplicable => None,
        }
    }
}

/// The answer of `DescribeInstanceStatus` about one instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MachineStatus {
    pub state: InstanceState,
    pub system: StatusCheck,
    pub instance: StatusCheck,
    pub attached_ebs: StatusCheck,
}

/// Something that EC2 will do to an instance (EC2 User Guide, "Scheduled events for your instances").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduledEvent {
    pub id: String,
    pub code: EventCode,
    pub not_before: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventCode {
    InstanceRetirement,
    InstanceStop,
}

impl EventCode {
    pub fn as_str(self) -> &'static str {
        match self {
            EventCode::InstanceRetirement => "instance-retirement",
            EventCode::InstanceStop => "instance-stop",
        }
    }
}

impl Instance {
    pub(crate) fn status(&self, pace: &Pace, now: Timestamp) -> MachineStatus {
        let check = |broken: Machine| {
            let failed_at = self.machine_since + pace.status_check_every;
            match self.machine {
                _ if self.state != InstanceState::Running => StatusCheck::NotApplicable,
                _ if now < self.started_at + pace.status_initializing => StatusCheck::Initializing,
                Machine::Unreported => StatusCheck::InsufficientData,
                machine if machine == broken && now >= failed_at => StatusCheck::Impaired { since: failed_at },
                _ => StatusCheck::Ok,
            }
        };
        MachineStatus {
            state: self.state,
            system: check(Machine::SystemImpaired),
            instance: check(Machine::InstanceImpaired),
            attached_ebs: check(Machine::EbsImpaired),
        }
    }
}

impl World {
    /// The instances that EC2 knows: those of all groups, and those that were terminated a while ago.
    pub fn machines(&self) -> impl Iterator<Item = &Instance> {
        self.instances.values().chain(self.gone.values().filter(|gone| self.is_visible(gone)))
    }

    fn is_visible(&self, gone: &Instance) -> bool {
        gone.terminated_at.is_some_and(|at| self.now < at + self.pace.terminated_visible)
    }

    pub fn machine(&self, id: &InstanceId) -> Option<&Instance> {
        self.instances.get(id).or_else(|| self.gone.get(id).filter(|gone| self.is_visible(gone)))
    }

    /// `None` = EC2 knows no such instance.
    pub fn machine_status(&self, id: &InstanceId) -> Option<MachineStatus> {
        Some(self.machine(id)?.status(&self.pace, self.now))
    }
}
