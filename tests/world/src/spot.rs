//! Spot Instances and their interruption (EC2 User Guide, "Spot Instance interruptions").
//!
//! This module never gives more than the notice: what an instance has not ended by then is lost.

use homeostat_core::id::InstanceId;
use jiff::Timestamp;

use crate::action::ActionEnd;
use crate::activity::ActivityKind;
use crate::agenda::Due;
use crate::group::Shortage;
use crate::instance::Instance;
use crate::lifecycle::LifecycleState;
use crate::machine::InstanceState;
use crate::refusal::Refusal;
use crate::world::World;

/// The request by which a group got a Spot Instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpotRequest {
    pub id: String,
    pub status: SpotStatus,
    /// `Status.UpdateTime`.
    pub updated_at: Timestamp,
}

/// The codes of `Status` that are modelled. The request of an instance that is taken back for its capacity, and then terminated, says
/// so at once, although it runs on until the notice is over (EC2 User Guide, "State changes for a Spot request").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpotStatus {
    Fulfilled,
    InstanceTerminatedNoCapacity,
    InstanceTerminatedByUser,
}

impl SpotStatus {
    pub fn code(self) -> &'static str {
        match self {
            SpotStatus::Fulfilled => "fulfilled",
            SpotStatus::InstanceTerminatedNoCapacity => "instance-terminated-no-capacity",
            SpotStatus::InstanceTerminatedByUser => "instance-terminated-by-user",
        }
    }

    /// In words like those of the same page.
    pub fn message(self) -> &'static str {
        match self {
            SpotStatus::Fulfilled => "Your Spot request is fulfilled.",
            SpotStatus::InstanceTerminatedNoCapacity => {
                "Your Spot Instance was terminated because there is no longer enough Spot capacity available."
            }
            SpotStatus::InstanceTerminatedByUser => "Your Spot Instance was terminated.",
        }
    }
}

impl SpotRequest {
    /// Named after its instance, so that no id is drawn for it.
    pub(crate) fn fulfilled(instance: &InstanceId, now: Timestamp) -> Self {
        let digits: String = instance.as_str().chars().rev().take(8).collect();
        SpotRequest { id: format!("sir-{digits}"), status: SpotStatus::Fulfilled, updated_at: now }
    }
}

impl World {
    /// EC2 gives notice to a Spot Instance. With Capacity Rebalancing, Auto Scaling starts to terminate it at once and its hooks run, but "a lifecycle
    /// hook does not prevent an instance from terminating in the event that capacity is no longer available" (EC2 Auto
    /// Scaling User Guide, "Amazon EC2 Auto Scaling lifecycle hooks"). That it starts with the notice rather than with the
    /// end is an assumption; the words of the cause are not AWS's. EC2's own events of it are not modelled.
    ///
    /// # Errors
    /// [`Refusal`]: an instance in no group, one that is no Spot Instance, or one that was interrupted before.
    pub fn interrupt_spot(&mut self, id: &InstanceId) -> Result<(), Refusal> {
        let now = self.now;
        let instance = self.known_instance_mut(id)?;
        let fulfilled = |request: &&mut SpotRequest| request.status == SpotStatus::Fulfilled;
        let none = || Refusal::Invalid { why: format!("{id} is no Spot Instance that could be interrupted") };
        let request = instance.spot.as_mut().filter(fulfilled).ok_or_else(none)?;
        request.status = SpotStatus::InstanceTerminatedNoCapacity;
        request.updated_at = now;
        let (stays, group) = (!instance.lifecycle.is_terminating(), instance.group.clone());
        let rebalances = self.groups.get(&group).is_some_and(|group| group.settings.rebalances);
        self.agenda.schedule(now + self.pace.spot_notice, Due::SpotEnds(id.clone()));
        if stays && rebalances {
            let cause = "an instance was taken out of service in response to an EC2 Spot Instance interruption.";
            self.terminate(id, cause, Shortage::Unhealthy);
        }
        Ok(())
    }

    /// The notice is over: EC2 shuts it down, however far Auto Scaling has come with it.
    pub(crate) fn spot_ends(&mut self, id: &InstanceId) {
        let Some(instance) = self.instances.get(id).cloned() else { return };
        if instance.state == InstanceState::ShuttingDown {
            return;
        }
        if !instance.lifecycle.is_terminating() {
            let cause = "an instance was taken out of service in response to an EC2 health check indicating it has been \
                         terminated or stopped.";
            self.begin(ActivityKind::Terminate, &instance, cause);
            self.agenda.schedule(
                self.now + self.pace.replace_unhealthy,
                Due::Replenish(instance.group.clone(), Shortage::Unhealthy),
            );
            self.replacement_leaves(id);
        }
        let warm = instance.lifecycle.is_warm();
        let lifecycle = if warm { LifecycleState::WarmedTerminating } else { LifecycleState::Terminating };
        self.end_actions(id, ActionEnd::InstanceGone);
        self.deregister(id);
        self.shut_down(id, lifecycle);
    }

    /// Of a Spot Instance by the id of its request.
    pub fn spot_request(&self, id: &str) -> Option<(&Instance, &SpotRequest)> {
        let requested = self.machines().filter_map(|machine| Some((machine, machine.spot.as_ref()?)));
        let mut found = requested.filter(|(_, request)| request.id == id);
        found.next()
    }
}

impl Instance {
    /// Auto Scaling has terminated it. A request that EC2 has ended before keeps its status.
    pub(crate) fn spot_gone(&mut self, now: Timestamp) {
        let fulfilled = |request: &&mut SpotRequest| request.status == SpotStatus::Fulfilled;
        if let Some(request) = self.spot.as_mut().filter(fulfilled) {
            request.status = SpotStatus::InstanceTerminatedByUser;
            request.updated_at = now;
        }
    }
}
