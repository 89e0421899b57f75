//! Chance, from one seed.
//!
//! This module never asks anything but its seed: the same throws in the same order fall the same.

use jiff::SignedDuration;

#[derive(Debug, Clone)]
pub(super) struct Dice(fastrand::Rng);

impl Dice {
    pub(super) fn of(seed: u64) -> Self {
        Dice(fastrand::Rng::with_seed(seed))
    }

    /// Whether something that happens in so many of 100 cases happens now.
    pub(super) fn chance(&mut self, percent: f64) -> bool {
        self.0.f64() * 100.0 < percent
    }

    pub(super) fn number(&mut self, range: std::ops::RangeInclusive<u32>) -> u32 {
        self.0.u32(range)
    }

    pub(super) fn between(&mut self, least: SignedDuration, most: SignedDuration) -> SignedDuration {
        let milliseconds = |duration: SignedDuration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        SignedDuration::from_millis(self.0.i64(milliseconds(least)..=milliseconds(most)))
    }

    pub(super) fn minutes(&mut self, least: i64, most: i64) -> SignedDuration {
        self.between(SignedDuration::from_mins(least), SignedDuration::from_mins(most))
    }

    pub(super) fn seconds(&mut self, least: i64, most: i64) -> SignedDuration {
        self.between(SignedDuration::from_secs(least), SignedDuration::from_secs(most))
    }

    /// `None` of none.
    pub(super) fn pick<T: Clone>(&mut self, among: &[T]) -> Option<T> {
        if among.is_empty() { None } else { among.get(self.0.usize(..among.len())).cloned() }
    }

    /// One of a few, of which there is at least the first.
    pub(super) fn either<T: Copy>(&mut self, first: T, others: &[T]) -> T {
        match self.0.usize(..=others.len()) {
            0 => first,
            nth => others.get(nth - 1).copied().unwrap_or(first),
        }
    }
}
