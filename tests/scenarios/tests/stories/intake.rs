//! Events by the intake queue: many in one batch become one mark for each group, and one look at each marked group.

mod again;
mod crashes;
pub(crate) mod fleets;
pub(crate) mod gates;
mod servers;
mod urgent;

use homeostat_core::id::Scope;
use homeostat_core::ports::{DueTrigger, MOST_HINTS};
use homeostat_remedies::instance::kind::InstanceKind;
use scenarios::event_rules::batch;
use serde_json::{Value, json};

use super::fleet::minutes;
use fleets::*;
use gates::{Counting, Throttling};

/// So many copies of each that there are a thousand.
fn thousand(events: &[Value]) -> Vec<Value> {
    events.iter().cycle().take(1000).cloned().collect()
}

#[test]
fn a_thousand_alarms_of_ten_groups_cost_one_reading_on_their_way_in_and_one_look_for_each_group() {
    let (mut story, events) = storm(10, 20, 3, "watch");
    assert_eq!(events.len(), 30);
    let counting = Counting::default();
    story.put_behind(counting.clone());
    let answer = story.deliver(batch(&thousand(&events))).unwrap();
    assert_eq!((&answer["batchItemFailures"], texts(&answer["marked"]).len()), (&json!([]), 10), "{answer}");
    assert_eq!((counting.aws(), counting.of("read groups")), (1, 1), "{counting:?}");
    assert_eq!((counting.of("mark"), counting.of("read marks"), counting.of("send")), (10, 1, 1), "{counting:?}");
    assert_eq!(story.ledger.open::<InstanceKind>(), [], "nothing is decided on the way in");

    story.pass(secs(1));
    for of_each in ["read launches", "read refreshes", "read targets", "read machines"] {
        assert_eq!(counting.of(of_each), 10, "{counting:?}");
    }
    // Groups and alarms are read for ten at once, and once more for what comes so late that they are too old.
    assert!(counting.aws() <= 1 + 10 * 4 + 2 * 2, "{counting:?}");
    let decided = decided(story.answers.last().unwrap());
    assert_eq!(decided.len(), 30, "{decided:?}");
    assert!(decided.values().all(|times| *times == 1), "{decided:?}");
    assert_eq!(story.ledger.open::<InstanceKind>().len(), 30);
    assert!(story.ledger.marks::<InstanceKind>().is_empty());
}

#[test]
fn what_a_marked_group_needs_is_done_as_if_each_event_had_come_alone() {
    let (mut story, events) = storm(10, 20, 3, "act");
    let counting = Counting::default();
    story.put_behind(counting.clone());
    story.deliver(batch(&thousand(&events))).unwrap();
    // As long as AWS's rates make some of them wait.
    story.pass(secs(45));
    let terminated: Vec<_> = (0..10).flat_map(|nth| terminated_in(&story, nth)).collect();
    assert_eq!(terminated.len(), 30, "three of twenty are within the budget");
    // Each act is a turn of its group's, with a reading before it and one after it.
    assert!(counting.aws() <= 1 + 2 * 30 * 6 + 30, "{counting:?}");
    story.pass(minutes(30));
    assert_eq!(story.ledger.open::<InstanceKind>(), []);
}

#[test]
fn a_whole_group_that_fails_is_looked_at_once_and_nobody_of_it_is_terminated() {
    let (mut story, events) = storm(3, 40, 40, "act");
    let counting = Counting::default();
    story.put_behind(counting.clone());
    let answer = story.deliver(batch(&events)).unwrap();
    assert_eq!(texts(&answer["marked"]).len(), 3);
    // For the third, CloudWatch's rate has room a little later.
    story.pass(secs(20));
    let open = story.ledger.open::<InstanceKind>();
    assert_eq!(open.len(), 3, "one incident for each group as a whole: {open:?}");
    assert!((0..3).all(|nth| terminated_in(&story, nth).is_empty()));
    // The group's own incident asks for the alarms in ALARM, too.
    assert!(counting.aws() <= 1 + 3 * 8, "{counting:?}");
}

#[test]
fn more_hints_than_a_mark_keeps_have_all_members_looked_at() {
    let size = u32::try_from(MOST_HINTS).unwrap() + 20;
    let (mut story, events) = storm(1, 2 * size + 1, size, "watch");
    story.deliver(batch(&events)).unwrap();
    let marks = story.ledger.marks::<InstanceKind>();
    assert_eq!((marks[0].hints.len(), marks[0].all), (MOST_HINTS, true));
    story.pass(secs(20));
    assert!(story.ledger.marks::<InstanceKind>().is_empty());
    assert_eq!(story.ledger.open::<InstanceKind>().len(), size as usize);
}

#[test]
fn one_event_alone_is_served_at_once_and_marks_nothing() {
    let (mut story, events) = storm(10, 20, 1, "act");
    let counting = Counting::default();
    story.put_behind(counting.clone());
    let answer = story.deliver(batch(&events[..1])).unwrap();
    assert_eq!(answer["marked"], json!([]));
    let decision = answer["records"][0]["decision"].as_str().unwrap();
    assert!(!decision.is_empty(), "{answer}");
    let terminated: usize = (0..10).map(|nth| terminated_in(&story, nth).len()).sum();
    assert_eq!((terminated, counting.of("mark"), counting.of("read marks")), (1, 0, 0), "{counting:?}");
}

#[test]
fn the_same_again_is_no_write() {
    let (mut story, events) = storm(10, 20, 3, "watch");
    story.deliver(batch(&events)).unwrap();
    let written = story.ledger.mark_writes::<InstanceKind>();
    let answer = story.deliver(batch(&thousand(&events))).unwrap();
    assert_eq!((written, story.ledger.mark_writes::<InstanceKind>()), (10, 10));
    assert_eq!(texts(&answer["marked"]).len(), 10, "they are waited for all the same");
}

#[test]
fn a_record_that_cannot_be_read_fails_alone() {
    let (mut story, events) = storm(10, 20, 1, "watch");
    let mut event = batch(&events);
    event["Records"][3]["body"] = json!("{\"source\":\"aws.cloudwatch\"}");
    event["Records"][5]["body"] = json!("no event");
    let answer = story.deliver(event).unwrap();
    let failed = json!([{ "itemIdentifier": "message-3" }, { "itemIdentifier": "message-5" }]);
    assert_eq!(answer["batchItemFailures"], failed);
    assert_eq!(texts(&answer["marked"]).len(), 8);
    let alone = batch(&[json!("no event")]);
    assert!(story.deliver(alone).is_err(), "where nothing could be read, the invocation failed");
}

#[test]
fn what_a_resync_has_looked_at_since_is_dropped_and_counted() {
    let (mut story, events) = storm(10, 20, 1, "watch");
    story.cloud.pass(minutes(6));
    let counting = Counting::default();
    story.put_behind(counting.clone());
    let answer = story.deliver(batch(&events)).unwrap();
    assert_eq!((&answer["batchItemFailures"], &answer["outdated"]), (&json!([]), &json!(10)));
    assert_eq!(counting.all(), 0, "{counting:?}");
}

#[test]
fn what_is_none_of_the_policys_costs_no_call_or_at_most_the_one_reading() {
    let (mut story, events) = storm(10, 20, 1, "watch");
    let strangers: Vec<Value> = events.iter().enumerate().map(|(nth, event)| about_a_stranger(event, nth)).collect();
    let counting = Counting::default();
    story.put_behind(counting.clone());
    let answer = story.deliver(batch(&strangers)).unwrap();
    assert_eq!((&answer["batchItemFailures"], &answer["marked"]), (&json!([]), &json!([])));
    assert_eq!((counting.aws(), counting.all()), (1, 1), "{counting:?}");
    assert!(answer.to_string().contains("is in no group that the policy names"), "{answer}");
}

#[test]
fn a_throttled_look_leaves_the_mark_and_nothing_fails() {
    let (mut story, events) = storm(10, 20, 3, "act");
    let throttle = Throttling::of("read targets");
    story.put_behind(throttle.clone());
    story.deliver(batch(&events)).unwrap();
    story.pass(secs(1));
    let answer = story.answers.last().unwrap().as_ref().unwrap();
    assert!(!answer["kept"].as_array().unwrap().is_empty(), "{answer}");
    assert!(story.answers.iter().all(Result::is_ok), "no invocation failed");
    let marks = story.ledger.marks::<InstanceKind>();
    assert_eq!((marks.len(), marks.iter().map(|mark| mark.hints.len()).sum::<usize>()), (10, 30));
    throttle.end();
    story.pass(secs(90));
    assert!(story.ledger.marks::<InstanceKind>().is_empty());
    assert_eq!((0..10).map(|nth| terminated_in(&story, nth).len()).sum::<usize>(), 30);
}

#[test]
fn a_single_look_that_is_throttled_waits_in_a_mark() {
    let (mut story, events) = storm(10, 20, 1, "act");
    let throttle = Throttling::of("read targets");
    story.put_behind(throttle.clone());
    let answer = story.deliver(batch(&events[..1])).unwrap();
    assert_eq!((&answer["batchItemFailures"], texts(&answer["marked"]).len()), (&json!([]), 1), "{answer}");
    throttle.end();
    story.pass(secs(20));
    assert_eq!((0..10).map(|nth| terminated_in(&story, nth).len()).sum::<usize>(), 1);
}

#[test]
fn hints_wait_although_nobody_can_be_asked_for_their_groups() {
    let (mut story, events) = storm(10, 20, 1, "act");
    let throttle = Throttling::of("read groups");
    story.put_behind(throttle.clone());
    let answer = story.deliver(batch(&events)).unwrap();
    assert_eq!(answer["batchItemFailures"], json!([]));
    let marked = texts(&answer["marked"]);
    assert!(!marked.is_empty() && marked.iter().all(|scope| scope.starts_with("unresolved#")), "{marked:?}");
    story.pass(secs(1));
    assert_eq!(story.ledger.marks::<InstanceKind>().len(), marked.len(), "they stay");
    throttle.end();
    story.pass(secs(40));
    assert!(story.ledger.marks::<InstanceKind>().is_empty());
    assert_eq!((0..10).map(|nth| terminated_in(&story, nth).len()).sum::<usize>(), 10);
}

/// More hints than an unresolved mark keeps are no loss: what finds no room stays in the queue.
#[test]
fn no_hint_is_dropped_where_nobody_can_be_asked_for_its_group_and_too_many_wait() {
    let (mut story, events) = storm(10, 41, 20, "watch");
    let throttle = Throttling::of("read groups");
    story.put_behind(throttle.clone());
    for some in events.chunks(50) {
        let answer = story.deliver(batch(some)).unwrap();
        assert_eq!(answer["batchItemFailures"], json!([]), "{answer}");
    }
    throttle.end();
    story.pass(minutes(2));
    assert_eq!(story.ledger.open::<InstanceKind>().len(), 200);
    assert!(story.ledger.marks::<InstanceKind>().is_empty());
}

#[test]
fn a_mark_that_cannot_be_read_stays_and_keeps_no_other_from_being_served() {
    let (mut story, events) = storm(10, 20, 1, "watch");
    let spoilt = Scope::of_group(&name(0));
    story.ledger.spoil_mark::<InstanceKind>(&spoilt, json!({ "schema": 2, "since": "2026-03-01T11:00:00Z" }));
    let answer = story.deliver(batch(&events)).unwrap();
    assert_eq!((&answer["batchItemFailures"], texts(&answer["marked"]).len()), (&json!([]), 9), "{answer}");
    story.pass(secs(1));
    assert_eq!(story.ledger.open::<InstanceKind>().len(), 9);
    story.pass(minutes(6));
    assert_eq!(story.ledger.open::<InstanceKind>().len(), 10, "the resync looks at that group all the same");
}

#[test]
fn an_alarms_own_action_is_put_on_the_queue_with_all_the_others() {
    let (mut story, events) = storm(10, 20, 1, "watch");
    let action = action_of(&events[0]);
    let counting = Counting::default();
    story.put_behind(counting.clone());
    let answer = story.deliver(action.clone()).unwrap();
    assert!(answer["queued"].is_string(), "{answer}");
    assert_eq!((counting.all(), counting.of("send")), (1, 1), "{counting:?}");
    let queued = story.owner.queues.take_in();
    assert_eq!(queued.iter().map(|event| serde_json::from_str(event).unwrap()).collect::<Vec<Value>>(), [action]);
    let by_queue: Value = serde_json::from_str(&queued[0]).unwrap();
    let answer = story.deliver(batch(&[by_queue])).unwrap();
    assert!(answer["records"][0]["decision"].is_string(), "{answer}");
}

#[test]
fn an_alarm_of_the_whole_group_is_one_hint_and_has_all_members_looked_at() {
    let (mut story, events) = storm(10, 20, 2, "watch");
    let of_groups: Vec<Value> = (0..10).map(|nth| group_alarm(&events[0], &name(nth))).collect();
    let answer = story.deliver(batch(&of_groups)).unwrap();
    assert_eq!(texts(&answer["marked"]).len(), 10, "{answer}");
    let marks = story.ledger.marks::<InstanceKind>();
    assert!(marks.iter().all(|mark| matches!(&mark.hints[..], [hint] if matches!(hint.why, DueTrigger::Survey(_)))));
    story.pass(secs(45));
    assert_eq!(story.ledger.open::<InstanceKind>().len(), 20, "two of each group are unhealthy");
}
