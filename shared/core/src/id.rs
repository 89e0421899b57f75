//! Names of AWS's things, parsed once at the edge, so that a group's name is never passed where an instance's id belongs.
//!
//! This module never asks AWS whether a thing exists.

mod subject;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use subject::{GLOBAL, Named, Scope, Subject};

/// A name that can't be what it claims to be. Disposition: drop, since the same input will never parse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{got:?} is not {expected}")]
pub struct InvalidId {
    got: String,
    expected: Cow<'static, str>,
}

impl InvalidId {
    pub fn new(got: impl Into<String>, expected: impl Into<Cow<'static, str>>) -> Self {
        InvalidId { got: got.into(), expected: expected.into() }
    }

    /// The text that is none.
    pub fn got(&self) -> &str {
        &self.got
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidId { got: text.to_owned(), expected: $expected.into() })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.as_ref().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// An EC2 instance: `i-` and 8 or 17 hexadecimal digits (EC2 User Guide, "Resource IDs").
    InstanceId, "an instance id: i- and 8 or 17 hexadecimal digits", |text| {
        text.strip_prefix("i-").is_some_and(|digits| {
            matches!(digits.len(), 8 | 17) && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        })
    }
}

name! {
    /// An Auto Scaling group's name: 1 to 255 characters, no colon, no control character (API reference, `CreateAutoScalingGroup`).
    GroupName, "a group's name: 1 to 255 characters, without colon or control character", |text| {
        let length = text.chars().count();
        (1..=255).contains(&length) && !text.contains(|c: char| c == ':' || c.is_control())
    }
}

name! {
    /// A lifecycle hook's name: 1 to 255 of letters, digits, `-`, `_` and `/` (API reference, `PutLifecycleHook`).
    HookName, "a lifecycle hook's name: 1 to 255 letters, digits, -, _ and /", |text| {
        (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_/".contains(&b))
    }
}

name! {
    /// What tells one lifecycle action from the next of the same hook and instance: 36 characters, a UUID (API reference,
    /// `CompleteLifecycleAction`).
    ActionToken, "a lifecycle action's token: 36 characters", |text| {
        text.len() == 36 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    }
}

name! {
    /// A Route 53 hosted zone's id (API reference, `HostedZone`).
    HostedZoneId, "a hosted zone's id: Z and up to 31 capital letters and digits", |text| {
        text.starts_with('Z')
            && (2..=32).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    }
}

name! {
    /// A Route 53 health check's id: a UUID (API reference, `HealthCheck`).
    HealthCheckId, "a health check's id: a UUID", |text| {
        text.len() == 36 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
    }
}

name! {
    /// What tells the record sets of one weighted record apart: 1 to 128 characters (API reference, `ResourceRecordSet`).
    SetIdentifier, "a set identifier: 1 to 128 characters, without control characters", |text| {
        (1..=128).contains(&text.chars().count()) && !text.contains(char::is_control)
    }
}

name! {
    /// An AWS Region's code, such as `eu-west-1`.
    Region, "a Region's code, such as eu-west-1", |text| {
        text.contains('-')
            && text.len() <= 32 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    }
}

name! {
    /// What tells one time series of an alarm from the next (CloudWatch API reference, `AlarmContributor`, where it has 16 characters
    /// at most; longer ones were documented before).
    ContributorId, "a contributor's id: 1 to 128 printable ASCII characters", |text| {
        (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
    }
}

name! {
    /// An AWS account's id.
    Account, "an account id: 12 digits", |text| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

name! {
    /// A target group's ARN.
    TargetGroupArn, "a target group's ARN", |text| {
        text.starts_with("arn:") && text.contains(":targetgroup/") && !text.contains(char::is_control)
    }
}

name! {
    /// A CloudWatch alarm's ARN: `arn:<partition>:cloudwatch:<region>:<account>:alarm:<name>`; the name may hold colons.
    AlarmArn, "an alarm's ARN: arn:aws:cloudwatch:<region>:<account>:alarm:<name>", |text| {
        let mut parts = text.splitn(7, ':');
        parts.next() == Some("arn")
            && parts.next().is_some_and(is_partition)
            && parts.next() == Some("cloudwatch")
            && parts.next().is_some_and(|region| region.parse::<Region>().is_ok())
            && parts.next().is_some_and(|account| account.parse::<Account>().is_ok())
            && parts.next() == Some("alarm")
            && parts.next().is_some_and(|name| (1..=255).contains(&name.chars().count()) && !name.contains(char::is_control))
    }
}

impl Region {
    /// Where Route 53 is: [`GLOBAL`].
    pub fn global() -> Self {
        Region(GLOBAL.into())
    }
}

impl TargetGroupArn {
    /// `targetgroup/web/0123`: what a person recognises.
    pub fn short_name(&self) -> &str {
        self.0.rsplit(':').next().unwrap_or_default()
    }
}

/// Such as `aws` and `aws-us-gov`.
fn is_partition(text: &str) -> bool {
    text.starts_with("aws") && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

impl AlarmArn {
    /// The alarm's name: what `DescribeAlarms` takes.
    pub fn alarm_name(&self) -> &str {
        self.0.splitn(7, ':').nth(6).unwrap_or_default()
    }

    pub fn region(&self) -> Result<Region, InvalidId> {
        self.0.split(':').nth(3).unwrap_or_default().parse()
    }

    pub fn account(&self) -> Result<Account, InvalidId> {
        self.0.split(':').nth(4).unwrap_or_default().parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_id_is_never_a_wildcard_a_list_or_empty() {
        for text in ["", "*", "i-", "i-xyz", "i-0123456789abcdef0,i-1", "I-0123456789abcdef0", "i-0123456789abcdef0\n"]
        {
            assert!(text.parse::<InstanceId>().is_err(), "{text:?}");
        }
        assert!("i-0123456789abcdef0".parse::<InstanceId>().is_ok());
        assert!("i-1a2b3c4d".parse::<InstanceId>().is_ok());
    }

    #[test]
    fn an_alarm_name_may_hold_colons() {
        let arn: AlarmArn = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web: too slow".parse().unwrap();
        assert_eq!(arn.alarm_name(), "web: too slow");
        assert_eq!(arn.region().unwrap().as_str(), "eu-west-1");
    }

    #[test]
    fn an_arn_of_another_service_is_no_alarm() {
        for text in [
            "arn:aws:sns:eu-west-1:123456789012:alarm:x",
            "arn:aws:cloudwatch:eu-west-1:1:alarm:x",
            "arn:aws\u{1b}[2J:cloudwatch:eu-west-1:123456789012:alarm:x",
            "web",
        ] {
            assert!(text.parse::<AlarmArn>().is_err(), "{text:?}");
        }
    }
}
