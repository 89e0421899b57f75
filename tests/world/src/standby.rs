//! Standby: an instance that its group keeps, but does not count on (EC2 Auto Scaling User Guide, "Temporarily remove
//! instances from your Auto Scaling group").
//!
//! This module never checks an instance's health; nor does Auto Scaling while it is in Standby.

use homeostat_core::id::InstanceId;

use crate::activity::{ActivityKind, ActivityStatus};
use crate::agenda::Due;
use crate::group::Shortage;
use crate::instance::Instance;
use crate::lifecycle::LifecycleState;
use crate::refusal::Refusal;
use crate::suspending::Process;
use crate::world::World;

impl World {
    /// `EnterStandby`. Without `decrement` the group launches another instance.
    ///
    /// # Errors
    /// [`Refusal`]: an instance in no group or not in service, or a desired capacity that would fall below the minimum.
    pub fn enter_standby(&mut self, id: &InstanceId, decrement: bool) -> Result<(), Refusal> {
        let instance = self.in_state(id, LifecycleState::InService)?;
        let group = self.known_group_mut(&instance.group)?;
        let before = group.settings.desired;
        if decrement {
            if before <= group.settings.min {
                let why = format!("AutoScalingGroup {} has min-size={before}", instance.group);
                return Err(Refusal::Invalid { why });
            }
            group.settings.desired -= 1;
        }
        let change =
            if decrement { format!(", shrinking the capacity from {before} to {}", before - 1) } else { String::new() };
        let cause = format!("instance {id} was moved to standby in response to a user request{change}.");
        self.begin(ActivityKind::EnterStandby, &instance, &cause);
        if let Some(instance) = self.instances.get_mut(id) {
            instance.lifecycle = LifecycleState::EnteringStandby;
        }
        let takes = if self.drain(id) { self.pace.deregistration_delay } else { self.pace.replace_unhealthy };
        self.agenda.schedule(self.now + takes, Due::Standby(id.clone()));
        if !decrement {
            self.agenda.schedule(self.now + self.pace.notice, Due::Replenish(instance.group, Shortage::Capacity));
        }
        Ok(())
    }

    pub(crate) fn in_standby(&mut self, id: &InstanceId) {
        let entering = |instance: &&mut Instance| instance.lifecycle == LifecycleState::EnteringStandby;
        let Some(instance) = self.instances.get_mut(id).filter(entering) else { return };
        instance.lifecycle = LifecycleState::Standby;
        self.deregister(id);
        self.set_status(ActivityKind::EnterStandby, id, ActivityStatus::Successful);
    }

    /// `ExitStandby`: back through Pending, and the desired capacity is one more.
    ///
    /// # Errors
    /// [`Refusal`]: an instance in no group or not in Standby, a group that is as large as it may be, or one whose `Launch`
    /// is suspended ("you can't return an instance in the Standby state to service").
    pub fn exit_standby(&mut self, id: &InstanceId) -> Result<(), Refusal> {
        let instance = self.in_state(id, LifecycleState::Standby)?;
        let group = self.known_group_mut(&instance.group)?;
        let before = group.settings.desired;
        if group.is_suspended(Process::Launch) || before >= group.settings.max {
            let why = format!("AutoScalingGroup {} can't take instance {id} back into service", instance.group);
            return Err(Refusal::Invalid { why });
        }
        group.settings.desired += 1;
        let cause = format!(
            "instance {id} was moved out of standby in response to a user request, increasing the capacity from \
             {before} to {}.",
            before + 1
        );
        self.begin(ActivityKind::ExitStandby, &instance, &cause);
        if let Some(instance) = self.instances.get_mut(id) {
            instance.lifecycle = LifecycleState::Pending;
        }
        self.agenda.schedule(self.now + self.pace.notice, Due::Running(id.clone()));
        Ok(())
    }

    fn in_state(&self, id: &InstanceId, lifecycle: LifecycleState) -> Result<Instance, Refusal> {
        let instance = self.instances.get(id).ok_or_else(|| Refusal::NoManagedInstance { id: id.clone() })?;
        if instance.lifecycle == lifecycle {
            return Ok(instance.clone());
        }
        Err(Refusal::Invalid { why: format!("The instance {id} is not in {}.", lifecycle.as_str()) })
    }
}
