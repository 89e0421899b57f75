//! Instance refreshes: that one is under way, not what it does.
//!
//! This module never replaces an instance: nobody's business here but that others keep their hands off meanwhile.

use homeostat_core::id::GroupName;
use jiff::Timestamp;

use crate::refusal::Refusal;
use crate::world::World;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceRefresh {
    pub id: String,
    pub status: RefreshStatus,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// The values of `InstanceRefresh.Status` that are modelled (API reference).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshStatus {
    Pending,
    InProgress,
    Successful,
    Failed,
    Cancelling,
    Cancelled,
    RollbackInProgress,
    RollbackFailed,
    RollbackSuccessful,
    Baking,
}

impl RefreshStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            RefreshStatus::Pending => "Pending",
            RefreshStatus::InProgress => "InProgress",
            RefreshStatus::Successful => "Successful",
            RefreshStatus::Failed => "Failed",
            RefreshStatus::Cancelling => "Cancelling",
            RefreshStatus::Cancelled => "Cancelled",
            RefreshStatus::RollbackInProgress => "RollbackInProgress",
            RefreshStatus::RollbackFailed => "RollbackFailed",
            RefreshStatus::RollbackSuccessful => "RollbackSuccessful",
            RefreshStatus::Baking => "Baking",
        }
    }

    pub fn is_over(self) -> bool {
        matches!(
            self,
            RefreshStatus::Successful
                | RefreshStatus::Failed
                | RefreshStatus::Cancelled
                | RefreshStatus::RollbackFailed
                | RefreshStatus::RollbackSuccessful
        )
    }
}

impl World {
    /// `StartInstanceRefresh`, which goes on until a story ends it. Answers with its id.
    ///
    /// # Errors
    /// [`Refusal`]: no such group, or another refresh that is not over (API reference, `InstanceRefreshInProgress`).
    pub fn start_refresh(&mut self, name: &GroupName) -> Result<String, Refusal> {
        let now = self.now;
        let running = |refresh: &InstanceRefresh| !refresh.status.is_over();
        if self.known_group(name)?.refreshes.iter().any(running) {
            return Err(Refusal::InstanceRefreshInProgress);
        }
        let id = self.ids.uuid();
        let refresh =
            InstanceRefresh { id: id.clone(), status: RefreshStatus::InProgress, started_at: now, ended_at: None };
        self.known_group_mut(name)?.refreshes.push(refresh);
        Ok(id)
    }

    /// Brings the newest refresh to a state; one that is over stays so.
    ///
    /// # Errors
    /// [`Refusal`]: no such group, or none that is under way.
    pub fn end_refresh(&mut self, name: &GroupName, status: RefreshStatus) -> Result<(), Refusal> {
        let now = self.now;
        let newest = self.known_group_mut(name)?.refreshes.last_mut().filter(|refresh| !refresh.status.is_over());
        let refresh = newest.ok_or_else(|| Refusal::Invalid { why: "No active instance refresh found".to_owned() })?;
        refresh.status = status;
        refresh.ended_at = status.is_over().then_some(now);
        Ok(())
    }
}
