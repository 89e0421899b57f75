//! Chance, from one seed.
//!
//! This module never asks anything but its seed: the same throws in the same order fall the same. Where a part of a history is told,
//! they fall as they did on the same occasion of the whole.

use std::ops::RangeInclusive;

use jiff::SignedDuration;

use super::occasions::{Occasions, Thrown};

#[derive(Debug)]
pub(super) struct Dice {
    random: fastrand::Rng,
    pub(super) occasions: Option<Occasions>,
}

impl Dice {
    pub(super) fn of(seed: u64) -> Self {
        Dice { random: fastrand::Rng::with_seed(seed), occasions: None }
    }

    fn throw(&mut self, throw: impl Fn(&mut fastrand::Rng) -> Thrown) -> Thrown {
        match &mut self.occasions {
            None => throw(&mut self.random),
            Some(occasions) => occasions.throw(&mut self.random, throw),
        }
    }

    /// Whether something that happens in so many of 100 cases happens now.
    pub(super) fn chance(&mut self, percent: f64) -> bool {
        matches!(self.throw(|random| Thrown::Unit(random.f64())), Thrown::Unit(unit) if unit * 100.0 < percent)
    }

    pub(super) fn number(&mut self, range: RangeInclusive<u32>) -> u32 {
        let (least, most) = range.into_inner();
        match self.throw(|random| Thrown::Number(random.u32(least..=most).into())) {
            // Noted of another range, perhaps.
            Thrown::Number(number) => u32::try_from(number).unwrap_or(least).clamp(least, most),
            Thrown::Unit(_) | Thrown::Place(_) => least,
        }
    }

    pub(super) fn between(&mut self, least: SignedDuration, most: SignedDuration) -> SignedDuration {
        let milliseconds = |duration: SignedDuration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        let (least, most) = (milliseconds(least), milliseconds(most));
        match self.throw(|random| Thrown::Number(random.i64(least..=most))) {
            Thrown::Number(number) => SignedDuration::from_millis(number.clamp(least, most)),
            Thrown::Unit(_) | Thrown::Place(_) => SignedDuration::from_millis(least),
        }
    }

    pub(super) fn minutes(&mut self, least: i64, most: i64) -> SignedDuration {
        self.between(SignedDuration::from_mins(least), SignedDuration::from_mins(most))
    }

    pub(super) fn seconds(&mut self, least: i64, most: i64) -> SignedDuration {
        self.between(SignedDuration::from_secs(least), SignedDuration::from_secs(most))
    }

    /// `None` of none.
    pub(super) fn pick<T: Clone>(&mut self, among: &[T]) -> Option<T> {
        if among.is_empty() { None } else { among.get(self.place(among.len())).cloned() }
    }

    /// One of a few, of which there is at least the first.
    pub(super) fn either<T: Copy>(&mut self, first: T, others: &[T]) -> T {
        match self.place(others.len() + 1) {
            0 => first,
            nth => others.get(nth - 1).copied().unwrap_or(first),
        }
    }

    /// One of so many places, of which there is at least one.
    fn place(&mut self, of: usize) -> usize {
        match self.throw(|random| Thrown::Place(random.usize(..of))) {
            Thrown::Place(place) => place % of,
            Thrown::Unit(_) | Thrown::Number(_) => 0,
        }
    }
}
