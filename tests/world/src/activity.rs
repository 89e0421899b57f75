//! What an Auto Scaling group did, as `DescribeScalingActivities` tells it.
//!
//! This module never forgets an activity; AWS does so after six weeks.

use homeostat_core::id::{GroupName, InstanceId};
use jiff::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    pub id: String,
    pub group: GroupName,
    pub kind: ActivityKind,
    /// Of a launch that failed: the id that it would have had, which AWS shows nowhere.
    pub instance: InstanceId,
    pub zone: String,
    /// In AWS's words (EC2 Auto Scaling User Guide, "Verify a scaling activity for an Auto Scaling group").
    pub cause: String,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub status: ActivityStatus,
    /// Why it failed, in AWS's words.
    pub status_message: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivityKind {
    Launch,
    /// A launch that came to nothing.
    FailedLaunch,
    Terminate,
    EnterStandby,
    ExitStandby,
    /// AWS's words for it are on no page.
    EnterWarmPool,
}

/// The values of `Activity.StatusCode` that are modelled (API reference, `Activity`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivityStatus {
    InProgress,
    WaitingForElbConnectionDraining,
    Successful,
    Failed,
    Cancelled,
}

impl ActivityStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            ActivityStatus::InProgress => "InProgress",
            ActivityStatus::WaitingForElbConnectionDraining => "WaitingForELBConnectionDraining",
            ActivityStatus::Successful => "Successful",
            ActivityStatus::Failed => "Failed",
            ActivityStatus::Cancelled => "Cancelled",
        }
    }
}

impl Activity {
    pub fn description(&self) -> String {
        let instance = &self.instance;
        match (self.kind, self.status) {
            (ActivityKind::Launch, _) => match &self.status_message {
                None => format!("Launching a new EC2 instance: {instance}"),
                Some(why) => format!("Launching a new EC2 instance: {instance}. Status Reason: {why}"),
            },
            (ActivityKind::FailedLaunch, _) => {
                let why = self.status_message.as_deref().unwrap_or_default();
                format!("Launching a new EC2 instance.  Status Reason: {why}")
            }
            (ActivityKind::EnterStandby, _) => format!("Moving EC2 instance to Standby: {instance}"),
            (ActivityKind::ExitStandby, _) => format!("Moving EC2 instance out of Standby: {instance}"),
            (ActivityKind::EnterWarmPool, _) => format!("Moving EC2 instance to warm pool: {instance}"),
            (ActivityKind::Terminate, ActivityStatus::WaitingForElbConnectionDraining) => {
                format!("Terminating EC2 instance: {instance} - Waiting For ELB Connection Draining.")
            }
            (ActivityKind::Terminate, _) => format!("Terminating EC2 instance: {instance}"),
        }
    }

    /// `Progress`, as seen in AWS's samples: 0 at the start, 50 while draining, 100 at the end.
    pub fn progress(&self) -> u32 {
        match self.status {
            ActivityStatus::InProgress => 0,
            ActivityStatus::WaitingForElbConnectionDraining => 50,
            ActivityStatus::Successful | ActivityStatus::Failed | ActivityStatus::Cancelled => 100,
        }
    }
}
