//! What a group thinks of its members' health (EC2 Auto Scaling User Guide, "About the
//! health checks for your Auto Scaling group").
//!
//! This module never looks at an application: Auto Scaling knows only what EC2, a load balancer or a caller says.

use homeostat_core::id::InstanceId;

use crate::agenda::Due;
use crate::group::HealthCheckType;
use crate::instance::{HealthStatus, Instance};
use crate::lifecycle::LifecycleState;
use crate::machine::{InstanceState, Machine};
use crate::refusal::Refusal;
use crate::suspending::Process;
use crate::target_group::TargetState;
use crate::world::World;

/// Who said that a member is unhealthy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HealthSource {
    LoadBalancer,
    StatusCheck,
    NotRunning,
    ScheduledEvent,
    Caller,
}

impl HealthSource {
    /// Worded like the headings of the EC2 Auto Scaling User Guide, "Troubleshoot Amazon EC2 Auto Scaling: Health checks";
    /// that of a scheduled event is not among them.
    pub(crate) fn cause(self) -> &'static str {
        match self {
            HealthSource::LoadBalancer => {
                "an instance was taken out of service in response to an ELB system health check failure."
            }
            HealthSource::StatusCheck => {
                "an instance was taken out of service in response to an EC2 instance status check failure."
            }
            HealthSource::NotRunning => {
                "an instance was taken out of service in response to an EC2 health check indicating it has been \
                 terminated or stopped."
            }
            HealthSource::ScheduledEvent => {
                "an instance was taken out of service in response to an EC2 scheduled event."
            }
            HealthSource::Caller => "an instance was taken out of service in response to a user health-check.",
        }
    }

    /// Instances that no longer run, or were marked by a caller, are replaced "immediately"; all others a few at a time.
    pub(crate) fn waits_its_turn(self) -> bool {
        !matches!(self, HealthSource::NotRunning | HealthSource::Caller)
    }
}

impl World {
    /// `SetInstanceHealth`. Within the group's grace period, if that is to be respected, it changes nothing and succeeds
    /// all the same (API reference).
    ///
    /// # Errors
    /// [`Refusal`]: an instance in no group, one that is leaving ("If you get an error, this is probably because the
    /// instance is already terminating"), or a state that is not modelled.
    pub fn set_instance_health(
        &mut self,
        id: &InstanceId,
        health: HealthStatus,
        respect_grace: bool,
    ) -> Result<(), Refusal> {
        let instance = self.instances.get(id).ok_or_else(|| Refusal::NoManagedInstance { id: id.clone() })?;
        match instance.lifecycle {
            LifecycleState::InService | LifecycleState::Standby => {}
            leaving if leaving.is_terminating() => {
                return Err(Refusal::Invalid { why: format!("Instance {id} is already terminating") });
            }
            other => return Err(Refusal::not_modelled(format!("SetInstanceHealth in {}", other.as_str()))),
        }
        if instance.replacement.is_some() && health == HealthStatus::Healthy {
            return Err(Refusal::not_modelled("SetInstanceHealth to Healthy once a replacement was launched"));
        }
        if respect_grace && health == HealthStatus::Unhealthy && self.in_grace(instance) {
            return Ok(());
        }
        match health {
            HealthStatus::Unhealthy => {
                self.mark(id, HealthSource::Caller);
                self.agenda.schedule(self.now + self.pace.replace_unhealthy, Due::ReplaceMarked(id.clone()));
            }
            HealthStatus::Healthy => {
                self.unmark(id);
                // The group's own checks go on, and may come to another verdict.
                self.target_became_unhealthy(id);
                self.schedule_ec2_check(id);
            }
        }
        Ok(())
    }

    fn in_grace(&self, instance: &Instance) -> bool {
        let grace = self.groups.get(&instance.group).map(|group| group.settings.grace).unwrap_or_default();
        instance.in_service_at.is_some_and(|since| self.now < since + grace)
    }

    fn mark(&mut self, id: &InstanceId, source: HealthSource) {
        if let Some(instance) = self.instances.get_mut(id) {
            instance.health = HealthStatus::Unhealthy;
            instance.unhealthy_by = Some(source);
        }
    }

    fn unmark(&mut self, id: &InstanceId) {
        if let Some(instance) = self.instances.get_mut(id) {
            instance.health = HealthStatus::Healthy;
            instance.unhealthy_by = None;
        }
    }

    /// A target became unhealthy. A group of type ELB asks about it once the grace period is over; one of type EC2 never
    /// does.
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
        if !self.is_checked(id) {
            return;
        }
        if self.managed_targets(id).any(|target| target.state == TargetState::Unhealthy) {
            self.mark(id, HealthSource::LoadBalancer);
            self.replace_marked(id);
        }
    }

    /// The machine broke, or EC2 announced something: the group finds out at one of its checks.
    pub(crate) fn schedule_ec2_check(&mut self, id: &InstanceId) {
        let Some(instance) = self.instances.get(id) else { return };
        let Some(group) = self.groups.get(&instance.group) else { return };
        let soon = self.now + self.pace.mark_unhealthy;
        let at = match instance.machine {
            Machine::SystemImpaired | Machine::InstanceImpaired => {
                let patient = instance.machine_since + self.pace.status_check_every + self.pace.impaired_patience;
                let graced = instance.in_service_at.map_or(self.now, |since| since + group.settings.grace);
                self.now.max(patient).max(graced)
            }
            Machine::Stopped => soon,
            _ if !instance.scheduled_events.is_empty() => soon,
            _ => return,
        };
        self.agenda.schedule(at, Due::AskEc2(id.clone()));
    }

    pub(crate) fn ask_ec2(&mut self, id: &InstanceId) {
        if !self.is_checked(id) {
            return;
        }
        if let Some(source) = self.instances.get(id).and_then(|instance| self.ec2_verdict(instance)) {
            self.mark(id, source);
            self.replace_marked(id);
        }
    }

    fn ec2_verdict(&self, instance: &Instance) -> Option<HealthSource> {
        let patience = self.pace.status_check_every + self.pace.impaired_patience;
        let impaired = matches!(instance.machine, Machine::SystemImpaired | Machine::InstanceImpaired);
        if instance.state != InstanceState::Running {
            Some(HealthSource::NotRunning)
        } else if impaired && self.now >= instance.machine_since + patience {
            Some(HealthSource::StatusCheck)
        } else {
            (!instance.scheduled_events.is_empty()).then_some(HealthSource::ScheduledEvent)
        }
    }

    /// Whether the group's own checks look at it. One that is marked already stays so: "it never automatically recovers
    /// its health".
    fn is_checked(&self, id: &InstanceId) -> bool {
        let checked = |instance: &Instance| {
            instance.is_healthy_in_service() && !self.is_suspended(&instance.group, Process::HealthCheck)
        };
        self.instances.get(id).is_some_and(checked)
    }
}
