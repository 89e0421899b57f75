//! What was observed of a group, its alarm and its targets, in AWS's own terms.
//!
//! This module never holds a vendor's type, and a fact that was not seen is absent, never a default.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::units::{Unit, Units};
use crate::id::{AlarmArn, GroupName, InstanceId, TargetGroupArn};
use crate::memory::{AlarmMemory, LaunchedFrom, Launching, Source, template_of};

/// The first look: what can be read before the ledger has said anything.
#[derive(Debug, Clone)]
pub struct Glance {
    pub groups: Vec<Group>,
    /// The alarm's change that led here: no reading that is older counts.
    pub change: Option<AlarmMemory>,
}

/// All that a decision about an instance rests on. The real world may have changed since.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub group: Option<Group>,
    /// Each alarm that spoke of the subject, as it is now; `None` = there is none of that name.
    pub alarms: BTreeMap<AlarmArn, Read<Option<AlarmSeen>>>,
    pub targets: BTreeMap<TargetGroupArn, TargetHealths>,
    /// Target groups of the group that don't exist.
    pub gone: Vec<TargetGroupArn>,
    pub launches: Launches,
    /// What EC2 says of the members; one that is not there was not told of.
    pub machines: BTreeMap<InstanceId, Machine>,
    /// The group's instance refresh that is running.
    pub refresh: Option<String>,
    /// All alarms in ALARM that name instances; read only where the alarm is the only evidence, and for a whole group.
    pub in_alarm: Vec<AlarmSeen>,
    /// They could not be listed, and something else is evidence too.
    pub is_unlisted: bool,
    /// When EC2 gave notice that it takes the Spot Instance back; read only where that was announced.
    pub interruption: Option<Timestamp>,
}

impl Seen {
    /// The alarm as it is now, if it exists and could be read.
    pub fn alarm(&self, arn: &AlarmArn) -> Option<&AlarmSeen> {
        self.alarms.get(arn)?.as_ref().ok()?.as_ref()
    }

    /// Whether the member takes its part of the load: in service, healthy for Auto Scaling, and for every target group.
    pub fn serves(&self, member: &Member) -> bool {
        member.lifecycle.is_in_service()
            && member.healthy
            && self.targets.values().all(|targets| targets.get(&member.id) == Some(&TargetHealth::Healthy))
    }

    /// The latest moment at which the instance can have begun to boot. One that was stopped and started again boots once more, and its
    /// group has no record of that.
    pub fn started(&self, id: &InstanceId) -> Option<Timestamp> {
        self.launches.by(id).max(self.machines.get(id).and_then(|machine| machine.started_at))
    }

    /// What the group launches from. What `$Latest` and `$Default` are now, the newest member of that launch template shows.
    pub fn launching(&self) -> Launching {
        let Some(group) = &self.group else { return Launching::default() };
        let mut source = Source::of(group.launches_from.iter().cloned());
        let mut newest = BTreeMap::new();
        let templates: Vec<String> = source.open_templates().map(str::to_owned).collect();
        for template in templates {
            let of_it = group.members.iter().filter_map(|member| {
                let from = member.launched_from.as_ref().filter(|from| template_of(from) == template)?;
                Some((*self.launches.known.get(&member.id)?, from))
            });
            if let Some((at, from)) = of_it.max_by_key(|(at, _)| *at) {
                source.came_to.insert(template.clone(), from.clone());
                newest.insert(template, at);
            }
        }
        Launching { source, newest }
    }

    /// Whether the member is in service and doesn't serve for a reason other than being sick: its first health checks are
    /// awaited, or fail while it may still be booting; somebody drains it; Auto Scaling has marked it and will replace it.
    pub fn is_out(&self, member: &Member, now: Timestamp, grace: SignedDuration) -> bool {
        let no_verdict = self.targets.values().any(|targets| match targets.get(&member.id) {
            None | Some(TargetHealth::Initial | TargetHealth::Other { .. }) => true,
            Some(TargetHealth::Healthy | TargetHealth::Unhealthy { .. }) => false,
        });
        let booting = || self.started(&member.id).is_some_and(|started| now < started + grace);
        !member.healthy || no_verdict || (!self.serves(member) && booting())
    }
}

/// When a group's members were launched, as far as the records that were read tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Launches {
    pub known: BTreeMap<InstanceId, Timestamp>,
    /// Where older records were left unread: whatever is not known was launched before this.
    pub others_before: Option<Timestamp>,
}

impl Launches {
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

/// What was read, or why it was not.
pub type Read<T> = Result<T, String>;

/// Those of the alarms that were asked for, each as read. One that is not there doesn't exist: that is an answer.
pub type AlarmsSeen = BTreeMap<AlarmArn, Read<AlarmSeen>>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmSeen {
    pub arn: AlarmArn,
    pub state: AlarmState,
    pub since: Timestamp,
    pub reason: String,
    pub actions_enabled: bool,
    /// The instances that its metrics name.
    pub instances: Vec<InstanceId>,
}

impl AlarmSeen {
    /// The one instance that it speaks for.
    pub fn instance(&self) -> Option<&InstanceId> {
        match self.instances.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }

    /// In ALARM, and nobody has switched off what it does.
    pub fn may_act(&self) -> bool {
        self.state == AlarmState::Alarm && self.actions_enabled
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlarmState {
    Alarm,
    Ok,
    InsufficientData,
}

impl std::fmt::Display for AlarmState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            AlarmState::Alarm => "ALARM",
            AlarmState::Ok => "OK",
            AlarmState::InsufficientData => "INSUFFICIENT_DATA",
        })
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
