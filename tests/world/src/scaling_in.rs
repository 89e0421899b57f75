//! A desired capacity that a caller sets, and which members go where it is lowered.
//!
//! This module never balances zones: the default termination policy is not modelled.

use homeostat_core::id::{GroupName, InstanceId};

use crate::activity::ActivityKind;
use crate::agenda::Due;
use crate::group::{GroupSettings, Shortage};
use crate::instance::Instance;
use crate::journey::Journey;
use crate::lifecycle::LifecycleState;
use crate::refusal::Refusal;
use crate::suspending::Process;
use crate::world::World;

impl World {
    /// `SetDesiredCapacity`, without respect for a cooldown: more are put into service at once, from the warm pool first;
    /// fewer are taken out at once.
    ///
    /// # Errors
    /// [`Refusal`]: no such group, or a capacity beyond its sizes.
    pub fn set_desired_capacity(&mut self, name: &GroupName, desired: u32) -> Result<(), Refusal> {
        let before = &self.known_group(name)?.settings;
        let (settings, before) = (GroupSettings { desired, ..before.clone() }, before.desired);
        self.check_settings(&settings)?;
        self.known_group_mut(name)?.settings = settings;
        self.scale_in(name, before);
        self.replenish(name, Shortage::Capacity);
        Ok(())
    }

    /// Takes out what is too much for the desired capacity: the oldest first, which is one of the termination policies; the
    /// default one, which balances zones before, is not modelled. Those that are protected stay.
    fn scale_in(&mut self, name: &GroupName, before: u32) {
        let Some(group) = self.groups.get(name).filter(|group| !group.is_suspended(Process::Terminate)) else { return };
        let desired = group.settings.desired;
        let reuses = group.settings.warm_pool.is_some_and(|pool| pool.reuse_on_scale_in);
        let may_go = |member: &&Instance| {
            member.counts() && member.lifecycle == LifecycleState::InService && !member.protected_from_scale_in
        };
        let mut going: Vec<&Instance> = self.members(name).filter(may_go).collect();
        going.sort_by_key(|member| (member.launched_at, &member.id));
        let mut capacity = self.capacity(name);
        let is_surplus = |member: &&Instance| {
            let without = capacity.saturating_sub(member.launched_as.units());
            let goes = without >= desired && capacity > desired;
            capacity = if goes { without } else { capacity };
            goes
        };
        let ids: Vec<InstanceId> = going.into_iter().filter(is_surplus).map(|member| member.id.clone()).collect();
        let cause = format!(
            "a user request update of AutoScalingGroup constraints to desired: {desired} changing the desired capacity from {before} to {desired}."
        );
        for id in ids {
            if reuses {
                self.return_to_pool(&id, &cause);
            } else {
                self.terminate(&id, &cause, Shortage::Capacity);
            }
        }
    }

    /// It drains first, as if it were to be terminated; on no page, but hooks come after it there as well.
    fn return_to_pool(&mut self, id: &InstanceId, cause: &str) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        instance.lifecycle = LifecycleState::WarmedPending;
        instance.journey = Some(Journey::GroupToWarmPool);
        instance.in_service_at = None;
        let instance = instance.clone();
        self.begin(ActivityKind::EnterWarmPool, &instance, cause);
        if self.drain(id) {
            self.agenda.schedule(self.now + self.pace.deregistration_delay, Due::Drained(id.clone()));
        } else {
            self.drained(id);
        }
        self.replacement_leaves(id);
    }
}
