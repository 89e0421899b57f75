//! How many calls the completion waits for one after another, counted without a clock: see the chain of a replacement.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};

use scenarios::HookStory;
use scenarios::simulator::gated::{Answer, Call, Gate, Gated, Passage};
use serde_json::Value;
use world::LifecycleState;

use super::site::*;

/// Ready at the second look.
struct OneTurn(bool);

impl Future for OneTurn {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Lets every call through after one turn, and remembers the turn of the first effect.
#[derive(Debug, Clone, Default)]
struct OneTurnEach {
    turn: Arc<AtomicU32>,
    effect: Arc<AtomicU32>,
}

impl Gate for OneTurnEach {
    async fn before(&self, call: Call<'_>) -> Passage {
        if let Call::Hook { .. } = call {
            let turn = self.turn.load(Ordering::Relaxed);
            _ = self.effect.compare_exchange(0, turn, Ordering::Relaxed, Ordering::Relaxed);
        }
        OneTurn(false).await;
        Passage::Open
    }

    async fn after(&self, _: Call<'_>, _: bool) -> Answer {
        Answer::Told
    }
}

/// The turn of the first effect of the look that this event brings about.
fn turn_of_the_effect(story: &HookStory, event: Value) -> u32 {
    let gate = OneTurnEach::default();
    let owner = lifecycle_hook::Ready {
        aws: Gated { port: story.cloud.clone(), gate: gate.clone() },
        machines: Gated { port: story.cloud.clone(), gate: gate.clone() },
        ledger: Gated { port: story.ledger.clone(), gate: gate.clone() },
        wake_ups: Gated { port: story.owner.wake_ups.clone(), gate: gate.clone() },
        clock: story.cloud.clock().clone(),
        policy: story.owner.policy.clone(),
        region: story.owner.region.clone(),
    };
    let mut handling = pin!(lifecycle_hook::handle(&owner, event));
    let finished = (0..100).any(|_| {
        gate.turn.fetch_add(1, Ordering::Relaxed);
        handling.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
    });
    assert!(finished);
    gate.effect.load(Ordering::Relaxed)
}

#[test]
fn a_launch_that_is_ready_is_completed_by_the_third_call_in_a_row() {
    let mut story = site_with(4, minutes(15), LAUNCH, LEAVE);
    story.is_on = false;
    story.cloud.with(|world| world.set_desired_capacity(&web(), 5)).unwrap();
    story.pass(minutes(4));
    let event = story.delivered.iter().find(|event| event.to_string().contains("LAUNCHING")).unwrap().clone();
    assert_eq!(turn_of_the_effect(&story, event), 3, "read everything, record the intent, complete");
}

#[test]
fn a_leaving_instance_is_deregistered_by_the_third_call_in_a_row() {
    let mut story = site_with(4, minutes(15), LAUNCH, LEAVE);
    story.is_on = false;
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
    let event = story.delivered.iter().find(|event| event.to_string().contains("TERMINATING")).unwrap().clone();
    assert_eq!(turn_of_the_effect(&story, event), 3, "read everything, record the intent, deregister");
}
