//! How a call of AWS's ended, as far as more than one module needs to know it.
//!
//! This module never says what is done next.

use serde::{Deserialize, Serialize};

/// AWS could not be read, or what it said can't be understood. Disposition: retry, by the caller's own retries and
/// then by the sweep; nothing was changed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("could not {doing}: {why}")]
pub struct Unavailable {
    pub doing: String,
    pub why: String,
}

/// The codes by which AWS says "not so often" (AWS SDKs and Tools Reference Guide, "Retry behavior").
const THROTTLES: [&str; 11] = [
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
];

/// Whether a failure was AWS's rate alone, by what was said of it: an adapter's reason begins with AWS's code.
pub fn is_throttle(why: &str) -> bool {
    why.split(": ").any(|part| THROTTLES.contains(&part))
}

/// What became of an effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Done,
    /// AWS took it, and carries it out by and by: the change's id tells how far it is.
    Pending {
        change: String,
    },
    /// It had been so before: an earlier attempt's work, or somebody else's.
    AlreadyDone,
    /// It will not happen, however often it is tried.
    Refused {
        why: String,
    },
    /// Nothing happened, since somebody else's change was there first: look again, decide again.
    Lost {
        why: String,
    },
    /// It may or may not have happened.
    Unknown {
        why: String,
    },
}

impl Outcome {
    /// The world is as the call leaves it, or will be without another one.
    pub fn took_effect(&self) -> bool {
        match self {
            Outcome::Done | Outcome::Pending { .. } | Outcome::AlreadyDone => true,
            Outcome::Refused { .. } | Outcome::Lost { .. } | Outcome::Unknown { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_aws_s_own_code_is_a_throttle() {
        for why in
            ["could not read targets: Throttling: Rate exceeded", "could not read its alarms: ThrottlingException"]
        {
            assert!(is_throttle(why), "{why}");
        }
        for why in
            ["AccessDenied: not for Throttling", "could not read the group: no answer in time", "SlowDownPlease: x"]
        {
            assert!(!is_throttle(why), "{why}");
        }
    }
}
