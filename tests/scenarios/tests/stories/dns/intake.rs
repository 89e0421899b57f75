//! Alarms by the intake queue: many in a batch become one mark for each hosted zone, and one look at each marked zone.

use homeostat_core::aws::record::RecordKey;
use homeostat_core::id::HostedZoneId;
use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use jiff::SignedDuration;
use scenarios::DnsStory;
use scenarios::event_rules::batch;
use serde_json::{Value, json};

use super::site::*;
use crate::intake::gates::{Counting, Throttling};

const ZONES: usize = 5;

fn secs(count: i64) -> SignedDuration {
    SignedDuration::from_secs(count)
}

fn nth_zone(nth: usize) -> HostedZoneId {
    format!("Z000000000000000ZONE{nth}").parse().unwrap()
}

fn nth_key(nth: usize) -> RecordKey {
    key(&format!("www.site-{nth}.example A"))
}

/// Five records, each in a zone of its own, with four endpoints each. Three of those are dead beyond doubt, and the events of their alarms
/// were kept back.
fn storm() -> (DnsStory, Vec<Value>) {
    let endpoints = |nth: usize| ["a", "b", "c", "d"].map(|letter| (format!("{letter}-{nth}"), 10));
    let records = (0..ZONES).map(|nth| {
        let weights = endpoints(nth);
        let weights: Vec<(&str, u8)> = weights.iter().map(|(name, weight)| (name.as_str(), *weight)).collect();
        record_in(&nth_zone(nth), &nth_key(nth).to_string(), &weights)
    });
    let story = several(records.collect(), USUAL, |_| String::new());
    for nth in 0..ZONES {
        endpoints(nth).iter().take(3).for_each(|(name, _)| fail(&story, name));
    }
    story.cloud.pass(minutes(3));
    let events = story.cloud.with(|world| world.take_events());
    (story, events)
}

fn repeated(events: &[Value], times: usize) -> Vec<Value> {
    events.iter().cycle().take(times).cloned().collect()
}

fn marked(answer: &Value) -> usize {
    answer["marked"].as_array().unwrap().len()
}

fn are_drained(story: &DnsStory) -> bool {
    let weights = |nth| story.weights(&nth_zone(nth), &nth_key(nth)).into_values().collect::<Vec<_>>();
    (0..ZONES).all(|nth| weights(nth) == [0, 0, 0, 10])
}

#[test]
fn a_thousand_alarms_cost_nothing_of_aws_on_their_way_in_and_one_look_for_each_zone() {
    let (mut story, events) = storm();
    assert!(events.len() >= 15, "each dead endpoint has an alarm: {}", events.len());
    let counting = Counting::default();
    story.put_behind(counting.clone());
    for part in repeated(&events, 1000).chunks(500) {
        let answer = story.deliver(batch(part)).unwrap();
        assert_eq!((&answer["batchItemFailures"], marked(&answer)), (&json!([]), ZONES), "{answer}");
    }
    assert_eq!((counting.of("mark"), counting.of("read marks"), counting.of("send")), (ZONES, 2, 2), "{counting:?}");
    let of_aws = ["read record sets", "read alarms", "read a health check", "read targets"];
    assert!(of_aws.iter().all(|what| counting.of(what) == 0), "{counting:?}");
    assert_eq!(story.ledger.open::<HostedZoneKind>(), [], "nothing is decided on the way in");

    // As long as Route 53's rate for the status of health checks makes some of them wait; before that the wake-ups of changes come.
    story.resyncs = false;
    let mut looks = 0;
    for _ in 0..60 {
        let answers = story.answers.len();
        story.pass(secs(1));
        let served = story.answers[answers..].iter().flatten().filter_map(|answer| answer["served"].as_array());
        looks += served.flatten().map(|zone| zone["looks"].as_array().unwrap().len()).sum::<usize>();
    }
    assert_eq!(looks, ZONES, "however many alarms spoke of each");
    assert!(are_drained(&story), "{:?}", story.ledger.open::<HostedZoneKind>());
    assert_eq!(story.ledger.open::<HostedZoneKind>().len(), ZONES);
    assert!(story.ledger.marks::<HostedZoneKind>().is_empty());
    assert!(story.answers.iter().all(Result::is_ok));
}

#[test]
fn a_single_alarm_is_served_in_place_with_the_calls_of_one_look() {
    let mut story = two(USUAL);
    fail(&story, "blue");
    story.cloud.pass(minutes(3));
    let event = story.cloud.with(|world| world.take_events()).remove(0);
    let counting = Counting::default();
    story.put_behind(counting.clone());
    let answer = story.deliver(batch(&[event])).unwrap();
    assert_eq!((&answer["marked"], &answer["batchItemFailures"]), (&json!([]), &json!([])), "{answer}");
    has(&story, &www(), &[0, 30]);
    let reads = ["read record sets", "read alarms", "read a health check", "read a history", "read limits"];
    assert_eq!(reads.map(|what| counting.of(what)), [1, 1, 2, 1, 1], "{counting:?}");
    // The intent and the outcome, the change itself, and the wake-up for when it has arrived.
    assert_eq!(["write", "other", "wake"].map(|what| counting.of(what)), [2, 1, 1], "{counting:?}");
    assert_eq!(counting.all(), 10, "{counting:?}");
}

#[test]
fn many_alarms_of_one_zone_in_one_batch_are_one_look() {
    let mut story = one_record(&[("a", 10), ("b", 10), ("c", 10), ("d", 10)], USUAL);
    ["a", "b", "c"].iter().for_each(|endpoint| fail(&story, endpoint));
    story.cloud.pass(minutes(3));
    let events = story.cloud.with(|world| world.take_events());
    let counting = Counting::default();
    story.put_behind(counting.clone());
    story.deliver(batch(&events)).unwrap();
    story.pass(secs(1));
    has(&story, &www(), &[0, 0, 0, 10]);
    assert_eq!((counting.of("read record sets"), counting.of("read a health check")), (1, 4), "{counting:?}");
    assert!(story.ledger.marks::<HostedZoneKind>().is_empty());
}

#[test]
fn a_throttled_look_leaves_its_mark_and_nothing_fails() {
    let (mut story, events) = storm();
    let throttle = Throttling::of("read record sets");
    story.put_behind(throttle.clone());
    story.resyncs = false;
    story.deliver(batch(&events)).unwrap();
    story.pass(secs(30));
    let marks = story.ledger.marks::<HostedZoneKind>();
    let hints: usize = marks.iter().map(|mark| mark.hints.len()).sum();
    assert_eq!((marks.len(), hints), (ZONES, events.len()), "each waits as it came: {marks:?}");
    assert!(story.answers.iter().all(Result::is_ok), "no invocation failed");
    assert_eq!(story.ledger.open::<HostedZoneKind>(), []);
    throttle.end();
    story.pass(minutes(3));
    assert!(story.ledger.marks::<HostedZoneKind>().is_empty());
    assert!(are_drained(&story), "{:?}", story.ledger.open::<HostedZoneKind>());
}

#[test]
fn an_alarm_that_cannot_be_read_waits_and_keeps_no_other_of_its_zone_from_being_looked_at() {
    let mut story = one_record(&[("a", 10), ("b", 10), ("c", 10), ("d", 10)], USUAL);
    ["a", "b", "c"].iter().for_each(|endpoint| fail(&story, endpoint));
    story.cloud.pass(minutes(3));
    let mut events = story.cloud.with(|world| world.take_events());
    // CloudWatch doesn't know of it yet.
    let later = (story.now() + secs(60)).to_string();
    let ok = story.cloud.with(|world| world.alarm(&world::Site::served_alarm("d")).unwrap().arn.to_string());
    let mut unknown = events[0].clone();
    unknown["resources"] = json!([ok]);
    unknown["detail"]["alarmName"] = json!(world::Site::served_alarm("d"));
    unknown["detail"]["state"]["timestamp"] = json!(later);
    unknown["time"] = json!(later);
    events.insert(0, unknown);
    story.resyncs = false;
    story.deliver(batch(&events)).unwrap();
    story.pass(secs(1));
    has(&story, &www(), &[0, 0, 0, 10]);
    let marks = story.ledger.marks::<HostedZoneKind>();
    assert!(matches!(&marks[..], [mark] if mark.hints.len() == 1), "{marks:?}");
    story.pass(minutes(8));
    assert!(story.ledger.marks::<HostedZoneKind>().is_empty(), "not for ever");
    assert!(story.answers.iter().all(Result::is_ok));
}

#[test]
fn an_alarms_own_action_is_put_on_the_queue() {
    let mut story = two(USUAL);
    fail(&story, "blue");
    story.cloud.pass(minutes(3));
    let event = story.cloud.with(|world| world.take_events()).remove(0);
    let action = crate::intake::fleets::action_of(&event);
    let answer = story.deliver(action).unwrap();
    assert!(answer["queued"].is_string(), "{answer}");
    assert_eq!(story.ledger.open::<HostedZoneKind>(), []);
    let queued: Value = serde_json::from_str(&story.owner.queues.take_in()[0]).unwrap();
    story.deliver(batch(&[queued])).unwrap();
    has(&story, &www(), &[0, 30]);
}
