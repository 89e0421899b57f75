use homeostat_core::incident::Incident;
use homeostat_core::ports::Outcome;
use homeostat_remedies::hook::kind::HookKind;
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::reasons::Page;
use serde_json::{Value, json};

use super::*;
use crate::batch;

fn record(change: impl FnOnce(&mut Value)) -> Record {
    let mut batch: Value = serde_json::from_str(include_str!("../../../../events/stream-opened.json")).unwrap();
    change(&mut batch["Records"][0]["dynamodb"]);
    batch::records(batch).unwrap().remove(0)
}

fn changed(change: impl FnOnce(&mut Value)) -> Record {
    record(|record| {
        record["OldImage"] = record["NewImage"].clone();
        change(record);
    })
}

fn of(record: &Record) -> Option<News> {
    Change::of(record.read.as_ref().unwrap()).and_then(|change| news(&change, record))
}

/// The record of an incident's next write.
fn written(before: &Incident<InstanceKind>, after: &Incident<InstanceKind>) -> Record {
    let mut record = record(|_| {});
    let change = &mut record.read.as_mut().unwrap().change;
    change.old_image = serde_dynamo::to_item(before).unwrap();
    change.new_image = serde_dynamo::to_item(after).unwrap();
    record
}

fn mark(mark: &str, at: &str) -> impl FnOnce(&mut Value) {
    let (mark, at) = (mark.to_owned(), at.to_owned());
    move |record| record["NewImage"][mark] = json!({ "S": at })
}

#[test]
fn an_opening_is_told() {
    let Some(News::Decided(incident)) = of(&record(|_| {})) else { panic!() };
    assert_eq!(incident.head().subject.name(), "i-0a1b2c3d4e5f60718");
}

#[test]
fn a_change_is_told_only_if_it_is_marked_as_worth_telling() {
    assert_eq!(of(&changed(|_| {})), None);
    assert_eq!(of(&changed(|record| record["NewImage"]["wakes"] = json!({ "N": "2" }))), None);
    let older = changed(|record| record["OldImage"]["notify_seq"] = json!({ "N": "0" }));
    assert!(matches!(of(&older), Some(News::Decided(_))));
}

/// The closed item of a launch whose hook was completed for this.
fn completed(because: &str, change: impl FnOnce(&mut Incident<HookKind>)) -> Option<News> {
    let json = json!({
        "schema": 1, "subject": "eu-west-1#hook#web:ready:i-0a1b2c3d4e5f60718", "state": "closed", "version": 3, "wakes": 0,
        "kind": { "hook": { "group": "web", "hook": "ready", "instance": "i-0a1b2c3d4e5f60718",
            "transition": "launching", "began": "2026-03-01T12:00:00Z" } },
        "notify_seq": 0, "signalled_at": "2026-03-01T12:00:00Z", "opened_at": "2026-03-01T12:00:00Z", "notes": [],
        "decision": { "close": { "hook": { "result": "continue",
            "because": serde_json::from_str::<Value>(because).unwrap() } } },
    });
    let mut incident: Incident<HookKind> = serde_json::from_value(json).unwrap();
    change(&mut incident);
    let mut closed = record(|_| {});
    closed.read.as_mut().unwrap().change.new_image = serde_dynamo::to_item(&incident).unwrap();
    of(&closed)
}

#[test]
fn what_comes_or_goes_as_it_should_is_told_to_nobody() {
    let as_it_should = [
        r#"{"ready":{"evidence":["tag app:ready"]}}"#,
        r#""drained""#,
        r#""not_in_policy""#,
        r#"{"paused":{"scope":"all","by":"ana","reason":"move"}}"#,
        r#"{"serves_nobody":{"course":"into_pool"}}"#,
    ];
    for because in as_it_should {
        assert_eq!(completed(because, |_| {}), None, "{because}");
    }
    let otherwise = [
        r#"{"not_ready":{"missing":["tag app:ready"],"within":"PT10M"}}"#,
        r#"{"unjudged":{"why":["no answer"]}}"#,
        r#"{"out_of_time":{"limit":"global","waiting":["tag app:busy"]}}"#,
    ];
    for because in otherwise {
        assert!(matches!(completed(because, |_| {}), Some(News::Decided(_))), "{because}");
    }
}

#[test]
fn whoever_heard_of_a_held_instance_hears_how_it_ended() {
    let drained = r#""drained""#;
    assert!(completed(drained, |incident| incident.notify_seq = 1).is_some(), "it was paged");
    let overdue = |incident: &mut Incident<HookKind>| incident.overdue = Some(incident.opened_at);
    assert!(matches!(completed(drained, overdue), Some(News::Decided(_))), "the close, and not the mark again");
}

#[test]
fn a_mark_of_the_sweep_is_told_when_it_is_set_and_not_again() {
    let (noon, one) = ("2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z");
    assert!(matches!(of(&changed(mark("stuck", noon))), Some(News::Stuck(_))));
    assert!(matches!(of(&changed(mark("overdue", noon))), Some(News::Overdue(_))));
    let set = |before: &str| {
        let before = before.to_owned();
        changed(move |record| {
            record["OldImage"]["stuck"] = json!({ "S": before });
            record["NewImage"]["stuck"] = json!({ "S": noon });
        })
    };
    assert_eq!(of(&set(noon)), None, "it was marked before");
    assert!(matches!(of(&set(one)), Some(News::Stuck(_))), "a reminder");
    let cleared = changed(|record| record["OldImage"]["stuck"] = json!({ "S": noon }));
    assert_eq!(of(&cleared), None, "its owner wrote again");
}

#[test]
fn neither_a_removed_incident_nor_another_item_is_told() {
    let removed = record(|change| {
        change["OldImage"] = change["NewImage"].take();
        change.as_object_mut().unwrap().remove("NewImage");
    });
    assert_eq!(of(&removed), None);
    let slots = record(|change| change["Keys"]["pk"] = json!({ "S": "BUDGET#group#web" }));
    assert_eq!(of(&slots), None);
}

/// What DynamoDB deletes, it says so itself, as the one who did it.
#[test]
fn what_expires_is_told_to_nobody() {
    let mut batch: Value = serde_json::from_str(include_str!("../../../../events/stream-opened.json")).unwrap();
    let record = &mut batch["Records"][0];
    record["eventName"] = json!("REMOVE");
    record["userIdentity"] = json!({ "type": "Service", "principalId": "dynamodb.amazonaws.com" });
    let mut old = record["dynamodb"]["NewImage"].take();
    old["state"] = json!({ "S": "closed" });
    old["expires"] = json!({ "N": "1800000000" });
    record["dynamodb"]["OldImage"] = old;
    record["dynamodb"].as_object_mut().unwrap().remove("NewImage");
    assert_eq!(of(&batch::records(batch).unwrap()[0]), None);
}

#[test]
fn an_image_that_cannot_be_read_is_told_as_that_where_there_is_news() {
    let broken = |change: &mut Value| _ = change["NewImage"].as_object_mut().unwrap().remove("kind");
    let Some(News::Unreadable { key, why, .. }) = of(&record(broken)) else { panic!() };
    assert!(key.starts_with("SUBJECT#") && why.contains("kind"), "{key} {why}");
    assert_eq!(of(&changed(broken)), None, "a look that is no news in any version");
    let stuck = changed(|record| {
        broken(record);
        mark("stuck", "2026-03-01T12:00:00Z")(record);
    });
    assert!(matches!(of(&stuck), Some(News::Unreadable { .. })));
    let newer = changed(|record| {
        record["NewImage"]["schema"] = json!({ "N": "2" });
        record["NewImage"]["notify_seq"] = json!({ "N": "2" });
    });
    let Some(News::Unreadable { why, .. }) = of(&newer) else { panic!() };
    assert!(why.contains("schema"), "{why}");
}

#[test]
fn news_after_what_cannot_be_read_is_told_as_what_it_is() {
    let broken = |record: &mut Value| _ = record["OldImage"].as_object_mut().unwrap().remove("kind");
    assert_eq!(of(&changed(broken)), None);
    let told = changed(|record| {
        broken(record);
        record["OldImage"]["notify_seq"] = json!({ "N": "0" });
    });
    assert!(matches!(of(&told), Some(News::Decided(_))));
}

#[test]
fn a_doubt_is_told_as_an_outcome_and_what_follows_it_as_what_it_is() {
    let Some(News::Decided(opened)) = of(&record(|_| {})) else { panic!() };
    let opened = opened.of::<InstanceKind>().unwrap();
    let step = opened.intent.clone().unwrap().step;
    let act = opened.decision.clone().unwrap();
    let unknown = || Outcome::Unknown { why: "throttled".into() };
    let at = opened.opened_at;
    let once = opened.settle(at, unknown());
    assert_eq!(of(&written(opened, &once)), None);
    let again = once.intend(at, &step, &act);
    assert_eq!(of(&written(&once, &again)), None);
    let twice = again.settle(at, unknown());
    assert!(matches!(of(&written(&again, &twice)), Some(News::Outcome(_))));
    let paged = twice.page(at, at, &Page::Refused { why: "no".into() });
    assert!(matches!(of(&written(&twice, &paged)), Some(News::Decided(_))));
    let done = twice.settle(at, Outcome::AlreadyDone);
    assert!(matches!(of(&written(&twice, &done)), Some(News::Outcome(_))));
    let both = done.page(at, at, &Page::Refused { why: "no".into() });
    assert!(matches!(of(&written(&twice, &both)), Some(News::Decided(_))), "a page is not lost behind an end of doubt");
}

/// The names of a nested attribute that no version writes would be read as nothing, without a word.
#[test]
fn each_attribute_of_the_sample_events_is_one_that_is_written() {
    let image = record(|_| {}).read.unwrap().change.new_image;
    let incident: Incident<InstanceKind> = serde_dynamo::from_item(image.clone()).unwrap();
    let written: serde_dynamo::Item = serde_dynamo::to_item(&incident).unwrap();
    for (name, value) in image.iter() {
        // Those of the ledger itself.
        let is_key = ["pk", "sk", "schema", "wake_at"].contains(&name.as_str());
        assert!(is_key || written.get(name) == Some(value), "{name}: {value:?} is not {:?}", written.get(name));
    }
}
