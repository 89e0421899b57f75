//! How a group lets instances go, and the record of what it did.
//!
//! This module never scales by itself: desired capacity stays what it was unless a caller sets it.

use homeostat_core::id::{GroupName, InstanceId};
use jiff::{SignedDuration, Timestamp};

use crate::action::ActionEnd;
use crate::activity::{Activity, ActivityKind, ActivityStatus};
use crate::agenda::Due;
use crate::group::Shortage;
use crate::instance::Instance;
use crate::journey::Journey;
use crate::lifecycle::LifecycleState;
use crate::machine::InstanceState;
use crate::refusal::Refusal;
use crate::work::LossReason;
use crate::world::World;

impl World {
    /// `TerminateInstanceInAutoScalingGroup`: answers with the activity that it starts (API reference).
    ///
    /// It works although `Terminate` is suspended: what is suspended is what the group does by itself, and an older edition
    /// of the EC2 Auto Scaling User Guide, "Suspending and resuming scaling processes", recommends this very call for that
    /// time. Nor does an instance maintenance policy govern it: that is for what the group replaces by itself.
    ///
    /// What AWS answers for an instance on its way in or out is on no page. Of the two errors that the API reference
    /// lists, `ScalingActivityInProgress` is the one that users report for it (keikoproj/upgrade-manager issue 77).
    ///
    /// # Errors
    /// [`Refusal`]: an instance in no group, one that is neither `InService` nor retained, one in a warm pool ("This operation cannot be
    /// called on instances in a warm pool"), or what is not modelled: `decrement`, and instances in other states.
    pub fn terminate_instance(&mut self, id: &InstanceId, decrement: bool) -> Result<Activity, Refusal> {
        if decrement {
            return Err(Refusal::not_modelled(
                "TerminateInstanceInAutoScalingGroup with ShouldDecrementDesiredCapacity",
            ));
        }
        let instance = self.instances.get(id).ok_or_else(|| Refusal::NoManagedInstance { id: id.clone() })?;
        match instance.lifecycle {
            LifecycleState::InService | LifecycleState::TerminatingRetained => {
                let cause = format!("instance {id} was taken out of service in response to a user request.");
                let activity = self.terminate(id, &cause, Shortage::Capacity);
                activity.ok_or_else(|| Refusal::NoManagedInstance { id: id.clone() })
            }
            warm if warm.is_warm() => {
                Err(Refusal::Invalid { why: format!("Instance {id} is in a warm pool and can't be terminated") })
            }
            LifecycleState::Pending
            | LifecycleState::PendingWait
            | LifecycleState::PendingProceed
            | LifecycleState::EnteringStandby
            | LifecycleState::Terminating
            | LifecycleState::TerminatingWait
            | LifecycleState::TerminatingProceed => Err(Refusal::ScalingActivityInProgress),
            other => Err(Refusal::not_modelled(format!("TerminateInstanceInAutoScalingGroup in {}", other.as_str()))),
        }
    }

    /// Takes an instance out: first it drains, then hooks may hold it, then EC2 terminates it ("the terminating instance is
    /// first deregistered from the load balancer", an older edition of the EC2 Auto Scaling User Guide, "Lifecycle hooks").
    /// The group notices meanwhile that it is short.
    pub(crate) fn terminate(&mut self, id: &InstanceId, cause: &str, shortage: Shortage) -> Option<Activity> {
        let instance = self.instances.get_mut(id)?;
        let (retained, pooled) = (instance.lifecycle.is_retained(), instance.lifecycle.is_warm());
        instance.lifecycle = if pooled { LifecycleState::WarmedTerminating } else { LifecycleState::Terminating };
        instance.journey = Some(if pooled { Journey::WarmPoolToEc2 } else { Journey::GroupToEc2 });
        let instance = instance.clone();
        // What held it on its way in, or would still hold it, does so no more.
        self.end_actions(id, ActionEnd::InstanceGone);
        let begun = self.begin(ActivityKind::Terminate, &instance, cause);
        if retained {
            // It met its hooks before; on no page whether it would meet them again.
            self.shut_down(id, instance.lifecycle);
        } else if self.drain(id) {
            self.set_status(ActivityKind::Terminate, id, ActivityStatus::WaitingForElbConnectionDraining);
            self.agenda.schedule(self.now + self.pace.deregistration_delay, Due::Drained(id.clone()));
        } else {
            self.drained(id);
        }
        let notice = match shortage {
            Shortage::Capacity | Shortage::WarmPool => self.pace.notice,
            Shortage::Unhealthy => self.pace.replace_unhealthy,
        };
        self.agenda.schedule(self.now + notice, Due::Replenish(instance.group, shortage));
        self.replacement_leaves(id);
        Some(begun)
    }

    pub(crate) fn drained(&mut self, id: &InstanceId) {
        // One that was sent elsewhere while it drained has drained twice over.
        let further = |instance: &Instance| instance.lifecycle.is_held() || instance.lifecycle.is_retained();
        let leaving = |instance: &&Instance| instance.state != InstanceState::ShuttingDown && !further(instance);
        let Some(instance) = self.instances.get(id).filter(leaving) else { return };
        let journey = instance.journey.unwrap_or(Journey::GroupToEc2);
        let pooled = journey == Journey::WarmPoolToEc2;
        let lifecycle = if pooled { LifecycleState::WarmedTerminating } else { LifecycleState::Terminating };
        self.deregister(id);
        self.set_status(ActivityKind::Terminate, id, ActivityStatus::InProgress);
        if self.hold(id, journey) {
            return;
        }
        if journey == Journey::GroupToWarmPool {
            return self.enter_pool(id);
        }
        let lingers = self.lingers(id);
        if lingers.is_positive() {
            self.set_leaving(id, LifecycleState::TerminatingWait, None);
            self.agenda.schedule(self.now + lingers, Due::HookDone(id.clone()));
        } else {
            self.shut_down(id, lifecycle);
        }
    }

    fn lingers(&self, id: &InstanceId) -> SignedDuration {
        let group = self.instances.get(id).and_then(|instance| self.groups.get(&instance.group));
        group.map(|group| group.settings.termination_lingers).unwrap_or_default()
    }

    pub(crate) fn hook_done(&mut self, id: &InstanceId) {
        let leaving = |instance: &Instance| instance.state != InstanceState::ShuttingDown;
        if self.instances.get(id).is_some_and(leaving) {
            self.shut_down(id, LifecycleState::TerminatingProceed);
        }
    }

    pub(crate) fn shut_down(&mut self, id: &InstanceId, lifecycle: LifecycleState) {
        self.lose_work(id, LossReason::ShutDown);
        self.set_leaving(id, lifecycle, Some(InstanceState::ShuttingDown));
        self.agenda.schedule(self.now + self.pace.shut_down, Due::Terminated(id.clone()));
    }

    fn set_leaving(&mut self, id: &InstanceId, lifecycle: LifecycleState, state: Option<InstanceState>) {
        if let Some(instance) = self.instances.get_mut(id) {
            instance.lifecycle = lifecycle;
            instance.state = state.unwrap_or(instance.state);
        }
    }

    pub(crate) fn terminated(&mut self, id: &InstanceId) {
        if let Some(instance) = self.instances.remove(id) {
            let group = instance.group.clone();
            if let Some(members) = self.members.get_mut(&group) {
                members.remove(id);
            }
            let mut gone = Instance { state: InstanceState::Terminated, terminated_at: Some(self.now), ..instance };
            gone.spot_gone(self.now);
            self.gone.insert(id.clone(), gone);
            self.leave_targets_behind(id);
            self.forget_if_deleted(&group);
        }
        self.set_status(ActivityKind::Terminate, id, ActivityStatus::Successful);
    }

    pub(crate) fn begin(&mut self, kind: ActivityKind, instance: &Instance, cause: &str) -> Activity {
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
            status_message: None,
        };
        self.activities.push(activity.clone());
        activity
    }

    pub(crate) fn set_status(&mut self, kind: ActivityKind, id: &InstanceId, status: ActivityStatus) {
        let mut newest_first = self.activities.iter_mut().rev();
        if let Some(activity) = newest_first.find(|activity| activity.kind == kind && activity.instance == *id) {
            activity.status = status;
            let over = matches!(status, ActivityStatus::Successful | ActivityStatus::Cancelled);
            activity.ended_at = over.then_some(self.now);
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
