//! How an instance gets into service once its machine runs (EC2 Auto Scaling User Guide, "Amazon EC2 Auto Scaling instance
//! lifecycle").
//!
//! This module never asks whether the application answers; nor does Auto Scaling.

use homeostat_core::id::{GroupName, InstanceId, TargetGroupArn};

use crate::activity::{ActivityKind, ActivityStatus};
use crate::agenda::Due;
use crate::instance::{HealthStatus, Instance};
use crate::journey::Journey;
use crate::lifecycle::LifecycleState;
use crate::machine::{InstanceState, Machine};
use crate::suspending::Process;
use crate::target_group::{Registrar, Target};
use crate::world::World;

impl World {
    /// The instance runs, or comes back from Standby, where it meets no hooks.
    pub(crate) fn running(&mut self, id: &InstanceId) {
        let pending = |instance: &&mut Instance| {
            let warm = instance.lifecycle == LifecycleState::WarmedPending;
            instance.lifecycle == LifecycleState::Pending || (warm && instance.journey == Some(Journey::Ec2ToWarmPool))
        };
        let Some(instance) = self.instances.get_mut(id).filter(pending) else { return };
        if instance.state == InstanceState::Pending {
            let stopped = instance.machine == Machine::Stopped;
            instance.state = if stopped { InstanceState::Stopped } else { InstanceState::Running };
        }
        let journey = instance.journey;
        match journey {
            Some(journey) if self.hold(id, journey) => {}
            Some(Journey::Ec2ToWarmPool) => self.enter_pool(id),
            _ => self.enter_service(id),
        }
    }

    /// It is registered with the load balancer and enters service, whatever its application does (EC2 Auto Scaling User
    /// Guide, "Amazon EC2 Auto Scaling instance lifecycle"); the grace period starts ("does not start until the lifecycle
    /// hook actions complete", an older edition of "Amazon EC2 Auto Scaling lifecycle hooks").
    pub(crate) fn enter_service(&mut self, id: &InstanceId) {
        let now = self.now;
        let Some(instance) = self.instances.get_mut(id) else { return };
        instance.lifecycle = LifecycleState::InService;
        instance.in_service_at = Some(now);
        let launched = instance.journey.take().is_some();
        let kind = if launched { ActivityKind::Launch } else { ActivityKind::ExitStandby };
        let group = instance.group.clone();
        self.set_status(kind, id, ActivityStatus::Successful);
        self.register(id, &group);
        self.schedule_ec2_check(id);
        // It may have been marked in Standby, where nothing is replaced.
        if self.instances.get(id).is_some_and(|instance| instance.health == HealthStatus::Unhealthy) {
            self.agenda.schedule(now, Due::ReplaceMarked(id.clone()));
        }
        self.became_ready(id);
    }

    fn register(&mut self, id: &InstanceId, group: &GroupName) {
        if self.is_suspended(group, Process::AddToLoadBalancer) {
            return;
        }
        for arn in self.groups.get(group).map(|group| group.settings.target_groups.clone()).unwrap_or_default() {
            self.register_with(arn, id);
        }
    }

    pub(crate) fn register_with(&mut self, arn: TargetGroupArn, id: &InstanceId) {
        let zone = self.instances.get(id).map(|instance| instance.zone.clone()).unwrap_or_default();
        let Some(target_group) = self.target_groups.get_mut(&arn) else { return };
        let mut target = Target::registered(self.now, Registrar::Group);
        if target_group.zones_without.contains(&zone) {
            target.use_it(false);
        }
        target_group.targets.insert(id.clone(), target);
        self.agenda.schedule(self.now + self.pace.target_check_every, Due::CheckTarget(arn, id.clone()));
    }
}
