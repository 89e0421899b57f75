//! How often each rule invoked a target since somebody last asked, as EventBridge counts it: whatever became of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A handle; clones count together.
#[derive(Clone, Default)]
pub(super) struct Runs {
    by_rule: Arc<Mutex<BTreeMap<String, u32>>>,
}

impl Runs {
    pub(super) fn add(&self, rule: &str) {
        let mut by_rule = self.by_rule.lock().unwrap_or_else(PoisonError::into_inner);
        *by_rule.entry(rule.to_owned()).or_default() += 1;
    }

    pub(super) fn take(&self) -> BTreeMap<String, u32> {
        std::mem::take(&mut *self.by_rule.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
