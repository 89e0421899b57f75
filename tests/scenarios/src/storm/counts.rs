//! What became of the invocations, by what they were begun for.
//!
//! This module never decides what fails.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::deliveries::{Fate, Source};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Invocations {
    pub begun: u64,
    /// The timed out among them.
    pub failed: u64,
    pub timed_out: u64,
    /// What the ended asked of AWS.
    pub calls: u64,
    pub most_calls: u64,
    pub longest: SignedDuration,
}

/// The first act of all: how much was asked before it, itself included, and how long after its invocation began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FirstEffect {
    pub(super) calls: u64,
    pub(super) own_calls: u64,
    pub(super) after: SignedDuration,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) by_source: BTreeMap<Source, Invocations>,
    pub(super) most_at_once: usize,
    pub(super) failures: BTreeMap<String, u64>,
    /// Each time that an event went to ALARM or EC2 announced something: copies don't count.
    pub(super) events: u64,
    pub(super) first_effect: Option<FirstEffect>,
}

/// Of a failure's words, enough to tell one sort from another.
const LONGEST_FAILURE: usize = 90;

impl Counts {
    pub(super) fn begins(&mut self, source: Source, at_once: usize) {
        self.by_source.entry(source).or_default().begun += 1;
        self.most_at_once = self.most_at_once.max(at_once);
    }

    pub(super) fn acted(&mut self, calls: u64, own_calls: u64, after: SignedDuration) {
        self.first_effect.get_or_insert(FirstEffect { calls, own_calls, after });
    }

    pub(super) fn ended(&mut self, source: Source, fate: &Fate, calls: u64, took: SignedDuration) {
        let of = self.by_source.entry(source).or_default();
        of.calls += calls;
        of.most_calls = of.most_calls.max(calls);
        of.longest = of.longest.max(took);
        let why = match fate {
            Fate::Answered(Ok(_)) => return,
            Fate::Answered(Err(failure)) => failure.to_string(),
            Fate::TimedOut => {
                of.timed_out += 1;
                "timed out".to_owned()
            }
        };
        of.failed += 1;
        let sort = why.chars().map(|letter| if letter.is_ascii_digit() { '#' } else { letter }).take(LONGEST_FAILURE);
        *self.failures.entry(format!("{source}: {}", sort.collect::<String>())).or_default() += 1;
    }
}
