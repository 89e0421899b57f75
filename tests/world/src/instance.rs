//! An EC2 instance as a member of an Auto Scaling group, and the application on it.
//!
//! This module never decides an instance's fate; the group does.

use homeostat_core::id::{GroupName, InstanceId};
use jiff::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    pub id: InstanceId,
    pub group: GroupName,
    pub zone: String,
    pub lifecycle: LifecycleState,
    /// Auto Scaling's verdict, `HealthStatus`.
    pub health: HealthStatus,
    pub app: App,
    pub launched_at: Timestamp,
    /// When the application starts to answer.
    pub answers_from: Timestamp,
    pub in_service_at: Option<Timestamp>,
}

impl Instance {
    /// Whether the application serves at `now`.
    pub fn answers(&self, now: Timestamp) -> bool {
        self.in_service_at.is_some() && now >= self.answers_from && self.app == App::Well
    }
}

/// What has become of the application. EC2's status checks look at the machine, which is fine in either case
/// (EC2 User Guide, "Status checks for Amazon EC2 instances").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum App {
    Well,
    /// The process is gone: nobody accepts connections, and all requests fail.
    Dead,
}

/// The states of `Instance.LifecycleState` that are modelled (EC2 Auto Scaling User Guide, "Amazon EC2 Auto Scaling
/// instance lifecycle"); no hooks, no Standby, no warm pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LifecycleState {
    Pending,
    InService,
    Terminating,
}

impl LifecycleState {
    pub fn as_str(self) -> &'static str {
        match self {
            LifecycleState::Pending => "Pending",
            LifecycleState::InService => "InService",
            LifecycleState::Terminating => "Terminating",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthStatus {
    Healthy,
    Unhealthy,
}

impl HealthStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            HealthStatus::Healthy => "Healthy",
            HealthStatus::Unhealthy => "Unhealthy",
        }
    }
}
