//! CloudFormation: where a deployed Homeostat keeps its things.
//!
//! This module never looks for a stack by anything but its name.

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use homeostat_core::ports::Unavailable;

use crate::call::unavailable;

/// The outputs of `template.yaml` that the operator's command needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outputs {
    pub table: String,
    pub topic: Option<String>,
    pub dead_letters: Option<String>,
}

/// What the stack of this name says of itself; `None` if there is no such stack.
///
/// # Errors
/// [`Unavailable`]: CloudFormation could not be read, or the stack of that name is not a Homeostat.
pub async fn outputs(config: &aws_config::SdkConfig, stack: &str) -> Result<Option<Outputs>, Unavailable> {
    let doing = format!("read the outputs of stack {stack:?}");
    let answer = match Client::new(config).describe_stacks().stack_name(stack).send().await {
        Ok(answer) => answer,
        Err(error) if is_missing(error.code(), error.message()) => return Ok(None),
        Err(error) => return Err(unavailable(&doing, &error)),
    };
    let outputs = answer.stacks().iter().flat_map(|stack| stack.outputs());
    let find = |key: &str| {
        let mut named = outputs.clone().filter(|output| output.output_key() == Some(key));
        named.next()?.output_value().map(str::to_owned)
    };
    let no_table = || Unavailable { doing: doing.clone(), why: "it has no output TableName".to_owned() };
    Ok(Some(Outputs {
        table: find("TableName").ok_or_else(no_table)?,
        topic: find("TopicArn"),
        dead_letters: find("DeadLettersUrl"),
    }))
}

/// CloudFormation has no code of its own for it (API reference, `DescribeStacks`).
fn is_missing(code: Option<&str>, message: Option<&str>) -> bool {
    code == Some("ValidationError") && message.is_some_and(|message| message.contains("does not exist"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_missing_stack_is_missing() {
        assert!(is_missing(Some("ValidationError"), Some("Stack with id homeostat does not exist")));
        assert!(!is_missing(Some("ValidationError"), Some("1 validation error detected")));
        assert!(!is_missing(Some("AccessDenied"), Some("does not exist")));
    }
}
