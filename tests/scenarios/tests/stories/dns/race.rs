//! The race that took DynamoDB's records away in October 2025: a change that was made long ago arrives late, and must not undo
//! what was done since (AWS, "Summary of the Amazon DynamoDB Service Disruption in the Northern Virginia (US-EAST-1) Region").

use std::sync::atomic::Ordering;

use homeostat_core::aws::record::weights;
use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use scenarios::{DnsStory, Handling, Owner};
use serde_json::Value;
use world::Author;

use super::site::*;
use crate::gates::{StopsBeforeTheEffect, go_on};

/// An owner that has recorded its intent to drain blue, and is stopped right before it sends the change.
fn stopped() -> (DnsStory, Handling, StopsBeforeTheEffect) {
    let story = two(USUAL);
    fail(&story, "blue");
    story.cloud.pass(minutes(3));
    let event = story.cloud.with(|world| world.take_events()).remove(0);
    let gate = StopsBeforeTheEffect::default();
    let mut stopped = story.owner.behind(&gate, event);
    assert!(go_on(&mut stopped).is_pending());
    assert!(the_open_one(&story).intent.is_some());
    has(&story, &www(), &[70, 30]);
    (story, stopped, gate)
}

fn release(stopped: &mut Handling, gate: &StopsBeforeTheEffect) -> Value {
    gate.released.store(true, Ordering::Relaxed);
    match go_on(stopped) {
        std::task::Poll::Ready(answer) => answer.unwrap(),
        std::task::Poll::Pending => panic!("it is still stopped"),
    }
}

/// The stalled batch was refused, for the generation as much as for the weights, and no change left the record without weight.
fn was_refused(story: &DnsStory) {
    story.cloud.with(|world| {
        let zone = world.zone(&zone()).unwrap();
        let [refused] = zone.refused() else { panic!("{:?}", zone.refused()) };
        assert_eq!(refused.by, Author::Homeostat);
        assert!(refused.why.contains("_homeostat.www.example.com"), "{}", refused.why);
        for change in zone.changes() {
            let sets: Vec<_> = change.after.iter().filter(|set| set.is_of(&www())).cloned().collect();
            assert!(weights(&sets).values().any(|weight| *weight > 0), "{change:?}");
        }
    });
}

#[test]
fn a_batch_that_stalls_until_the_weights_are_again_as_it_knew_them_is_refused() {
    let (mut story, mut stopped, gate) = stopped();
    // Of the alarm nothing newer is heard: for that alone the stalled look would end.
    story.deliveries = 0;
    // Its lease ends, and another owner drains.
    story.pass(minutes(10));
    has(&story, &www(), &[0, 30]);
    mend(&story, "blue");
    story.pass(minutes(40));
    has(&story, &www(), &[70, 30]);
    assert_eq!(story.ledger.open::<HostedZoneKind>(), []);

    let answer = release(&mut stopped, &gate);
    was_refused(&story);
    has(&story, &www(), &[70, 30]);
    assert_eq!(steps(&story, &www()).len(), 4, "the stalled one is not among them");
    let said = answer["ignored"].as_str().unwrap_or_else(|| panic!("{answer}"));
    assert!(said.contains("no endpoint of the zone's records is sick"), "{said}");
}

#[test]
fn a_batch_that_stalls_while_the_newer_change_stands_is_refused() {
    let (mut story, mut stopped, gate) = stopped();
    story.deliveries = 0;
    story.pass(minutes(10));
    has(&story, &www(), &[0, 30]);
    let before = the_open_one(&story);
    let answer = release(&mut stopped, &gate);
    was_refused(&story);
    has(&story, &www(), &[0, 30]);
    assert_eq!(the_open_one(&story).intent, before.intent, "the loser wrote no outcome over the winner's");
    assert!(answer["decision"].as_str().unwrap().contains("it gets more once it is proven well"), "{answer}");
    mend(&story, "blue");
    story.pass(minutes(40));
    has(&story, &www(), &[70, 30]);
    assert_eq!(story.ledger.open::<HostedZoneKind>(), []);
}

/// A drained endpoint gets no requests, so its alarm gets no data: of that an event comes, too.
#[test]
fn a_batch_that_stalls_until_its_alarm_has_no_data_any_more_is_refused_and_its_look_is_over() {
    let (mut story, mut stopped, gate) = stopped();
    story.pass(minutes(10));
    has(&story, &www(), &[0, 30]);
    let states: Vec<_> = story.delivered.iter().map(|event| event["detail"]["state"]["value"].clone()).collect();
    assert_eq!(states, ["INSUFFICIENT_DATA"]);
    let before = the_open_one(&story);
    let answer = release(&mut stopped, &gate);
    was_refused(&story);
    has(&story, &www(), &[0, 30]);
    assert_eq!(the_open_one(&story), before, "it wrote nothing");
    let said = answer["ignored"].as_str().unwrap_or_else(|| panic!("{answer}"));
    assert!(said.contains("is older than its change of"), "{said}");
    mend(&story, "blue");
    story.pass(minutes(40));
    has(&story, &www(), &[70, 30]);
    assert_eq!(story.ledger.open::<HostedZoneKind>(), []);
}

/// Blue is well again before its lease ends: nobody has anything to drain, and nobody may let it come as a surprise.
#[test]
fn a_batch_that_stalls_until_nobody_wants_it_any_more_is_refused() {
    let (mut story, mut stopped, gate) = stopped();
    mend(&story, "blue");
    story.pass(minutes(30));
    assert_eq!(story.ledger.open::<HostedZoneKind>(), []);
    assert_eq!(steps(&story, &www()), [[70, 30]], "another generation, and nothing else");
    release(&mut stopped, &gate);
    was_refused(&story);
    has(&story, &www(), &[70, 30]);
}

/// Nobody took over in the meantime, but the owner came back within its lease: then its change is the one that counts.
#[test]
fn a_batch_that_stalls_less_than_its_lease_applies() {
    let (story, mut stopped, gate) = stopped();
    story.cloud.pass(jiff::SignedDuration::from_secs(20));
    release(&mut stopped, &gate);
    has(&story, &www(), &[0, 30]);
}
