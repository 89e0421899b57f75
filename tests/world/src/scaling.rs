//! How a group lets instances go, and the record of what it did.
//!
//! This module never scales: desired capacity stays what it was.

use homeostat_core::id::{GroupName, InstanceId};
use jiff::{SignedDuration, Timestamp};

use crate::activity::{Activity, ActivityKind, ActivityStatus};
use crate::agenda::Due;
use crate::group::Shortage;
use crate::instance::Instance;
use crate::lifecycle::LifecycleState;
use crate::machine::InstanceState;
use crate::refusal::Refusal;
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
    /// [`Refusal`]: an instance in no group, one that is not `InService`, one in a warm pool ("This operation cannot be
    /// called on instances in a warm pool"), or what is not modelled: `decrement`, and instances in other states.
    pub fn terminate_instance(&mut self, id: &InstanceId, decrement: bool) -> Result<Activity, Refusal> {
        if decrement {
            return Err(Refusal::not_modelled(
                "TerminateInstanceInAutoScalingGroup with ShouldDecrementDesiredCapacity",
            ));
        }
        let instance = self.instances.get(id).ok_or_else(|| Refusal::NoManagedInstance { id: id.clone() })?;
        match instance.lifecycle {
            LifecycleState::InService => {
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

    /// Takes an instance out: first it drains, then a hook may hold it, then EC2 terminates it (Elastic Load Balancing,
    /// "Deregistration delay"); that the hook comes after the draining is on no page. The group notices meanwhile that it
    /// is short.
    pub(crate) fn terminate(&mut self, id: &InstanceId, cause: &str, shortage: Shortage) -> Option<Activity> {
        let instance = self.instances.get_mut(id)?;
        instance.lifecycle = LifecycleState::Terminating;
        let instance = instance.clone();
        let begun = self.begin(ActivityKind::Terminate, &instance, cause);
        if self.drain(id) {
            self.set_status(ActivityKind::Terminate, id, ActivityStatus::WaitingForElbConnectionDraining);
            self.agenda.schedule(self.now + self.pace.deregistration_delay, Due::Drained(id.clone()));
        } else {
            self.drained(id);
        }
        let notice = match shortage {
            Shortage::Capacity => self.pace.notice,
            Shortage::Unhealthy => self.pace.replace_unhealthy,
        };
        self.agenda.schedule(self.now + notice, Due::Replenish(instance.group, shortage));
        self.replacement_leaves(id);
        Some(begun)
    }

    pub(crate) fn drained(&mut self, id: &InstanceId) {
        self.deregister(id);
        self.set_status(ActivityKind::Terminate, id, ActivityStatus::InProgress);
        let lingers = self.lingers(id);
        if lingers.is_positive() {
            self.set_leaving(id, LifecycleState::TerminatingWait, None);
            self.agenda.schedule(self.now + lingers, Due::HookDone(id.clone()));
        } else {
            self.shut_down(id, LifecycleState::Terminating);
        }
    }

    fn lingers(&self, id: &InstanceId) -> SignedDuration {
        let group = self.instances.get(id).and_then(|instance| self.groups.get(&instance.group));
        group.map(|group| group.settings.termination_lingers).unwrap_or_default()
    }

    pub(crate) fn hook_done(&mut self, id: &InstanceId) {
        self.shut_down(id, LifecycleState::TerminatingProceed);
    }

    fn shut_down(&mut self, id: &InstanceId, lifecycle: LifecycleState) {
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
            let gone = Instance { state: InstanceState::Terminated, terminated_at: Some(self.now), ..instance };
            self.gone.insert(id.clone(), gone);
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
