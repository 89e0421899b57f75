//! Groups that come, change and go.
//!
//! This module never picks the members that have to go: that is [`crate::scaling_in`].

use homeostat_core::id::{GroupName, InstanceId};

use crate::alarm::is_modelled;
use crate::group::{AutoScalingGroup, GroupSettings, Shortage};
use crate::hook::LifecycleHook;
use crate::instance::Instance;
use crate::refusal::Refusal;
use crate::replacing::MaintenancePolicy;
use crate::world::World;

impl World {
    /// Creates a group, which launches its desired capacity at once.
    ///
    /// # Errors
    /// [`Refusal`]: a target group that doesn't exist, sizes that contradict each other, or a launch automation that the
    /// model lacks.
    pub fn add_group(&mut self, settings: GroupSettings) -> Result<(), Refusal> {
        self.check_settings(&settings)?;
        let arn = self.place.group_arn(settings.name.as_str(), &self.ids.uuid());
        let name = settings.name.clone();
        self.groups.insert(name.clone(), AutoScalingGroup::new(arn, settings, self.now));
        self.replenish(&name, Shortage::Capacity);
        Ok(())
    }

    /// `UpdateAutoScalingGroup`: what has begun goes on as it was; a larger desired capacity is launched at once.
    ///
    /// # Errors
    /// [`Refusal`]: no such group, settings that contradict each other, another name, or a smaller desired capacity.
    pub fn update_group(&mut self, name: &GroupName, change: impl FnOnce(&mut GroupSettings)) -> Result<(), Refusal> {
        let before = &self.known_group(name)?.settings;
        let mut settings = before.clone();
        change(&mut settings);
        if settings.name != before.name || settings.desired < before.desired {
            return Err(Refusal::not_modelled(
                "UpdateAutoScalingGroup with another name, or with less desired capacity",
            ));
        }
        self.check_settings(&settings)?;
        let size = |settings: &GroupSettings| settings.warm_pool.map_or(0, |pool| pool.size);
        let shrinks = size(&settings) < size(before);
        self.known_group_mut(name)?.settings = settings;
        if shrinks {
            self.trim_pool(name);
        }
        self.replenish(name, Shortage::Capacity);
        Ok(())
    }

    /// What the group launches from now on comes from that version.
    ///
    /// # Errors
    /// [`Refusal`]: no such group.
    pub fn roll_out(&mut self, name: &GroupName, version: u32) -> Result<(), Refusal> {
        self.update_group(name, |settings| settings.launch_template_version = version)
    }

    /// `DeleteAutoScalingGroup` with `ForceDelete`: all members are terminated, and with the last the group is gone. The
    /// words of the cause are not AWS's.
    ///
    /// # Errors
    /// [`Refusal`]: no such group.
    pub fn delete_group(&mut self, name: &GroupName) -> Result<(), Refusal> {
        self.known_group_mut(name)?.deleting = true;
        let staying = self.members(name).filter(|member| !member.lifecycle.is_terminating());
        let ids: Vec<InstanceId> = staying.map(|member| member.id.clone()).collect();
        for id in ids {
            self.terminate(&id, "a user request deleted the AutoScalingGroup.", Shortage::Capacity);
        }
        self.forget_if_deleted(name);
        Ok(())
    }

    pub(crate) fn forget_if_deleted(&mut self, name: &GroupName) {
        let deleting = self.groups.get(name).is_some_and(|group| group.deleting);
        if deleting && self.members(name).next().is_none() {
            self.groups.remove(name);
        }
    }

    pub(crate) fn check_settings(&self, settings: &GroupSettings) -> Result<(), Refusal> {
        let foreign = settings.application.iter().flat_map(|application| &application.registers_with);
        let mut named = settings.target_groups.iter().chain(foreign);
        if let Some(arn) = named.find(|arn| !self.target_groups.contains_key(arn)) {
            return Err(Refusal::TargetGroupNotFound { arn: arn.to_string() });
        }
        check_hooks(&settings.hooks)?;
        if let Some(alarm) = &settings.launch_automation {
            is_modelled(&alarm.rule)?;
        }
        let GroupSettings { min, max, desired, .. } = settings;
        if !(min..=max).contains(&desired) {
            let why =
                format!("Desired capacity:{desired} must be between the specified min size:{min} and max size:{max}");
            return Err(Refusal::Invalid { why });
        }
        settings.maintenance.map_or(Ok(()), check_policy)
    }

    pub(crate) fn known_group(&self, name: &GroupName) -> Result<&AutoScalingGroup, Refusal> {
        self.groups.get(name).ok_or_else(|| no_group(name))
    }

    pub(crate) fn known_group_mut(&mut self, name: &GroupName) -> Result<&mut AutoScalingGroup, Refusal> {
        self.groups.get_mut(name).ok_or_else(|| no_group(name))
    }

    pub(crate) fn known_instance_mut(&mut self, id: &InstanceId) -> Result<&mut Instance, Refusal> {
        self.instances.get_mut(id).ok_or_else(|| Refusal::NoManagedInstance { id: id.clone() })
    }
}

fn no_group(name: &GroupName) -> Refusal {
    Refusal::Invalid { why: format!("AutoScalingGroup name not found - AutoScalingGroup {name} not found") }
}

/// A hook's name is unique in its group, and AWS has heartbeat timeouts of 30 to 7200 s (API reference, `PutLifecycleHook`);
/// the sandbox's pace wants shorter ones.
fn check_hooks(hooks: &[LifecycleHook]) -> Result<(), Refusal> {
    let mut names: Vec<&str> = hooks.iter().map(|hook| hook.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    if names.len() == hooks.len() && hooks.iter().all(|hook| hook.heartbeat_timeout.is_positive()) {
        return Ok(());
    }
    Err(Refusal::Invalid { why: "two lifecycle hooks of one name, or one without a heartbeat timeout".to_owned() })
}

/// API reference, `InstanceMaintenancePolicy`.
fn check_policy(policy: MaintenancePolicy) -> Result<(), Refusal> {
    let MaintenancePolicy { min_healthy, max_healthy } = policy;
    if min_healthy <= 100 && (100..=200).contains(&max_healthy) && max_healthy - min_healthy <= 100 {
        return Ok(());
    }
    let why = format!("MinHealthyPercentage {min_healthy} and MaxHealthyPercentage {max_healthy} don't go together");
    Err(Refusal::Invalid { why })
}
