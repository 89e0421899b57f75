//! What the calls came to: how many, how many at once, how many in the busiest second, how many were throttled.
//!
//! This module never lets a call through, and never holds one up.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::api::Api;
use super::executor::TaskId;

/// Attempts of one action, or of several together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// Attempts, as AWS counts them.
    pub made: u64,
    pub throttled: u64,
    /// Calls that were given up after all their attempts.
    pub failed: u64,
    pub most_in_flight: u64,
    pub busiest_second: u64,
    in_flight: u64,
    second: i64,
    in_second: u64,
}

impl Calls {
    fn begins(&mut self, now: Timestamp, is_throttled: bool) {
        self.made += 1;
        self.throttled += u64::from(is_throttled);
        self.in_flight += 1;
        self.most_in_flight = self.most_in_flight.max(self.in_flight);
        if now.as_second() != self.second {
            (self.second, self.in_second) = (now.as_second(), 0);
        }
        self.in_second += 1;
        self.busiest_second = self.busiest_second.max(self.in_second);
    }

    fn ends(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }
}

/// What one task asked for so far.
#[derive(Debug, Clone, Copy, Default)]
struct OfTask {
    calls: u64,
    own_calls: u64,
    effect: Option<Effect>,
}

/// A task's first call that changes something, when it begins: with what the task had asked for by then, itself included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effect {
    pub(super) calls: u64,
    pub(super) own_calls: u64,
    pub(super) at: Timestamp,
}

#[derive(Debug, Default)]
pub(super) struct Meter {
    pub(super) calls: BTreeMap<Api, Calls>,
    /// All of AWS's but the ledger's and the queues'.
    pub(super) of_aws: Calls,
    by_task: BTreeMap<TaskId, OfTask>,
    pub(super) writes: u64,
    pub(super) conflicts: u64,
}

impl Meter {
    pub(super) fn begins(&mut self, api: Api, task: TaskId, now: Timestamp, is_throttled: bool) {
        self.calls.entry(api).or_default().begins(now, is_throttled);
        let of_task = self.by_task.entry(task).or_default();
        if api.is_own() {
            of_task.own_calls += 1;
        } else {
            of_task.calls += 1;
            self.of_aws.begins(now, is_throttled);
        }
        if api.is_effect() {
            let OfTask { calls, own_calls, .. } = *of_task;
            of_task.effect.get_or_insert(Effect { calls, own_calls, at: now });
        }
    }

    pub(super) fn ends(&mut self, api: Api) {
        self.calls.entry(api).or_default().ends();
        if !api.is_own() {
            self.of_aws.ends();
        }
    }

    pub(super) fn fails(&mut self, api: Api) {
        self.calls.entry(api).or_default().failed += 1;
        if !api.is_own() {
            self.of_aws.failed += 1;
        }
    }

    /// How much a task that has ended asked of AWS, and whether it changed something.
    pub(super) fn of_task(&mut self, task: TaskId) -> (u64, Option<Effect>) {
        let of_task = self.by_task.remove(&task).unwrap_or_default();
        (of_task.calls, of_task.effect)
    }
}
