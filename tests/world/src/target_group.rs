//! A target group and the load balancer's health checks.
//!
//! This module never learns of an application's state but through a check, and never acts on what it finds.

use std::collections::{BTreeMap, BTreeSet};

use homeostat_core::id::{InstanceId, TargetGroupArn};
use jiff::Timestamp;

use crate::pace::Pace;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetGroup {
    pub arn: TargetGroupArn,
    pub name: String,
    pub port: u16,
    pub target_type: TargetType,
    pub tags: BTreeMap<String, String>,
    pub targets: BTreeMap<InstanceId, Target>,
    /// Availability Zones that are not enabled at the load balancer.
    pub zones_without: BTreeSet<String>,
    /// Whether its metrics are published: only if an alarm asks for them.
    pub(crate) published: bool,
}

impl TargetGroup {
    pub(crate) fn new(arn: TargetGroupArn, name: &str, port: u16, target_type: TargetType) -> Self {
        TargetGroup {
            arn,
            name: name.to_owned(),
            port,
            target_type,
            tags: BTreeMap::new(),
            targets: BTreeMap::new(),
            zones_without: BTreeSet::new(),
            published: false,
        }
    }

    /// How metrics name it: `targetgroup/web/0123456789abcdef` (Application Load Balancers, "CloudWatch metrics for your
    /// Application Load Balancer").
    pub fn dimension(&self) -> &str {
        self.arn.as_str().rsplit(':').next().unwrap_or_default()
    }

    /// How metrics name the load balancer in front of it. None is modelled: it is called as its target group is.
    pub fn load_balancer_dimension(&self) -> String {
        self.dimension().replacen("targetgroup/", "app/", 1)
    }
}

/// `TargetType` (API reference, `CreateTargetGroup`), which no target group ever changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TargetType {
    #[default]
    Instance,
    /// Its targets are named by their addresses.
    Ip,
    /// Its one target is an Application Load Balancer, and no instance can be registered.
    Alb,
    /// Its one target is a function. None is registered: an empty target group.
    Lambda,
}

impl TargetType {
    pub fn as_str(self) -> &'static str {
        match self {
            TargetType::Instance => "instance",
            TargetType::Ip => "ip",
            TargetType::Alb => "alb",
            TargetType::Lambda => "lambda",
        }
    }
}

/// A registered target. One that is gone is in no list, though AWS would say `unused` when asked for it by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub state: TargetState,
    pub registered_at: Timestamp,
    pub registrar: Registrar,
    pub(crate) draining_since: Option<Timestamp>,
    /// Checks in a row with the same answer: what the thresholds count.
    passed: u32,
    failed: u32,
}

/// Who registered a target, and so who is to deregister it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registrar {
    /// Auto Scaling, with a target group that the group manages.
    Group,
    /// The instance itself, with one that nobody manages.
    Instance,
}

/// The values of `TargetHealth.State` that are modelled (Elastic Load Balancing, "Health checks for your target groups").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetState {
    Initial,
    Healthy,
    Unhealthy,
    Draining,
    /// In an Availability Zone that its load balancer lacks: neither checked nor sent anything.
    Unused,
}

impl TargetState {
    pub fn as_str(self) -> &'static str {
        match self {
            TargetState::Initial => "initial",
            TargetState::Healthy => "healthy",
            TargetState::Unhealthy => "unhealthy",
            TargetState::Draining => "draining",
            TargetState::Unused => "unused",
        }
    }
}

impl Target {
    pub(crate) fn registered(now: Timestamp, registrar: Registrar) -> Self {
        Target {
            state: TargetState::Initial,
            registered_at: now,
            registrar,
            draining_since: None,
            passed: 0,
            failed: 0,
        }
    }

    /// Its zone is taken from the load balancer, or given to it: from then on it is as if registered anew.
    pub(crate) fn use_it(&mut self, is_used: bool) {
        if !self.drains() {
            self.state = if is_used { TargetState::Initial } else { TargetState::Unused };
            (self.passed, self.failed) = (0, 0);
        }
    }

    pub(crate) fn drains(&self) -> bool {
        self.state == TargetState::Draining
    }

    pub(crate) fn drain(&mut self, now: Timestamp) {
        self.state = TargetState::Draining;
        self.draining_since.get_or_insert(now);
    }

    /// Takes in one check. The first that passes makes a new target healthy; after that it takes the thresholds
    /// (same page: "After your target is registered, it must pass one health check to be considered healthy").
    pub(crate) fn checked(&mut self, passes: bool, pace: &Pace) {
        (self.passed, self.failed) = if passes { (self.passed + 1, 0) } else { (0, self.failed + 1) };
        self.state = match self.state {
            TargetState::Initial if passes => TargetState::Healthy,
            TargetState::Unhealthy if self.passed >= pace.healthy_threshold => TargetState::Healthy,
            TargetState::Initial | TargetState::Healthy if self.failed >= pace.unhealthy_threshold => {
                TargetState::Unhealthy
            }
            unchanged => unchanged,
        };
    }

    /// AWS's reason code and description; a healthy target has neither (API reference, `TargetHealth`). A process that
    /// is gone refuses connections, and that is `Target.FailedHealthChecks`.
    pub fn reason(&self) -> Option<(&'static str, &'static str)> {
        match self.state {
            TargetState::Healthy => None,
            TargetState::Initial if self.failed == 0 => {
                Some(("Elb.RegistrationInProgress", "Target registration is in progress"))
            }
            TargetState::Initial => Some(("Elb.InitialHealthChecking", "Initial health checks in progress")),
            TargetState::Unhealthy => Some(("Target.FailedHealthChecks", "Health checks failed")),
            TargetState::Draining => Some(("Target.DeregistrationInProgress", "Target deregistration is in progress")),
            TargetState::Unused => {
                Some(("Target.NotInUse", "Target is in an Availability Zone that is not enabled for the load balancer"))
            }
        }
    }
}
