//! A deploy in the middle of an open incident of weights, and its rollback.

use homeostat_core::incident::Actor;
use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use homeostat_remedies::hosted_zone::reasons::Decision;
use jiff::SignedDuration;
use serde_json::Value;

use super::site::*;
use crate::versions::{as_a_later_version, as_the_first_version, as_this_version, nothing_failed, the_closed_one};

/// Of an outage of twenty minutes, with versions that take turns: the weights after each change, how it ended, what people heard.
fn told(others: fn(Value) -> Value, turn: SignedDuration) -> (Vec<Vec<u8>>, Option<Decision>, u32) {
    let mut story = two(USUAL);
    fail(&story, "blue");
    let (fixed_at, end, mut is_others) = (noon() + minutes(20), noon() + minutes(80), true);
    while story.now() < end {
        if story.now() >= fixed_at {
            mend(&story, "blue");
        }
        story.ledger.write_as(if is_others { others } else { as_this_version });
        story.pass(turn);
        is_others = !is_others;
    }
    nothing_failed(&story);
    has(&story, &www(), &[70, 30]);
    let closed = the_closed_one::<HostedZoneKind, _>(&story);
    (steps(&story, &www()), closed.decision, closed.notify_seq)
}

/// Whoever took the drained weight for the original one would lose it.
#[test]
fn weights_come_back_as_they_were_however_often_versions_take_turns() {
    let expected = told(as_this_version, minutes(10));
    assert_eq!(expected.0[0], [0, 30]);
    for others in [as_the_first_version, as_a_later_version] {
        for turn in [1, 2, 5, 10] {
            assert_eq!(told(others, minutes(turn)), expected, "each for {turn} min");
        }
    }
}

#[test]
fn an_outage_of_an_endpoint_is_detected_where_it_was_proven_and_mitigated_by_its_drain() {
    let mut story = two(USUAL);
    fail(&story, "blue");
    story.pass(minutes(20));
    mend(&story, "blue");
    story.pass(minutes(60));
    let closed = the_closed_one::<HostedZoneKind, _>(&story);
    let timeline = &closed.timeline;
    assert!(
        timeline.detected_at.is_some_and(|at| closed.acted_at.is_some_and(|acted_at| at <= acted_at)),
        "{closed:?}"
    );
    assert_eq!((timeline.mitigated_by, &timeline.whole), (Some(Actor::Homeostat), &None));
    let reasons: Vec<&str> = timeline.holds.iter().map(|hold| hold.reason.as_str()).collect();
    assert!(reasons.contains(&"propagating") && reasons.contains(&"returning"), "{reasons:?}");
    assert!(timeline.holds.iter().all(|hold| hold.ended.is_some() && hold.until >= hold.since), "{timeline:?}");
}
