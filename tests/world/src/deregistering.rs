//! How targets leave their target groups (Elastic Load Balancing, "Target groups for your Application Load Balancers",
//! "Deregistration delay").
//!
//! This module never touches an instance.

use homeostat_core::id::{InstanceId, TargetGroupArn};

use crate::agenda::Due;
use crate::refusal::Refusal;
use crate::target_group::{Registrar, Target, TargetType};
use crate::world::World;

impl World {
    /// `DeregisterTargets` of one target. One that is not registered, or drains already, is passed over ("If the specified
    /// target does not exist, the action returns successfully", API reference). A port other than the target group's names
    /// a target that isn't there.
    ///
    /// # Errors
    /// [`Refusal`]: no such target group.
    pub fn deregister_target(
        &mut self,
        arn: &TargetGroupArn,
        id: &InstanceId,
        port: Option<u16>,
    ) -> Result<(), Refusal> {
        let now = self.now;
        let unknown = || Refusal::TargetGroupNotFound { arn: arn.to_string() };
        let target_group = self.target_groups.get_mut(arn).ok_or_else(unknown)?;
        let named = port.is_none_or(|port| port == target_group.port);
        let registered = target_group.targets.get_mut(id).filter(|target| named && !target.drains());
        if let Some(target) = registered {
            target.drain(now);
            let at = now + self.pace.deregistration_delay;
            self.agenda.schedule(at, Due::Deregistered(arn.clone(), id.clone()));
        }
        Ok(())
    }

    /// How the target group names the instance as a target; `None` = it can't.
    pub fn target_id(&self, arn: &TargetGroupArn, id: &InstanceId) -> Option<String> {
        match self.target_groups.get(arn)?.target_type {
            TargetType::Instance => Some(id.to_string()),
            TargetType::Ip => self.machine(id).map(|machine| machine.private_ip.clone()),
            TargetType::Alb | TargetType::Lambda => None,
        }
    }

    /// The registered target that the target group names so.
    pub fn target_named(&self, arn: &TargetGroupArn, name: &str) -> Option<InstanceId> {
        let mut targets = self.target_groups.get(arn)?.targets.keys();
        targets.find(|id| self.target_id(arn, id).is_some_and(|own| own == name)).cloned()
    }

    /// The deregistration delay is over, unless the target was registered anew meanwhile.
    pub(crate) fn deregistered(&mut self, arn: &TargetGroupArn, id: &InstanceId) {
        let drained_at = self.now - self.pace.deregistration_delay;
        let Some(target_group) = self.target_groups.get_mut(arn) else { return };
        let over = |target: &Target| target.draining_since.is_some_and(|since| since <= drained_at);
        if target_group.targets.get(id).is_some_and(over) {
            target_group.targets.remove(id);
            self.became_ready(id);
        }
    }

    /// Starts draining it from the target groups of its group; `false` = it was no target of theirs.
    pub(crate) fn drain(&mut self, id: &InstanceId) -> bool {
        let now = self.now;
        let targets = self.target_groups.values_mut().filter_map(|target_group| target_group.targets.get_mut(id));
        let managed = targets.filter(|target| target.registrar == Registrar::Group);
        managed.map(|target| target.drain(now)).count() > 0
    }

    /// What the target groups of its group make of it.
    pub(crate) fn managed_targets<'a>(&'a self, id: &'a InstanceId) -> impl Iterator<Item = &'a Target> {
        let targets = self.target_groups.values().filter_map(|target_group| target_group.targets.get(id));
        targets.filter(|target| target.registrar == Registrar::Group)
    }

    /// Auto Scaling takes it out of the target groups of its group, and knows of no others.
    pub(crate) fn deregister(&mut self, id: &InstanceId) {
        for target_group in self.target_groups.values_mut() {
            let managed = |target: &Target| target.registrar == Registrar::Group;
            if target_group.targets.get(id).is_some_and(managed) {
                target_group.targets.remove(id);
            }
        }
    }

    /// What nobody deregistered stays registered with an instance that is gone, until Elastic Load Balancing lets it go.
    pub(crate) fn leave_targets_behind(&mut self, id: &InstanceId) {
        let left = self.target_groups.values().filter(|target_group| target_group.targets.contains_key(id));
        let left: Vec<TargetGroupArn> = left.map(|target_group| target_group.arn.clone()).collect();
        for arn in left {
            self.agenda.schedule(self.now + self.pace.terminated_target_stays, Due::TargetGone(arn, id.clone()));
        }
    }

    pub(crate) fn target_gone(&mut self, arn: &TargetGroupArn, id: &InstanceId) {
        if let Some(target_group) = self.target_groups.get_mut(arn) {
            target_group.targets.remove(id);
        }
    }
}
