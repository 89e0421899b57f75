//! The ledger as it stands between two steps.
//!
//! This module never keeps what is closed: that is compared at longer intervals.

use std::collections::BTreeMap;

use homeostat_core::id::{GroupName, Scope, Subject};
use homeostat_core::incident::Incident;
use homeostat_core::memory::Memory;
use homeostat_core::policy::Policy;
use homeostat_core::ports::Slots;
use world::MemoryLedger;

#[derive(Debug, Clone, Default)]
pub(super) struct View {
    pub(super) revision: u64,
    pub(super) open: BTreeMap<Subject, Incident>,
    pub(super) slots: BTreeMap<GroupName, Slots>,
    pub(super) memory: BTreeMap<GroupName, Memory>,
    /// What was closed since the view before, and how many are closed in all.
    pub(super) newly_closed: Vec<Incident>,
    pub(super) closed: usize,
    /// What was not read back as it was written.
    pub(super) flaw: Option<String>,
}

impl View {
    pub(super) fn of(ledger: &MemoryLedger, policy: &Policy, before: &View) -> Self {
        let names = policy.group_names();
        let open: BTreeMap<Subject, Incident> =
            ledger.open().into_iter().map(|open| (open.subject.clone(), open)).collect();
        let gone = before.open.keys().filter(|subject| !open.contains_key(subject));
        let newly_closed: Vec<Incident> = gone.filter_map(|subject| ledger.last_closed(subject)).collect();
        View {
            revision: ledger.revision(),
            flaw: ledger.flaw(),
            slots: names.iter().map(|name| (name.clone(), ledger.slots_of(name))).collect(),
            memory: names.iter().map(|name| (name.clone(), ledger.memory_of(&Scope::Group(name.clone())))).collect(),
            closed: before.closed + newly_closed.len(),
            newly_closed,
            open,
        }
    }
}
