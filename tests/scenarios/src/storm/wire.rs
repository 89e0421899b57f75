//! What lies between a function and AWS: each call takes its time, may be throttled, and is tried again as the SDK does it.
//!
//! This module never knows what a call is for.

use std::sync::{Arc, Mutex};

use homeostat_core::ports::Unavailable;
use jiff::SignedDuration;

use super::api::Api;
use super::buckets::Buckets;
use super::executor::TaskId;
use super::lock;
use super::meter::Meter;
use super::timers::{Timers, sleep};

/// As `shared/aws/src/connect.rs` sets the SDK up.
const ATTEMPTS: u32 = 2;
const FIRST_BACKOFF: SignedDuration = SignedDuration::from_millis(100);

/// How long a call takes, inside a Region.
#[derive(Debug, Clone, Copy)]
pub(super) struct Latency {
    pub(super) aws: SignedDuration,
    /// Of the table and the queues.
    pub(super) own: SignedDuration,
}

impl Latency {
    /// AWS's as in `Pace::aws()`; the others' figures are single-digit milliseconds.
    pub(super) const USUAL: Latency =
        Latency { aws: SignedDuration::from_millis(40), own: SignedDuration::from_millis(10) };

    /// Each call the same: the time that passes is then the number of calls one after another.
    pub(super) const COUNTING: Latency =
        Latency { aws: SignedDuration::from_millis(1), own: SignedDuration::from_millis(1) };

    pub(super) fn of(self, api: Api) -> SignedDuration {
        if api.is_own() { self.own } else { self.aws }
    }
}

/// Clones share the buckets and the meter, as the functions of an account do.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    pub(super) timers: Arc<Timers>,
    pub(super) meter: Arc<Mutex<Meter>>,
    buckets: Arc<Mutex<Buckets>>,
    latency: Latency,
    /// Whose turn it is.
    turn: Arc<Mutex<TaskId>>,
}

/// Counts itself out, also where the function that waits for it is ended.
struct InFlight<'a> {
    wire: &'a Wire,
    api: Api,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        lock(&self.wire.meter).ends(self.api);
    }
}

impl Wire {
    pub(super) fn new(timers: Arc<Timers>, buckets: Buckets, latency: Latency) -> Self {
        let buckets = Arc::new(Mutex::new(buckets));
        Wire { timers, meter: Arc::default(), buckets, latency, turn: Arc::default() }
    }

    pub(super) fn turn_to(&self, task: TaskId) {
        *lock(&self.turn) = task;
    }

    /// The task that is being polled.
    pub(super) fn task(&self) -> TaskId {
        *lock(&self.turn)
    }

    /// The time that a call takes. What it reads or changes is read or changed after that.
    pub(super) async fn call(&self, api: Api) -> Result<(), Unavailable> {
        for attempt in 1..=ATTEMPTS {
            if self.attempt(api).await {
                return Ok(());
            }
            if attempt < ATTEMPTS {
                let wait = self.timers.draw(FIRST_BACKOFF);
                sleep(&self.timers, wait).await;
            }
        }
        lock(&self.meter).fails(api);
        Err(Unavailable { doing: format!("call {api}"), why: "Throttling: Rate exceeded".to_owned() })
    }

    /// Whether AWS took it.
    async fn attempt(&self, api: Api) -> bool {
        let now = self.timers.now();
        let is_taken = lock(&self.buckets).take(api, now);
        lock(&self.meter).begins(api, self.task(), now, !is_taken);
        let _in_flight = InFlight { wire: self, api };
        sleep(&self.timers, self.latency.of(api)).await;
        is_taken
    }
}
