//! What outlives an incident of a zone: which endpoints were drained lately, and which are latched.
//!
//! This module never writes anything; each transition gives the next version.

use std::collections::BTreeMap;

use homeostat_core::aws::record::RecordKey;
use homeostat_core::dependency::HeldLately;
use homeostat_core::memory::{Remembered, keep_newest};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::drift::Drift;

/// An endpoint of a weighted record: `www.example.com A blue`.
pub type Endpoint = String;

const NEVER_HELD: &HeldLately = &HeldLately::none();

/// What was done in a zone lately.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    pub version: u64,
    /// Oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drains: Vec<Drain>,
    /// Endpoints that stay drained until a person has looked.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub latched: BTreeMap<Endpoint, Timestamp>,
    /// On what people heard that the policy and AWS do not agree.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drifts: Vec<Drift>,
    /// For how long drains were held lately for what a record, such as `www.example.com A`, depends on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dependency: BTreeMap<String, HeldLately>,
}

/// Weight was taken from an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drain {
    pub at: Timestamp,
    pub endpoint: Endpoint,
    /// It had more than its own share, since it had taken over for others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub had_taken_over: bool,
}

impl Drain {
    /// Of what was an endpoint's own share.
    pub fn of(endpoint: &Endpoint, at: Timestamp) -> Self {
        Drain { at, endpoint: endpoint.clone(), had_taken_over: false }
    }
}

impl Remembered for Memory {
    fn version(&self) -> u64 {
        self.version
    }

    fn over(self, read: &Self) -> Self {
        Memory { version: read.version + 1, ..self }
    }

    /// Nothing is latched any more.
    fn acknowledged(&self) -> Self {
        let (drifts, dependency) = (self.drifts.clone(), self.dependency.clone());
        Memory { version: self.version, drifts, dependency, ..Memory::default() }
    }
}

impl Memory {
    /// `again`: the same drain is tried once more, and is no second one.
    #[must_use]
    pub fn drained(&self, drain: Drain, again: bool) -> Memory {
        let mut next = self.clone();
        if again && let Some(last) = next.drains.iter().rposition(|last| last.endpoint == drain.endpoint) {
            next.drains.remove(last);
        }
        next.drains.push(drain);
        keep_newest(&mut next.drains);
        next
    }

    pub fn held_lately(&self, record: &RecordKey) -> &HeldLately {
        self.dependency.get(&record.to_string()).unwrap_or(NEVER_HELD)
    }

    #[must_use]
    pub fn latch(mut self, now: Timestamp, endpoint: &Endpoint) -> Memory {
        self.latched.entry(endpoint.clone()).or_insert(now);
        self
    }

    /// How often weight was taken from the endpoint within the window.
    pub fn drains_within(&self, now: Timestamp, window: SignedDuration, endpoint: &Endpoint) -> u32 {
        let drains = self.drains.iter().filter(|drain| drain.endpoint == *endpoint && drain.at + window > now);
        u32::try_from(drains.count()).unwrap_or(u32::MAX)
    }

    /// How often the endpoint failed within the window with more than its own share, and when it did last.
    pub fn failed_takeovers(
        &self,
        now: Timestamp,
        window: SignedDuration,
        endpoint: &Endpoint,
    ) -> Option<(u32, Timestamp)> {
        let is_one = |drain: &&Drain| drain.had_taken_over && drain.endpoint == *endpoint && drain.at + window > now;
        let last = self.drains.iter().filter(is_one).map(|drain| drain.at).max()?;
        let count = self.drains.iter().filter(is_one).count();
        Some((u32::try_from(count).unwrap_or(u32::MAX), last))
    }
}
