//! Auto Scaling groups and their instances, and what EC2 and Elastic Load Balancing say about those.
//!
//! This module never holds a vendor's type, and a fact that was not seen is absent, never a default.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::units::{Unit, Units};
use crate::id::{GroupName, InstanceId, TargetGroupArn};

/// A launch template's version, as `lt-0123456789abcdef0:7`, `…:$Latest` or `…:$Default`; or a launch configuration's name.
pub type LaunchedFrom = String;

/// When a group's members were launched, as far as the records that were read tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Launches {
    pub known: BTreeMap<InstanceId, Timestamp>,
    /// Where older records were left unread: whatever is not known was launched before this.
    pub others_before: Option<Timestamp>,
    /// There was no record at all: of a group that has been quiet for as long as AWS keeps them, or since AWS answered nothing, as it may
    /// for minutes.
    pub none_listed: bool,
    /// What the records say of the group's size, newest first.
    pub changes: Vec<(Timestamp, Resized)>,
}

/// What one activity did to the number of a group's members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resized {
    /// Launched or attached.
    More,
    /// Terminated or detached.
    Fewer,
    /// It was to launch one, and failed: the group tries again.
    FailedLaunch,
    /// It is under way, or was to launch one and was cancelled: the group is at it.
    Pending,
}

/// Auto Scaling keeps records of activities for six weeks (API reference, `DescribeScalingActivities`).
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(6 * 7 * 24);

impl Launches {
    /// How many members fewer the group has by its own records since then: any number, where it is still at it.
    pub fn account_for(&self, since: Timestamp) -> u32 {
        let lately = || self.changes.iter().filter(|(at, _)| *at >= since).map(|(_, resized)| *resized);
        let count = |of: Resized| lately().filter(|resized| *resized == of).count();
        if count(Resized::Pending) + count(Resized::FailedLaunch) > 0 {
            return u32::MAX;
        }
        u32::try_from(count(Resized::Fewer).saturating_sub(count(Resized::More))).unwrap_or(u32::MAX)
    }

    /// When the newest launch since then failed, and how many failed one after the other, if none has succeeded since.
    pub fn failing(&self, since: Timestamp) -> Option<(Timestamp, u32)> {
        let lately = self.changes.iter().filter(|(at, _)| *at >= since);
        let mut launches = lately.filter(|(_, resized)| matches!(resized, Resized::More | Resized::FailedLaunch));
        let failed: Vec<Timestamp> =
            launches.by_ref().take_while(|(_, resized)| *resized == Resized::FailedLaunch).map(|(at, _)| *at).collect();
        Some((*failed.first()?, u32::try_from(failed.len()).unwrap_or(u32::MAX)))
    }

    /// Whether it is known when the instance was launched, or that it was before all records that AWS keeps. An empty list says that only
    /// of one that EC2 has run for so long without a stop.
    pub fn are_known(&self, now: Timestamp, started_at: Option<Timestamp>) -> bool {
        !self.none_listed || started_at.is_some_and(|started| started + KEPT_FOR < now)
    }

    /// The latest moment at which the instance can have been launched; `None` = before all records that AWS keeps.
    pub fn by(&self, instance: &InstanceId) -> Option<Timestamp> {
        self.known.get(instance).copied().or(self.others_before)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub name: GroupName,
    pub desired: Units,
    /// What `desired` is a number of.
    pub unit: Unit,
    pub members: Vec<Member>,
    pub target_groups: Vec<TargetGroupArn>,
    /// Auto Scaling's own `HealthCheckGracePeriod`.
    pub grace: SignedDuration,
    /// The names of its suspended processes.
    pub suspended: Vec<String>,
    /// Its instance maintenance policy keeps all of it in service: a replacement is launched before anything is terminated.
    pub launches_first: bool,
    /// `CapacityRebalance`: it replaces Spot Instances that EC2 recommends to replace.
    pub rebalances: bool,
    /// Every launch template with its version, or the launch configuration, that it launches from.
    pub launches_from: BTreeSet<LaunchedFrom>,
    /// `Status`, which it has only while it is being deleted.
    pub status: Option<String>,
    pub tags: BTreeMap<String, String>,
}

impl Group {
    pub fn member(&self, id: &InstanceId) -> Option<&Member> {
        self.members.iter().find(|member| member.id == *id)
    }

    pub fn is_suspended(&self, process: &str) -> bool {
        self.suspended.iter().any(|suspended| suspended == process)
    }

    pub fn count_in_service(&self) -> u32 {
        let in_service = self.members.iter().filter(|member| member.lifecycle.is_in_service());
        u32::try_from(in_service.count()).unwrap_or(u32::MAX)
    }

    /// Members in service whose capacity Auto Scaling doesn't show: nothing of the group can be counted.
    pub fn uncounted(&self) -> Vec<&InstanceId> {
        let in_service = self.members.iter().filter(|member| member.lifecycle.is_in_service());
        in_service.filter(|member| member.units.is_none()).map(|member| &member.id).collect()
    }

    /// The capacity in service, healthy or not; `None` = it can't be counted.
    pub fn in_service(&self) -> Option<Units> {
        let in_service = self.members.iter().filter(|member| member.lifecycle.is_in_service());
        in_service.map(|member| member.units).sum()
    }

    /// The capacity of the largest member: what one that is gone may have been.
    pub fn largest(&self) -> Units {
        self.members.iter().filter_map(|member| member.units).max().unwrap_or(Units::ONE_INSTANCE)
    }

    /// So much capacity, as the most instances that it may be.
    pub fn instances_of(&self, units: Units) -> u32 {
        let smallest = self.members.iter().filter_map(|member| member.units).filter(|units| !units.is_none()).min();
        units.number().div_ceil(smallest.unwrap_or(Units::ONE_INSTANCE).number())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub id: InstanceId,
    pub lifecycle: Lifecycle,
    /// Auto Scaling's own verdict, `HealthStatus`.
    pub healthy: bool,
    /// `ProtectedFromScaleIn`.
    pub protected: bool,
    /// What it counts toward the desired capacity; `None` = Auto Scaling doesn't show that.
    pub units: Option<Units>,
    /// The launch template and its version, or the launch configuration.
    pub launched_from: Option<LaunchedFrom>,
}

/// Auto Scaling's `LifecycleState`, in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifecycle(pub String);

impl Lifecycle {
    pub fn is_in_service(&self) -> bool {
        self.0 == "InService"
    }

    /// On its way out of the group, `Terminating:Wait` and the like included.
    pub fn is_leaving(&self) -> bool {
        self.0.starts_with("Terminat") || self.0.starts_with("Detach")
    }
}

pub type TargetHealths = BTreeMap<InstanceId, TargetHealth>;

/// `TargetHealth.State` of Elastic Load Balancing, as far as it makes a difference here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetHealth {
    Healthy,
    Initial,
    Unhealthy {
        reason: String,
    },
    /// `draining`, `unused`, `unavailable` and whatever comes later: no statement about the application.
    Other {
        state: String,
    },
}

impl std::fmt::Display for TargetHealth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TargetHealth::Healthy => f.write_str("healthy"),
            TargetHealth::Initial => f.write_str("initial"),
            TargetHealth::Unhealthy { reason } => write!(f, "unhealthy ({reason})"),
            TargetHealth::Other { state } => f.write_str(state),
        }
    }
}

/// An instance as EC2 sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// `InstanceState.Name`.
    pub state: String,
    pub checks: Checks,
    /// `LaunchTime`: when it was last started, by a launch or after a stop.
    pub started_at: Option<Timestamp>,
    /// When EC2 is going to stop or retire it, by the first of its scheduled events that does.
    pub ends_at: Option<Timestamp>,
}

impl Machine {
    pub fn is_running(&self) -> bool {
        self.state == "running"
    }
}

/// The system, instance and attached-EBS status checks, taken together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checks {
    Passed,
    /// At least one is `impaired`.
    Impaired {
        checks: String,
        since: Option<Timestamp>,
    },
    /// `initializing`, `insufficient-data`, `not-applicable` and whatever comes later.
    Unknown {
        status: String,
    },
}
