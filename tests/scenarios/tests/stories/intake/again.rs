//! A batch that comes again, since a record of it ended the invocation or since time was over: each other record is taken in, and only
//! what ends each invocation is lost.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt;
use homeostat_remedies::instance::kind::InstanceKind;
use scenarios::simulator::gated::{Answer, Call, Gate, Passage};
use scenarios::{FleetStory, Owner};
use serde_json::{Value, json};

use super::fleets::*;
use super::gates::Counting;

/// The queue's `maxReceiveCount` in template.yaml.
const MOST_RECEIVES: usize = 5;

/// A message by its receipt, which is its place, and the event in it.
type Messages = Vec<(usize, Value)>;

fn batch(messages: &Messages, received: usize) -> Value {
    let record = |(nth, event): &(usize, Value)| {
        json!({
            "messageId": format!("message-{nth:03}"), "receiptHandle": nth.to_string(), "eventSource": "aws:sqs",
            "attributes": { "ApproximateReceiveCount": received.to_string() }, "body": event.to_string(),
        })
    };
    json!({ "Records": messages.iter().map(record).collect::<Vec<_>>() })
}

/// Ends the invocation that asks what only the composite alarm's event has it ask: alarms by their names before any incident, or all in
/// ALARM.
#[derive(Debug, Clone, Default)]
struct Killing(Arc<AtomicBool>);

impl Gate for Killing {
    async fn before(&self, call: Call<'_>) -> Passage {
        match call {
            Call::Read { what: "read a history" } => self.0.store(true, Ordering::Relaxed),
            Call::Send { .. } => self.0.store(false, Ordering::Relaxed),
            Call::Read { what: "read alarms" } => std::future::pending::<()>().await,
            Call::Read { what: "read alarms by name" } if !self.0.load(Ordering::Relaxed) => {
                std::future::pending::<()>().await;
            }
            _ => {}
        }
        Passage::Open
    }

    async fn after(&self, _: Call<'_>, _: bool) -> Answer {
        Answer::Told
    }
}

/// The event of a composite alarm, at the same time.
fn composite(event: &Value) -> Value {
    let mut event = event.clone();
    let (child, arn) = (event["resources"][0].clone(), "arn:aws:cloudwatch:us-east-1:123456789012:alarm:any");
    let reason = json!({ "triggeringAlarms": [{ "arn": child, "state": event["detail"]["state"] }] });
    event["resources"] = json!([arn]);
    event["detail"]["alarmName"] = json!("any");
    event["detail"]["state"]["reasonData"] = json!(reason.to_string());
    event["detail"]["configuration"] = json!({ "alarmRule": "ALARM(\"x\")" });
    event
}

/// As SQS and Lambda do it, until nothing is left or all of it is a dead letter. Which are.
fn deliver_until_dead(story: &FleetStory, mut messages: Messages) -> BTreeSet<usize> {
    for received in 1..=MOST_RECEIVES {
        if messages.is_empty() {
            break;
        }
        let answer = story.owner.behind(&Killing::default(), batch(&messages, received)).now_or_never();
        let deleted = story.owner.queues.take_deleted();
        messages.retain(|(nth, _)| !deleted.contains(&nth.to_string()));
        if let Some(answer) = answer {
            let failed = answer.unwrap()["batchItemFailures"].clone();
            messages.retain(|(nth, _)| failed.to_string().contains(&format!("message-{nth:03}")));
        }
    }
    messages.into_iter().map(|(nth, _)| nth).collect()
}

/// Or looked at already.
fn is_each_marked(story: &FleetStory, events: usize) {
    let marks = story.ledger.marks::<InstanceKind>();
    let hints: usize = marks.iter().map(|mark| mark.hints.len()).sum();
    let looked_at = story.ledger.open::<InstanceKind>().len();
    assert_eq!((marks.len(), hints + looked_at), (10, events), "each is waited for");
}

#[test]
fn a_record_that_ends_each_invocation_is_lost_alone() {
    for place in [0, 1, 13, 28, 29] {
        let (story, events) = storm(10, 20, 3, "watch");
        let mut events: Vec<Value> = events;
        events.insert(place, composite(&events[0]));
        let dead = deliver_until_dead(&story, events.into_iter().enumerate().collect());
        assert_eq!(dead, BTreeSet::from([place]));
        is_each_marked(&story, 30);
    }
}

#[test]
fn two_of_these_take_no_more_with_them_than_what_lies_between() {
    let (story, mut events) = storm(10, 20, 3, "watch");
    events.insert(10, composite(&events[0]));
    events.insert(13, composite(&events[0]));
    let dead = deliver_until_dead(&story, events.into_iter().enumerate().collect());
    assert!(dead.is_superset(&BTreeSet::from([10, 13])) && dead.iter().all(|nth| (10..=13).contains(nth)), "{dead:?}");
}

#[test]
fn what_was_only_handed_back_costs_hardly_more_calls_than_its_groups_do() {
    let (mut story, events) = storm(10, 20, 3, "watch");
    let counting = Counting::default();
    story.put_behind(counting.clone());
    let messages: Messages = events.iter().cycle().take(500).cloned().enumerate().collect();
    let answer = story.deliver(batch(&messages, 2)).unwrap();
    assert_eq!((&answer["batchItemFailures"], texts(&answer["marked"]).len()), (&json!([]), 10), "{answer}");
    assert_eq!((counting.aws(), counting.of("read groups")), (1, 1), "{counting:?}");
    // Nothing is looked at here, and of ten portions all say the same.
    assert_eq!((counting.of("mark"), counting.of("read marks")), (10, 10), "{counting:?}");
    assert!(counting.of("send") <= 10 + 2, "{counting:?}");
    is_each_marked(&story, 30);
}

#[test]
fn after_so_many_receives_each_record_costs_no_more_than_its_mark() {
    let (mut story, events) = storm(10, 20, 3, "watch");
    let counting = Counting::default();
    story.put_behind(counting.clone());
    let messages: Messages = events.into_iter().enumerate().collect();
    story.deliver(batch(&messages, 4)).unwrap();
    assert_eq!((counting.aws(), counting.of("read groups")), (1, 1), "{counting:?}");
    assert_eq!((counting.of("mark"), counting.of("read marks")), (30, 30), "{counting:?}");
    is_each_marked(&story, 30);
}

#[test]
fn a_single_event_that_comes_again_is_served_at_once_as_before() {
    let (mut story, events) = storm(10, 20, 1, "act");
    let answer = story.deliver(batch(&vec![(0, events[0].clone())], 2)).unwrap();
    assert!(answer["records"][0]["decision"].is_string(), "{answer}");
}

#[test]
fn what_has_not_begun_when_ten_seconds_are_left_is_handed_back() {
    let (mut story, events) = storm(10, 20, 3, "watch");
    // Ten portions of three; each takes more than two seconds.
    story.put_behind(Slow(story.cloud.clone()));
    let answer = story.deliver(batch(&events.into_iter().enumerate().collect(), 2)).unwrap();
    let left = answer["batchItemFailures"].as_array().unwrap().len();
    assert!((1..30).contains(&left), "{answer}");
    let hints: usize = story.ledger.marks::<InstanceKind>().iter().map(|mark| mark.hints.len()).sum();
    assert_eq!(hints, 30 - left, "and only that");
}

/// Each call takes a second.
#[derive(Clone)]
struct Slow(world::Cloud);

impl Gate for Slow {
    async fn before(&self, _: Call<'_>) -> Passage {
        self.0.pass(secs(1));
        Passage::Open
    }

    async fn after(&self, _: Call<'_>, _: bool) -> Answer {
        Answer::Told
    }
}

#[test]
fn a_ledger_that_throttles_is_not_asked_once_for_each_record() {
    let (mut story, events) = storm(10, 20, 3, "watch");
    let counting = Counting::default();
    story.put_behind(NoMarks(counting.clone()));
    let answer = story.deliver(batch(&events.into_iter().enumerate().collect(), 4));
    assert!(counting.of("read marks") <= 3, "{counting:?}");
    assert!(answer.is_err(), "all of it comes again: {answer:?}");
}

/// Counts, and lets nobody read a mark.
#[derive(Clone)]
struct NoMarks(Counting);

impl Gate for NoMarks {
    async fn before(&self, call: Call<'_>) -> Passage {
        self.0.before(call).await;
        let is_refused = matches!(call, Call::Read { what: "read marks" });
        if is_refused { Passage::Lost } else { Passage::Open }
    }

    async fn after(&self, _: Call<'_>, _: bool) -> Answer {
        Answer::Told
    }
}
