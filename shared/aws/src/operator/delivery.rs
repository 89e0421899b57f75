//! SNS and SQS: who hears of an incident, and what could not be served.
//!
//! This module never receives a message: a dead letter is read by a person, and must still be there then.

use aws_sdk_sqs::types::QueueAttributeName;
use homeostat_core::ports::Unavailable;
use homeostat_remedies::doctor::Audience;

use super::Account;
use crate::call::unavailable;

impl Account {
    /// # Errors
    /// [`Unavailable`]: the topic's subscriptions could not be read.
    pub async fn audience(&self, topic: &str) -> Result<Audience, Unavailable> {
        let request = self.sns.list_subscriptions_by_topic().topic_arn(topic);
        let mut pages = request.into_paginator().items().send();
        let mut audience = Audience::default();
        while let Some(subscription) = pages.next().await {
            let subscription = subscription.map_err(|error| unavailable("read the topic's subscriptions", &error))?;
            // A subscription without an ARN of its own has a word in its place.
            match subscription.subscription_arn() {
                Some("PendingConfirmation") => audience.pending += 1,
                Some(arn) if arn.starts_with("arn:") => audience.confirmed += 1,
                _ => {}
            }
        }
        Ok(audience)
    }

    /// How many messages are in the queue, in flight or not.
    ///
    /// # Errors
    /// [`Unavailable`]: the queue could not be read, or its answer lacks a number.
    pub async fn dead_letters(&self, queue_url: &str) -> Result<u64, Unavailable> {
        let counts = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let request = self.sqs.get_queue_attributes().queue_url(queue_url);
        let request = request.set_attribute_names(Some(counts.to_vec()));
        let answer = request.send().await.map_err(|error| unavailable("read the dead-letter queue", &error))?;
        let attributes = answer.attributes.unwrap_or_default();
        let count = |name| attributes.get(name).and_then(|text| text.parse::<u64>().ok());
        let counted: Option<Vec<u64>> = counts.iter().map(count).collect();
        counted.map(|counts| counts.iter().sum()).ok_or_else(|| Unavailable {
            doing: "read the dead-letter queue".to_owned(),
            why: "SQS doesn't say how many messages it holds".to_owned(),
        })
    }
}
