//! What outlives an incident of a held instance: launches that were abandoned one after the other.
//!
//! This module never writes anything; each transition gives the next version.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use super::abandoned::{Abandoned, Filled, Launch, Trying};
use super::abandoned::{is_same_template, put, source, take};
use homeostat_core::dependency::HeldLately;
use homeostat_core::id::{HookName, InstanceId};
use homeostat_core::memory::{Remembered, keep_newest};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    pub version: u64,
    /// Launches that were abandoned with none admitted since, by the hook that held them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub abandoned: BTreeMap<HookName, Vec<Abandoned>>,
    /// For how long none was abandoned lately because of what the group's launches depend on.
    #[serde(default, skip_serializing_if = "HeldLately::is_empty")]
    pub dependency: HeldLately,
}

impl Remembered for Memory {
    fn version(&self) -> u64 {
        self.version
    }

    fn over(self, read: &Self) -> Self {
        Memory { version: read.version + 1, ..self }
    }

    /// Launches may be abandoned again.
    fn acknowledged(&self) -> Self {
        Memory { version: self.version, dependency: self.dependency.clone(), ..Memory::default() }
    }
}

impl Memory {
    /// AWS is about to be asked to abandon it. Asked again, after a crash say, it is the same try.
    #[must_use]
    pub fn abandoning(&self, now: Timestamp, hook: &HookName, launch: &Launch<'_>) -> Memory {
        let mut next = self.spared(hook, launch.instance);
        let by_source = next.abandoned.entry(hook.clone()).or_default();
        let mut abandoned = take(by_source, now, launch);
        abandoned.trying.push(Trying { at: now, instance: launch.instance.clone() });
        keep_newest(&mut abandoned.trying);
        put(by_source, abandoned);
        next
    }

    /// AWS was asked to abandon it, and it is not known what came of that.
    pub fn is_abandoning(&self, hook: &HookName, instance: &InstanceId) -> bool {
        let mut trying = self.abandoned.get(hook).into_iter().flatten().flat_map(|known| &known.trying);
        trying.any(|one| one.instance == *instance)
    }

    /// AWS has not abandoned it, and will not.
    #[must_use]
    pub fn spared(&self, hook: &HookName, instance: &InstanceId) -> Memory {
        let mut next = self.clone();
        if let Some(by_source) = next.abandoned.get_mut(hook) {
            for known in by_source.iter_mut() {
                known.trying.retain(|one| one.instance != *instance);
            }
            by_source.retain(|known| !known.instances.is_empty() || !known.trying.is_empty());
        }
        next.abandoned.retain(|_, by_source| !by_source.is_empty());
        next
    }

    /// AWS abandoned it. The same launch counts once. `most` in a row are enough.
    #[must_use]
    pub fn abandon(&self, now: Timestamp, hook: &HookName, launch: &Launch<'_>, most: u32) -> Memory {
        let mut next = self.spared(hook, launch.instance);
        let by_source = next.abandoned.entry(hook.clone()).or_default();
        let mut abandoned = take(by_source, now, launch);
        // What is on its way from an older version still belongs to that version's row.
        for older in by_source.iter_mut().filter(|known| known.is_superseded_by(launch)) {
            older.superseded.get_or_insert(now);
        }
        if !abandoned.instances.contains(launch.instance) {
            abandoned.instances.push(launch.instance.clone());
            keep_newest(&mut abandoned.instances);
        }
        if abandoned.instances.len() >= usize::try_from(most).unwrap_or(usize::MAX) && abandoned.limit_reached.is_none()
        {
            abandoned.limit_reached = Some(Filled { at: now, by: launch.instance.clone() });
        }
        put(by_source, abandoned);
        next
    }

    /// A launch was ready: those before it from the same template were bad luck, or the cause is gone.
    #[must_use]
    pub fn admit(&self, hook: &HookName, launched_from: Option<&str>) -> Memory {
        let mut next = self.clone();
        if let Some(by_source) = next.abandoned.get_mut(hook) {
            by_source.retain(|known| !is_same_template(known.launched_from.as_deref(), launched_from));
        }
        next.abandoned.retain(|_, by_source| !by_source.is_empty());
        next
    }

    /// Launches of the same source that were abandoned with none admitted since.
    pub fn abandoned_of(&self, hook: &HookName, launched_from: Option<&str>) -> Option<&Abandoned> {
        let by_source = self.abandoned.get(hook)?;
        source(by_source, launched_from).and_then(|index| by_source.get(index))
    }
}
