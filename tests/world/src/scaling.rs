//! What an Auto Scaling group does: keeps its desired capacity, replaces what is unhealthy, balances over zones.
//!
//! This module never scales: desired capacity stays what it was. Hooks, Standby, suspended processes, refreshes and
//! maintenance policies are not modelled.

use homeostat_core::id::{GroupName, InstanceId};
use jiff::Timestamp;

use crate::activity::{Activity, ActivityKind, ActivityStatus};
use crate::agenda::Due;
use crate::group::{GroupSettings, HealthCheckType, Shortage};
use crate::instance::{App, HealthStatus, Instance, LifecycleState};
use crate::metric::Metric;
use crate::refusal::Refusal;
use crate::target_group::{Target, TargetState};
use crate::world::World;

impl World {
    /// `TerminateInstanceInAutoScalingGroup`: answers with the activity that it starts (API reference).
    ///
    /// What AWS answers for an instance on its way in or out is on no page. Of the two errors that the API reference
    /// lists, `ScalingActivityInProgress` is the one that users report for it (keikoproj/upgrade-manager issue 77).
    ///
    /// # Errors
    /// [`Refusal`]: an instance in no group, one that is not `InService`, or `decrement`, which is not modelled.
    pub fn terminate_instance(&mut self, id: &InstanceId, decrement: bool) -> Result<Activity, Refusal> {
        if decrement {
            return Err(Refusal::not_modelled(
                "TerminateInstanceInAutoScalingGroup with ShouldDecrementDesiredCapacity",
            ));
        }
        match self.instances.get(id).map(|instance| instance.lifecycle) {
            None => Err(Refusal::NoManagedInstance { id: id.clone() }),
            Some(LifecycleState::Pending | LifecycleState::Terminating) => Err(Refusal::ScalingActivityInProgress),
            Some(LifecycleState::InService) => {
                let cause = format!("instance {id} was taken out of service in response to a user request.");
                let activity = self.terminate(id, &cause, Shortage::Capacity);
                activity.ok_or_else(|| Refusal::NoManagedInstance { id: id.clone() })
            }
        }
    }

    /// Launches what the group lacks, each in the zone with the fewest members (EC2 Auto Scaling User Guide, "Availability
    /// Zone distribution"); where several have as few, in the first of them.
    pub(crate) fn replenish(&mut self, name: &GroupName, shortage: Shortage) {
        let Some(settings) = self.groups.get(name).map(|group| group.settings.clone()) else { return };
        let staying = |world: &World| -> Vec<String> {
            let members = world.members(name).filter(|member| member.lifecycle != LifecycleState::Terminating);
            members.map(|member| member.zone.clone()).collect()
        };
        let before = staying(self).len();
        loop {
            let taken = staying(self);
            if taken.len() >= usize::try_from(settings.desired).unwrap_or(usize::MAX) {
                return;
            }
            let members_in = |zone: &String| taken.iter().filter(|taken| *taken == zone).count();
            let Some(zone) = settings.zones.iter().min_by_key(|zone| members_in(zone)) else { return };
            let cause = match shortage {
                Shortage::Unhealthy => {
                    "an instance was launched in response to an unhealthy instance needing to be replaced.".to_owned()
                }
                Shortage::Capacity => format!(
                    "an instance was started in response to a difference between desired and actual capacity, \
                     increasing the capacity from {before} to {}.",
                    settings.desired
                ),
            };
            self.launch(&settings, zone.clone(), &cause);
        }
    }

    fn launch(&mut self, settings: &GroupSettings, zone: String, cause: &str) {
        let id = self.ids.instance();
        let instance = Instance {
            id: id.clone(),
            group: settings.name.clone(),
            zone,
            lifecycle: LifecycleState::Pending,
            health: HealthStatus::Healthy,
            app: App::Well,
            launched_at: self.now,
            answers_from: self.now + self.pace.answers_after,
            in_service_at: None,
        };
        self.agenda.schedule(self.now + self.pace.running_after, Due::Running(id.clone()));
        self.agenda.schedule(instance.answers_from, Due::Publish(id.clone()));
        self.begin(ActivityKind::Launch, &instance, cause);
        self.instances.insert(id.clone(), instance);
        if let Some(alarm) = &settings.launch_automation {
            let metric = Metric::of_instance(&alarm.namespace, &alarm.metric, &id);
            // A rule that the model lacks was refused when the group was added.
            _ = self.add_alarm(&alarm_name(&settings.name, &id), metric, alarm.rule.clone());
        }
    }

    /// The instance runs: it is registered with the load balancer and enters service, whatever its application does (EC2
    /// Auto Scaling User Guide, "Amazon EC2 Auto Scaling instance lifecycle"); the grace period starts.
    pub(crate) fn running(&mut self, id: &InstanceId) {
        let now = self.now;
        let Some(instance) = self.instances.get_mut(id) else { return };
        instance.lifecycle = LifecycleState::InService;
        instance.in_service_at = Some(now);
        let group = instance.group.clone();
        self.set_status(ActivityKind::Launch, id, ActivityStatus::Successful);
        for arn in self.groups.get(&group).map(|group| group.settings.target_groups.clone()).unwrap_or_default() {
            if let Some(target_group) = self.target_groups.get_mut(&arn) {
                target_group.targets.insert(id.clone(), Target::registered(now));
                self.agenda.schedule(now + self.pace.target_check_every, Due::CheckTarget(arn, id.clone()));
            }
        }
    }

    /// Takes an instance out: first it drains, then EC2 terminates it (Elastic Load Balancing, "Deregistration delay");
    /// the group notices meanwhile that it is short. Default order: terminate, then launch (EC2 Auto Scaling User Guide,
    /// "Instance maintenance policies").
    fn terminate(&mut self, id: &InstanceId, cause: &str, shortage: Shortage) -> Option<Activity> {
        let instance = self.instances.get_mut(id)?;
        instance.lifecycle = LifecycleState::Terminating;
        let instance = instance.clone();
        let begun = self.begin(ActivityKind::Terminate, &instance, cause);
        let targets = self.target_groups.values_mut().filter_map(|target_group| target_group.targets.get_mut(id));
        let draining = targets.map(|target| target.state = TargetState::Draining).count() > 0;
        if draining {
            self.set_status(ActivityKind::Terminate, id, ActivityStatus::WaitingForElbConnectionDraining);
            self.agenda.schedule(self.now + self.pace.deregistration_delay, Due::Drained(id.clone()));
        } else {
            self.agenda.schedule(self.now + self.pace.shut_down, Due::Terminated(id.clone()));
        }
        let notice = match shortage {
            Shortage::Capacity => self.pace.notice,
            Shortage::Unhealthy => self.pace.replace_unhealthy,
        };
        self.agenda.schedule(self.now + notice, Due::Replenish(instance.group, shortage));
        Some(begun)
    }

    pub(crate) fn drained(&mut self, id: &InstanceId) {
        for target_group in self.target_groups.values_mut() {
            target_group.targets.remove(id);
        }
        self.set_status(ActivityKind::Terminate, id, ActivityStatus::InProgress);
        self.agenda.schedule(self.now + self.pace.shut_down, Due::Terminated(id.clone()));
    }

    pub(crate) fn terminated(&mut self, id: &InstanceId) {
        self.instances.remove(id);
        self.set_status(ActivityKind::Terminate, id, ActivityStatus::Successful);
    }

    /// A target became unhealthy. A group of type ELB asks about it once the grace period is over; one of type EC2 never
    /// does (EC2 Auto Scaling User Guide, "Health checks for instances in an Auto Scaling group").
    pub(crate) fn target_became_unhealthy(&mut self, id: &InstanceId) {
        let Some(instance) = self.instances.get(id) else { return };
        let Some(group) = self.groups.get(&instance.group) else { return };
        if group.settings.health_check == HealthCheckType::Elb {
            let graced = instance.in_service_at.map_or(self.now, |since| since + group.settings.grace);
            let at = self.now.max(graced) + self.pace.mark_unhealthy;
            self.agenda.schedule(at, Due::AskLoadBalancer(id.clone()));
        }
    }

    pub(crate) fn ask_load_balancer(&mut self, id: &InstanceId) {
        let in_service = |instance: &&mut Instance| instance.lifecycle == LifecycleState::InService;
        let Some(instance) = self.instances.get_mut(id).filter(in_service) else { return };
        let mut targets = self.target_groups.values().filter_map(|target_group| target_group.targets.get(id));
        // An instance once marked stays marked: "it never automatically recovers its health" (same page).
        let marked = instance.health == HealthStatus::Unhealthy;
        if !marked && !targets.any(|target| target.state == TargetState::Unhealthy) {
            return;
        }
        instance.health = HealthStatus::Unhealthy;
        let group = instance.group.clone();
        if self.may_replace(&group) {
            let cause = "an instance was taken out of service in response to an ELB system health check failure.";
            self.terminate(id, cause, Shortage::Unhealthy);
        } else {
            self.agenda.schedule(self.now + self.pace.mark_unhealthy, Due::AskLoadBalancer(id.clone()));
        }
    }

    /// At most a tenth of the desired capacity at a time, and one by one in a small group (EC2 Auto Scaling User Guide,
    /// "Health checks for instances in an Auto Scaling group", "How Amazon EC2 Auto Scaling minimizes downtime").
    fn may_replace(&self, name: &GroupName) -> bool {
        let Some(group) = self.groups.get(name) else { return false };
        let in_service = self.members(name).filter(|member| member.lifecycle == LifecycleState::InService).count();
        let out = group.settings.desired.saturating_sub(u32::try_from(in_service).unwrap_or(u32::MAX));
        out < (group.settings.desired / 10).max(1)
    }

    fn begin(&mut self, kind: ActivityKind, instance: &Instance, cause: &str) -> Activity {
        let activity = Activity {
            id: self.ids.uuid(),
            group: instance.group.clone(),
            kind,
            instance: instance.id.clone(),
            zone: instance.zone.clone(),
            cause: format!("At {} {cause}", whole_seconds(self.now)),
            started_at: self.now,
            ended_at: None,
            status: ActivityStatus::InProgress,
        };
        self.activities.push(activity.clone());
        activity
    }

    fn set_status(&mut self, kind: ActivityKind, id: &InstanceId, status: ActivityStatus) {
        let mut newest_first = self.activities.iter_mut().rev();
        if let Some(activity) = newest_first.find(|activity| activity.kind == kind && activity.instance == *id) {
            activity.status = status;
            activity.ended_at = (status == ActivityStatus::Successful).then_some(self.now);
        }
    }
}

/// What a launch automation calls the alarm of an instance.
pub fn alarm_name(group: &GroupName, id: &InstanceId) -> String {
    format!("{group}-{id}-failing")
}

/// As in the text of a cause: `2022-06-14T00:07:30Z`.
fn whole_seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
