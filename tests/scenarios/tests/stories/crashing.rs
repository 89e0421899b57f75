//! The crash drill in virtual time, for every remedy: its function dies right before each of its calls, and right after each took
//! effect.
//!
//! This module never judges what comes of it; each remedy's drill does.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::FutureExt;
use jiff::SignedDuration;
use scenarios::{Owner, Story};
use serde_json::Value;

use super::gates::{CrashAt, When};

/// What comes after a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    TheEventAgain,
    OnlyTheSchedules,
}

/// Delivers the event to an owner that crashes; whether it did, and how many calls there were.
pub(crate) fn crash<O: Owner>(story: &Story<O>, event: &Value, nth: u32, when: When) -> (bool, u32) {
    let gate = CrashAt { nth, when, calls: Arc::default() };
    let answer = story.owner.behind(&gate, event.clone()).now_or_never();
    (answer.is_none(), gate.calls.load(Ordering::Relaxed))
}

/// Begins anew for each call of an undisturbed look, of which there are `least` or more, and crashes there.
pub(crate) fn at_every_call<O: Owner>(
    begin: impl Fn() -> (Story<O>, Value),
    least: u32,
    mut then: impl FnMut(Story<O>, Value, &str),
) {
    let (story, event) = begin();
    let (crashed, calls) = crash(&story, &event, u32::MAX, When::Before);
    assert!(!crashed && calls >= least, "{calls} calls");
    for nth in 1..=calls {
        for when in [When::Before, When::After] {
            let (story, event) = begin();
            let name = format!("{when:?} call {nth} of {calls}");
            assert!(crash(&story, &event, nth, when).0, "{name}");
            then(story, event, &name);
        }
    }
}

impl Then {
    pub(crate) fn follows<O: Owner>(self, story: &mut Story<O>, event: Value, crash: &str) {
        if self == Then::TheEventAgain {
            story.resyncs = false;
            // Lambda's first retry comes about a minute later.
            story.pass(SignedDuration::from_secs(60));
            story.deliver(event).unwrap_or_else(|failure| panic!("{crash}: {failure}"));
        }
    }
}
