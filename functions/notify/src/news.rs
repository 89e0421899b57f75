//! Which change of an item people want to hear of.
//!
//! This module never tells a change that the incident, or the sweep, does not mark as worth telling.

use aws_lambda_events::dynamodb::EventRecord;
use homeostat_core::incident::{Incident, State};
use serde_dynamo::{AttributeValue, Item};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum News {
    /// What its owner decided.
    Decided(Incident),
    /// The sweep found that its owner does not answer.
    Stuck(Incident),
    /// The sweep found its deadline passed.
    Overdue(Incident),
    /// The sweep marked an incident that this version can't read.
    Unreadable { key: String, why: String },
}

/// The news of a record, if it is any: its `tell` grew, the sweep marked it, or it is the closed item (which is written
/// once) of an incident whose end people want to hear of.
///
/// The sweep leaves `tell` alone, since an owner may write at the same time: its marks are compared by themselves.
pub(crate) fn news(record: EventRecord) -> Result<Option<News>, String> {
    let change = record.change;
    let Some(AttributeValue::S(key)) = change.keys.get("pk").filter(|_| !change.new_image.is_empty()) else {
        return Ok(None);
    };
    if !key.starts_with("SUBJECT#") {
        return Ok(None);
    }
    let (new, old) = (&change.new_image, &change.old_image);
    let stuck = is_marked("stuck", old, new);
    let read = |image: &Item| serde_dynamo::from_item::<_, Incident>(image.clone()).map_err(|error| error.to_string());
    let incident = match read(new) {
        Ok(incident) => incident,
        Err(why) if stuck => return Ok(Some(News::Unreadable { key: key.clone(), why })),
        Err(why) => return Err(why),
    };
    let told = if old.is_empty() { 0 } else { read(old)?.tell };
    Ok(if incident.state == State::Closed {
        is_end_told(&incident).then_some(News::Decided(incident))
    } else if incident.tell != told {
        Some(News::Decided(incident))
    } else if stuck {
        Some(News::Stuck(incident))
    } else if is_marked("overdue", old, new) {
        Some(News::Overdue(incident))
    } else {
        None
    })
}

/// Whoever heard that it is overdue hears how it ended.
fn is_end_told(incident: &Incident) -> bool {
    incident.is_told_at_the_end() || incident.overdue.is_some()
}

fn is_marked(mark: &str, old: &Item, new: &Item) -> bool {
    let marked = |image: &Item| image.get(mark).filter(|value| !matches!(value, AttributeValue::Null(_))).cloned();
    marked(new).is_some() && marked(new) != marked(old)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lambda_events::dynamodb::Event;
    use serde_json::{Value, json};

    fn record(change: impl FnOnce(&mut Value)) -> EventRecord {
        let mut batch: Value = serde_json::from_str(include_str!("../../../events/stream-opened.json")).unwrap();
        change(&mut batch["Records"][0]["dynamodb"]);
        let mut batch: Event = serde_json::from_value(batch).unwrap();
        batch.records.remove(0)
    }

    fn changed(change: impl FnOnce(&mut Value)) -> EventRecord {
        record(|record| {
            record["OldImage"] = record["NewImage"].clone();
            change(record);
        })
    }

    fn mark(mark: &str, at: &str) -> impl FnOnce(&mut Value) {
        let (mark, at) = (mark.to_owned(), at.to_owned());
        move |record| record["NewImage"][mark] = json!({ "S": at })
    }

    #[test]
    fn an_opening_is_told() {
        let Some(News::Decided(incident)) = news(record(|_| {})).unwrap() else { panic!() };
        assert_eq!(incident.subject.name(), "i-0a1b2c3d4e5f60718");
    }

    #[test]
    fn a_change_is_told_only_if_it_is_marked_as_worth_telling() {
        assert_eq!(news(changed(|_| {})).unwrap(), None);
        assert_eq!(news(changed(|record| record["NewImage"]["wakes"] = json!({ "N": "2" }))).unwrap(), None);
        let older = changed(|record| record["OldImage"]["tell"] = json!({ "N": "0" }));
        assert!(matches!(news(older).unwrap(), Some(News::Decided(_))));
    }

    /// The closed item of a launch whose hook was completed for this.
    fn completed(because: &str, change: impl FnOnce(&mut Incident)) -> Option<News> {
        let json = json!({
            "schema": 1, "subject": "eu-west-1#hook#web:ready:i-0a1b2c3d4e5f60718", "state": "closed", "version": 3, "wakes": 0,
            "kind": { "hook": { "group": "web", "hook": "ready", "instance": "i-0a1b2c3d4e5f60718",
                "transition": "launching", "began": "2026-03-01T12:00:00Z" } },
            "tell": 0, "signalled_at": "2026-03-01T12:00:00Z", "opened_at": "2026-03-01T12:00:00Z", "notes": [],
            "decision": { "close": { "hook": { "result": "continue",
                "because": serde_json::from_str::<Value>(because).unwrap() } } },
        });
        let mut incident: Incident = serde_json::from_value(json).unwrap();
        change(&mut incident);
        let mut closed = record(|_| {});
        closed.change.new_image = serde_dynamo::to_item(&incident).unwrap();
        news(closed).unwrap()
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
        assert!(completed(drained, |incident| incident.tell = 1).is_some(), "it was paged");
        let overdue = |incident: &mut Incident| incident.overdue = Some(incident.opened_at);
        assert!(matches!(completed(drained, overdue), Some(News::Decided(_))), "the close, and not the mark again");
    }

    #[test]
    fn a_mark_of_the_sweep_is_told_when_it_is_set_and_not_again() {
        let (noon, one) = ("2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z");
        assert!(matches!(news(changed(mark("stuck", noon))).unwrap(), Some(News::Stuck(_))));
        assert!(matches!(news(changed(mark("overdue", noon))).unwrap(), Some(News::Overdue(_))));
        let set = |before: &str| {
            let before = before.to_owned();
            changed(move |record| {
                record["OldImage"]["stuck"] = json!({ "S": before });
                record["NewImage"]["stuck"] = json!({ "S": noon });
            })
        };
        assert_eq!(news(set(noon)).unwrap(), None, "it was marked before");
        assert!(matches!(news(set(one)).unwrap(), Some(News::Stuck(_))), "a reminder");
        let cleared = changed(|record| record["OldImage"]["stuck"] = json!({ "S": noon }));
        assert_eq!(news(cleared).unwrap(), None, "its owner wrote again");
    }

    #[test]
    fn neither_a_removed_incident_nor_another_item_is_told() {
        let removed = record(|change| {
            change["OldImage"] = change["NewImage"].take();
            change.as_object_mut().unwrap().remove("NewImage");
        });
        assert_eq!(news(removed).unwrap(), None);
        let slots = record(|change| change["Keys"]["pk"] = json!({ "S": "BUDGET#group#web" }));
        assert_eq!(news(slots).unwrap(), None);
    }

    #[test]
    fn an_image_that_cannot_be_read_is_an_error_and_told_once_it_is_stuck() {
        let broken = |change: &mut Value| _ = change["NewImage"].as_object_mut().unwrap().remove("state");
        assert!(news(record(broken)).unwrap_err().contains("state"));
        let stuck = changed(|record| {
            broken(record);
            mark("stuck", "2026-03-01T12:00:00Z")(record);
        });
        assert!(matches!(news(stuck).unwrap(), Some(News::Unreadable { .. })));
    }
}
