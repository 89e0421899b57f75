//! An Auto Scaling group: what it was told to keep.
//!
//! This module never changes a fleet; that is [`crate::scaling`].

use std::collections::BTreeMap;

use homeostat_core::id::{GroupName, TargetGroupArn};
use jiff::{SignedDuration, Timestamp};

use crate::alarm::AlarmRule;
use crate::application::Application;
use crate::hook::LifecycleHook;
use crate::mixed::Mixed;
use crate::pool::WarmPool;
use crate::refresh::InstanceRefresh;
use crate::replacing::MaintenancePolicy;
use crate::suspending::Process;

#[derive(Debug, Clone, PartialEq)]
pub struct AutoScalingGroup {
    pub arn: String,
    pub created_at: Timestamp,
    pub settings: GroupSettings,
    /// Since when each process is suspended.
    pub suspended: BTreeMap<Process, Timestamp>,
    /// `Status` says "Delete in progress".
    pub deleting: bool,
    /// Oldest first.
    pub refreshes: Vec<InstanceRefresh>,
    /// Launches in a row that failed: what the back-off counts.
    pub(crate) failed_launches: u32,
    /// How many of its members a description shows, where that is not all of them.
    pub(crate) shown: Option<usize>,
    pub(crate) retry_scheduled: bool,
    /// Launches so far: whose turn it is.
    pub(crate) turns: usize,
}

impl AutoScalingGroup {
    pub(crate) fn new(arn: String, settings: GroupSettings, created_at: Timestamp) -> Self {
        AutoScalingGroup {
            arn,
            created_at,
            settings,
            suspended: BTreeMap::new(),
            deleting: false,
            refreshes: Vec::new(),
            failed_launches: 0,
            shown: None,
            retry_scheduled: false,
            turns: 0,
        }
    }

    pub fn is_suspended(&self, process: Process) -> bool {
        self.suspended.contains_key(&process)
    }

    /// `Status`, which a group has only while it is deleted (API reference, `AutoScalingGroup`).
    pub fn status(&self) -> Option<&'static str> {
        self.deleting.then_some("Delete in progress")
    }

    pub fn launch_template(&self, version: u32) -> LaunchTemplate {
        let name = &self.settings.name;
        LaunchTemplate { id: launch_template_id(name.as_str()), name: format!("{name}-template"), version }
    }

    /// Which instances the group launches now come from.
    pub fn current_template(&self) -> LaunchTemplate {
        self.launch_template(self.settings.launch_template_version)
    }
}

/// API reference, `LaunchTemplateSpecification`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchTemplate {
    pub id: String,
    pub name: String,
    pub version: u32,
}

/// In the form of EC2's ids. FNV-1a of the group's name, so that no id is drawn for it.
pub(crate) fn launch_template_id(group: &str) -> String {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    format!("lt-0{:016x}", group.bytes().fold(0xcbf2_9ce4_8422_2325, mix))
}

#[derive(Debug, Clone, PartialEq)]
pub struct GroupSettings {
    pub name: GroupName,
    pub tags: BTreeMap<String, String>,
    pub min: u32,
    pub max: u32,
    /// In the group's own unit.
    pub desired: u32,
    pub zones: Vec<String>,
    pub health_check: HealthCheckType,
    /// `HealthCheckGracePeriod`: 300 s in the console, 0 in the API unless told (EC2 Auto Scaling User Guide, "Set the
    /// health check grace period").
    pub grace: SignedDuration,
    pub target_groups: Vec<TargetGroupArn>,
    /// `None` = terminate and launch, at most a tenth of the group at a time.
    pub maintenance: Option<MaintenancePolicy>,
    /// The group's own, which callers complete.
    pub hooks: Vec<LifecycleHook>,
    /// An instance lifecycle policy whose `RetentionTriggers.TerminateHookAbandon` is `retain` (API reference,
    /// `InstanceLifecyclePolicy`).
    pub retain_on_abandon: bool,
    pub warm_pool: Option<WarmPool>,
    /// Whether it launches Spot Instances.
    pub spot: bool,
    /// `CapacityRebalance`. Without it, a Spot Instance is replaced only "after the Amazon EC2 Spot service interrupts the instance and
    /// its health check fails" (EC2 Auto Scaling User Guide, "Capacity Rebalancing").
    pub rebalances: bool,
    /// What the application on its instances does by itself; `None` = nothing that anybody sees.
    pub application: Option<Application>,
    /// How long somebody else's hook, which lets go without a word, holds each termination in `Terminating:Wait`; zero = no
    /// such hook. One that has `hooks` for it has no such other.
    pub termination_lingers: SignedDuration,
    pub launch_template_version: u32,
    pub mixed: Mixed,
    /// `NewInstancesProtectedFromScaleIn`.
    pub new_instances_protected: bool,
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
    /// It is the warm pool that lacks some.
    WarmPool,
}
