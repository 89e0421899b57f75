//! How a group replaces a member that it calls unhealthy (EC2 Auto Scaling User Guide, "About the health checks for your
//! Auto Scaling group" and "Instance maintenance policy for Auto Scaling group").
//!
//! This module never marks a member, and has no part in a termination on request.

use homeostat_core::id::InstanceId;

use crate::agenda::Due;
use crate::group::Shortage;
use crate::health::HealthSource;
use crate::instance::Instance;
use crate::lifecycle::LifecycleState;
use crate::suspending::Process;
use crate::target_group::TargetState;
use crate::world::World;

/// How far a group may stray from its desired capacity while it replaces instances, in percent of it (API reference,
/// `InstanceMaintenancePolicy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaintenancePolicy {
    /// In service and healthy at least: 0 to 100.
    pub min_healthy: u32,
    /// In the group at most while it replaces ("as few as 90 instances and as many as 120"): 100 to 200, and at most 100 more than `min_healthy`.
    pub max_healthy: u32,
}

/// How a group may replace a member now.
enum Order {
    TerminateFirst,
    LaunchFirst,
    Wait,
}

impl World {
    /// Replaces a member that is marked unhealthy: at once, after its replacement is there, or later.
    pub(crate) fn replace_marked(&mut self, id: &InstanceId) {
        let Some(instance) = self.instances.get(id).cloned() else { return };
        let Some(source) = instance.unhealthy_by.filter(|_| instance.lifecycle == LifecycleState::InService) else {
            return;
        };
        let name = &instance.group;
        if [Process::ReplaceUnhealthy, Process::Terminate].iter().any(|process| self.is_suspended(name, *process)) {
            return;
        }
        if let Some(replacement) = &instance.replacement {
            if self.is_ready(replacement) {
                self.terminate(id, source.cause(), Shortage::Unhealthy);
            }
            return;
        }
        match self.order(&instance, source) {
            Order::TerminateFirst => _ = self.terminate(id, source.cause(), Shortage::Unhealthy),
            Order::LaunchFirst => self.launch_in_place_of(&instance),
            Order::Wait => self.agenda.schedule(self.now + self.pace.mark_unhealthy, Due::ReplaceMarked(id.clone())),
        }
    }

    /// Without a policy: at most a tenth of the desired capacity at a time, and one by one in a small group ("How Amazon
    /// EC2 Auto Scaling minimizes downtime"). A machine that no longer runs is terminated first, whatever the policy.
    fn order(&self, instance: &Instance, source: HealthSource) -> Order {
        let Some(group) = self.groups.get(&instance.group) else { return Order::Wait };
        let desired = group.settings.desired;
        let policy = group.settings.maintenance.filter(|_| source != HealthSource::NotRunning);
        let in_service = self.units_of(&instance.group, |member| member.lifecycle == LifecycleState::InService);
        let Some(policy) = policy else {
            let out = desired.saturating_sub(in_service);
            let may = !source.waits_its_turn() || out < (desired / 10).max(1);
            return if may { Order::TerminateFirst } else { Order::Wait };
        };
        let healthy = self.units_of(&instance.group, Instance::is_healthy_in_service);
        let there = self.units_of(&instance.group, |member| member.lifecycle.counts());
        // Rounded up, or the console's 110 percent would never let a small group launch first; on no page.
        let most = (desired * policy.max_healthy).div_ceil(100);
        if healthy * 100 >= desired * policy.min_healthy {
            Order::TerminateFirst
        } else if there < most {
            Order::LaunchFirst
        } else if most <= desired && in_service >= desired {
            // No room above and none below: one at a time, as in a small group without a policy; on no page either.
            Order::TerminateFirst
        } else if there > desired {
            // Full, and some of what was launched is unhealthy too. To take out a surplus member that is unhealthy makes room and
            // costs nothing; to wait would be for ever. On no page.
            Order::TerminateFirst
        } else {
            Order::Wait
        }
    }

    fn launch_in_place_of(&mut self, leaving: &Instance) {
        if self.is_suspended(&leaving.group, Process::Launch) {
            return;
        }
        match self.launch_somewhere(&leaving.group, Shortage::Unhealthy) {
            Some(replacement) => {
                if let Some(instance) = self.instances.get_mut(&leaving.id) {
                    instance.replacement = Some(replacement);
                }
            }
            None => self.agenda.schedule(self.now + self.pace.launch_retry, Due::ReplaceMarked(leaving.id.clone())),
        }
    }

    /// "An instance is considered healthy and ready to use after it successfully completes its first health check"; the
    /// default instance warmup, off unless set, is not modelled.
    fn is_ready(&self, id: &InstanceId) -> bool {
        let in_service = self.instances.get(id).is_some_and(Instance::is_healthy_in_service);
        let mut targets = self.managed_targets(id);
        in_service && targets.all(|target| target.state == TargetState::Healthy)
    }

    /// An instance entered service, a target became healthy, or one that it waited for is gone: somebody may have waited for it.
    pub(crate) fn became_ready(&mut self, id: &InstanceId) {
        if let Some(waiting) = self.replaced_by(id) {
            self.replace_marked(&waiting);
        }
    }

    /// An instance leaves: whoever waited for it needs another replacement.
    pub(crate) fn replacement_leaves(&mut self, id: &InstanceId) {
        let Some(waiting) = self.replaced_by(id) else { return };
        if let Some(instance) = self.instances.get_mut(&waiting) {
            instance.replacement = None;
        }
        self.agenda.schedule(self.now + self.pace.mark_unhealthy, Due::ReplaceMarked(waiting));
    }

    fn replaced_by(&self, id: &InstanceId) -> Option<InstanceId> {
        let waiting = |instance: &&Instance| instance.replacement.as_ref() == Some(id);
        self.instances.values().find(waiting).map(|instance| instance.id.clone())
    }
}
