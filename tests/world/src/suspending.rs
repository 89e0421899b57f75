//! Suspended processes (EC2 Auto Scaling User Guide, "How suspended processes affect other processes").
//!
//! This module never acts for a process: it only lets those go on that waited.

use homeostat_core::id::{GroupName, InstanceId};

use crate::agenda::Due;
use crate::group::Shortage;
use crate::instance::HealthStatus;
use crate::refusal::Refusal;
use crate::world::World;

/// The processes that can be suspended (API reference, `SuspendProcesses`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Process {
    Launch,
    Terminate,
    AddToLoadBalancer,
    AlarmNotification,
    AzRebalance,
    HealthCheck,
    InstanceRefresh,
    ReplaceUnhealthy,
    ScheduledActions,
}

impl Process {
    pub const ALL: [Process; 9] = [
        Process::Launch,
        Process::Terminate,
        Process::AddToLoadBalancer,
        Process::AlarmNotification,
        Process::AzRebalance,
        Process::HealthCheck,
        Process::InstanceRefresh,
        Process::ReplaceUnhealthy,
        Process::ScheduledActions,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Process::Launch => "Launch",
            Process::Terminate => "Terminate",
            Process::AddToLoadBalancer => "AddToLoadBalancer",
            Process::AlarmNotification => "AlarmNotification",
            Process::AzRebalance => "AZRebalance",
            Process::HealthCheck => "HealthCheck",
            Process::InstanceRefresh => "InstanceRefresh",
            Process::ReplaceUnhealthy => "ReplaceUnhealthy",
            Process::ScheduledActions => "ScheduledActions",
        }
    }
}

impl World {
    /// `SuspendProcesses`: no process named means all. One that is suspended already stays so since it was.
    ///
    /// # Errors
    /// [`Refusal`]: no such group, or one that is being deleted (cloud-custodian issue 497).
    pub fn suspend_processes(&mut self, name: &GroupName, processes: &[Process]) -> Result<(), Refusal> {
        let now = self.now;
        let group = self.known_group_mut(name)?;
        if group.deleting {
            let why = "Processes may not be suspended while the AutoScaling group is pending delete";
            return Err(Refusal::Invalid { why: why.to_owned() });
        }
        for process in or_all(processes) {
            group.suspended.entry(*process).or_insert(now);
        }
        Ok(())
    }

    /// `ResumeProcesses`: no process named means all. What waited for them happens at once.
    ///
    /// # Errors
    /// [`Refusal`]: no such group.
    pub fn resume_processes(&mut self, name: &GroupName, processes: &[Process]) -> Result<(), Refusal> {
        let group = self.known_group_mut(name)?;
        let resumed: Vec<Process> =
            or_all(processes).iter().filter(|process| group.suspended.remove(process).is_some()).copied().collect();
        for process in resumed {
            match process {
                Process::Launch => {
                    self.agenda.schedule(self.now, Due::Replenish(name.clone(), Shortage::Capacity));
                    self.schedule_replacements(name);
                }
                Process::Terminate | Process::ReplaceUnhealthy => self.schedule_replacements(name),
                Process::HealthCheck => self.check_all_again(name),
                _ => {}
            }
        }
        Ok(())
    }

    fn schedule_replacements(&mut self, name: &GroupName) {
        let unhealthy = self.members(name).filter(|member| member.health == HealthStatus::Unhealthy);
        let ids: Vec<InstanceId> = unhealthy.map(|member| member.id.clone()).collect();
        for id in ids {
            self.agenda.schedule(self.now, Due::ReplaceMarked(id));
        }
    }

    fn check_all_again(&mut self, name: &GroupName) {
        let ids: Vec<InstanceId> = self.members(name).map(|member| member.id.clone()).collect();
        for id in ids {
            self.schedule_ec2_check(&id);
            self.target_became_unhealthy(&id);
        }
    }

    pub(crate) fn is_suspended(&self, name: &GroupName, process: Process) -> bool {
        self.groups.get(name).is_some_and(|group| group.is_suspended(process))
    }
}

fn or_all(processes: &[Process]) -> &[Process] {
    if processes.is_empty() { &Process::ALL } else { processes }
}
