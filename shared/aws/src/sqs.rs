//! SQS: the queues of wake-ups, one for each owner, and an owner's intake queue.
//!
//! This module never receives; the queue's event source mapping does.

use std::collections::BTreeMap;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::BuildError;
use aws_sdk_sqs::types::DeleteMessageBatchRequestEntry;
use homeostat_core::id::Subject;
use homeostat_core::ports::{Intake, Unavailable, WakeUps};
use homeostat_core::signal::{self, Order};
use jiff::{SignedDuration, Timestamp};

use crate::call::unavailable;

/// "You can delete up to ten messages per batch" (API reference, `DeleteMessageBatch`).
const MOST_AT_ONCE: usize = 10;

const DELETING: &str = "delete messages";

/// In whole seconds, rounded up, so that nothing is looked at too early; SQS takes 0 to 900 (API reference, `SendMessage`).
fn delay(after: SignedDuration) -> i32 {
    let seconds = after.as_secs() + i64::from(after.subsec_nanos() > 0);
    i32::try_from(seconds.clamp(0, 900)).unwrap_or(900)
}

#[derive(Debug, Clone)]
pub struct WakeQueues {
    client: Client,
    queues: QueueUrls,
}

/// The queue's URL by the tag of the subjects that its owner looks after. An owner that wakes only itself needs no other.
pub type QueueUrls = BTreeMap<String, String>;

impl WakeQueues {
    pub fn new(config: &aws_config::SdkConfig, queues: QueueUrls) -> Self {
        WakeQueues { client: Client::new(config), queues }
    }

    async fn send(&self, subject: &Subject, message: String, after: SignedDuration) -> Result<(), Unavailable> {
        self.post(self.of_owner(subject)?, message, after).await
    }

    async fn post(&self, queue: &str, message: String, after: SignedDuration) -> Result<(), Unavailable> {
        let request = self.client.send_message().queue_url(queue).message_body(message);
        let sent = request.delay_seconds(delay(after)).send().await;
        sent.map(drop).map_err(|error| unavailable("send a wake-up", &error))
    }

    /// Of an owner, all of whose subjects have one queue.
    fn only(&self) -> Result<&str, Unavailable> {
        let mut queues = self.queues.values();
        let only = queues.next().filter(|first| queues.all(|other| other == *first));
        only.map(String::as_str).ok_or_else(|| Unavailable {
            doing: "send a wake-up".to_owned(),
            why: "this function knows no queue that is its own alone".to_owned(),
        })
    }

    fn of_owner(&self, subject: &Subject) -> Result<&str, Unavailable> {
        let queue = self.queues.get(subject.tag());
        queue.map(String::as_str).ok_or_else(|| Unavailable {
            doing: "send a wake-up".to_owned(),
            why: format!("this function knows no queue for {subject}"),
        })
    }
}

/// An owner's own queues: its wake-ups, and what it has to take in.
#[derive(Debug, Clone)]
pub struct OwnQueues {
    wake_ups: WakeQueues,
    intake: String,
}

impl OwnQueues {
    /// `intake` is the URL of the queue that its events come by.
    pub fn new(wake_ups: WakeQueues, intake: String) -> Self {
        OwnQueues { wake_ups, intake }
    }
}

impl Intake for OwnQueues {
    async fn put(&self, event: &str) -> Result<(), Unavailable> {
        self.wake_ups.post(&self.intake, event.to_owned(), SignedDuration::ZERO).await
    }

    async fn delete(&self, receipts: &[String]) -> Result<(), Unavailable> {
        for receipts in receipts.chunks(MOST_AT_ONCE) {
            let entry = |(nth, receipt): (usize, &String)| {
                DeleteMessageBatchRequestEntry::builder().id(nth.to_string()).receipt_handle(receipt).build()
            };
            let entries: Result<Vec<_>, _> = receipts.iter().enumerate().map(entry).collect();
            let unreadable = |error: BuildError| Unavailable { doing: DELETING.to_owned(), why: error.to_string() };
            let entries = entries.map_err(unreadable)?;
            let request = self.wake_ups.client.delete_message_batch().queue_url(&self.intake);
            // One that is not deleted comes again, which is no failure.
            let deleted = request.set_entries(Some(entries)).send().await;
            deleted.map_err(|error| unavailable(DELETING, &error))?;
        }
        Ok(())
    }
}

impl WakeUps for OwnQueues {
    async fn wake(&self, subject: &Subject, after: SignedDuration) -> Result<(), Unavailable> {
        self.wake_ups.wake(subject, after).await
    }

    async fn wake_for(&self, subject: &Subject, look: Timestamp, after: SignedDuration) -> Result<(), Unavailable> {
        self.wake_ups.wake_for(subject, look, after).await
    }

    async fn order(&self, order: &Order, after: SignedDuration) -> Result<(), Unavailable> {
        self.wake_ups.order(order, after).await
    }
}

impl WakeUps for WakeQueues {
    async fn wake(&self, subject: &Subject, after: SignedDuration) -> Result<(), Unavailable> {
        self.send(subject, signal::wake(subject).to_string(), after).await
    }

    async fn wake_for(&self, subject: &Subject, look: Timestamp, after: SignedDuration) -> Result<(), Unavailable> {
        self.send(subject, signal::look(subject, look).to_string(), after).await
    }

    async fn order(&self, order: &Order, after: SignedDuration) -> Result<(), Unavailable> {
        self.post(self.only()?, signal::order(order).to_string(), after).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wake_up_never_comes_early_and_never_asks_for_more_than_sqs_takes() {
        for (milliseconds, seconds) in [(-5, 0), (0, 0), (1, 1), (1000, 1), (59_001, 60), (10_000_000, 900)] {
            assert_eq!(delay(SignedDuration::from_millis(milliseconds)), seconds);
        }
    }
}
