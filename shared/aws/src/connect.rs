//! The one place where clients get their connections, time limits and retries.
//!
//! This module never leaves a call without a total limit: the SDK has none of its own.

mod environment;
mod http;

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};

/// A connection inside a Region takes milliseconds; a second means that it will not come.
const CONNECT: Duration = Duration::from_secs(1);
/// One attempt. The slowest call seen from these APIs in good health is well below a second.
const ATTEMPT: Duration = Duration::from_secs(3);
/// A call with its retries. Below `homeostat_core::reconcile::LONGEST_EFFECT`, which the lease counts on.
const CALL: Duration = Duration::from_secs(8);
/// One repeat: a blip is bridged, and a real outage is left to Lambda's retries and the sweep, which cost nobody's lease.
const ATTEMPTS: u32 = 2;
/// Short, since a person's site is waiting; the SDK's own default of a second would double the time of a heal.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);

/// The same for who has several calls one after another in a short time: a held instance's hook runs out, and what could not be
/// read is looked at again within seconds.
const BRISK_ATTEMPT: Duration = Duration::from_millis(1_800);
const BRISK_CALL: Duration = Duration::from_secs(4);

/// As [`connect`], with less patience.
pub fn connect_briskly() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(BRISK_ATTEMPT)
        .operation_timeout(BRISK_CALL)
        .build();
    connect().into_builder().timeout_config(timeouts).build()
}

/// The configuration that all clients of a function share, with one pool of connections.
///
/// What Lambda says in the environment is all there is to know. The SDK's own loader asks it as well, and then files of profiles,
/// a container's and an instance's metadata, and STS: their code is in the binary whether they are asked or not.
pub fn connect() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(CALL)
        .build();
    let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(FIRST_BACKOFF);
    let told = environment::config();
    let pool = http::one_pool(CONNECT, told.endpoint_url());
    let config = told.into_builder().behavior_version(BehaviorVersion::v2026_01_12());
    config.http_client(pool).timeout_config(timeouts).retry_config(retries).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_never_outlasts_what_the_lease_allows_for_it() {
        let longest = Duration::try_from(homeostat_core::reconcile::LONGEST_EFFECT).unwrap();
        assert!(CALL < longest);
        assert!(ATTEMPT * ATTEMPTS < CALL);
        assert!(BRISK_ATTEMPT * ATTEMPTS < BRISK_CALL && BRISK_CALL < CALL);
    }
}
