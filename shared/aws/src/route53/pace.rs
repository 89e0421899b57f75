//! Keeps the questions of one process to Route 53 for the status of health checks within what AWS answers.
//!
//! This module never refuses a question: it makes it wait for its turn. Other processes and the account's other users are not counted,
//! and what they take away AWS throttles, and the client asks again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use homeostat_core::aws::rates::{Api, Rate};
use tokio::time::{Instant, sleep_until};

/// A token bucket, as the time at which it will be full again.
#[derive(Debug, Clone, Default)]
pub(super) struct Pace(Arc<Mutex<Option<Instant>>>);

impl Pace {
    pub(super) async fn turn(&self) {
        let at = self.next(Instant::now());
        sleep_until(at).await;
    }

    fn next(&self, now: Instant) -> Instant {
        let Rate { burst, per_second } = Api::HealthCheckStatus.published();
        let interval = Duration::from_secs(1) / per_second.max(1);
        let mut full_at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next_full_at = full_at.unwrap_or(now).max(now) + interval;
        *full_at = Some(next_full_at);
        now.max(next_full_at.checked_sub(interval * burst).unwrap_or(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_at_once_and_then_one_a_second() {
        let (pace, now) = (Pace::default(), Instant::now() + Duration::from_secs(60));
        let wait = |now: Instant| pace.next(now).duration_since(now).as_secs();
        assert_eq!([0; 7].map(|_| wait(now)), [0, 0, 0, 0, 1, 2, 3]);
        let later = now + Duration::from_secs(60);
        assert_eq!([0; 5].map(|_| wait(later)), [0, 0, 0, 0, 1]);
    }
}
