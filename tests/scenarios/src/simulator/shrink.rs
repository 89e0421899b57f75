//! From a history that broke a rule to the shortest found that still breaks it.
//!
//! This module never takes a history that broke another rule for the same.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use jiff::SignedDuration;

use super::occasions::Book;
use super::script::{Befell, Fall, Script};
use super::{Told, noon};

/// The history, and how to tell it again.
#[derive(Debug, Clone)]
pub struct Shrunk {
    pub told: Told,
    /// What is left of all that befell the whole history, each with its number there, from 1.
    pub left: Vec<(usize, Befell)>,
    pub calm_after: Option<SignedDuration>,
    /// How much befell the whole history.
    pub of: usize,
}

/// So many histories are told at most, which bounds the time.
const MOST: u32 = 1000;

struct Shrinking<T> {
    tell: T,
    book: Arc<Book>,
    rule: String,
    left: u32,
}

impl<T: Fn(&Script) -> Told> Shrinking<T> {
    /// `None` = it breaks no rule that way, or another one.
    fn still_breaks(&mut self, script: &Script) -> Option<Told> {
        self.left = self.left.checked_sub(1)?;
        let told = (self.tell)(script);
        told.broken.as_ref().is_some_and(|broken| broken.rule == self.rule).then_some(told)
    }

    /// Leaves out ever smaller parts, in the end one at a time, until each that is left is needed.
    fn fewest(&mut self, mut falls: Vec<Fall>) -> Vec<Fall> {
        let mut size = falls.len();
        while size > 0 {
            let before = falls.len();
            falls = self.without_parts(falls, size);
            let goes_on = size > 1 || falls.len() < before;
            size = if goes_on { (size / 2).max(1).min(falls.len()) } else { 0 };
        }
        falls
    }

    fn without_parts(&mut self, mut falls: Vec<Fall>, size: usize) -> Vec<Fall> {
        // From the end: what came last decides less of the rest.
        let mut end = falls.len();
        while end > 0 {
            let start = end.saturating_sub(size);
            let rest: Vec<Fall> = falls.iter().take(start).chain(falls.iter().skip(end)).copied().collect();
            if let Some(told) = self.still_breaks(&Script::only(&self.book, rest.iter().copied())) {
                // What didn't befall it any more isn't needed either.
                let befell: BTreeSet<Fall> = told.befell.iter().map(|one| one.fall).collect();
                falls = rest.into_iter().filter(|fall| befell.contains(fall)).collect();
            }
            end = start.min(falls.len());
        }
        falls
    }

    fn shortest(&mut self, falls: &[Fall], lasted: SignedDuration) -> Option<SignedDuration> {
        let minutes = lasted.as_mins();
        let tries = [0, 1, 2, 4, 8, 16, 32, 64].into_iter().take_while(|least| *least < minutes);
        let mut tries = tries.map(SignedDuration::from_mins);
        // What befalls a history in its calm, no history has, and what follows from it says nothing of this one.
        let is_in_the_storm = |told: Told, after| told.befell.iter().all(|one| one.at <= noon() + after);
        tries.find(|after| {
            self.still_breaks(&self.script(falls, Some(*after))).is_some_and(|told| is_in_the_storm(told, *after))
        })
    }

    fn script(&self, falls: &[Fall], calm_after: Option<SignedDuration>) -> Script {
        Script::only(&self.book, falls.iter().copied()).calm_after(calm_after)
    }
}

/// `None` = the history breaks no rule.
pub fn shrink(tell: impl Fn(&Script) -> Told) -> Option<Shrunk> {
    let whole = tell(&Script::noted());
    let rule = whole.broken.as_ref()?.rule.clone();
    let mut shrinking = Shrinking { tell, book: Arc::clone(&whole.book), rule, left: MOST };
    let falls = shrinking.fewest(whole.befell.iter().map(|one| one.fall).collect());
    let calm_after = shrinking.shortest(&falls, whole.lasted);
    let told = (shrinking.tell)(&shrinking.script(&falls, calm_after).logged(true));
    let number = |one: &Befell| whole.befell.iter().position(|known| known.fall == one.fall).map(|place| place + 1);
    let left = told.befell.iter().filter_map(|one| Some((number(one)?, one.clone()))).collect();
    Some(Shrunk { told, left, calm_after, of: whole.befell.len() })
}

/// Only what has one of these numbers befalls the history, as [`Shrunk`] numbers it.
pub fn part(whole: &Told, numbers: &[usize]) -> Script {
    let falls = numbers.iter().filter_map(|number| whole.befell.get(number.checked_sub(1)?));
    Script::only(&whole.book, falls.map(|one| one.fall))
}

impl Shrunk {
    /// The command that tells it again.
    pub fn again(&self) -> String {
        let numbers: Vec<String> = self.left.iter().map(|(number, _)| number.to_string()).collect();
        let only = if numbers.is_empty() { "none".to_owned() } else { numbers.join(",") };
        let calm_after = self.calm_after.map(|after| format!(" --calm-after {}", after.as_mins()));
        format!("{} --only {only}{}", self.told.again(), calm_after.unwrap_or_default())
    }
}

impl fmt::Display for Shrunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.told.log.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        self.told.fmt_verdict(f)?;
        let (left, of) = (self.left.len(), self.of);
        writeln!(f, "  shrunk: of {of} disturbances and faults, {left} are enough to break it")?;
        for (number, Befell { at, what, .. }) in &self.left {
            writeln!(f, "  {number:>5}  {at:.3} {what}")?;
        }
        if let Some(after) = self.calm_after {
            writeln!(f, "  the storm ends after {} minutes", after.as_mins())?;
        }
        writeln!(f, "  again: {}", self.again())?;
        writeln!(f, "  whole: {} --log", self.told.again())
    }
}
