//! Mixed instances policies: instance types by turns, each with its weight and perhaps a launch template of its own (API
//! reference, `LaunchTemplateOverrides`).
//!
//! This module never chooses by price or capacity, as allocation strategies do: types come by turns.

use homeostat_core::id::{GroupName, InstanceId};

use crate::group::{AutoScalingGroup, LaunchTemplate, launch_template_id};
use crate::instance::Instance;
use crate::refusal::Refusal;
use crate::world::World;

/// What a group launches, where that is not one launch template alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mixed {
    pub capacity: CapacityType,
    /// None = the group has no mixed instances policy.
    pub overrides: Vec<Override>,
}

/// `DesiredCapacityType`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CapacityType {
    #[default]
    Units,
    Vcpu,
    MemoryMib,
}

impl CapacityType {
    /// Left out where nothing was set.
    pub fn as_str(self) -> Option<&'static str> {
        match self {
            CapacityType::Units => None,
            CapacityType::Vcpu => Some("vcpu"),
            CapacityType::MemoryMib => Some("memory-mib"),
        }
    }
}

/// One instance type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Override {
    /// What an instance of it counts; `None` = one.
    pub weight: Option<u32>,
    /// The number of a launch template of its own; `None` = the group's.
    pub template: Option<u32>,
}

impl Override {
    pub fn units(self) -> u32 {
        self.weight.unwrap_or(1)
    }

    /// `WeightedCapacity`, which goes to 999 (API reference, `Instance`). What is shown of more than that is on no page; here it is
    /// nothing.
    pub fn shown_weight(self) -> Option<u32> {
        self.weight.filter(|weight| *weight <= 999)
    }
}

impl AutoScalingGroup {
    /// The launch template of an instance type, in that version.
    pub fn template_of(&self, of: Override, version: u32) -> LaunchTemplate {
        let Some(number) = of.template else { return self.launch_template(version) };
        let name = format!("{}-{number}", self.settings.name);
        LaunchTemplate { id: launch_template_id(&name), name: format!("{name}-template"), version }
    }

    /// All that it launches from now.
    pub fn launches_from(&self) -> Vec<LaunchTemplate> {
        let version = self.settings.launch_template_version;
        let overrides = &self.settings.mixed.overrides;
        if overrides.is_empty() {
            return vec![self.launch_template(version)];
        }
        overrides.iter().map(|of| self.template_of(*of, version)).collect()
    }
}

impl World {
    /// What those members count that the group takes for there, in its own unit.
    pub(crate) fn capacity(&self, name: &GroupName) -> u32 {
        self.units_of(name, Instance::counts)
    }

    pub(crate) fn units_of(&self, name: &GroupName, which: impl Fn(&Instance) -> bool) -> u32 {
        self.members(name).filter(|member| which(member)).map(|member| member.launched_as.units()).sum()
    }

    /// A group whose policy got weights counts those that run by them, too (EC2 Auto Scaling User Guide, "Configure an Auto Scaling
    /// group to use instance weights").
    ///
    /// # Errors
    /// [`Refusal::NoManagedInstance`] for an instance that is in no group.
    pub fn retype(&mut self, id: &InstanceId, of: Override) -> Result<(), Refusal> {
        self.known_instance_mut(id)?.launched_as = of;
        Ok(())
    }

    /// The instance type whose turn it is.
    pub(crate) fn next_override(&mut self, name: &GroupName) -> Override {
        let Some(group) = self.groups.get_mut(name) else { return Override::default() };
        let overrides = &group.settings.mixed.overrides;
        let next = overrides.get(group.turns % overrides.len().max(1)).copied();
        group.turns = group.turns.wrapping_add(1);
        next.unwrap_or_default()
    }
}
