//! A pause that was set, changed or lifted. Anybody who may pause can leave an application unhealed, so people hear of it.
//!
//! This module never passes over a pause that it can't read: it holds like any other. What ends by itself is told when it begins.

use aws_lambda_events::dynamodb::EventRecord;
use jiff::Timestamp;
use serde_dynamo::{AttributeValue, Item};

use crate::batch::Record;
use crate::news::News;

/// The partition of what people set by hand.
pub(crate) const CONTROL: &str = "CONTROL";
const PAUSE: &str = "PAUSE#";

/// Somebody's request that Homeostat changes nothing, as stored in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pause {
    pub(crate) scope: String,
    pub(crate) by: String,
    pub(crate) reason: String,
    /// None: it has no end that can be read.
    pub(crate) until: Option<Timestamp>,
    /// The record's own id: what tells one message of a pause from the next.
    pub(crate) id: String,
}

/// What a record says of a pause, if it is one's.
pub(crate) fn news(read: &EventRecord, record: &Record) -> Option<News> {
    let change = &read.change;
    let (Some(AttributeValue::S(pk)), Some(AttributeValue::S(sk))) = (change.keys.get("pk"), change.keys.get("sk"))
    else {
        return None;
    };
    let scope = sk.strip_prefix(PAUSE).filter(|_| pk == CONTROL)?;
    let paused = |item: &Item| {
        let text = |name: &str| match item.get(name) {
            Some(AttributeValue::S(text)) if !text.is_empty() => text.clone(),
            _ => "not said".to_owned(),
        };
        let (scope, id) = (scope.to_owned(), record.id.clone());
        Pause { scope, by: text("by"), reason: text("reason"), until: until(item), id }
    };
    if !change.new_image.is_empty() {
        return Some(News::Paused(paused(&change.new_image)));
    }
    // What was over holds nothing back any more, and is no news when somebody tidies up.
    let lifted = Some(&change.old_image).filter(|old| !old.is_empty()).map(paused)?;
    let at = Timestamp::from_second(change.approximate_creation_date_time.timestamp()).ok()?;
    lifted.until.is_none_or(|until| until > at).then_some(News::Resumed(lifted))
}

/// In milliseconds. What ended before Homeostat existed was written in seconds: it holds until somebody removes it, as the loop takes it.
fn until(item: &Item) -> Option<Timestamp> {
    const OLDEST: i64 = 1_577_836_800_000;
    let Some(AttributeValue::N(until)) = item.get("until") else { return None };
    let until = until.parse().ok().filter(|until| *until >= OLDEST)?;
    let is_known = item.get("schema") == Some(&AttributeValue::N(homeostat_core::incident::SCHEMA.to_string()));
    Timestamp::from_millisecond(until).ok().filter(|_| is_known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn record(pk: &str, sk: &str, old: &Value, new: &Value) -> Option<News> {
        let event = json!({"Records": [{
            "eventID": "e1", "eventName": "MODIFY", "eventSource": "aws:dynamodb", "awsRegion": "eu-west-1", "eventVersion": "1.1",
            "dynamodb": {"ApproximateCreationDateTime": 1_800_000_000, "Keys": {"pk": {"S": pk}, "sk": {"S": sk}},
                "OldImage": old, "NewImage": new, "SequenceNumber": "1", "SizeBytes": 1, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        }]});
        let record = crate::batch::records(event).unwrap().remove(0);
        news(record.read.as_ref().unwrap(), &record)
    }

    fn item(until: &str) -> Value {
        json!({"pk": {"S": "CONTROL"}, "sk": {"S": "PAUSE#group#web"}, "schema": {"N": "1"}, "scope": {"S": "group#web"},
            "by": {"S": "ana"}, "reason": {"S": "move"}, "until": {"N": until}})
    }

    const SET: &str = "PAUSE#group#web";

    #[test]
    fn a_pause_that_is_set_changed_or_lifted_is_news() {
        let pause = item("1800003600000");
        let Some(News::Paused(set)) = record("CONTROL", SET, &json!({}), &pause) else { panic!() };
        assert_eq!((set.scope.as_str(), set.by.as_str(), set.reason.as_str()), ("group#web", "ana", "move"));
        assert_eq!(set.until, Timestamp::from_second(1_800_003_600).ok());
        assert!(matches!(record("CONTROL", SET, &pause, &item("1800007200000")), Some(News::Paused(_))));
        assert!(matches!(record("CONTROL", SET, &pause, &json!({})), Some(News::Resumed(_))));
    }

    #[test]
    fn what_was_over_anyway_is_no_news_when_it_is_removed() {
        assert_eq!(record("CONTROL", SET, &item("1799999999000"), &json!({})), None);
    }

    #[test]
    fn a_pause_that_cannot_be_read_is_told_as_one_without_an_end() {
        for wrong in
            [item("1800003600"), item("soon"), json!({"until": {"N": "1800003600000"}}), json!({"by": {"N": "7"}})]
        {
            let Some(News::Paused(pause)) = record("CONTROL", SET, &json!({}), &wrong) else { panic!("{wrong}") };
            assert_eq!(pause.until, None, "{wrong}");
        }
    }

    #[test]
    fn nothing_but_a_pause_is_told_as_one() {
        let pause = item("1800003600000");
        for (pk, sk) in [("CONTROL", "OTHER"), ("SUBJECT#eu-west-1#group#web", SET), ("BUDGET#group#web", SET)] {
            assert_eq!(record(pk, sk, &json!({}), &pause), None, "{pk} {sk}");
        }
    }
}
