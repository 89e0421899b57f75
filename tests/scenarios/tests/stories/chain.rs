//! How many calls the heal waits for one after another, counted without a clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::FutureExt;
use homeostat_remedies::policy;
use jiff::SignedDuration;
use scenarios::simulator::gated::{Answer, Call, Gate, Passage};
use scenarios::{FleetStory, Owner};
use serde_json::{Value, json};
use world::Demo;

use super::fleet::{noon, shipped_policy, web};
use super::gates::turn_of_the_effect;

/// The demo's fleet, under a policy that names so many groups.
fn with_groups(count: usize) -> FleetStory {
    let other = |number| {
        format!(
            "\n[[replace-instance.group]]\nname = \"z-{number}\"\nevidence = [\"alarm\"]\nhealth-alarms = [\"*\"]\n"
        )
    };
    let others: String = (1..count).map(other).collect();
    let policy = policy::parse(&format!("{}{others}", shipped_policy())).unwrap();
    assert_eq!(policy.instances.group_names().len(), count);
    FleetStory::of_demo(Demo::new().unwrap(), policy, noon()).unwrap()
}

/// The event of an alarm about an instance that is unhealthy beyond doubt, kept back until its target group says so too.
fn sick(story: &FleetStory) -> Value {
    let victim = story.in_service(&web())[0].clone();
    story.break_app(&victim).unwrap();
    story.cloud.pass(SignedDuration::from_mins(3));
    story.cloud.with(|world| world.take_events()).remove(0)
}

#[test]
fn the_effect_is_at_most_the_fourth_call_in_a_row() {
    for count in [1, 2, 100] {
        let story = with_groups(count);
        let event = sick(&story);
        assert_eq!(turn_of_the_effect(&story.owner, event), 4, "the turn of the termination, of {count} groups");
    }
}

#[test]
fn beyond_a_hundred_groups_the_instance_is_asked_for_its_group_and_the_effect_is_the_fifth() {
    for count in [101, 500] {
        let story = with_groups(count);
        let event = sick(&story);
        assert_eq!(turn_of_the_effect(&story.owner, event), 5, "the turn of the termination, of {count} groups");
    }
}

#[derive(Debug, Clone, Default)]
struct Counted(Arc<AtomicU32>);

impl Gate for Counted {
    async fn before(&self, _: Call<'_>) -> Passage {
        self.0.fetch_add(1, Ordering::Relaxed);
        Passage::Open
    }

    async fn after(&self, _: Call<'_>, _: bool) -> Answer {
        Answer::Told
    }
}

/// Calls of AWS and of the ledger for an event.
fn calls(story: &FleetStory, event: &Value) -> u32 {
    let gate = Counted::default();
    story.owner.behind(&gate, event.clone()).now_or_never().expect("nothing here waits").unwrap();
    gate.0.load(Ordering::Relaxed)
}

#[test]
fn a_look_takes_as_many_calls_whatever_the_number_of_groups() {
    let counted = |count| {
        let story = with_groups(count);
        let event = sick(&story);
        let act = calls(&story, &event);
        let subject = story.ledger.open::<homeostat_remedies::instance::kind::InstanceKind>()[0].subject.to_string();
        let wake_up = calls(&story, &json!({ "homeostat": "wake", "subject": subject }));
        let stranger = json!({ "homeostat": "wake", "subject": "us-east-1#instance#i-0123456789abcdef0" });
        [act, wake_up, calls(&story, &stranger)]
    };
    let few = counted(101);
    assert_eq!(few, counted(500));
    assert!(
        counted(100).iter().zip(few).all(|(calls, more)| calls.abs_diff(more) <= 2),
        "{:?} and {few:?}",
        counted(100)
    );
}
