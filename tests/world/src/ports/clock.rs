//! A clock that moves only when somebody moves it.
//!
//! It never goes backwards, and never reads the time of day.

use std::sync::{Arc, Mutex};

use homeostat_core::ports::Clock;
use jiff::{SignedDuration, Timestamp};

use super::lock;

/// The wait before the second try; the real one draws at random from a range like this.
const BACK_OFF: SignedDuration = SignedDuration::from_millis(50);

/// Clones show the same time.
#[derive(Debug, Clone)]
pub struct VirtualClock {
    now: Arc<Mutex<Timestamp>>,
    call: SignedDuration,
}

impl VirtualClock {
    /// `call` = how long one call of a port takes.
    pub fn starting_at(now: Timestamp, call: SignedDuration) -> Self {
        VirtualClock { now: Arc::new(Mutex::new(now)), call }
    }

    /// Moves on by `duration`, and gives the time it is then. A negative duration moves nothing.
    pub fn advance(&self, duration: SignedDuration) -> Timestamp {
        let mut now = lock(&self.now);
        *now += duration.max(SignedDuration::ZERO);
        *now
    }

    /// Moves on to `time`, unless it is that late already.
    pub fn advance_to(&self, time: Timestamp) -> Timestamp {
        let mut now = lock(&self.now);
        *now = (*now).max(time);
        *now
    }

    /// The time that one call takes goes by.
    pub(super) fn call(&self) -> Timestamp {
        self.advance(self.call)
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        *lock(&self.now)
    }

    async fn wait(&self, duration: SignedDuration) {
        self.advance(duration);
    }

    async fn back_off(&self, attempt: u32) {
        self.advance(BACK_OFF * i32::try_from(attempt).unwrap_or(i32::MAX));
    }
}
