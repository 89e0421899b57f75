//! How many calls the heal waits for one after another, counted without a clock.
//!
//! Each port waits for one turn before it answers. Calls that were sent side by side wait for the same turn, so the number of
//! turns up to an effect is the longest chain of calls before it, plus the effect itself.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};

use homeostat_core::policy;
use jiff::SignedDuration;
use scenarios::Story;
use scenarios::simulator::{Answer, Call, Gate, Gated, Passage};
use world::Demo;

use crate::fleet::shipped_policy;

/// Ready at the second look.
struct OneTurn(bool);

impl Future for OneTurn {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Lets every call through after one turn.
#[derive(Clone, Default)]
struct OneTurnEach {
    turn: Arc<AtomicU32>,
    /// The turn in which the effect was asked for.
    effect: Arc<AtomicU32>,
}

impl Gate for OneTurnEach {
    async fn before(&self, call: Call<'_>) -> Passage {
        if let Call::Effect { .. } = call {
            self.effect.store(self.turn.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        OneTurn(false).await;
        Passage::Open
    }

    async fn after(&self, _: Call<'_>, _: bool) -> Answer {
        Answer::Told
    }
}

#[test]
fn the_effect_is_at_most_the_fourth_call_in_a_row() {
    let story = Story::new(
        Demo::new().unwrap(),
        policy::parse(&shipped_policy()).unwrap(),
        "2026-03-01T12:00:00Z".parse().unwrap(),
    )
    .unwrap();
    let victim = story.in_service(&"web".parse().unwrap())[0].clone();
    story.break_app(&victim).unwrap();
    // Past the target group's verdict, with the alarm's event kept back until then.
    story.cloud.pass(SignedDuration::from_mins(3));
    let event = story.cloud.with(|world| world.take_events()).remove(0);

    let gate = OneTurnEach::default();
    let slow = replace_instance::Ready {
        aws: Gated { port: story.cloud.clone(), gate: gate.clone() },
        checks: Gated { port: story.cloud.clone(), gate: gate.clone() },
        ledger: Gated { port: story.ledger.clone(), gate: gate.clone() },
        clock: story.cloud.clock().clone(),
        policy: story.owner.policy.clone(),
        region: story.owner.region.clone(),
    };
    let mut handling = pin!(replace_instance::handle(&slow, event));
    let mut context = Context::from_waker(Waker::noop());
    let finished = (0..100).any(|_| {
        gate.turn.fetch_add(1, Ordering::Relaxed);
        handling.as_mut().poll(&mut context).is_ready()
    });
    assert!(finished);
    assert_eq!(gate.effect.load(Ordering::Relaxed), 4, "the turn in which the termination was called");
}
