//! The crash drill of a replacement. Whatever comes next, the event again or only the schedules, the end is the one of the
//! undisturbed heal.

use homeostat_core::id::InstanceId;
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::reasons::Decision;
use scenarios::FleetStory;
use serde_json::Value;

use super::crashing::{Then, at_every_call};
use super::fleet::{break_some, fleet, is_whole, minutes, terminated, web_scope};

/// No heal has fewer calls.
const LEAST_CALLS: u32 = 16;

/// One instance is sick beyond doubt, and its alarm's event has not been delivered yet.
fn sick() -> (FleetStory, Value) {
    let mut story = fleet(4, "evidence = [\"alarm\", \"target-health\"]");
    break_some(&story, 1);
    story.cloud.pass(minutes(3));
    let event = story.cloud.with(|world| world.take_events()).remove(0);
    story.deliveries = 0;
    (story, event)
}

#[derive(Debug, PartialEq)]
struct EndState {
    terminated: Vec<InstanceId>,
    closed: Vec<Option<Decision>>,
    acts: usize,
    failures: usize,
}

/// What remains when all is over.
fn end_state(story: &FleetStory) -> EndState {
    is_whole(story, 4);
    let memory = story.ledger.memory_of::<InstanceKind>(&web_scope());
    EndState {
        terminated: terminated(story),
        closed: story.ledger.closed::<InstanceKind>().into_iter().map(|incident| incident.decision).collect(),
        acts: memory.acts.len(),
        failures: memory.failures.len(),
    }
}

fn undisturbed() -> EndState {
    let (mut story, event) = sick();
    story.deliver(event.clone()).unwrap();
    story.pass(minutes(40));
    let end = end_state(&story);
    let [one] = &end.terminated[..] else { panic!("{end:?}") };
    assert!(event.to_string().contains(one.as_str()), "one was terminated, and it is the sick one: {end:?}");
    end
}

fn drill(next: Then) {
    let expected = undisturbed();
    at_every_call(sick, LEAST_CALLS, |mut story, event, crash| {
        next.follows(&mut story, event, crash);
        story.pass(minutes(45));
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
    let (expected, mut recorded) = (undisturbed(), 0);
    at_every_call(sick, LEAST_CALLS, |mut story, _, crash| {
        story.resyncs = false;
        let was_recorded = !story.ledger.open::<InstanceKind>().is_empty();
        recorded += u32::from(was_recorded);
        story.pass(minutes(45));
        if was_recorded {
            assert_eq!(end_state(&story).terminated, expected.terminated, "{crash}");
        } else {
            assert_eq!(terminated(&story), [], "{crash}: no effect without a recorded intent");
        }
    });
    assert!(recorded > 10, "{recorded}");
}
