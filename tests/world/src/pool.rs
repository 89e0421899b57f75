//! A group's warm pool: instances that were started beforehand, and wait outside the desired capacity (EC2 Auto Scaling User
//! Guide, "Decrease latency for applications with long boot times using warm pools").
//!
//! This module never checks the health of what waits, and never hibernates it.

use homeostat_core::id::{GroupName, InstanceId};

use crate::activity::{ActivityKind, ActivityStatus};
use crate::agenda::Due;
use crate::group::Shortage;
use crate::instance::Instance;
use crate::journey::Journey;
use crate::lifecycle::LifecycleState;
use crate::machine::InstanceState;
use crate::work::LossReason;
use crate::world::World;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WarmPool {
    /// So many wait at least. AWS has it follow the group's maximum unless told otherwise (API reference, `PutWarmPool`); a
    /// fixed number is enough here. What returns on scale-in comes on top of it.
    pub size: u32,
    pub state: PoolState,
    /// `InstanceReusePolicy.ReuseOnScaleIn`.
    pub reuse_on_scale_in: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolState {
    Stopped,
    Running,
}

impl PoolState {
    pub fn as_str(self) -> &'static str {
        match self {
            PoolState::Stopped => "Stopped",
            PoolState::Running => "Running",
        }
    }
}

impl World {
    /// The oldest that waits is put into service; `None` = the pool has none.
    pub(crate) fn take_from_pool(&mut self, name: &GroupName, cause: &str) -> Option<InstanceId> {
        let waits = |member: &&Instance| {
            matches!(member.lifecycle, LifecycleState::WarmedStopped | LifecycleState::WarmedRunning)
        };
        let oldest = self.members(name).filter(waits).min_by_key(|member| (member.launched_at, member.id.clone()));
        let id = oldest?.id.clone();
        let instance = self.instances.get_mut(&id)?;
        instance.lifecycle = LifecycleState::Pending;
        instance.journey = Some(Journey::WarmPoolToGroup);
        let starts = instance.state != InstanceState::Running;
        let takes = if starts { self.pace.running_after } else { self.pace.notice };
        if starts {
            instance.state = InstanceState::Pending;
            instance.started_at = self.now;
            instance.answers_from = self.now + self.pace.answers_after;
        }
        let instance = instance.clone();
        self.begin(ActivityKind::Launch, &instance, cause);
        if starts {
            self.schedule_answer(&id);
        }
        self.agenda.schedule(self.now + takes, Due::Running(id.clone()));
        Some(id)
    }

    /// Launches what the pool lacks.
    pub(crate) fn refill_pool(&mut self, name: &GroupName) {
        let Some(pool) = self.groups.get(name).and_then(|group| group.settings.warm_pool) else { return };
        for _ in self.pooled(name).len()..usize::try_from(pool.size).unwrap_or(usize::MAX) {
            let Some(id) = self.launch_somewhere(name, Shortage::WarmPool) else {
                return self.retry_later(name, Shortage::WarmPool);
            };
            if let Some(instance) = self.instances.get_mut(&id) {
                instance.lifecycle = LifecycleState::WarmedPending;
                instance.journey = Some(Journey::Ec2ToWarmPool);
            }
        }
    }

    /// A pool that was made smaller, or deleted, lets the oldest go.
    pub(crate) fn trim_pool(&mut self, name: &GroupName) {
        let size = self.groups.get(name).and_then(|group| group.settings.warm_pool).map_or(0, |pool| pool.size);
        let pooled = self.pooled(name);
        let surplus = pooled.len().saturating_sub(usize::try_from(size).unwrap_or(usize::MAX));
        for id in pooled.into_iter().take(surplus) {
            self.terminate(&id, "a user request changed the WarmPool.", Shortage::WarmPool);
        }
    }

    /// Oldest first.
    fn pooled(&self, name: &GroupName) -> Vec<InstanceId> {
        let stays = |state: LifecycleState| state.is_warm() && !state.is_terminating() && !state.is_retained();
        let mut pooled: Vec<&Instance> = self.members(name).filter(|member| stays(member.lifecycle)).collect();
        pooled.sort_by_key(|member| (member.launched_at, &member.id));
        pooled.into_iter().map(|member| member.id.clone()).collect()
    }

    /// Nothing holds it back from the pool any more: it waits there, running or stopped.
    pub(crate) fn enter_pool(&mut self, id: &InstanceId) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        let pool = self.groups.get(&instance.group).and_then(|group| group.settings.warm_pool);
        match pool.map(|pool| pool.state) {
            Some(PoolState::Running) => {
                instance.lifecycle = LifecycleState::WarmedRunning;
                self.arrived_in_pool(id);
            }
            Some(PoolState::Stopped) => {
                instance.state = InstanceState::Stopping;
                self.agenda.schedule(self.now + self.pace.shut_down, Due::Pooled(id.clone()));
                self.lose_work(id, LossReason::ShutDown);
            }
            None => _ = self.terminate(id, "a user request changed the WarmPool.", Shortage::WarmPool),
        }
    }

    /// EC2 has stopped it.
    pub(crate) fn pooled_stopped(&mut self, id: &InstanceId) {
        let enters = |instance: &&mut Instance| {
            matches!(instance.lifecycle, LifecycleState::WarmedPending | LifecycleState::WarmedPendingProceed)
        };
        let Some(instance) = self.instances.get_mut(id).filter(enters) else { return };
        instance.state = InstanceState::Stopped;
        instance.lifecycle = LifecycleState::WarmedStopped;
        self.arrived_in_pool(id);
    }

    fn arrived_in_pool(&mut self, id: &InstanceId) {
        let returned = self.instances.get_mut(id).and_then(|instance| instance.journey.take());
        let returned = returned == Some(Journey::GroupToWarmPool);
        let kind = if returned { ActivityKind::EnterWarmPool } else { ActivityKind::Launch };
        self.set_status(kind, id, ActivityStatus::Successful);
    }
}
