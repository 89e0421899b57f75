use std::sync::Mutex;

use homeostat_aws::{Attribute, Publication};
use serde_json::{Value, json};

use super::*;

/// People who take what they are sent, but for what is told not to arrive.
#[derive(Default)]
struct People {
    sent: Mutex<Vec<Publication>>,
    printed: Mutex<Vec<String>>,
    /// The calls, from 1, that go wrong, and how.
    fails: Mutex<Vec<(usize, NotTold)>>,
    calls: Mutex<usize>,
}

impl Outside for People {
    async fn tell(&self, publication: Publication) -> Result<(), NotTold> {
        let call = {
            let mut calls = self.calls.lock().unwrap();
            *calls += 1;
            *calls
        };
        if let Some((_, how)) = self.fails.lock().unwrap().iter().find(|(fails, _)| *fails == call) {
            return Err(how.clone());
        }
        self.sent.lock().unwrap().push(publication);
        Ok(())
    }

    fn print(&self, line: &str) {
        self.printed.lock().unwrap().push(line.to_owned());
    }
}

fn notify(fails: Vec<(usize, NotTold)>, chat: bool) -> Notify<People> {
    let people = People { fails: Mutex::new(fails), ..People::default() };
    Notify::new(people, Settings { stack: "homeostat".into(), chat })
}

fn unavailable() -> NotTold {
    NotTold::Unavailable("no answer".into())
}

/// A batch of openings, one for each of these.
fn batch(ids: &[u8]) -> Value {
    let one: Value = serde_json::from_str(include_str!("../../../events/stream-opened.json")).unwrap();
    let records = ids.iter().map(|id| {
        let mut record = one["Records"][0].clone();
        let subject = format!("us-east-1#instance#i-{id:017x}");
        record["eventID"] = json!(format!("event-{id}"));
        record["dynamodb"]["SequenceNumber"] = json!(format!("{id}00"));
        record["dynamodb"]["Keys"]["pk"] = json!({ "S": format!("SUBJECT#{subject}") });
        record["dynamodb"]["NewImage"]["subject"] = json!({ "S": subject });
        record
    });
    json!({ "Records": records.collect::<Vec<_>>() })
}

fn answered(notify: &Notify<People>, event: Value) -> Result<Value, Failure> {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(handle(notify, event))
}

fn handled(notify: &Notify<People>, event: Value) -> Value {
    answered(notify, event).unwrap()
}

fn subjects(notify: &Notify<People>) -> Vec<String> {
    let sent = notify.outside.sent.lock().unwrap();
    sent.iter().map(|publication| publication.subject.trim_start_matches("Homeostat: ").to_owned()).collect()
}

fn replacing(id: u8) -> String {
    format!("replacing i-{id:017x} of web")
}

#[test]
fn what_fails_is_named_so_that_lambda_goes_on_from_there() {
    let notify = notify(vec![(3, unavailable())], false);
    assert_eq!(handled(&notify, batch(&[1, 2, 3])), json!({ "batchItemFailures": [{ "itemIdentifier": "300" }] }));
    assert_eq!(subjects(&notify), [replacing(1), replacing(2)]);
    assert_eq!(handled(&notify, batch(&[3])), json!({ "batchItemFailures": [] }));
    assert_eq!(subjects(&notify), [replacing(1), replacing(2), replacing(3)]);
}

#[test]
fn a_batch_that_comes_again_as_a_whole_repeats_neither_a_message_nor_a_count() {
    let notify = notify(vec![(3, unavailable())], false);
    for _ in 0..3 {
        handled(&notify, batch(&[1, 2, 3]));
    }
    assert_eq!(subjects(&notify), [replacing(1), replacing(2), replacing(3)]);
    assert_eq!(notify.outside.printed.lock().unwrap().len(), 3, "counted at the first try, and not again");
}

#[test]
fn what_follows_a_failure_waits_for_its_turn() {
    let notify = notify(vec![(1, unavailable())], false);
    let Err(Failure::Retry(why)) = answered(&notify, batch(&[1, 2])) else { panic!("an error is counted and alarmed") };
    assert!(why.contains("SUBJECT#us-east-1#instance#i-00000000000000001"), "{why}");
    assert!(subjects(&notify).is_empty(), "an incident's close is not told before its page");
    assert_eq!(handled(&notify, batch(&[1, 2])), json!({ "batchItemFailures": [] }));
    assert_eq!(subjects(&notify), [replacing(1), replacing(2)]);
}

#[test]
fn a_record_that_cannot_be_read_is_told_as_that_and_silences_no_other() {
    let mut event = batch(&[1, 2, 3]);
    event["Records"][0]["dynamodb"]["NewImage"] = json!(["no", "image"]);
    event["Records"][1]["dynamodb"]["NewImage"]["kind"] = json!({ "S": "balloon" });
    let notify = notify(Vec::new(), false);
    assert_eq!(handled(&notify, event.clone()), json!({ "batchItemFailures": [] }), "it would fail for ever");
    let unreadable = |id: u8| format!("NEEDS YOU: unreadable: SUBJECT#us-east-1#instance#i-{id:017x}");
    assert_eq!(subjects(&notify), [unreadable(1), unreadable(2), replacing(3)]);
    handled(&notify, event);
    assert_eq!(subjects(&notify).len(), 3, "once");
}

#[test]
fn what_sns_does_not_take_as_it_is_is_told_in_other_words_and_passed_over() {
    let notify = notify(vec![(1, NotTold::Refused("InvalidParameter: Subject".into()))], false);
    assert_eq!(handled(&notify, batch(&[1, 2])), json!({ "batchItemFailures": [] }));
    let sent = subjects(&notify);
    assert!(sent[0].starts_with("NEEDS YOU: unreadable") && sent[1] == replacing(2), "{sent:?}");
    assert!(notify.outside.sent.lock().unwrap()[0].message.contains("InvalidParameter: Subject"));
}

#[test]
fn a_topic_that_takes_nothing_at_all_is_tried_again_and_loses_nothing() {
    let refused = || NotTold::Refused("InvalidParameter: TopicArn".into());
    let notify = notify(vec![(1, refused()), (2, refused())], false);
    assert!(matches!(answered(&notify, batch(&[1])), Err(Failure::Retry(_))));
    assert!(subjects(&notify).is_empty());
    handled(&notify, batch(&[1]));
    assert_eq!(subjects(&notify), [replacing(1)]);
}

#[test]
fn a_message_carries_what_machines_filter_by() {
    let notify = notify(Vec::new(), false);
    handled(&notify, batch(&[1]));
    let sent = notify.outside.sent.lock().unwrap();
    let text = |text: &str| Attribute::Text(text.to_owned());
    let incident = "us-east-1#instance#i-00000000000000001/2026-03-01T02:03:05.900Z";
    let expected = [
        ("event", text("acting")),
        ("severity", text("warning")),
        ("reason", text("replace")),
        ("stack", text("homeostat")),
        ("message", text(&format!("{incident}/1"))),
        ("incident", text(incident)),
        ("remedy", text("replace-instance")),
        ("notify_seq", Attribute::Number(1)),
        ("group", text("web")),
    ];
    assert_eq!(sent[0].attributes, expected.map(|(name, value)| (name.into(), value)));
    assert!(!sent[0].is_by_protocol && sent[0].message.starts_with("Homeostat is replacing"));
}

#[test]
fn chat_is_given_its_shape_only_where_it_is_asked_for() {
    let notify = notify(Vec::new(), true);
    handled(&notify, batch(&[1]));
    let sent = notify.outside.sent.lock().unwrap();
    let by_protocol: Value = serde_json::from_str(&sent[0].message).unwrap();
    assert!(sent[0].is_by_protocol && by_protocol["default"].as_str().unwrap().starts_with("Homeostat is replacing"));
}

#[test]
fn what_is_no_batch_is_dropped() {
    let answer = answered(&notify(Vec::new(), false), json!({ "detail-type": "CloudWatch Alarm State Change" }));
    assert!(matches!(answer, Err(Failure::Drop(_))), "{answer:?}");
}
