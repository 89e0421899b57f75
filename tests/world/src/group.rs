//! An Auto Scaling group: what it was told to keep.
//!
//! This module never changes a fleet; that is [`crate::scaling`].

use std::collections::BTreeMap;

use homeostat_core::id::{GroupName, TargetGroupArn};
use jiff::{SignedDuration, Timestamp};

use crate::alarm::AlarmRule;

#[derive(Debug, Clone, PartialEq)]
pub struct AutoScalingGroup {
    pub arn: String,
    pub created_at: Timestamp,
    pub settings: GroupSettings,
}

#[derive(Debug, Clone, PartialEq)]
pub struct GroupSettings {
    pub name: GroupName,
    pub tags: BTreeMap<String, String>,
    pub min: u32,
    pub max: u32,
    pub desired: u32,
    pub zones: Vec<String>,
    pub health_check: HealthCheckType,
    /// `HealthCheckGracePeriod`: 300 s in the console, 0 in the API unless told (EC2 Auto Scaling User Guide, "Set the
    /// health check grace period").
    pub grace: SignedDuration,
    pub target_groups: Vec<TargetGroupArn>,
    /// What the user's own launch automation sets up for each instance; Auto Scaling knows nothing of it.
    pub launch_automation: Option<InstanceAlarm>,
}

/// The alarm that each instance gets when it launches, named `<group>-<instance id>-failing`.
#[derive(Debug, Clone, PartialEq)]
pub struct InstanceAlarm {
    pub namespace: String,
    pub metric: String,
    pub rule: AlarmRule,
}

/// What makes a group call an instance unhealthy (EC2 Auto Scaling User Guide, "Health checks for instances in an Auto
/// Scaling group").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthCheckType {
    /// The machine alone: an application that is gone goes unnoticed.
    Ec2,
    /// The load balancer's word as well.
    Elb,
}

impl HealthCheckType {
    pub fn as_str(self) -> &'static str {
        match self {
            HealthCheckType::Ec2 => "EC2",
            HealthCheckType::Elb => "ELB",
        }
    }
}

/// Why a group has fewer members than desired: it tells so as the `Cause` of what it launches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shortage {
    /// It was just created, or somebody had an instance terminated.
    Capacity,
    /// It took an unhealthy instance out itself.
    Unhealthy,
}
