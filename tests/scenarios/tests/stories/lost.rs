//! What no event told is found all the same, and what comes too often or too late does no harm.

use homeostat_core::signal;
use homeostat_remedies::instance::kind::InstanceKind;
use serde_json::Value;

use super::fleet::{break_some, fleet, is_whole, minutes, terminated, the_open_one};

const BOTH: &str = "evidence = [\"alarm\", \"target-health\"]";

#[test]
fn an_event_that_is_never_delivered_is_found_by_the_resync() {
    let mut story = fleet(4, BOTH);
    story.deliveries = 0;
    let victims = break_some(&story, 1);
    story.pass(minutes(30));
    assert_eq!(terminated(&story), victims);
    is_whole(&story, 4);
    let [incident] = &story.ledger.closed::<InstanceKind>()[..] else { panic!() };
    assert!(incident.opened_at.duration_since(incident.signalled_at) <= minutes(6), "{incident:?}");
}

#[test]
fn without_events_and_without_resyncs_nothing_is_found() {
    let mut story = fleet(4, BOTH);
    (story.deliveries, story.resyncs) = (0, false);
    break_some(&story, 1);
    story.pass(minutes(60));
    assert_eq!(story.ledger.open::<InstanceKind>(), [], "or the two tests above would prove nothing");
}

#[test]
fn a_resync_of_a_group_that_is_well_writes_nothing() {
    let mut story = fleet(4, BOTH);
    story.pass(minutes(120));
    assert!(story.answers.len() >= 20 && story.answers.iter().all(Result::is_ok));
    assert_eq!((story.ledger.open::<InstanceKind>().len(), story.ledger.closed::<InstanceKind>().len()), (0, 0));
}

#[test]
fn a_resync_opens_nothing_that_is_open_and_nothing_that_still_boots() {
    let mut story = fleet(4, BOTH);
    break_some(&story, 1);
    for _ in 0..60 {
        story.pass("30s".parse().unwrap());
        assert!(
            story.ledger.open::<InstanceKind>().len() <= 1,
            "the replacement boots, and is no case: {:?}",
            story.ledger.open::<InstanceKind>()
        );
    }
    assert_eq!(story.ledger.closed::<InstanceKind>().len(), 1);
}

/// An alarm went to ALARM, back, and to ALARM again; the first event comes last.
#[test]
fn a_change_older_than_one_that_was_attended_to_is_stale() {
    let mut story = fleet(4, BOTH);
    break_some(&story, 1);
    story.pass(minutes(2));
    let event = story.delivered[0].clone();
    let mut older = event.clone();
    older["detail"]["state"]["timestamp"] = "2026-03-01T11:59:00.000+0000".into();
    let before = the_open_one(&story).version;
    let answer = story.deliver(older).unwrap();
    assert!(answer["ignored"].as_str().unwrap().contains("is older than its change of"), "{answer}");
    assert_eq!(the_open_one(&story).version, before);
    let again = story.deliver(event).unwrap();
    assert!(again.get("decision").is_some(), "the same again is a reason to look: {again}");
}

#[test]
fn a_wake_up_for_nothing_opens_nothing() {
    let mut story = fleet(4, BOTH);
    let subject = "us-east-1#instance#i-0123456789abcdef0".parse().unwrap();
    let answer: Value = story.deliver(signal::wake(&subject)).unwrap();
    assert!(answer["ignored"].as_str().unwrap().contains("has no open incident"), "{answer}");
    let group = "us-east-1#group#web".parse().unwrap();
    let answer: Value = story.deliver(signal::wake(&group)).unwrap();
    assert!(answer["ignored"].as_str().unwrap().contains("has no open incident"), "{answer}");
}
