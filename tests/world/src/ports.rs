//! The core's ports, implemented over the world and over memory.
//!
//! Each call takes a little virtual time, so that whatever can change between two calls does change. A call never waits:
//! its future is ready at once.

mod clock;
mod cloud;
mod dns;
mod hooks;
mod ledger;
mod wake_ups;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use clock::VirtualClock;
pub use cloud::Cloud;
pub use ledger::{IN_CLOSED_INDEX, MemoryLedger};
pub use wake_ups::WakeUpQueue;

/// A panic elsewhere fails its own test; what the lock guards is whole, since nothing panics while holding it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
