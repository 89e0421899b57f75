//! The machine's clock.
//!
//! This module never decides how long is long enough; it waits a little and at random.

use std::time::Duration;

use homeostat_core::ports::Clock;
use jiff::{SignedDuration, Timestamp};

/// Two that collided differ after this much; more would eat the function's time.
const SHORTEST_BACK_OFF: Duration = Duration::from_millis(50);

#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn wait(&self, duration: SignedDuration) {
        tokio::time::sleep(duration.unsigned_abs()).await;
    }

    async fn back_off(&self, attempt: u32) {
        let most = SHORTEST_BACK_OFF * 2_u32.saturating_pow(attempt.min(5));
        tokio::time::sleep(most.mul_f64(fastrand::f64())).await;
    }
}
