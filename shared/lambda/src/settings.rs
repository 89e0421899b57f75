//! What the template tells a function: environment variables with names of resources, and the policy in its zip.
//!
//! This module is the only one that reads the environment or a file, and only at boot.

use std::collections::BTreeMap;
use std::path::Path;

use homeostat_core::id::Region;
use homeostat_remedies::policy;
use homeostat_remedies::policy::Policy;

use crate::Failure;

/// An environment variable that the template sets.
///
/// # Errors
/// [`Failure::Page`] if it is missing or empty: the template is broken.
pub fn text(name: &str) -> Result<String, Failure> {
    match std::env::var(name) {
        Ok(text) if !text.is_empty() => Ok(text),
        _ => Err(Failure::Page(format!("the environment variable {name} is missing, which template.yaml sets"))),
    }
}

/// The function's own Region, which Lambda sets.
///
/// # Errors
/// [`Failure::Page`] if it is missing, or none.
pub fn region() -> Result<Region, Failure> {
    let region = text("AWS_REGION")?;
    region.parse().map_err(|error| Failure::Page(format!("the environment variable AWS_REGION: {error}")))
}

/// The URLs of the queues of wake-ups, by the tag of the subjects that their owner looks after: a JSON object.
///
/// # Errors
/// [`Failure::Page`] if it is missing or anything else: the template is broken.
pub fn wake_queues() -> Result<BTreeMap<String, String>, Failure> {
    let name = "WAKE_QUEUES";
    serde_json::from_str(&text(name)?).map_err(|error| {
        Failure::Page(format!("the environment variable {name} is not a JSON object of URLs: {error}"))
    })
}

/// The policy in the function's zip.
///
/// # Errors
/// [`Failure::Page`] with every mistake in it.
pub fn policy() -> Result<Policy, Failure> {
    let folder = text("LAMBDA_TASK_ROOT")?;
    let path = Path::new(&folder).join("policy.toml");
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Failure::Page(format!("the function's zip has no readable policy.toml: {error}")))?;
    policy::parse(&text).map_err(|mistakes| {
        let mistakes: Vec<String> = mistakes.iter().map(|mistake| format!("policy.toml:{mistake}")).collect();
        Failure::Page(format!("the policy is invalid, so nothing is done: {}", mistakes.join("; ")))
    })
}
