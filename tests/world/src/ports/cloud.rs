//! The world as the remedies see AWS: the ports that read the fleet and replace instances.
//!
//! It never shows what AWS's API would not, and changes nothing but through an action of the world.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use homeostat_core::aws::alarm::{AlarmReading, AlarmReadings, AlarmState, INSTANCE_DIMENSION};
use homeostat_core::aws::fleet::{
    Checks, Group, Launches, Lifecycle, Machine, Member, Resized, TargetHealth as Observation, TargetHealths,
};
use homeostat_core::aws::machines::StatusChecks;
use homeostat_core::aws::units::{Unit, Units};
use homeostat_core::id::{AlarmArn, GroupName, InstanceId, TargetGroupArn};
use homeostat_core::ports::{Clock, Outcome, Unavailable};
use homeostat_remedies::instance::{Fleet, Replace};
use jiff::{SignedDuration, Timestamp};

use super::clock::VirtualClock;
use super::lock;
use crate::activity::{Activity, ActivityKind, ActivityStatus};
use crate::alarm::Alarm;
use crate::group::{AutoScalingGroup, LaunchTemplate};
use crate::instance::{HealthStatus, Instance};
use crate::machine::{MachineStatus, StatusCheck};
use crate::mixed::{CapacityType, Mixed};
use crate::refusal::Refusal;
use crate::target_group::{Target, TargetGroup, TargetState};
use crate::world::World;

/// One page of `DescribeScalingActivities` (API reference, `MaxRecords`), and how many the real adapter reads.
const ACTIVITIES_A_PAGE: usize = 100;
const MOST_PAGES: usize = 20;

/// Clones share one world and one clock.
#[derive(Debug, Clone)]
pub struct Cloud {
    world: Arc<Mutex<World>>,
    clock: VirtualClock,
    acted_on: Arc<AtomicU64>,
}

impl Cloud {
    /// The world, under a clock that starts at its time and charges its pace for each call.
    pub fn over(world: World) -> Self {
        let clock = VirtualClock::starting_at(world.now(), world.pace().call);
        Cloud { world: Arc::new(Mutex::new(world)), clock, acted_on: Arc::default() }
    }

    pub fn clock(&self) -> &VirtualClock {
        &self.clock
    }

    /// Looks at the world, or acts on it, as it is now. Takes no time.
    pub fn with<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        self.acted_on.fetch_add(1, Ordering::Relaxed);
        look(&mut self.at(self.clock.now()))
    }

    /// The same for whoever only looks.
    pub fn see<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.at(self.clock.now()))
    }

    /// The same number as before = nothing happened, and nobody could have changed anything.
    pub fn revision(&self) -> u64 {
        self.see(World::happened) + self.acted_on.load(Ordering::Relaxed)
    }

    /// Lets time pass.
    pub fn pass(&self, duration: SignedDuration) {
        let now = self.clock.advance(duration);
        drop(self.at(now));
    }

    /// Lets time pass until `done` holds, from one event of the world to the next; `false` = it didn't until `deadline`.
    pub fn pass_until(&self, deadline: Timestamp, mut done: impl FnMut(&World) -> bool) -> bool {
        loop {
            let mut world = self.at(self.clock.now());
            if done(&world) {
                return true;
            }
            let Some(next) = world.next_event_at().filter(|next| *next <= deadline) else {
                world.step(self.clock.advance_to(deadline));
                return done(&world);
            };
            self.clock.advance_to(next);
        }
    }

    fn at(&self, now: Timestamp) -> MutexGuard<'_, World> {
        let mut world = lock(&self.world);
        world.step(now);
        world
    }

    /// One call that reads.
    pub(super) fn call(&self) -> MutexGuard<'_, World> {
        self.at(self.clock.call())
    }

    /// One call that may change something.
    pub(super) fn act(&self) -> MutexGuard<'_, World> {
        self.acted_on.fetch_add(1, Ordering::Relaxed);
        self.call()
    }
}

impl Fleet for Cloud {
    async fn groups(&self, names: &[GroupName]) -> Result<Vec<Group>, Unavailable> {
        let world = self.call();
        Ok(names.iter().filter_map(|name| Some(group(&world, world.group(name)?))).collect())
    }

    async fn group_of(&self, instance: &InstanceId) -> Result<Option<GroupName>, Unavailable> {
        let world = self.call();
        Ok(world.instance(instance).map(|member| member.group.clone()).filter(|name| world.group(name).is_some()))
    }

    async fn alarms(&self, arns: &[AlarmArn]) -> Result<AlarmReadings, Unavailable> {
        let world = self.call();
        let find = |arn: &AlarmArn| world.alarm(arn.alarm_name()).filter(|alarm| alarm.arn == *arn).map(alarm_seen);
        Ok(arns.iter().filter_map(|arn| Some((arn.clone(), Ok(find(arn)?)))).collect())
    }

    async fn alarms_in_alarm(&self) -> Result<Vec<AlarmReading>, Unavailable> {
        let world = self.call();
        let alarms = world.alarms_in(AlarmState::Alarm).map(alarm_seen);
        Ok(alarms.filter(|alarm| !alarm.instances.is_empty()).collect())
    }

    async fn target_health(&self, arn: &TargetGroupArn) -> Result<Option<TargetHealths>, Unavailable> {
        let world = self.call();
        let healths =
            |group: &TargetGroup| group.targets.iter().map(|(id, it)| (id.clone(), target_seen(it))).collect();
        Ok(world.target_group(arn).map(healths))
    }

    async fn launches(&self, name: &GroupName, back: SignedDuration) -> Result<Launches, Unavailable> {
        let mut world = self.call();
        if world.group(name).is_none() {
            let why = format!("ValidationError: Group {name} not found");
            return Err(Unavailable { doing: "read the group's activities".to_owned(), why });
        }
        let mut launches = Launches { none_listed: world.activities(name).next().is_none(), ..Launches::default() };
        let newest = world.activities(name).next().map(|newest| newest.started_at);
        let mut read = 0;
        for page in 1..=MOST_PAGES {
            for activity in world.activities(name).skip(read).take(ACTIVITIES_A_PAGE) {
                read += 1;
                launches.others_before = Some(activity.started_at);
                launches.changes.extend(resized(activity));
                if matches!(activity.kind, ActivityKind::Launch | ActivityKind::ExitStandby) {
                    let launched = activity.ended_at.unwrap_or(activity.started_at);
                    launches.known.entry(activity.instance.clone()).or_insert(launched);
                }
            }
            if world.activities(name).nth(read).is_none() {
                launches.others_before = None;
                break;
            }
            let goes_back = newest.zip(launches.others_before).map(|(newest, oldest)| newest.duration_since(oldest));
            if goes_back.is_some_and(|goes_back| goes_back >= back) || page == MOST_PAGES {
                break;
            }
            drop(world);
            world = self.call();
        }
        Ok(launches)
    }

    async fn refresh(&self, name: &GroupName) -> Result<Option<String>, Unavailable> {
        let world = self.call();
        let group = world.group(name).ok_or_else(|| Unavailable {
            doing: "read the group's refreshes".to_owned(),
            why: format!("ValidationError: Group {name} not found"),
        })?;
        let running = group.refreshes.iter().rev().find(|refresh| !refresh.status.is_over());
        Ok(running.map(|refresh| refresh.id.clone()))
    }
}

fn resized(activity: &Activity) -> Option<(Timestamp, Resized)> {
    let resized = match (activity.kind, activity.status) {
        (ActivityKind::EnterStandby | ActivityKind::ExitStandby | ActivityKind::EnterWarmPool, _) => return None,
        (ActivityKind::Launch, ActivityStatus::Successful) => Resized::More,
        (ActivityKind::Terminate, ActivityStatus::Successful) => Resized::Fewer,
        (ActivityKind::Terminate, ActivityStatus::Failed | ActivityStatus::Cancelled) => return None,
        (ActivityKind::FailedLaunch, ActivityStatus::Failed) => Resized::FailedLaunch,
        (ActivityKind::Launch | ActivityKind::FailedLaunch | ActivityKind::Terminate, _) => Resized::Pending,
    };
    Some((activity.ended_at.unwrap_or(activity.started_at), resized))
}

impl StatusChecks for Cloud {
    async fn machines(&self, instances: &[InstanceId]) -> Result<BTreeMap<InstanceId, Machine>, Unavailable> {
        let world = self.call();
        let status = |id: &InstanceId| {
            let events = world.machine(id).map(|machine| machine.scheduled_events.as_slice()).unwrap_or_default();
            let ends_at = events.iter().map(|event| event.not_before).min();
            let started_at = world.machine(id).map(|machine| machine.started_at);
            Some((id.clone(), Machine { ends_at, started_at, ..machine_seen(world.machine_status(id)?) }))
        };
        Ok(instances.iter().filter_map(status).collect())
    }

    async fn interruption(&self, instance: &InstanceId) -> Result<Option<Timestamp>, Unavailable> {
        let world = self.call();
        let request = world.machine(instance).and_then(|machine| machine.spot.as_ref());
        let taken_back = request.filter(|request| request.status == crate::SpotStatus::InstanceTerminatedNoCapacity);
        Ok(taken_back.map(|request| request.updated_at))
    }
}

impl Replace for Cloud {
    async fn replace(&self, instance: &InstanceId) -> Outcome {
        match self.act().terminate_instance(instance, false) {
            Ok(_) => Outcome::Done,
            Err(Refusal::NoManagedInstance { .. }) => Outcome::AlreadyDone,
            Err(Refusal::ScalingActivityInProgress) => {
                Outcome::Unknown { why: Refusal::ScalingActivityInProgress.to_string() }
            }
            Err(refusal) => Outcome::Refused { why: refusal.to_string() },
        }
    }

    async fn mark_unhealthy(&self, instance: &InstanceId) -> Outcome {
        match self.act().set_instance_health(instance, HealthStatus::Unhealthy, true) {
            Ok(()) => Outcome::Unknown { why: "accepted; it counts once the group shows it".to_owned() },
            Err(Refusal::NoManagedInstance { .. }) => Outcome::AlreadyDone,
            Err(refusal) => Outcome::Refused { why: refusal.to_string() },
        }
    }
}

fn group(world: &World, group: &AutoScalingGroup) -> Group {
    let settings = &group.settings;
    let unit = unit(&settings.mixed);
    let members = world.members(&settings.name).take(group.shown.unwrap_or(usize::MAX)).map(|instance| Member {
        id: instance.id.clone(),
        lifecycle: Lifecycle(instance.lifecycle.as_str().to_owned()),
        healthy: instance.health == HealthStatus::Healthy,
        protected: instance.protected_from_scale_in,
        units: match unit {
            Unit::Instances => Some(Units::ONE_INSTANCE),
            _ => instance.launched_as.shown_weight().map(Units::new),
        },
        launched_from: Some(source_of(group, instance)),
    });
    Group {
        name: settings.name.clone(),
        desired: Units::new(settings.desired),
        unit,
        members: members.collect(),
        target_groups: settings.target_groups.clone(),
        grace: settings.grace,
        suspended: group.suspended.keys().map(|process| process.as_str().to_owned()).collect(),
        launches_first: settings.maintenance.is_some_and(|policy| policy.min_healthy >= 100),
        rebalances: settings.rebalances,
        launches_from: group.launches_from().iter().map(written).collect(),
        status: group.status().map(str::to_owned),
        tags: settings.tags.clone(),
    }
}

fn unit(mixed: &Mixed) -> Unit {
    match mixed.capacity {
        CapacityType::Units if mixed.overrides.iter().any(|of| of.weight.is_some()) => Unit::Weights,
        CapacityType::Units => Unit::Instances,
        CapacityType::Vcpu => Unit::Vcpus,
        CapacityType::MemoryMib => Unit::Mebibytes,
    }
}

pub(super) fn source_of(group: &AutoScalingGroup, instance: &Instance) -> String {
    written(&group.template_of(instance.launched_as, instance.launch_template_version))
}

fn written(template: &LaunchTemplate) -> String {
    format!("{}:{}", template.id, template.version)
}

fn machine_seen(status: MachineStatus) -> Machine {
    let named = [("system", status.system), ("instance", status.instance), ("attached EBS", status.attached_ebs)];
    let impaired = named.iter().filter_map(|(name, check)| match check {
        StatusCheck::Impaired { since } => Some((*name, *since)),
        _ => None,
    });
    let (names, since): (Vec<&str>, Vec<Timestamp>) = impaired.unzip();
    let unsure = named.iter().find(|(_, check)| *check != StatusCheck::Ok);
    let checks = match (since.iter().min(), unsure) {
        (Some(since), _) => Checks::Impaired { checks: names.join(" and "), since: Some(*since) },
        (None, Some((_, check))) => Checks::Unknown { status: check.as_str().to_owned() },
        (None, None) => Checks::Passed,
    };
    Machine { state: status.state.as_str().to_owned(), checks, started_at: None, ends_at: None }
}

pub(super) fn alarm_seen(alarm: &Alarm) -> AlarmReading {
    let named = alarm.metric.dimensions.get(INSTANCE_DIMENSION).and_then(|id| id.parse().ok());
    AlarmReading {
        arn: alarm.arn.clone(),
        state: alarm.standing.state,
        since: alarm.standing.since,
        reason: alarm.standing.reason.clone(),
        actions_enabled: alarm.actions_enabled,
        instances: named.into_iter().collect(),
    }
}

pub(super) fn target_seen(target: &Target) -> Observation {
    match target.state {
        TargetState::Healthy => Observation::Healthy,
        TargetState::Initial => Observation::Initial,
        TargetState::Unhealthy => {
            Observation::Unhealthy { reason: target.reason().map(|(code, _)| code.to_owned()).unwrap_or_default() }
        }
        TargetState::Draining | TargetState::Unused => Observation::Other { state: target.state.as_str().to_owned() },
    }
}
