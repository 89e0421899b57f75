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
/// The answer names the first record that failed (`ReportBatchItemFailures`): Lambda delivers again from there on, so nothing
/// that was told before is told twice.
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
