//! From the ledger's stream to people: the opening with its plan, a page, the close.
//!
//! This function is the only place that talks to people about incidents. It never changes an incident, and never tells of a
//! change that the incident itself doesn't mark as worth telling.

mod message;
mod news;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use homeostat_aws::Topic;
use homeostat_lambda::Failure;
use serde_json::{Value, json};

use message::Message;
use news::news;

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
    if let Some(news) = news(record)? {
        let Message { subject, body } = message::about(&news);
        topic.publish(&subject, &body).await.map_err(|error| error.to_string())?;
        tracing::info!("told: {subject}");
    }
    Ok(())
}
