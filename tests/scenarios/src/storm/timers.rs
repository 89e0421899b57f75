//! Virtual time for many at once: who waits until when, and one pair of dice for all waits that are random.
//!
//! This module never moves the clock: the driver does, once nobody can go on.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use homeostat_core::ports::Clock;
use jiff::{SignedDuration, Timestamp};
use world::VirtualClock;

use super::lock;

/// The same for every run, so that a scene repeats to the call.
const SEED: u64 = 7;

#[derive(Debug)]
pub(super) struct Timers {
    clock: VirtualClock,
    waiting: Mutex<Waiting>,
    dice: Mutex<fastrand::Rng>,
}

#[derive(Debug, Default)]
struct Waiting {
    wakers: BTreeMap<(Timestamp, u64), Waker>,
    next: u64,
}

impl Timers {
    pub(super) fn new(clock: VirtualClock) -> Self {
        Timers { clock, waiting: Mutex::default(), dice: Mutex::new(fastrand::Rng::with_seed(SEED)) }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// When the first of all that wait goes on.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        lock(&self.waiting).wakers.keys().next().map(|(at, _)| *at)
    }

    /// Wakes all whose time has come, in the order in which they began to wait.
    pub(super) fn fire(&self) {
        let now = self.now();
        let mut waiting = lock(&self.waiting);
        while let Some(first) = waiting.wakers.first_entry().filter(|first| first.key().0 <= now) {
            first.remove().wake();
        }
    }

    /// A duration below that one.
    pub(super) fn draw(&self, most: SignedDuration) -> SignedDuration {
        let most = i64::try_from(most.as_micros()).unwrap_or(i64::MAX).max(0);
        SignedDuration::from_micros(lock(&self.dice).i64(0..=most))
    }
}

/// Waits until that long has passed.
pub(super) fn sleep(timers: &Arc<Timers>, duration: SignedDuration) -> Sleep {
    Sleep { timers: Arc::clone(timers), until: timers.now() + duration, waker: None }
}

pub(super) struct Sleep {
    timers: Arc<Timers>,
    until: Timestamp,
    waker: Option<Waker>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.timers.now() >= self.until {
            return Poll::Ready(());
        }
        // Whoever polls may change: a future inside a `join_all` is polled with the waker of its place there.
        if self.waker.as_ref().is_none_or(|waker| !waker.will_wake(context.waker())) {
            self.waker = Some(context.waker().clone());
            let until = self.until;
            let mut waiting = lock(&self.timers.waiting);
            waiting.next += 1;
            let key = (until, waiting.next);
            waiting.wakers.insert(key, context.waker().clone());
        }
        Poll::Pending
    }
}

/// The clock of one function.
#[derive(Debug, Clone)]
pub(super) struct StormClock(pub(super) Arc<Timers>);

impl Clock for StormClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    async fn wait(&self, duration: SignedDuration) {
        sleep(&self.0, duration).await;
    }

    /// As `SystemClock` does, with its figure.
    async fn back_off(&self, attempt: u32) {
        let most = SignedDuration::from_millis(50) * 2_i32.saturating_pow(attempt.min(5));
        let wait = self.0.draw(most);
        sleep(&self.0, wait).await;
    }
}
