//! Which throw belongs to which occasion.
//!
//! A history is thrown from one stream. To tell it again with something left out, each throw is noted under its occasion (the second
//! wake-up of an instance, its fifth throw). There it falls as it did before, however many others are left out.
//!
//! This module never throws by itself, but where nothing is noted.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::script::Fall;

/// A moment at which dice are thrown for one purpose: an event on its way, an invocation, a disturbance.
pub(super) type Occasion = u64;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Thrown {
    Unit(f64),
    Number(i64),
    Place(usize),
}

/// What was thrown in one history, by its occasions.
#[derive(Debug, Clone, Default)]
pub struct Book(BTreeMap<Occasion, Vec<Thrown>>);

#[derive(Debug, Default)]
pub(super) struct Occasions {
    /// Of the history that is told again.
    known: Option<Arc<Book>>,
    noted: Book,
    now: Occasion,
    times: BTreeMap<u64, u64>,
    places: BTreeMap<Occasion, usize>,
}

impl Occasions {
    pub(super) fn of(known: Arc<Book>) -> Self {
        Occasions { known: Some(known), ..Occasions::default() }
    }

    /// From now on it is the next occasion of that name, or the one of that number.
    pub(super) fn turn(&mut self, name: &str, number: Option<u64>) {
        let name = name.bytes().fold(0, |hash, byte| mix(hash ^ u64::from(byte)));
        let times = self.times.entry(name).or_default();
        *times += 1;
        self.now = mix(name ^ mix(number.unwrap_or(*times)));
    }

    pub(super) fn turn_to(&mut self, occasion: Occasion) {
        self.now = occasion;
    }

    pub(super) fn now(&self) -> Occasion {
        self.now
    }

    /// A name for what the next throw decides.
    pub(super) fn next_fall(&self) -> Fall {
        mix(self.now ^ mix(self.place()))
    }

    fn place(&self) -> u64 {
        self.places.get(&self.now).map_or(0, |place| *place as u64)
    }

    pub(super) fn throw(&mut self, dice: &mut fastrand::Rng, throw: impl Fn(&mut fastrand::Rng) -> Thrown) -> Thrown {
        let fall = self.next_fall();
        let place = self.places.entry(self.now).or_default();
        let nth = *place;
        *place += 1;
        let Some(known) = &self.known else {
            let thrown = throw(dice);
            self.noted.0.entry(self.now).or_default().push(thrown);
            return thrown;
        };
        let noted = known.0.get(&self.now).and_then(|thrown| thrown.get(nth)).copied();
        let aside = throw(&mut fastrand::Rng::with_seed(fall));
        noted.filter(|noted| std::mem::discriminant(noted) == std::mem::discriminant(&aside)).unwrap_or(aside)
    }

    pub(super) fn take_noted(&mut self) -> Book {
        std::mem::take(&mut self.noted)
    }
}

/// SplitMix64.
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
