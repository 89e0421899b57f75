//! Storms: many things fail at once, or many groups are read, and AWS's rates bound what may be asked.
//!
//! The simulator tells made-up histories of few subjects and breaks what it can; a storm has thousands of invocations side by side, with
//! AWS's token buckets, latencies, Lambda's retries and time limit and the queues' visibility. Nothing here decides about an incident.

mod api;
mod buckets;
mod counts;
mod deliveries;
mod executor;
mod fleet;
mod functions;
mod mail;
mod meter;
mod ports;
mod progress;
mod queue;
mod rates;
mod report;
mod rig;
mod scene;
mod scenes;
mod surroundings;
mod timers;
mod truth;
mod wire;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use api::Api;
pub use counts::Invocations;
pub use deliveries::{Source, Way};
pub use fleet::Trouble;
pub use meter::Calls;
pub use progress::CallsByGroup;
pub use queue::QueueSettings;
pub use rates::AutoScaling;
pub use report::{Report, Spread};
pub use scene::{Scene, SceneKind, ZoneFault};

/// A panic elsewhere ends the scene anyway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
