//! SNS: the topic on which people are told.
//!
//! This module never makes up words: it sends what it is given.

use aws_sdk_sns::Client;
use homeostat_core::ports::Unavailable;

use crate::call::unavailable;

#[derive(Debug, Clone)]
pub struct Topic {
    client: Client,
    arn: String,
}

impl Topic {
    pub fn new(config: &aws_config::SdkConfig, arn: String) -> Self {
        Topic { client: Client::new(config), arn }
    }

    /// `subject`: at most 100 ASCII characters, none of them a control character (API reference, `Publish`).
    pub async fn publish(&self, subject: &str, body: &str) -> Result<(), Unavailable> {
        let request = self.client.publish().topic_arn(&self.arn).subject(subject).message(body);
        request.send().await.map(drop).map_err(|error| unavailable("publish to the topic", &error))
    }
}
