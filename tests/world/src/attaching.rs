//! Which target groups a group's instances are registered with, changed while it runs.
//!
//! This module never asks whether somebody still needs the traffic.

use homeostat_core::id::{GroupName, InstanceId, TargetGroupArn};

use crate::agenda::Due;
use crate::group::Shortage;
use crate::lifecycle::LifecycleState;
use crate::refusal::Refusal;
use crate::target_group::Registrar;
use crate::world::World;

impl World {
    /// `DetachLoadBalancerTargetGroups` of all: Auto Scaling deregisters the group's instances (API reference).
    /// Returns the target groups.
    ///
    /// # Errors
    /// [`Refusal`]: no such group.
    pub fn detach_target_groups(&mut self, name: &GroupName) -> Result<Vec<TargetGroupArn>, Refusal> {
        let detached = std::mem::take(&mut self.known_group_mut(name)?.settings.target_groups);
        let (now, over_at) = (self.now, self.now + self.pace.deregistration_delay);
        let ids: Vec<InstanceId> = self.members(name).map(|member| member.id.clone()).collect();
        for arn in &detached {
            let Some(target_group) = self.target_groups.get_mut(arn) else { continue };
            for id in &ids {
                let target = target_group.targets.get_mut(id);
                if let Some(target) = target.filter(|target| target.registrar == Registrar::Group) {
                    target.drain(now);
                    self.agenda.schedule(over_at, Due::Deregistered(arn.clone(), id.clone()));
                }
            }
        }
        Ok(detached)
    }

    /// `AttachLoadBalancerTargetGroups`: those in service are registered. One that doesn't exist is passed over; AWS refuses it.
    ///
    /// # Errors
    /// [`Refusal`]: no such group.
    pub fn attach_target_groups(&mut self, name: &GroupName, arns: &[TargetGroupArn]) -> Result<(), Refusal> {
        let attached = self.known_group_mut(name)?.settings.target_groups.clone();
        let in_service = self.members(name).filter(|member| member.lifecycle == LifecycleState::InService);
        let ids: Vec<InstanceId> = in_service.map(|member| member.id.clone()).collect();
        for arn in arns.iter().filter(|arn| !attached.contains(arn)) {
            if self.target_groups.contains_key(arn) {
                self.known_group_mut(name)?.settings.target_groups.push(arn.clone());
                ids.iter().for_each(|id| self.register_with(arn.clone(), id));
            }
        }
        Ok(())
    }

    /// `DetachLoadBalancerTargetGroups` of those that don't exist any more.
    ///
    /// # Errors
    /// [`Refusal`]: no such group.
    pub fn detach_missing_target_groups(&mut self, name: &GroupName) -> Result<(), Refusal> {
        let there: Vec<_> = self.target_groups.keys().cloned().collect();
        self.known_group_mut(name)?.settings.target_groups.retain(|arn| there.contains(arn));
        self.replenish(name, Shortage::Capacity);
        Ok(())
    }
}
