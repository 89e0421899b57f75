//! What all parts of one history share: its time, its dice, its log, its census, and who sleeps until when.
//!
//! This module never lets time pass; the history does.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use homeostat_core::ports::Clock;
use jiff::{SignedDuration, Timestamp};
use world::VirtualClock;

use super::census::Census;
use super::dice::Dice;
use super::note::{InvocationId, Note};
use super::occasions::{Book, Occasion};
use super::script::{Befell, Fall, Script};

#[derive(Debug)]
pub(super) struct Stage {
    pub(super) clock: VirtualClock,
    dice: Mutex<Dice>,
    script: Script,
    befallen: Mutex<Vec<Befell>>,
    census: Mutex<Census>,
    notes: Mutex<Vec<Note>>,
    log: Option<Mutex<Vec<String>>>,
    /// How many of 100 calls AWS throttles now.
    throttled: Mutex<f64>,
    /// Whom anything else has befallen.
    faulted: Mutex<BTreeSet<InvocationId>>,
    sleepers: Mutex<BTreeMap<(Timestamp, u64), Waker>>,
}

/// A panic elsewhere ends the history anyway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stage {
    pub(super) fn new(clock: VirtualClock, mut dice: Dice, script: &Script) -> Self {
        dice.occasions = script.occasions();
        Stage {
            clock,
            dice: Mutex::new(dice),
            script: script.clone(),
            befallen: Mutex::default(),
            census: Mutex::default(),
            notes: Mutex::default(),
            log: script.logs().then(Mutex::default),
            throttled: Mutex::default(),
            faulted: Mutex::default(),
            sleepers: Mutex::default(),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn dice(&self) -> MutexGuard<'_, Dice> {
        lock(&self.dice)
    }

    /// From now on it is the next occasion of that name.
    pub(super) fn turn(&self, name: impl FnOnce() -> String) {
        if let Some(occasions) = &mut self.dice().occasions {
            occasions.turn(&name(), None);
        }
    }

    /// From now on it is the occasion of that name at this moment.
    pub(super) fn turn_of_now(&self, name: &str) -> Occasion {
        let now = u64::try_from(self.now().as_millisecond()).unwrap_or_default();
        match &mut self.dice().occasions {
            None => Occasion::default(),
            Some(occasions) => {
                occasions.turn(name, Some(now));
                occasions.now()
            }
        }
    }

    pub(super) fn turn_to(&self, occasion: Occasion) {
        if let Some(occasions) = &mut self.dice().occasions {
            occasions.turn_to(occasion);
        }
    }

    pub(super) fn occasion(&self) -> Occasion {
        self.dice().occasions.as_ref().map(|occasions| occasions.now()).unwrap_or_default()
    }

    /// Whether something that can be left out happens now, which does in so many of 100 cases.
    pub(super) fn befalls(&self, percent: f64, what: impl FnOnce() -> String) -> bool {
        let mut dice = self.dice();
        let Some(fall) = dice.occasions.as_ref().map(|occasions| occasions.next_fall()) else {
            return dice.chance(percent);
        };
        let falls = dice.chance(percent);
        drop(dice);
        falls && self.lets(fall, what)
    }

    /// Whether something that can be left out happens now, as it would.
    pub(super) fn comes(&self, what: impl FnOnce() -> String) -> bool {
        let fall = self.dice().occasions.as_ref().map(|occasions| occasions.next_fall());
        fall.is_none_or(|fall| self.lets(fall, what))
    }

    fn lets(&self, fall: Fall, what: impl FnOnce() -> String) -> bool {
        let lets = self.script.lets(fall);
        if lets {
            lock(&self.befallen).push(Befell { fall, at: self.now(), what: what() });
        }
        lets
    }

    pub(super) fn take_befallen(&self) -> Vec<Befell> {
        std::mem::take(&mut lock(&self.befallen))
    }

    pub(super) fn take_book(&self) -> Book {
        self.dice().occasions.as_mut().map(|occasions| occasions.take_noted()).unwrap_or_default()
    }

    pub(super) fn count(&self, what: &str) {
        lock(&self.census).count(what);
    }

    pub(super) fn throttles(&self) -> f64 {
        *lock(&self.throttled)
    }

    pub(super) fn throttle(&self, percent: f64) {
        *lock(&self.throttled) = percent;
    }

    pub(super) fn befell(&self, by: InvocationId) {
        lock(&self.faulted).insert(by);
    }

    /// Whether anything but a throttle has befallen it.
    pub(super) fn has_befallen(&self, by: InvocationId) -> bool {
        lock(&self.faulted).contains(&by)
    }

    pub(super) fn note(&self, note: Note) {
        lock(&self.notes).push(note);
    }

    pub(super) fn has_notes(&self) -> bool {
        !lock(&self.notes).is_empty()
    }

    pub(super) fn take_notes(&self) -> Vec<Note> {
        std::mem::take(&mut lock(&self.notes))
    }

    pub(super) fn log(&self, line: impl FnOnce() -> String) {
        if let Some(log) = &self.log {
            lock(log).push(format!("{:.3} {}", self.now(), line()));
        }
    }

    pub(super) fn take_log(&self) -> Vec<String> {
        self.log.as_ref().map(|log| std::mem::take(&mut *lock(log))).unwrap_or_default()
    }

    pub(super) fn take_census(&self) -> Census {
        std::mem::take(&mut lock(&self.census))
    }

    pub(super) fn next_wake_at(&self) -> Option<Timestamp> {
        lock(&self.sleepers).keys().next().map(|(at, _)| *at)
    }

    /// Wakes whoever slept until now.
    pub(super) fn wake_sleepers(&self) {
        let now = self.now();
        let mut sleepers = lock(&self.sleepers);
        while let Some(first) = sleepers.first_entry().filter(|first| first.key().0 <= now) {
            first.remove().wake();
        }
    }

    fn sleep_until(&self, until: Timestamp, waker: Waker) {
        let mut sleepers = lock(&self.sleepers);
        let nth = sleepers.range((until, 0)..=(until, u64::MAX)).next_back().map_or(0, |((_, nth), _)| nth + 1);
        sleepers.insert((until, nth), waker);
    }
}

/// Ready once the stage's time has come.
pub(super) struct Sleep {
    stage: Arc<Stage>,
    until: Timestamp,
    waits: bool,
}

impl Sleep {
    pub(super) fn of(stage: &Arc<Stage>, duration: SignedDuration) -> Self {
        Sleep { stage: Arc::clone(stage), until: stage.now() + duration, waits: false }
    }
}

impl Future for Sleep {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.stage.now() >= self.until {
            return Poll::Ready(());
        }
        if !std::mem::replace(&mut self.waits, true) {
            self.stage.sleep_until(self.until, context.waker().clone());
        }
        Poll::Pending
    }
}

/// The wait before the second try of a write that met another's, as the real clock draws it.
const BACK_OFF: SignedDuration = SignedDuration::from_millis(50);

/// One invocation's clock: wrong by some seconds, and always by the same.
#[derive(Debug, Clone)]
pub(super) struct SkewedClock {
    pub(super) stage: Arc<Stage>,
    pub(super) skew: SignedDuration,
}

impl Clock for SkewedClock {
    fn now(&self) -> Timestamp {
        self.stage.now() + self.skew
    }

    async fn wait(&self, duration: SignedDuration) {
        Sleep::of(&self.stage, duration).await;
    }

    async fn back_off(&self, attempt: u32) {
        let most = BACK_OFF * i32::try_from(attempt).unwrap_or(i32::MAX);
        let wait = self.stage.dice().between(SignedDuration::from_millis(1), most);
        Sleep::of(&self.stage, wait).await;
    }
}
