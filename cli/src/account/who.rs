//! Who says so: a pause or an acknowledgement without a name helps nobody at night.
//!
//! This module never leaves the name out.

use homeostat_aws::operator::caller;

use super::place::Deployment;
use crate::report::Failed;

/// The name that was given, or else IAM's name for the caller, or else the one that this machine knows.
pub(super) async fn who(given: Option<String>, deployment: &Deployment) -> Result<String, Failed> {
    if let Some(given) = given {
        return Ok(given);
    }
    match caller(&deployment.config).await {
        Ok(caller) => Ok(caller),
        Err(unavailable) => std::env::var("USER")
            .ok()
            .filter(|user| !user.is_empty())
            .ok_or_else(|| Failed::because(format!("nobody knows who you are ({unavailable}): say it by --by"))),
    }
}
