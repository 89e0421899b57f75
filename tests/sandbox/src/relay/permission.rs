//! May EventBridge, an alarm or a topic do this? Asked of the policy of the function, of the queue, or of the topic and its key.
//! Never remembers the answer.

use anyhow::{Context, Result};
use aws_sdk_lambda::operation::get_policy::GetPolicyError;
use aws_sdk_sqs::types::QueueAttributeName;

use super::Relay;
use crate::account::ACCOUNT_ID;
use crate::policy::{Asked, Document, Key, Verdict, decide};

/// Who asks: a service, on behalf of something of its own.
#[derive(Clone, Copy)]
pub(super) struct Asks<'a> {
    pub(super) service: &'a str,
    pub(super) source_arn: &'a str,
}

impl<'a> Asks<'a> {
    pub(super) fn rule(source_arn: &'a str) -> Self {
        Asks { service: "events.amazonaws.com", source_arn }
    }
}

/// What it wants to do.
pub(super) struct Wish<'a> {
    pub(super) action: &'a str,
    pub(super) resource: &'a str,
    pub(super) asks: Asks<'a>,
}

/// What every wish of a service brings: AWS's services speak TLS among themselves.
fn key_of(name: &str, asks: Asks<'_>) -> Key {
    match name {
        "aws:sourcearn" => Key::Is(asks.source_arn.to_owned()),
        "aws:sourceaccount" => Key::Is(ACCOUNT_ID.to_owned()),
        "aws:securetransport" => Key::Is("true".to_owned()),
        _ => Key::Unmodelled,
    }
}

impl Relay {
    pub(super) async fn may_invoke(&self, function_arn: &str, asks: Asks<'_>) -> Result<bool> {
        let policy = match self.lambda.get_policy().function_name(function_arn).send().await {
            Ok(answer) => answer.policy,
            Err(error) if error.as_service_error().is_some_and(GetPolicyError::is_resource_not_found_exception) => None,
            Err(error) => return Err(error).with_context(|| format!("reading the policy of {function_arn}")),
        };
        allowed(policy.as_deref(), &Wish { action: "lambda:InvokeFunction", resource: function_arn, asks })
            .with_context(|| format!("reading the policy of {function_arn}"))
    }

    pub(super) async fn may_send(&self, queue_arn: &str, queue_url: &str, asks: Asks<'_>) -> Result<bool> {
        let request = self.sqs.get_queue_attributes().queue_url(queue_url).attribute_names(QueueAttributeName::Policy);
        let answer = request.send().await.with_context(|| format!("reading the policy of {queue_arn}"))?;
        let policy = answer.attributes().and_then(|attributes| attributes.get(&QueueAttributeName::Policy));
        let wish = Wish { action: "sqs:SendMessage", resource: queue_arn, asks };
        allowed(policy.map(String::as_str), &wish).with_context(|| format!("reading the policy of {queue_arn}"))
    }
}

pub(super) fn allowed(policy: Option<&str>, wish: &Wish<'_>) -> Result<bool> {
    let Some(policy) = policy.filter(|policy| !policy.is_empty()) else { return Ok(false) };
    let document =
        Document::read(policy).with_context(|| format!("it has what the sandbox does not evaluate: {policy}"))?;
    let key = |name: &str| key_of(name, wish.asks);
    let asked = Asked { action: wish.action, resource: wish.resource, service: Some(wish.asks.service), key: &key };
    Ok(decide([&document], &asked) == Verdict::Allowed)
}
