//! Which of a group's processes each thing that is expected of it takes (EC2 Auto Scaling User Guide, "Suspend and resume
//! processes").
//!
//! This module never resumes anything: whoever suspended a process had a reason.

use homeostat_core::aws::fleet::Group;

use super::observation::Observation;
use crate::instance::reasons::GroupState;

/// What is expected of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// It launches another instance for one that Homeostat takes out. Whoever suspends `ReplaceUnhealthy` wants unhealthy
    /// instances left where they are, by Homeostat too.
    Replace,
    /// It takes out what it has marked as unhealthy, by itself.
    ReplaceMarked,
    /// It notices what doesn't run, and takes it out by itself.
    ReplaceStopped,
    /// Capacity Rebalancing.
    Rebalance,
}

/// Where there are target groups, a replacement gets traffic only by `AddToLoadBalancer`.
const TRAFFIC: &str = "AddToLoadBalancer";

impl Promise {
    const fn takes(self) -> &'static [&'static str] {
        match self {
            Promise::Replace | Promise::ReplaceMarked => &["Launch", "Terminate", "ReplaceUnhealthy"],
            Promise::ReplaceStopped => &["Launch", "Terminate", "ReplaceUnhealthy", "HealthCheck"],
            Promise::Rebalance => &["Launch", "Terminate"],
        }
    }

    /// Of the processes that it takes, those that the group has suspended.
    pub fn suspended(self, group: &Group) -> Vec<&'static str> {
        let traffic = (!group.target_groups.is_empty()).then_some(&TRAFFIC);
        self.takes().iter().chain(traffic).copied().filter(|process| group.is_suspended(process)).collect()
    }
}

/// With these suspended, a group does nothing about instances that stop.
const PARKED: [&str; 4] = ["Launch", "Terminate", "ReplaceUnhealthy", "HealthCheck"];

/// There are nine (API reference, `SuspendProcesses`).
const ALL: usize = 9;

/// Whether somebody stopped all of the group on purpose. What EC2 doesn't say of a member may be that it runs.
pub(super) fn parked(seen: &Observation) -> Option<GroupState> {
    let group = seen.group.as_ref()?;
    let mut members = group.members.iter().filter(|member| member.lifecycle.is_in_service()).peekable();
    let is_stopped = |id| seen.machines.get(id).is_some_and(|machine| !machine.is_running());
    let is_left_alone = PARKED.iter().all(|process| group.is_suspended(process));
    if members.peek().is_none() || !is_left_alone {
        return None;
    }
    let members: Vec<_> = members.collect();
    if !members.iter().all(|member| is_stopped(&member.id)) {
        return None;
    }
    let is_all = group.suspended.len() >= ALL;
    let suspended = if is_all { "all processes".to_owned() } else { group.suspended.join(", ") };
    Some(GroupState::Parked { suspended, instances: u32::try_from(members.len()).unwrap_or(u32::MAX) })
}
