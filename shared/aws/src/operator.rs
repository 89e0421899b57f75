//! What the operator's command reads of an account, beyond the core's ports and with the operator's own credentials.
//!
//! This module never changes anything, and never takes what it could not read for an empty answer.

mod alarms;
mod connect;
mod delivery;
mod groups;
mod hooks;
mod stack;

pub use aws_config::SdkConfig;
use homeostat_core::ports::Unavailable;

use crate::call::unavailable;
pub use connect::{Choice, connect};
pub use stack::{Outputs, outputs};

/// The services that `homeostat doctor` asks.
#[derive(Debug, Clone)]
pub struct Account {
    autoscaling: aws_sdk_autoscaling::Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
    load_balancing: aws_sdk_elasticloadbalancingv2::Client,
    sns: aws_sdk_sns::Client,
    sqs: aws_sdk_sqs::Client,
}

impl Account {
    pub fn new(config: &SdkConfig) -> Self {
        Account {
            autoscaling: aws_sdk_autoscaling::Client::new(config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(config),
            load_balancing: aws_sdk_elasticloadbalancingv2::Client::new(config),
            sns: aws_sdk_sns::Client::new(config),
            sqs: aws_sdk_sqs::Client::new(config),
        }
    }
}

/// Whose credentials these are, as IAM names them: `user/ana`, `assumed-role/Admin/ana`. Nobody needs a permission to ask
/// (API reference, `GetCallerIdentity`).
///
/// # Errors
/// [`Unavailable`]: nobody answered, or there are no credentials.
pub async fn caller(config: &SdkConfig) -> Result<String, Unavailable> {
    let answer = aws_sdk_sts::Client::new(config).get_caller_identity().send().await;
    let answer = answer.map_err(|error| unavailable("ask whose credentials these are", &error))?;
    let name = answer.arn().and_then(|arn| arn.splitn(6, ':').nth(5)).filter(|name| !name.is_empty());
    name.map(str::to_owned).ok_or_else(|| Unavailable {
        doing: "ask whose credentials these are".to_owned(),
        why: format!("AWS names the caller {:?}", answer.arn()),
    })
}
