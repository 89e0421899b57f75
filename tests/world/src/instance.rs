//! An EC2 instance as a member of an Auto Scaling group, and the application on it.
//!
//! This module never decides an instance's fate; the group does.

use std::collections::BTreeMap;

use homeostat_core::id::{GroupName, InstanceId};
use jiff::Timestamp;

use crate::health::HealthSource;
use crate::journey::Journey;
use crate::lifecycle::LifecycleState;
use crate::machine::{InstanceState, Machine, ScheduledEvent};
use crate::metric::Series;
use crate::mixed::Override;
use crate::spot::SpotRequest;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    pub id: InstanceId,
    pub group: GroupName,
    pub zone: String,
    pub lifecycle: LifecycleState,
    /// `None` = an On-Demand Instance.
    pub spot: Option<SpotRequest>,
    pub private_ip: String,
    pub tags: BTreeMap<String, String>,
    /// Pieces of work that it is at.
    pub in_flight: u32,
    /// Auto Scaling's verdict, `HealthStatus`.
    pub health: HealthStatus,
    pub app: App,
    /// The machine under the application.
    pub machine: Machine,
    pub machine_since: Timestamp,
    /// EC2's own state, which Auto Scaling's lifecycle follows at a distance.
    pub state: InstanceState,
    pub scheduled_events: Vec<ScheduledEvent>,
    /// The version of the group's launch template that it was launched from.
    pub launch_template_version: u32,
    /// Its type, which it keeps when the group's settings change.
    pub launched_as: Override,
    pub protected_from_scale_in: bool,
    pub launched_at: Timestamp,
    /// EC2's `LaunchTime`: when it was last started, by its launch or after a stop.
    pub started_at: Timestamp,
    /// When the application starts to answer.
    pub answers_from: Timestamp,
    pub in_service_at: Option<Timestamp>,
    /// Launched in its place before it goes, as an instance maintenance policy may want.
    pub replacement: Option<InstanceId>,
    /// Where it is on its way to, unless it has arrived.
    pub(crate) journey: Option<Journey>,
    /// Why `health` is `Unhealthy`.
    pub(crate) unhealthy_by: Option<HealthSource>,
    pub(crate) terminated_at: Option<Timestamp>,
    /// What the agent on it publishes: its own, and what it adds to the group's.
    pub(crate) publishes_to: Option<[Series; 2]>,
}

impl Instance {
    /// Whether the application serves at `now`: whatever Auto Scaling makes of it, as long as its machine runs.
    pub fn answers(&self, now: Timestamp) -> bool {
        self.state == InstanceState::Running
            && now >= self.answers_from
            && self.app == App::Well
            && self.machine.works()
    }

    /// Whether the group counts it towards its desired capacity. One that only waits for its replacement is counted no
    /// more, its replacement is.
    pub(crate) fn counts(&self) -> bool {
        self.lifecycle.counts() && self.replacement.is_none()
    }

    pub(crate) fn is_healthy_in_service(&self) -> bool {
        self.lifecycle == LifecycleState::InService && self.health == HealthStatus::Healthy
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
