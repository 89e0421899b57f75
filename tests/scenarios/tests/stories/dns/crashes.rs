//! The crash drill of a change of weights. Whatever comes next, the end is the one of the undisturbed heal.

use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::FutureExt;
use homeostat_core::aws::record::{RecordSet, Weight};
use homeostat_core::ports::Clock;
use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use homeostat_remedies::hosted_zone::reasons::Decision;
use homeostat_remedies::hosted_zone::subject::scope;
use jiff::{SignedDuration, Timestamp};
use scenarios::DnsStory;
use serde_json::Value;

use super::site::*;
use crate::crashing::{Then, at_every_call, crash};
use crate::gates::When;

/// No look that drains has fewer calls.
const LEAST_CALLS: u32 = 9;

/// Blue is sick beyond doubt, and its alarm's event has not been delivered yet.
fn sick() -> (DnsStory, Value) {
    let mut story = two(USUAL);
    fail(&story, "blue");
    story.cloud.pass(minutes(3));
    let event = story.cloud.with(|world| world.take_events()).remove(0);
    story.deliveries = 0;
    (story, event)
}

/// Blue is well again after a while, and comes back.
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
    assert_eq!(story.ledger.open::<HostedZoneKind>(), []);
    EndState {
        steps: steps(story, &www()),
        record: story.cloud.with(|world| world.zone(&zone()).unwrap().record(&www())),
        closed: story.ledger.closed::<HostedZoneKind>().into_iter().map(|incident| incident.decision).collect(),
        drains: story.ledger.memory_of::<HostedZoneKind>(&scope(&zone())).drains.len(),
    }
}

fn drill(next: Then) {
    let (mut undisturbed, event) = sick();
    undisturbed.deliver(event).unwrap();
    mend_and_wait(&mut undisturbed);
    let expected = end_state(&undisturbed);
    assert_eq!((expected.steps.first(), expected.drains), (Some(&vec![0, 30]), 1));
    at_every_call(sick, LEAST_CALLS, |mut story, event, crash| {
        next.follows(&mut story, event, crash);
        mend_and_wait(&mut story);
        assert_eq!(end_state(&story), expected, "{crash}");
    });
}

#[test]
fn after_a_crash_at_any_call_the_event_again_leads_to_the_same_end() {
    drill(Then::TheEventAgain);
}

#[test]
fn after_a_crash_at_any_call_the_schedules_alone_lead_to_the_same_end() {
    drill(Then::OnlyTheSchedules);
}

/// The sweep knows only what was recorded; what was not is the resync's to find.
#[test]
fn once_the_intent_is_recorded_the_sweep_alone_leads_to_the_same_end() {
    let mut recorded = 0;
    at_every_call(sick, LEAST_CALLS, |mut story, _, crash| {
        story.resyncs = false;
        let was_recorded = !story.ledger.open::<HostedZoneKind>().is_empty();
        recorded += u32::from(was_recorded);
        mend_and_wait(&mut story);
        if was_recorded {
            assert_eq!(end_state(&story).steps, [[0, 30], [2, 30], [16, 30], [70, 30]], "{crash}");
        } else {
            assert!(table(&story, &www()).is_empty(), "{crash}: no change without a recorded intent");
        }
    });
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
    async fn wait(&self, _: SignedDuration) {}
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
            queues: story.owner.queues.clone(),
            clock,
            policy: story.owner.policy.clone(),
            stack: None,
        };
        shift_dns::handle(&owner, event).now_or_never().unwrap().unwrap();
        story.pass(minutes(40));
        has(&story, &www(), &[70, 30]);
        assert_eq!(story.ledger.open::<HostedZoneKind>(), [], "{from} looks at the clock before the lease ended");
    }
}
