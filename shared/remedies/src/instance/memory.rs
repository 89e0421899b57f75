//! What outlives an incident of a group: what was done to it lately, and how that went.
//!
//! A replacement is a new instance and so a new subject: only the group can remember that it is the third in an hour. This
//! module never writes anything; each transition gives the next version.

use homeostat_core::aws::source::{Launching, Source};
use homeostat_core::dependency::HeldLately;
use homeostat_core::id::Subject;
use homeostat_core::memory::{MOST_KEPT, Remembered, keep_newest};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::shrunk::AGREEING;

/// Acts that are kept one by one: more than a group of 4,000 with a budget of 20 % replaces within one cooldown. With what else is
/// remembered, so many stay below half of what a DynamoDB item may hold.
const MOST_ACTS: usize = 1_000;

/// What was done to a group lately, and how it went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    pub version: u64,
    /// Oldest first.
    pub acts: Vec<Act>,
    /// Acts for which there was no room, while some window of the policy still reached back to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<EarlierActs>,
    /// Oldest first.
    pub failures: Vec<FailedReplacement>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breaker: Option<Breaker>,
    /// Nothing is decided about the group's members until enough looks agree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shrunk: Option<Shrunk>,
    /// For how long its instances were held lately for what the group depends on.
    #[serde(default, skip_serializing_if = "HeldLately::is_empty")]
    pub dependency: HeldLately,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    pub at: Timestamp,
    pub subject: Subject,
    /// AWS was going to end it anyway: what came in its stead need not be better.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub announced: bool,
}

impl Act {
    pub fn on_the_sick(at: Timestamp, subject: Subject) -> Self {
        Act { at, subject, announced: false }
    }
}

/// A group that was shown with fewer members than it should have, although nothing accounts for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shrunk {
    pub members: u32,
    pub since: Timestamp,
    /// The last look that counts.
    pub at: Timestamp,
    /// Looks that count and show as many.
    pub agreed: u32,
}

/// Acts older than all that are kept one by one: how many, and the first and the last of them. Each counts as if it were the last, so that
/// a cooldown may end late, and never early.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierActs {
    pub acts: u32,
    pub first: Timestamp,
    pub last: Timestamp,
}

/// A replacement that did not help: the group was not whole in time, or what was launched in its stead fell sick too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedReplacement {
    pub at: Timestamp,
    pub subject: Subject,
    /// What the group launched from at that time.
    #[serde(default, skip_serializing_if = "Source::is_unknown")]
    pub launched_from: Source,
}

/// Replacing goes on making nothing better, so nothing in the group is replaced until a person has looked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    pub since: Timestamp,
    pub failures: u32,
    #[serde(default, skip_serializing_if = "Source::is_unknown")]
    pub launched_from: Source,
}

impl Remembered for Memory {
    fn version(&self) -> u64 {
        self.version
    }

    fn over(self, read: &Self) -> Self {
        Memory { version: read.version + 1, ..self }
    }

    /// The breaker is closed, and the group is taken for as small as it is shown.
    fn acknowledged(&self) -> Self {
        let shrunk = self.shrunk.clone().map(|shrunk| Shrunk { agreed: shrunk.agreed.max(AGREEING), ..shrunk });
        Memory { failures: Vec::new(), breaker: None, shrunk, ..self.clone() }
    }
}

impl Memory {
    /// A step that is tried again, after a crash say, is no second act.
    #[must_use]
    pub fn acted(&self, act: Act) -> Memory {
        let mut next = self.clone();
        next.acts.retain(|before| before.subject != act.subject);
        next.acts.push(act);
        while next.acts.len() > MOST_ACTS {
            let Act { at, .. } = next.acts.remove(0);
            let earlier = next.earlier.unwrap_or(EarlierActs { acts: 0, first: at, last: at });
            let acts = earlier.acts.saturating_add(1);
            next.earlier = Some(EarlierActs { acts, first: earlier.first.min(at), last: earlier.last.max(at) });
        }
        next
    }

    /// Without acts to which no window of the policy reaches back, but for the newest: a window may be made longer.
    #[must_use]
    pub fn since(mut self, reach: Timestamp) -> Memory {
        let too_many = self.acts.len().saturating_sub(MOST_KEPT);
        let old = self.acts.iter().take(too_many).take_while(|act| act.at <= reach).count();
        self.acts.drain(..old);
        self.earlier = self.earlier.filter(|earlier| earlier.last > reach);
        self
    }

    /// The same failure is counted once, however often it is seen.
    #[must_use]
    pub fn failed(&self, now: Timestamp, subject: &Subject, launched_from: &Source) -> Memory {
        let mut next = self.clone();
        if !next.failures.iter().any(|failure| failure.subject == *subject) {
            let launched_from = launched_from.clone();
            next.failures.push(FailedReplacement { at: now, subject: subject.clone(), launched_from });
            keep_newest(&mut next.failures);
        }
        next
    }

    #[must_use]
    pub fn broken(&self, breaker: Breaker) -> Memory {
        Memory { breaker: Some(breaker), ..self.clone() }
    }

    /// The breaker, if it is about what the group launches now. What was rolled out since has not failed yet.
    pub fn breaker_for(&self, launching: &Launching) -> Option<&Breaker> {
        self.breaker.as_ref().filter(|breaker| launching.is_still(&breaker.launched_from, breaker.since))
    }

    /// Failures within the window, of what the group launches now.
    pub fn failures_within(
        &self,
        now: Timestamp,
        window: SignedDuration,
        launching: &Launching,
    ) -> impl Iterator<Item = &FailedReplacement> {
        self.failures
            .iter()
            .filter(move |failure| failure.at + window > now && launching.is_still(&failure.launched_from, failure.at))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use homeostat_core::memory::MOST_KEPT;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn subject(number: u32) -> Subject {
        format!("eu-west-1#instance#i-{number:017x}").parse().unwrap()
    }

    #[test]
    fn one_failure_is_never_counted_twice_and_old_ones_not_at_all() {
        let unknown = Source::default();
        let memory = Memory::default().failed(at(0), &subject(1), &unknown).failed(at(9), &subject(1), &unknown);
        let within = |now| memory.failures_within(now, SignedDuration::from_secs(10), &Launching::default()).count();
        assert_eq!((within(at(9)), within(at(10))), (1, 0));
    }

    #[test]
    fn a_step_that_is_tried_again_is_remembered_once() {
        let memory =
            Memory::default().acted(Act::on_the_sick(at(0), subject(1))).acted(Act::on_the_sick(at(60), subject(1)));
        assert_eq!(memory.acts, [Act::on_the_sick(at(60), subject(1))]);
    }

    #[test]
    fn what_was_rolled_out_since_is_not_blamed_and_what_is_unknown_is() {
        let both = Source::of(["lt-1:7", "lt-2:3"]);
        let breaker = Breaker { since: at(0), failures: 3, launched_from: both.clone() };
        let memory = Memory::default().failed(at(0), &subject(1), &both).broken(breaker);
        let hour = SignedDuration::from_hours(1);
        for (from, blamed) in [(&["lt-1:7", "lt-2:3"][..], true), (&["lt-1:8", "lt-2:3"], false), (&[], true)] {
            let source = Source::of(from.iter().copied());
            let launching = Launching { source, newest: BTreeMap::new() };
            assert_eq!(memory.breaker_for(&launching).is_some(), blamed, "{from:?}");
            assert_eq!(memory.failures_within(at(1), hour, &launching).count() == 1, blamed, "{from:?}");
        }
    }

    #[test]
    fn an_acknowledgement_closes_the_breaker_and_keeps_what_was_done() {
        let breaker = Breaker { since: at(0), failures: 3, launched_from: Source::default() };
        let memory = Memory::default().acted(Act::on_the_sick(at(0), subject(1))).broken(breaker).acknowledged();
        assert_eq!((memory.breaker, memory.acts.len()), (None, 1));
    }

    /// One act a second.
    fn after(acts: u32) -> Memory {
        (0..acts).fold(Memory::default(), |memory, number| {
            memory.acted(Act::on_the_sick(at(i64::from(number)), subject(number)))
        })
    }

    #[test]
    fn all_acts_that_a_cooldown_of_the_largest_group_needs_are_kept_one_by_one() {
        let memory = after(800);
        assert_eq!((memory.acts.len(), &memory.acts[0].subject, memory.earlier), (800, &subject(0), None));
    }

    #[test]
    fn acts_for_which_there_is_no_room_are_counted() {
        let memory = after(1_300);
        let earlier = EarlierActs { acts: 300, first: at(0), last: at(299) };
        assert_eq!((memory.acts.len(), &memory.acts[0].subject), (MOST_ACTS, &subject(300)));
        assert_eq!(memory.earlier.as_ref(), Some(&earlier));
        assert_eq!(memory.clone().since(at(298)).earlier, Some(earlier));
        assert_eq!(memory.since(at(299)).earlier, None);
    }

    #[test]
    fn what_no_window_reaches_is_dropped_but_for_the_newest() {
        let memory = after(800).since(at(599));
        assert_eq!((memory.acts.len(), &memory.acts[0].subject), (200, &subject(600)));
        assert_eq!(memory.since(at(9_999)).acts.len(), MOST_KEPT);
    }
}
