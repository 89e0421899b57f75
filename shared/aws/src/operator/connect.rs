//! The operator's connection: their own profile and Region, from wherever they are.
//!
//! This module never guesses a Region: to look into the wrong one is to see that all is well.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};

/// From a laptop to a Region on the other side of the world, through a proxy, a handshake takes a second or two.
const CONNECT: Duration = Duration::from_secs(5);
/// A page of a large account's alarms takes seconds from there.
const ATTEMPT: Duration = Duration::from_secs(15);
/// A person waits: past this they want to hear what is wrong instead.
const CALL: Duration = Duration::from_secs(30);

/// What the command line says; what it leaves open comes from the environment and the profile, as with the AWS CLI.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    pub region: Option<String>,
    pub profile: Option<String>,
}

pub async fn connect(choice: Choice) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(CALL)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard());
    if let Some(profile) = choice.profile {
        loader = loader.profile_name(profile);
    }
    // An empty one is none: so it stands in scripts whose variable is not set.
    if let Some(region) = choice.region.filter(|region| !region.is_empty()) {
        loader = loader.region(Region::new(region));
    }
    loader.load().await
}
