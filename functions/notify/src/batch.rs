//! The records of a batch, each read by itself.
//!
//! This module never lets one record that can't be read hide another.

use aws_lambda_events::dynamodb::EventRecord;
use homeostat_lambda::Failure;
use serde_json::Value;

use crate::pauses::CONTROL;

pub(crate) struct Record {
    /// Its sequence number: from where Lambda is to deliver again.
    pub(crate) place: Option<String>,
    /// Its own id, or "": the same in each delivery.
    pub(crate) id: String,
    /// The key of the item that changed, or "".
    pub(crate) key: String,
    pub(crate) read: Result<EventRecord, String>,
}

impl Record {
    /// The key of an incident or of a pause, or none that could be read.
    pub(crate) fn may_be_news(&self) -> bool {
        self.key.is_empty() || self.key.starts_with("SUBJECT#") || self.key == CONTROL
    }

    /// What people and logs know it by.
    pub(crate) fn name(&self) -> &str {
        [self.key.as_str(), self.id.as_str()].into_iter().find(|name| !name.is_empty()).unwrap_or("without key and id")
    }
}

/// # Errors
/// [`Failure::Drop`] if it is no batch at all.
pub(crate) fn records(event: Value) -> Result<Vec<Record>, Failure> {
    let Value::Object(mut event) = event else { return Err(no_batch("it is no JSON object")) };
    let Some(Value::Array(records)) = event.remove("Records") else { return Err(no_batch("it has no list Records")) };
    Ok(records.into_iter().map(record).collect())
}

fn record(value: Value) -> Record {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let place = text("/dynamodb/SequenceNumber");
    let id = text("/eventID").or_else(|| place.clone()).unwrap_or_default();
    let key = text("/dynamodb/Keys/pk/S").unwrap_or_default();
    Record { place, id, key, read: serde_json::from_value(value).map_err(|error| error.to_string()) }
}

fn no_batch(why: &str) -> Failure {
    Failure::Drop(format!("malformed event: not a batch of a DynamoDB stream: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_no_batch_is_dropped_and_says_what_is_missing() {
        for (event, said) in
            [(json!([]), "no JSON object"), (json!({}), "no list Records"), (json!({"Records": 1}), "Records")]
        {
            let Err(Failure::Drop(why)) = records(event) else { panic!() };
            assert!(why.contains(said), "{why}");
        }
    }

    #[test]
    fn a_record_that_cannot_be_read_keeps_its_place_and_hides_no_other() {
        let mut batch: Value = serde_json::from_str(include_str!("../../../events/stream-opened.json")).unwrap();
        let whole = batch["Records"][0].clone();
        let mut broken = whole.clone();
        broken["dynamodb"]["NewImage"] = json!("no image");
        batch["Records"] = json!([broken, 7, whole]);
        let [broken, number, whole] = <[Record; 3]>::try_from(records(batch).unwrap()).ok().unwrap();
        assert!(broken.read.is_err() && number.read.is_err() && whole.read.is_ok());
        assert_eq!((broken.place, broken.key), (whole.place, whole.key));
        assert_eq!(number.name(), "without key and id");
        assert!(number.may_be_news());
        let slots = record(json!({ "dynamodb": { "Keys": { "pk": { "S": "BUDGET#group#web" } }, "NewImage": 1 } }));
        assert!(slots.read.is_err() && !slots.may_be_news());
    }
}
