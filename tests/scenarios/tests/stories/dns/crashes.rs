//! The crash drill: the owner dies right before each of its calls, and right after each took effect. Whatever comes next, the
//! end is the one of the undisturbed heal.

use futures_util::FutureExt;
use homeostat_core::aws::record::{RecordSet, Weight};
use homeostat_core::decision::Decision;
use homeostat_core::id::Scope;
use homeostat_core::ports::Clock;
use jiff::{SignedDuration, Timestamp};
use scenarios::DnsStory;
use serde_json::Value;
use std::sync::atomic::{AtomicU32, Ordering};

use super::gates::{CrashAt, When, owner};
use super::site::*;

/// Blue is sick beyond doubt, and its alarm's event has not been delivered yet.
fn sick() -> (DnsStory, Value) {
    let mut story = two(USUAL);
    fail(&story, "blue");
    story.cloud.pass(minutes(3));
    let event = story.cloud.with(|world| world.take_events()).remove(0);
    story.events_are_delivered = false;
    (story, event)
}

/// Delivers the event to an owner that crashes; whether it did, and how many calls there were.
fn crash(story: &DnsStory, event: &Value, nth: u32, when: When) -> (bool, u32) {
    let gate = CrashAt::new(nth, when);
    let answer = shift_dns::handle(&owner(story, &gate), event.clone()).now_or_never();
    (answer.is_none(), gate.calls.load(Ordering::Relaxed))
}

/// Blue is mended after a while, and comes back.
fn mend_and_wait(story: &mut DnsStory) {
    story.pass(minutes(15));
    mend(story, "blue");
    story.pass(minutes(40));
}

#[derive(Debug, PartialEq)]
struct EndState {
    steps: Vec<Vec<Weight>>,
    record: Vec<RecordSet>,
    closed: Vec<Option<Decision>>,
    drains: usize,
}

/// What remains when all is over.
fn end_state(story: &DnsStory) -> EndState {
    assert_eq!(story.ledger.open(), []);
    EndState {
        steps: steps(story, &www()),
        record: story.cloud.with(|world| world.zone(&zone()).unwrap().record(&www())),
        closed: story.ledger.closed().into_iter().map(|incident| incident.decision).collect(),
        drains: story.ledger.memory_of(&Scope::Zone(zone())).drains.len(),
    }
}

fn calls_of_an_undisturbed_heal() -> u32 {
    let (story, event) = sick();
    let (crashed, calls) = crash(&story, &event, u32::MAX, When::Before);
    assert!(!crashed && calls >= 9, "{calls} calls");
    calls
}

fn drill(after_the_crash: impl Fn(&mut DnsStory, &Value, &str)) {
    let (mut undisturbed, event) = sick();
    undisturbed.deliver(event).unwrap();
    mend_and_wait(&mut undisturbed);
    let expected = end_state(&undisturbed);
    assert_eq!((expected.steps.first(), expected.drains), (Some(&vec![0, 30]), 1));
    for nth in 1..=calls_of_an_undisturbed_heal() {
        for when in [When::Before, When::After] {
            let (mut story, event) = sick();
            let name = format!("{when:?} call {nth}");
            assert!(crash(&story, &event, nth, when).0, "{name}");
            after_the_crash(&mut story, &event, &name);
            mend_and_wait(&mut story);
            assert_eq!(end_state(&story), expected, "{name}");
        }
    }
}

#[test]
fn after_a_crash_at_any_call_the_event_again_leads_to_the_same_end() {
    drill(|story, event, crash| {
        story.resyncs = false;
        // Lambda's first retry comes about a minute later.
        story.pass(SignedDuration::from_secs(60));
        story.deliver(event.clone()).unwrap_or_else(|failure| panic!("{crash}: {failure}"));
    });
}

#[test]
fn after_a_crash_at_any_call_the_schedules_alone_lead_to_the_same_end() {
    drill(|_, _, _| {});
}

/// The sweep knows only what was recorded; what was not is the resync's to find.
#[test]
fn once_the_intent_is_recorded_the_sweep_alone_leads_to_the_same_end() {
    let mut recorded = 0;
    for nth in 1..=calls_of_an_undisturbed_heal() {
        for when in [When::Before, When::After] {
            let (mut story, event) = sick();
            story.resyncs = false;
            assert!(crash(&story, &event, nth, when).0);
            let was_recorded = !story.ledger.open().is_empty();
            recorded += u32::from(was_recorded);
            mend_and_wait(&mut story);
            if was_recorded {
                assert_eq!(end_state(&story).steps, [[0, 30], [2, 30], [16, 30], [70, 30]], "{when:?} call {nth}");
            } else {
                assert!(table(&story, &www()).is_empty(), "{when:?} call {nth}: no change without a recorded intent");
            }
        }
    }
    assert!(recorded > 4, "{recorded}");
}

/// Shows one hour at first, and a later one from the nth look at it on.
struct Leaps {
    from: u32,
    looks: AtomicU32,
    before: Timestamp,
    after: Timestamp,
}

impl Clock for Leaps {
    fn now(&self) -> Timestamp {
        if self.looks.fetch_add(1, Ordering::Relaxed) < self.from { self.before } else { self.after }
    }
    async fn back_off(&self, _: u32) {}
}

/// Nobody is sick any more, so whoever took the effect for none would close the incident, and forget what blue had.
#[test]
fn a_lease_that_ends_in_the_middle_of_a_look_hides_no_effect() {
    for from in 0..8 {
        let (mut story, event) = (1..20)
            .find_map(|nth| {
                let (story, event) = sick();
                crash(&story, &event, nth, When::After);
                (!table(&story, &www()).is_empty()).then_some((story, event))
            })
            .unwrap();
        let until = the_open_one(&story).intent.unwrap().until;
        mend(&story, "blue");
        story.cloud.pass(minutes(5));
        let clock = Leaps {
            from,
            looks: AtomicU32::new(0),
            before: until - SignedDuration::from_secs(1),
            after: until + SignedDuration::from_secs(1),
        };
        let owner = shift_dns::Ready {
            aws: story.cloud.clone(),
            ledger: story.ledger.clone(),
            wake_ups: story.owner.wake_ups.clone(),
            clock,
            policy: story.owner.policy.clone(),
        };
        shift_dns::handle(&owner, event).now_or_never().unwrap().unwrap();
        story.pass(minutes(40));
        has(&story, &www(), &[70, 30]);
        assert_eq!(story.ledger.open(), [], "{from} looks at the clock before the lease ended");
    }
}
