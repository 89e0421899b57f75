//! A deploy while lifecycle hooks hold instances, and its rollback.

use homeostat_core::id::Subject;
use homeostat_remedies::hook::kind::HookKind;
use homeostat_remedies::hook::reasons::Decision;
use jiff::SignedDuration;
use serde_json::Value;

use super::site::*;
use crate::versions::{as_a_later_version, as_the_first_version, as_this_version, nothing_failed};

/// Of an instance that leaves with a job that never ends, and of its successor: how each incident ended, and what people heard.
fn told(others: fn(Value) -> Value, turn: SignedDuration) -> Vec<(Subject, Option<Decision>, u32)> {
    let mut story = site_with(4, minutes(5), LAUNCH, &format!("{LEAVE}timeout = \"12m\"\n"));
    let victim = story.in_service(&web()).remove(0);
    story.cloud.with(|world| world.set_instance_tag(&victim, "app:busy", "forever")).unwrap();
    terminate(&story, &victim);
    let (end, mut is_others) = (noon() + minutes(40), true);
    while story.now() < end {
        story.ledger.write_as(if is_others { others } else { as_this_version });
        story.pass(turn);
        is_others = !is_others;
    }
    nothing_failed(&story);
    assert_eq!((timed_out(&story), story.ledger.open::<HookKind>().len()), (0, 0));
    let ended = story.ledger.closed::<HookKind>().into_iter();
    // That an instance is held is nothing wrong.
    let ended = ended.inspect(|incident| assert_eq!(incident.timeline.detected_at, None, "{incident:?}"));
    ended.map(|incident| (incident.subject, incident.decision, incident.notify_seq)).collect()
}

#[test]
fn no_hook_is_forgotten_nor_completed_otherwise_however_often_versions_take_turns() {
    let expected = told(as_this_version, minutes(10));
    assert_eq!(expected.len(), 2, "{expected:?}");
    for others in [as_the_first_version, as_a_later_version] {
        for turn in [20, 75, 240] {
            assert_eq!(told(others, secs(turn)), expected, "each for {turn} s");
        }
    }
}
