//! Nothing is done on what was seen too long ago, or before somebody else acted on the same group.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::FutureExt;
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::reasons::{Decision, Hold};
use jiff::SignedDuration;
use scenarios::simulator::gated::{Answer, Call, Gate, Passage};
use scenarios::{FleetStory, Owner};
use serde_json::Value;
use world::VirtualClock;

use super::fleet::{break_some, fleet_with_budget, minutes, terminated, the_open_one, web};
use super::gates::go_on;

/// Target groups whose answers take so long, for so many looks, and how often they were asked.
#[derive(Debug, Clone)]
struct SlowTargets {
    clock: VirtualClock,
    takes: SignedDuration,
    slow: Arc<AtomicU32>,
    asked: Arc<AtomicU32>,
}

impl SlowTargets {
    fn of(story: &FleetStory, takes: SignedDuration, looks: u32) -> Self {
        let slow = Arc::new(AtomicU32::new(looks));
        SlowTargets { clock: story.cloud.clock().clone(), takes, slow, asked: Arc::default() }
    }

    fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Gate for SlowTargets {
    async fn before(&self, call: Call<'_>) -> Passage {
        if matches!(call, Call::Read { what: "read targets" }) {
            self.asked.fetch_add(1, Ordering::Relaxed);
            if self.slow.load(Ordering::Relaxed) > 0 {
                self.slow.fetch_sub(1, Ordering::Relaxed);
                self.clock.advance(self.takes);
            }
        }
        Passage::Open
    }

    async fn after(&self, _: Call<'_>, _: bool) -> Answer {
        Answer::Told
    }
}

/// So many are unhealthy beyond doubt; their alarms' events, not delivered yet.
fn sick(count: usize, budget: u32) -> (FleetStory, Vec<Value>) {
    let story = fleet_with_budget(10, budget);
    break_some(&story, count);
    story.cloud.pass(minutes(3));
    let events = story.cloud.with(|world| world.take_events());
    assert_eq!(events.len(), count);
    (story, events)
}

#[test]
fn what_was_seen_more_than_ten_seconds_ago_is_looked_at_again_before_anything_is_done() {
    for (takes, looks) in [(9, 1), (12, 2)] {
        let (story, events) = sick(1, 1);
        let gate = SlowTargets::of(&story, SignedDuration::from_secs(takes), 1);
        story.owner.behind(&gate, events[0].clone()).now_or_never().expect("nothing here waits").unwrap();
        assert_eq!(terminated(&story).len(), 1, "by the second answer at the latest");
        let before_the_effect = gate.asked() - 1;
        assert_eq!(before_the_effect, looks, "{takes}s, with one look after the effect");
    }
}

#[test]
fn an_aws_that_stays_slow_is_held_for_and_is_no_failure() {
    let (mut story, events) = sick(1, 1);
    let gate = SlowTargets::of(&story, SignedDuration::from_secs(12), 2);
    story.owner.behind(&gate, events[0].clone()).now_or_never().expect("nothing here waits").unwrap();
    assert_eq!((terminated(&story).len(), gate.asked()), (0, 2));
    let held = the_open_one(&story);
    assert!(matches!(&held.decision, Some(Decision::Hold { because: Hold::OutOfDate { .. }, .. })), "{held:?}");
    assert_eq!(held.notify_seq, 0, "nobody is told of Homeostat's own haste");
    assert!(story.ledger.slots_of(&web()).holders.is_empty(), "who does nothing takes no slot");
    story.pass(minutes(2));
    assert_eq!(terminated(&story).len(), 1, "as soon as AWS answers in time");
}

/// Another instance of the group is acted on after so many turns of calls: 1 = the group was read, and its slots were not; 2 = all was.
#[test]
fn an_act_on_the_group_since_it_was_looked_at_calls_for_another_look() {
    for turns in [1, 2] {
        let (story, events) = sick(2, 2);
        let gate = Turns::default();
        let mut first = story.owner.behind(&gate, events[0].clone());
        for _ in 0..turns {
            assert!(go_on(&mut first).is_pending());
        }
        assert_eq!(terminated(&story).len(), 0);
        story.owner.handling(events[1].clone()).now_or_never().expect("nothing here waits").unwrap();
        assert_eq!(terminated(&story).len(), 1, "the other one");
        let before = gate.groups.load(Ordering::Relaxed);
        while terminated(&story).len() < 2 {
            assert!(go_on(&mut first).is_pending(), "it ended without its act, after {turns} turns");
        }
        let read = gate.groups.load(Ordering::Relaxed) - before;
        assert_eq!(read, 1, "once more since the other's act, after {turns} turns");
        assert_eq!(story.ledger.slots_of(&web()).holders.len(), 2);
        assert_eq!(story.ledger.open::<InstanceKind>().len(), 2);
    }
}

/// Each call waits for one turn before it is made; counts how often groups were read.
#[derive(Debug, Clone, Default)]
struct Turns {
    groups: Arc<AtomicU32>,
}

impl Gate for Turns {
    async fn before(&self, call: Call<'_>) -> Passage {
        if matches!(call, Call::Read { what: "read groups" }) {
            self.groups.fetch_add(1, Ordering::Relaxed);
        }
        Passage::Open
    }

    /// The answer comes a turn later.
    async fn after(&self, _: Call<'_>, _: bool) -> Answer {
        let mut has_waited = false;
        std::future::poll_fn(|context| {
            context.waker().wake_by_ref();
            if std::mem::replace(&mut has_waited, true) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
        Answer::Told
    }
}
