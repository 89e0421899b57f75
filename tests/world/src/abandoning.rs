//! What follows from an abandoned lifecycle action (API reference, `CompleteLifecycleAction`).
//!
//! This module never ends an action: it only draws the consequence for the instance.

use homeostat_core::id::InstanceId;

use crate::action::ActionEnd;
use crate::activity::{ActivityKind, ActivityStatus};
use crate::group::{AutoScalingGroup, Shortage};
use crate::hook::LifecycleTransition;
use crate::instance::Instance;
use crate::journey::Journey;
use crate::lifecycle::LifecycleState;
use crate::world::World;

impl World {
    /// A launch that was abandoned is undone ("automatically terminates and replaces the instance", EC2 Auto Scaling User
    /// Guide, "Amazon EC2 Auto Scaling lifecycle hooks"); how it slows down where launches are abandoned again and again is
    /// not modelled. That the hooks for its termination run is on no page. A termination goes on, or keeps the instance (same
    /// guide, "Configure instance retention"). What becomes of a return to the warm pool that was abandoned is on no page: it
    /// goes on as well.
    pub(crate) fn abandoned(&mut self, id: &InstanceId, journey: Journey, token: &str, end: ActionEnd) {
        if journey.transition() == LifecycleTransition::Launching {
            let why = if end == ActionEnd::TimedOut {
                "Heartbeat Timeout"
            } else {
                "Lifecycle Action Completed with ABANDON Result"
            };
            self.cancel_launch(id, token, why);
            // The words of the cause are not AWS's.
            let cause = "an instance was taken out of service in response to an abandoned lifecycle action.";
            self.terminate(id, cause, Shortage::Capacity);
        } else if journey.ends_it() && self.retains(id) {
            self.retain(id, journey);
        } else {
            self.proceed(id, journey);
        }
    }

    /// In the words of users' activities (Jaeminst/devops-01-Final-TeamG issue 90); the words for a timeout, and what the
    /// status is, are on no page.
    fn cancel_launch(&mut self, id: &InstanceId, token: &str, why: &str) {
        self.set_status(ActivityKind::Launch, id, ActivityStatus::Cancelled);
        let mut newest_first = self.activities.iter_mut().rev();
        let launch = |kind, instance: &InstanceId| kind == ActivityKind::Launch && instance == id;
        if let Some(activity) = newest_first.find(|activity| launch(activity.kind, &activity.instance)) {
            activity.status_message = Some(format!(
                "Instance failed to complete user's Lifecycle Action: Lifecycle Action with token {token} was abandoned: {why}"
            ));
        }
    }

    fn retains(&self, id: &InstanceId) -> bool {
        let group = |instance: &Instance| self.groups.get(&instance.group);
        let retains = |group: &AutoScalingGroup| group.settings.retain_on_abandon && !group.deleting;
        self.instances.get(id).and_then(group).is_some_and(retains)
    }

    fn retain(&mut self, id: &InstanceId, journey: Journey) {
        if let Some(instance) = self.instances.get_mut(id) {
            instance.journey = None;
            instance.lifecycle = if journey == Journey::WarmPoolToEc2 {
                LifecycleState::WarmedTerminatingRetained
            } else {
                LifecycleState::TerminatingRetained
            };
        }
        self.set_status(ActivityKind::Terminate, id, ActivityStatus::Cancelled);
    }
}
