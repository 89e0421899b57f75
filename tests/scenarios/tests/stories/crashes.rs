//! The crash drill in virtual time: the owner dies right before each of its calls, and right after each took effect. Whatever
//! comes next, the event again or only the schedules, the end is the one of the undisturbed heal.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::FutureExt;
use homeostat_core::decision::Decision;
use homeostat_core::id::InstanceId;
use jiff::SignedDuration;
use scenarios::Story;
use scenarios::simulator::gated::{Answer, Call, Gate, Gated, Passage};
use serde_json::Value;

use super::fleet::{break_some, fleet, is_whole, minutes, terminated, web_scope};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Before,
    After,
}

/// Lets its owner live until the `nth` call.
#[derive(Debug, Clone)]
struct CrashAt {
    nth: u32,
    when: When,
    calls: Arc<AtomicU32>,
}

impl CrashAt {
    async fn crash_if(&self, now: bool) {
        if now {
            std::future::pending::<()>().await;
        }
    }
}

impl Gate for CrashAt {
    async fn before(&self, _: Call<'_>) -> Passage {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        self.crash_if(call == self.nth && self.when == When::Before).await;
        Passage::Open
    }

    async fn after(&self, _: Call<'_>, _: bool) -> Answer {
        // The calls of this story are answered at once, so the newest is this one.
        self.crash_if(self.calls.load(Ordering::Relaxed) == self.nth && self.when == When::After).await;
        Answer::Told
    }
}

/// One instance is sick beyond doubt, and its alarm's event has not been delivered yet.
fn sick() -> (Story, InstanceId, Value) {
    let mut story = fleet(4, "evidence = [\"alarm\", \"target-health\"]");
    let victim = break_some(&story, 1).remove(0);
    story.cloud.pass(minutes(3));
    let event = story.cloud.with(|world| world.take_events()).remove(0);
    story.events_are_delivered = false;
    (story, victim, event)
}

/// Delivers the event to an owner that crashes; whether it did, and how many calls there were.
fn crash(story: &Story, event: &Value, nth: u32, when: When) -> (bool, u32) {
    let gate = CrashAt { nth, when, calls: Arc::default() };
    let owner = replace_instance::Ready {
        aws: Gated { port: story.cloud.clone(), gate: gate.clone() },
        checks: Gated { port: story.cloud.clone(), gate: gate.clone() },
        ledger: Gated { port: story.ledger.clone(), gate: gate.clone() },
        clock: story.cloud.clock().clone(),
        policy: story.owner.policy.clone(),
        region: story.owner.region.clone(),
    };
    let answer = replace_instance::handle(&owner, event.clone()).now_or_never();
    (answer.is_none(), gate.calls.load(Ordering::Relaxed))
}

/// What remains when all is over.
fn end_state(story: &Story, victim: &InstanceId) -> (Vec<InstanceId>, Vec<Option<Decision>>, usize, usize) {
    is_whole(story, 4);
    assert_eq!(terminated(story), std::slice::from_ref(victim), "one was terminated, and it is the sick one");
    let closed = story.ledger.closed().into_iter().map(|incident| incident.decision).collect();
    let memory = story.ledger.memory_of(&web_scope());
    (terminated(story), closed, memory.acts.len(), memory.failures.len())
}

fn calls_of_an_undisturbed_heal() -> u32 {
    let (story, _, event) = sick();
    let (crashed, calls) = crash(&story, &event, u32::MAX, When::Before);
    assert!(!crashed && calls > 15, "{calls} calls");
    calls
}

fn drill(after_the_crash: impl Fn(&mut Story, &Value, &str)) {
    let (mut undisturbed, victim, event) = sick();
    undisturbed.deliver(event).unwrap();
    undisturbed.pass(minutes(40));
    let expected = end_state(&undisturbed, &victim);
    for nth in 1..=calls_of_an_undisturbed_heal() {
        for when in [When::Before, When::After] {
            let (mut story, victim, event) = sick();
            assert!(crash(&story, &event, nth, when).0, "{when:?} call {nth}");
            let crash = format!("{when:?} call {nth}");
            after_the_crash(&mut story, &event, &crash);
            let (_, closed, acts, failures) = end_state(&story, &victim);
            assert_eq!((closed, acts, failures), (expected.1.clone(), expected.2, expected.3), "{crash}");
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
        story.pass(minutes(40));
    });
}

#[test]
fn after_a_crash_at_any_call_the_schedules_alone_lead_to_the_same_end() {
    drill(|story, _, _| story.pass(minutes(45)));
}

/// The sweep knows only what was recorded; what was not is the resync's to find.
#[test]
fn once_the_intent_is_recorded_the_sweep_alone_leads_to_the_same_end() {
    let mut recorded = 0;
    for nth in 1..=calls_of_an_undisturbed_heal() {
        for when in [When::Before, When::After] {
            let (mut story, victim, event) = sick();
            story.resyncs = false;
            assert!(crash(&story, &event, nth, when).0);
            let was_recorded = !story.ledger.open().is_empty();
            recorded += u32::from(was_recorded);
            story.pass(minutes(45));
            if was_recorded {
                end_state(&story, &victim);
            } else {
                assert_eq!(terminated(&story), [], "{when:?} call {nth}: no effect without a recorded intent");
            }
        }
    }
    assert!(recorded > 10, "{recorded}");
}
