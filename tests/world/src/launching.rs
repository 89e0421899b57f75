//! How a group gets instances: where it launches them, what they come with, and what becomes of a launch that fails.
//!
//! This module never decides how many there should be, but for holding a group against its desired capacity.

use std::collections::BTreeMap;

use homeostat_core::id::{GroupName, InstanceId};

use crate::activity::{ActivityKind, ActivityStatus};
use crate::agenda::Due;
use crate::breaking::Flaw;
use crate::group::{GroupSettings, Shortage};
use crate::instance::{App, HealthStatus, Instance};
use crate::journey::Journey;
use crate::lifecycle::LifecycleState;
use crate::machine::{InstanceState, Machine};
use crate::metric::Metric;
use crate::scaling::alarm_name;
use crate::spot::SpotRequest;
use crate::suspending::Process;
use crate::world::World;

/// Instance types are not modelled, but AWS's words for a lack of capacity name one.
const INSTANCE_TYPE: &str = "m5.large";

/// As users report it of a target group that was deleted while it was attached.
const TARGET_GROUP_GONE: &str = "One or more target groups not found. Validating load balancer configuration failed.";

/// How often the time to the next try doubles.
const MOST_DOUBLINGS: u32 = 4;

impl World {
    /// Launches what the group lacks, unless it is being deleted or its `Launch` is suspended.
    pub(crate) fn replenish(&mut self, name: &GroupName, shortage: Shortage) {
        let Some(group) = self.groups.get(name) else { return };
        if group.deleting || group.is_suspended(Process::Launch) {
            return;
        }
        let desired = group.settings.desired;
        loop {
            let before = self.capacity(name);
            if before >= desired {
                break;
            }
            let launched = self
                .take_from_pool(name, &cause(shortage, before, desired))
                .or_else(|| self.launch_somewhere_from(name, shortage, before));
            if launched.is_none() {
                self.retry_later(name, shortage);
                return;
            }
        }
        self.refill_pool(name);
    }

    /// One more than there are, as a replacement launched before its predecessor is terminated.
    pub(crate) fn launch_somewhere(&mut self, name: &GroupName, shortage: Shortage) -> Option<InstanceId> {
        let before = self.capacity(name);
        self.launch_somewhere_from(name, shortage, before)
    }

    pub(crate) fn retry_launch(&mut self, name: &GroupName, shortage: Shortage) {
        if let Some(group) = self.groups.get_mut(name) {
            group.retry_scheduled = false;
            self.replenish(name, shortage);
        }
    }

    pub(crate) fn retry_later(&mut self, name: &GroupName, shortage: Shortage) {
        let Some(group) = self.groups.get_mut(name).filter(|group| !group.retry_scheduled) else { return };
        group.retry_scheduled = true;
        let wait = self.pace.launch_retry * 2_i32.pow(group.failed_launches.min(MOST_DOUBLINGS));
        group.failed_launches = group.failed_launches.saturating_add(1);
        self.agenda.schedule(self.now + wait, Due::RetryLaunch(name.clone(), shortage));
    }

    /// The zones of those that count, once for each.
    fn taken_zones(&self, name: &GroupName) -> Vec<String> {
        self.members(name).filter(|member| member.counts()).map(|member| member.zone.clone()).collect()
    }

    /// In the zone with the fewest members, the first of them where several have as few; where that has no capacity, in
    /// the next (EC2 Auto Scaling User Guide, "Availability Zone distribution").
    fn launch_somewhere_from(&mut self, name: &GroupName, shortage: Shortage, before: u32) -> Option<InstanceId> {
        let settings = self.groups.get(name)?.settings.clone();
        let taken = self.taken_zones(name);
        let mut zones = settings.zones.clone();
        zones.sort_by_key(|zone| taken.iter().filter(|taken| *taken == zone).count());
        let cause = cause(shortage, before, settings.desired);
        let attached = &settings.target_groups;
        if attached.iter().any(|arn| !self.target_groups.contains_key(arn))
            && let Some(zone) = zones.first()
        {
            self.fail_launch(&settings, zone.clone(), &cause, TARGET_GROUP_GONE);
            return None;
        }
        for zone in zones {
            if self.has_capacity(name, &zone) {
                if let Some(group) = self.groups.get_mut(name) {
                    group.failed_launches = 0;
                }
                return Some(self.launch(&settings, zone, &cause));
            }
            let message = no_capacity(&zone);
            self.fail_launch(&settings, zone, &cause, &message);
        }
        None
    }

    fn launch(&mut self, settings: &GroupSettings, zone: String, cause: &str) -> InstanceId {
        let instance = self.new_instance(settings, zone);
        let id = instance.id.clone();
        self.agenda.schedule(self.now + self.pace.running_after, Due::Running(id.clone()));
        self.agenda.schedule(instance.answers_from, Due::Publish(id.clone()));
        if let Some(Flaw::DiesAfter(lifetime)) = self.flaw(settings) {
            self.agenda.schedule(self.now + lifetime, Due::AppDies(id.clone()));
        }
        self.begin(ActivityKind::Launch, &instance, cause);
        self.members.entry(instance.group.clone()).or_default().insert(id.clone());
        self.instances.insert(id.clone(), instance);
        self.schedule_answer(&id);
        if let Some(alarm) = &settings.launch_automation {
            let metric = Metric::of_instance(&alarm.namespace, &alarm.metric, &id);
            // A rule that the model lacks was refused when the group was added.
            _ = self.add_alarm(&alarm_name(&settings.name, &id), metric, alarm.rule.clone());
        }
        id
    }

    fn new_instance(&mut self, settings: &GroupSettings, zone: String) -> Instance {
        let app = if self.flaw(settings) == Some(Flaw::NeverAnswers) { App::Dead } else { App::Well };
        let id = self.ids.instance();
        Instance {
            spot: settings.spot.then(|| SpotRequest::fulfilled(&id, self.now)),
            id,
            private_ip: self.ids.private_ip(),
            tags: BTreeMap::new(),
            in_flight: 0,
            group: settings.name.clone(),
            zone,
            lifecycle: LifecycleState::Pending,
            health: HealthStatus::Healthy,
            app,
            machine: Machine::Well,
            machine_since: self.now,
            state: InstanceState::Pending,
            scheduled_events: Vec::new(),
            launch_template_version: settings.launch_template_version,
            launched_as: self.next_override(&settings.name),
            protected_from_scale_in: settings.new_instances_protected,
            launched_at: self.now,
            started_at: self.now,
            answers_from: self.now + self.pace.answers_after,
            in_service_at: None,
            replacement: None,
            journey: Some(Journey::Ec2ToGroup),
            unhealthy_by: None,
            terminated_at: None,
            publishes_to: None,
        }
    }

    fn fail_launch(&mut self, settings: &GroupSettings, zone: String, cause: &str, message: &str) {
        let never_was = self.new_instance(settings, zone);
        self.begin(ActivityKind::FailedLaunch, &never_was, cause);
        if let Some(activity) = self.activities.last_mut() {
            activity.status = ActivityStatus::Failed;
            activity.status_message = Some(message.to_owned());
            activity.ended_at = Some(self.now);
        }
    }
}

/// As users report it: the message tells the zone that was asked, and that it was this launch that failed.
fn no_capacity(zone: &str) -> String {
    format!(
        "Could not launch On-Demand Instances. InsufficientInstanceCapacity - We currently do not have sufficient \
         {INSTANCE_TYPE} capacity in the Availability Zone you requested ({zone}). Our system will be working on \
         provisioning additional capacity. Launching EC2 instance failed."
    )
}

fn cause(shortage: Shortage, before: u32, desired: u32) -> String {
    match shortage {
        Shortage::Unhealthy => {
            "an instance was launched in response to an unhealthy instance needing to be replaced.".to_owned()
        }
        // Not AWS's words, which are on no page.
        Shortage::WarmPool => "an instance was started to refill the WarmPool.".to_owned(),
        Shortage::Capacity => format!(
            "an instance was started in response to a difference between desired and actual capacity, increasing the \
             capacity from {before} to {desired}."
        ),
    }
}
