//! The ledger as it stands between two steps.
//!
//! This module never keeps what is closed: that is compared at longer intervals.

use std::collections::BTreeMap;

use homeostat_core::budget::SharedBudget;
use homeostat_core::id::{GroupName, Scope, Subject};
use homeostat_core::incident::{Incident, Kind};
use homeostat_core::ports::Slots;
use homeostat_remedies::policy::Policy;
use world::MemoryLedger;

#[derive(Debug, Clone)]
pub(super) struct View<K: Kind> {
    pub(super) revision: u64,
    pub(super) open: BTreeMap<Subject, Incident<K>>,
    pub(super) slots: BTreeMap<GroupName, Slots>,
    pub(super) shared: SharedBudget,
    pub(super) memory: BTreeMap<GroupName, K::Memory>,
    /// What was closed since the view before, and how many are closed in all.
    pub(super) newly_closed: Vec<Incident<K>>,
    pub(super) closed: usize,
    /// What was not read back as it was written.
    pub(super) flaw: Option<String>,
}

impl<K: Kind> Default for View<K> {
    /// Before anything was written.
    fn default() -> Self {
        View {
            revision: 0,
            open: BTreeMap::new(),
            slots: BTreeMap::new(),
            shared: SharedBudget::default(),
            memory: BTreeMap::new(),
            newly_closed: Vec::new(),
            closed: 0,
            flaw: None,
        }
    }
}

impl<K: Kind> View<K> {
    pub(super) fn of(ledger: &MemoryLedger, policy: &Policy, before: &View<K>) -> Self {
        let names = policy.instances.group_names();
        let open: BTreeMap<Subject, Incident<K>> =
            ledger.open().into_iter().map(|open| (open.subject.clone(), open)).collect();
        let gone = before.open.keys().filter(|subject| !open.contains_key(subject));
        let newly_closed: Vec<Incident<K>> = gone.filter_map(|subject| ledger.last_closed(subject)).collect();
        View {
            revision: ledger.revision(),
            flaw: ledger.flaw(),
            slots: names.iter().map(|name| (name.clone(), ledger.slots_of(name))).collect(),
            shared: ledger.shared(),
            memory: names.iter().map(|name| (name.clone(), ledger.memory_of::<K>(&Scope::of_group(name)))).collect(),
            closed: before.closed + newly_closed.len(),
            newly_closed,
            open,
        }
    }
}
