//! A subscriber of the deployed topic: a queue, as a person's mailbox would be.
//!
//! It never publishes. Stories about incidents don't hear what Homeostat's own alarms say, some of which greet every install; their
//! inbox passes it over.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use aws_config::SdkConfig;
use aws_sdk_sqs::types::QueueAttributeName;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::Instant;

/// SQS waits that long for a message at most, and so does one call.
const LONG_POLL_SECONDS: i32 = 1;

/// Each inbox has a queue of its own.
static INBOXES: AtomicUsize = AtomicUsize::new(0);

/// What SNS delivers: the fields that a person sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    #[serde(rename = "Subject")]
    pub subject: String,
    #[serde(rename = "Message")]
    pub body: String,
}

pub struct Inbox {
    queue: aws_sdk_sqs::Client,
    url: String,
    hears_alarms: bool,
}

impl Message {
    /// CloudWatch's words, not Homeostat's.
    fn is_of_an_alarm(&self) -> bool {
        let body = serde_json::from_str::<serde_json::Value>(&self.body);
        body.is_ok_and(|body| body.get("AlarmArn").is_some())
    }
}

impl Inbox {
    /// Hears of incidents.
    pub async fn subscribe(config: &SdkConfig, topic: &str) -> Result<Self> {
        Ok(Inbox { hears_alarms: false, ..Inbox::subscribe_to_all(config, topic).await? })
    }

    /// Hears of incidents, and of whatever alarms tell the topic.
    pub async fn subscribe_to_all(config: &SdkConfig, topic: &str) -> Result<Self> {
        let queue = aws_sdk_sqs::Client::new(config);
        let name = format!("inbox-{}", INBOXES.fetch_add(1, Ordering::Relaxed));
        let made = queue.create_queue().queue_name(name).send().await.context("making the inbox's queue")?;
        let url = made.queue_url.context("a queue without a URL")?;
        let asked = queue.get_queue_attributes().queue_url(&url).attribute_names(QueueAttributeName::QueueArn);
        let answer = asked.send().await.context("reading the queue's ARN")?;
        let arn = answer.attributes.and_then(|mut attributes| attributes.remove(&QueueAttributeName::QueueArn));
        let arn = arn.context("a queue without ARN")?;
        let may_send = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" }, "Action": "sqs:SendMessage",
            "Resource": arn, "Condition": { "ArnEquals": { "aws:SourceArn": topic } },
        }] });
        let request = queue.set_queue_attributes().queue_url(&url);
        let request = request.attributes(QueueAttributeName::Policy, may_send.to_string());
        request.send().await.context("letting the topic send to the inbox")?;
        let topics = aws_sdk_sns::Client::new(config);
        let request = topics.subscribe().topic_arn(topic).protocol("sqs").endpoint(arn);
        request.send().await.context("subscribing to the topic")?;
        Ok(Inbox { queue, url, hears_alarms: true })
    }

    /// The messages so far, once one of them is the one that is awaited.
    pub async fn receive_until(&self, patience: Duration, last: impl Fn(&Message) -> bool) -> Result<Vec<Message>> {
        let deadline = Instant::now() + patience;
        let mut received: Vec<Message> = Vec::new();
        while !received.last().is_some_and(&last) {
            if Instant::now() > deadline {
                bail!("the awaited message did not come within {patience:?}; there were {received:?}");
            }
            received.extend(self.receive().await?);
        }
        Ok(received)
    }

    async fn receive(&self) -> Result<Option<Message>> {
        let request = self.queue.receive_message().queue_url(&self.url).wait_time_seconds(LONG_POLL_SECONDS);
        let answer = request.send().await.context("receiving from the inbox")?;
        let Some(message) = answer.messages.into_iter().flatten().next() else { return Ok(None) };
        let receipt = message.receipt_handle.unwrap_or_default();
        self.queue.delete_message().queue_url(&self.url).receipt_handle(receipt).send().await?;
        let body = message.body.unwrap_or_default();
        let message: Message = serde_json::from_str(&body).with_context(|| format!("reading {body}"))?;
        Ok(Some(message).filter(|message| self.hears_alarms || !message.is_of_an_alarm()))
    }
}
