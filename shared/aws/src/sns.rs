//! SNS: the topic on which people are told.
//!
//! This module never makes up words: it sends what it is given.

use std::borrow::Cow;
use std::collections::HashMap;

use aws_sdk_sns::Client;
use aws_sdk_sns::error::ProvideErrorMetadata;
use aws_sdk_sns::types::MessageAttributeValue;
use homeostat_core::ports::Unavailable;

use crate::call::{unavailable, words};

/// What is said to whoever subscribed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// Less than 100 ASCII characters, none of them a control character (API reference, `Publish`).
    pub subject: String,
    /// At most 256 KB together with the attributes (API reference, `Publish`).
    pub message: String,
    /// The message is a JSON object with a text for each protocol (`MessageStructure`).
    pub is_by_protocol: bool,
    /// At most ten: a queue that is subscribed to raw messages gets none that has more (SNS Developer Guide, "Message
    /// attributes").
    pub attributes: Vec<(Cow<'static, str>, Attribute)>,
}

/// A value that subscriptions can filter by. None may be empty (API reference, `MessageAttributeValue`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribute {
    Text(String),
    Number(u64),
}

/// Why SNS did not take it.
#[derive(Debug, thiserror::Error)]
pub enum NotSent {
    /// Disposition: retry. It may have taken it all the same, and its answer was lost.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// Disposition: drop. Whatever else goes well, SNS does not take this very message.
    #[error("{0}")]
    Refused(String),
}

/// What SNS answers to a message that is not as it has to be (API reference, `Publish`, "Errors").
const NEVER: [&str; 2] = ["InvalidParameter", "ParameterValueInvalid"];

#[derive(Debug, Clone)]
pub struct Topic {
    client: Client,
    arn: String,
}

impl Topic {
    pub fn new(config: &aws_config::SdkConfig, arn: String) -> Self {
        Topic { client: Client::new(config), arn }
    }

    /// # Errors
    /// [`NotSent`]: SNS did not say that it took it.
    pub async fn publish(&self, publication: Publication) -> Result<(), NotSent> {
        let Publication { subject, message, is_by_protocol, attributes } = publication;
        let attributes = attributes.into_iter().map(|(name, value)| Ok((name.into_owned(), attribute(value)?)));
        let attributes = attributes.collect::<Result<HashMap<_, _>, NotSent>>()?;
        let request = self.client.publish().topic_arn(&self.arn).subject(subject).message(message);
        let request = request.set_message_structure(is_by_protocol.then(|| "json".to_owned()));
        let request = request.set_message_attributes(Some(attributes));
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code().is_some_and(|code| NEVER.contains(&code)) => {
                Err(NotSent::Refused(words(&error)))
            }
            Err(error) => Err(unavailable("publish to the topic", &error).into()),
        }
    }
}

fn attribute(value: Attribute) -> Result<MessageAttributeValue, NotSent> {
    let (kind, value) = match value {
        Attribute::Text(text) => ("String", text),
        Attribute::Number(number) => ("Number", number.to_string()),
    };
    let built = MessageAttributeValue::builder().data_type(kind).string_value(value).build();
    built.map_err(|error| NotSent::Refused(format!("a message attribute: {error}")))
}
