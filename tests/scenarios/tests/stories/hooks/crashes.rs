//! The crash drill of both hooks: the owner dies right before each of its calls, and right after each took effect. Whatever comes
//! next, every hook is completed, once in effect, and nothing of an instance is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::FutureExt;
use scenarios::HookStory;
use scenarios::simulator::gated::{Answer, Call, Gate, Gated, Passage};
use serde_json::Value;
use world::{ActionResult, LifecycleState};

use super::site::*;

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

/// Delivers the event to an owner that crashes; whether it did, and how many calls there were.
fn crash(story: &HookStory, event: &Value, nth: u32, when: When) -> (bool, u32) {
    let gate = CrashAt { nth, when, calls: Arc::default() };
    let owner = lifecycle_hook::Ready {
        aws: Gated { port: story.cloud.clone(), gate: gate.clone() },
        machines: Gated { port: story.cloud.clone(), gate: gate.clone() },
        ledger: Gated { port: story.ledger.clone(), gate: gate.clone() },
        wake_ups: Gated { port: story.owner.wake_ups.clone(), gate: gate.clone() },
        clock: story.cloud.clock().clone(),
        policy: story.owner.policy.clone(),
        region: story.owner.region.clone(),
    };
    let answer = lifecycle_hook::handle(&owner, event.clone()).now_or_never();
    (answer.is_none(), gate.calls.load(Ordering::Relaxed))
}

/// The first look at a leaving instance that serves, or at a launch that is ready already; the event was not delivered.
fn held(launching: bool) -> (HookStory, Value) {
    let mut story = site_with(4, minutes(15), LAUNCH, LEAVE);
    work(&story);
    story.deliveries = 0;
    if launching {
        story.cloud.with(|world| world.set_desired_capacity(&web(), 5)).unwrap();
        story.is_on = false;
        story.pass(minutes(4));
        story.is_on = true;
    } else {
        let victim = story.in_service(&web()).remove(0);
        terminate(&story, &victim);
        let is_held = |story: &HookStory| {
            story.cloud.with(|world| {
                world.instance(&victim).is_some_and(|member| member.lifecycle == LifecycleState::TerminatingWait)
            })
        };
        while !is_held(&story) {
            story.pass(secs(1));
        }
    }
    let about = if launching { "LAUNCHING" } else { "TERMINATING" };
    let event = story.delivered.iter().find(|event| event.to_string().contains(about)).unwrap().clone();
    (story, event)
}

fn drill(launching: bool, with_the_event_again: bool) {
    let (story, event) = held(launching);
    let (crashed, calls) = crash(&story, &event, u32::MAX, When::Before);
    assert!(!crashed && calls > 6, "{calls} calls");
    for nth in 1..=calls {
        for when in [When::Before, When::After] {
            let (mut story, event) = held(launching);
            let name = format!("{when:?} call {nth} of {calls}, launching: {launching}, again: {with_the_event_again}");
            assert!(crash(&story, &event, nth, when).0, "{name}");
            story.deliveries = 1;
            if with_the_event_again {
                story.pass(secs(60));
                story.deliver(event).unwrap_or_else(|failure| panic!("{name}: {failure}"));
            }
            story.pass(minutes(30));
            assert_eq!(timed_out(&story), 0, "{name}");
            assert_eq!(ended(&story, ActionResult::Abandon), 0, "{name}");
            assert_eq!((story.ledger.open().len(), lost(&story)), (0, (0, 0)), "{name}: {:?}", story.ledger.open());
            let expected = if launching { 5 } else { 4 };
            assert_eq!(story.in_service(&web()).len(), expected, "{name}");
            let completed = ended(&story, ActionResult::Continue);
            assert_eq!(completed, actions(&story).len(), "{name}: each completed once");
        }
    }
}

#[test]
fn after_a_crash_at_any_call_of_a_launch_the_event_again_completes_it() {
    drill(true, true);
}

#[test]
fn after_a_crash_at_any_call_of_a_launch_the_schedules_alone_complete_it() {
    drill(true, false);
}

#[test]
fn after_a_crash_at_any_call_of_a_termination_the_event_again_completes_it() {
    drill(false, true);
}

#[test]
fn after_a_crash_at_any_call_of_a_termination_the_schedules_alone_complete_it() {
    drill(false, false);
}
