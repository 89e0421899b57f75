//! The index of what is due, which is eventually consistent: a sweep may see it as it was some seconds ago.
//!
//! This module never changes what is read, only when it was so.

use std::sync::Arc;

use homeostat_core::ports::{Due, DueIncidents, DueList, Mark, NotWritten, Unavailable};
use jiff::Timestamp;
use world::MemoryLedger;

use super::stage::Stage;

/// The ledger as the sweep sees it.
#[derive(Debug, Clone)]
pub(super) struct Index {
    pub(super) stage: Arc<Stage>,
    pub(super) ledger: MemoryLedger,
    /// All that was open a while ago.
    pub(super) before: Option<Arc<DueList>>,
}

impl DueIncidents for Index {
    async fn due(&self, until: Timestamp) -> Result<DueList, Unavailable> {
        let Some(before) = &self.before else { return self.ledger.due(until).await };
        self.stage.count("fault: stale, index");
        let due = before.due.iter().filter(|due| due.wake_at <= until).cloned().collect();
        Ok(DueList { due, unreadable: Vec::new() })
    }
    async fn postpone(&self, due: &Due, until: Timestamp, marks: &[Mark], now: Timestamp) -> Result<(), NotWritten> {
        self.ledger.postpone(due, until, marks, now).await
    }
}
