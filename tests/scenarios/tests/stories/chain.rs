//! How many calls the heal waits for one after another, counted without a clock.
//!
//! Each port waits for one turn before it answers. Calls that were sent side by side wait for the same turn, so the number of
//! turns up to an effect is the longest chain of calls before it, plus the effect itself.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};

use homeostat_core::id::{AlarmArn, GroupName, InstanceId, Subject, TargetGroupArn};
use homeostat_core::instance::{AlarmSeen, Fleet, Group, Launches, Replace, TargetHealths};
use homeostat_core::policy;
use homeostat_core::ports::{History, Ledger, Limits, NotWritten, Outcome, Unavailable, Write};
use jiff::SignedDuration;
use scenarios::Story;
use world::Demo;

/// Ready at the second look.
struct OneTurn(bool);

impl Future for OneTurn {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// A port whose every call takes one turn.
struct Slow<P> {
    port: P,
    turn: Arc<AtomicU32>,
    /// The turn in which the effect was asked for.
    effect: Arc<AtomicU32>,
}

impl<P: Fleet + Sync> Fleet for Slow<P> {
    async fn groups(&self, names: &[GroupName]) -> Result<Vec<Group>, Unavailable> {
        OneTurn(false).await;
        self.port.groups(names).await
    }
    async fn alarm(&self, alarm: &AlarmArn) -> Result<Option<AlarmSeen>, Unavailable> {
        OneTurn(false).await;
        self.port.alarm(alarm).await
    }
    async fn target_health(&self, target_group: &TargetGroupArn) -> Result<TargetHealths, Unavailable> {
        OneTurn(false).await;
        self.port.target_health(target_group).await
    }
    async fn launches(&self, group: &GroupName) -> Result<Launches, Unavailable> {
        OneTurn(false).await;
        self.port.launches(group).await
    }
}

impl<P: Replace + Sync> Replace for Slow<P> {
    async fn replace(&self, instance: &InstanceId) -> Outcome {
        self.effect.store(self.turn.load(Ordering::Relaxed), Ordering::Relaxed);
        OneTurn(false).await;
        self.port.replace(instance).await
    }
}

impl<P: Ledger + Sync> Ledger for Slow<P> {
    async fn history(&self, subject: &Subject) -> Result<History, Unavailable> {
        OneTurn(false).await;
        self.port.history(subject).await
    }
    async fn limits(&self, subject: &Subject, group: &GroupName) -> Result<Limits, Unavailable> {
        OneTurn(false).await;
        self.port.limits(subject, group).await
    }
    async fn open_among(&self, subjects: &[Subject]) -> Result<Vec<Subject>, Unavailable> {
        OneTurn(false).await;
        self.port.open_among(subjects).await
    }
    async fn write(&self, write: Write<'_>) -> Result<(), NotWritten> {
        OneTurn(false).await;
        self.port.write(write).await
    }
}

#[test]
fn the_effect_is_at_most_the_fourth_call_in_a_row() {
    let text = include_str!("../../../../policy.toml");
    let story = Story::new(Demo::new().unwrap(), policy::parse(text).unwrap(), "2026-03-01T12:00:00Z".parse().unwrap())
        .unwrap();
    let victim = story.in_service(&"web".parse().unwrap())[0].clone();
    story.break_app(&victim).unwrap();
    // Past the target group's verdict, with the alarm's event kept back until then.
    story.cloud.pass(SignedDuration::from_mins(3));
    let event = story.cloud.with(|world| world.take_events()).remove(0);

    let (turn, effect) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let slow = replace_instance::Ready {
        aws: Slow { port: story.cloud.clone(), turn: turn.clone(), effect: effect.clone() },
        ledger: Slow { port: story.ledger.clone(), turn: turn.clone(), effect: effect.clone() },
        clock: story.cloud.clock().clone(),
        policy: story.owner.policy.clone(),
    };
    let mut handling = pin!(replace_instance::handle(&slow, event));
    let mut context = Context::from_waker(Waker::noop());
    let finished = (0..100).any(|_| {
        turn.fetch_add(1, Ordering::Relaxed);
        handling.as_mut().poll(&mut context).is_ready()
    });
    assert!(finished);
    assert_eq!(effect.load(Ordering::Relaxed), 4, "the turn in which the termination was called");
}
