//! From the ledger's stream to people: the opening with its plan, a page, the close.
//!
//! This function is the only place that talks to people about incidents. It never changes an incident, and never tells of a
//! change that the incident itself doesn't mark as worth telling.

mod message;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use homeostat_aws::Topic;
use homeostat_core::incident::{Incident, State};
use homeostat_lambda::Failure;
use serde_dynamo::AttributeValue;
use serde_json::{Value, json};

use message::Message;

/// Tells what a batch of the stream holds, in order.
///
/// The answer names the first record that failed (`ReportBatchItemFailures`): Lambda delivers again from there on, and not what
/// was told before it. A crash after a message was sent, or an answer of SNS that was lost, tells it again: at least once.
///
/// # Errors
/// [`Failure::Drop`] if it is no batch of a DynamoDB stream.
pub async fn handle(topic: &Topic, event: Value) -> Result<Value, Failure> {
    let batch: Event = serde_json::from_value(event)
        .map_err(|error| Failure::Drop(format!("malformed event: not a batch of a DynamoDB stream: {error}")))?;
    let mut failures = Vec::new();
    for record in batch.records {
        let place = record.change.sequence_number.clone();
        if let Err(why) = tell(topic, record).await {
            tracing::error!(disposition = "Retry", "not told: {why}");
            failures.push(json!({ "itemIdentifier": place }));
            break;
        }
    }
    Ok(json!({ "batchItemFailures": failures }))
}

async fn tell(topic: &Topic, record: EventRecord) -> Result<(), String> {
    if let Some(incident) = news(record)? {
        let Message { subject, body } = message::about(&incident);
        topic.publish(&subject, &body).await.map_err(|error| error.to_string())?;
        tracing::info!(subject = %incident.subject, "told: {subject}");
    }
    Ok(())
}

/// The incident, if this record is news: its `tell` grew, or it is the closed item (which is written once).
fn news(record: EventRecord) -> Result<Option<Incident>, String> {
    let is_incident = matches!(record.change.keys.get("pk"), Some(AttributeValue::S(pk)) if pk.starts_with("SUBJECT#"));
    if !is_incident || record.change.new_image.is_empty() {
        return Ok(None);
    }
    let read = |image| serde_dynamo::from_item::<_, Incident>(image).map_err(|error| error.to_string());
    let new = read(record.change.new_image)?;
    let told = match record.change.old_image {
        old if old.is_empty() => 0,
        old => read(old)?.tell,
    };
    let closed = new.state == State::Closed;
    Ok((closed || new.tell != told).then_some(new))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(change: impl FnOnce(&mut Value)) -> EventRecord {
        let mut batch: Value = serde_json::from_str(include_str!("../../../events/stream-opened.json")).unwrap();
        change(&mut batch["Records"][0]["dynamodb"]);
        let mut batch: Event = serde_json::from_value(batch).unwrap();
        batch.records.remove(0)
    }

    fn with_old_image(tell: &str) -> EventRecord {
        record(|change| {
            let mut old = change["NewImage"].clone();
            old["tell"] = json!({ "N": tell });
            change["OldImage"] = old;
        })
    }

    #[test]
    fn an_opening_is_told() {
        assert_eq!(news(record(|_| {})).unwrap().unwrap().subject.name(), "i-0a1b2c3d4e5f60718");
    }

    #[test]
    fn a_change_is_told_only_if_it_is_marked_as_worth_telling() {
        assert_eq!(news(with_old_image("1")).unwrap(), None);
        assert!(news(with_old_image("0")).unwrap().is_some());
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
    fn an_image_that_cannot_be_read_is_an_error_and_no_silence() {
        let broken = record(|change| _ = change["NewImage"].as_object_mut().unwrap().remove("state"));
        assert!(news(broken).unwrap_err().contains("state"));
    }
}
