//! What AWS itself says became, or is going to become, of an instance or of a group's launches.
//!
//! This module never says that anything is wrong now: a notice is read again where it matters.

use std::cmp::Ordering;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One such message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub what: NoticeKind,
    pub at: Timestamp,
    /// When it comes to pass, if it is not so already and AWS says when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// The instance doesn't run: `stopping`, `stopped`, `shutting-down` or `terminated`.
    NotRunning { state: String },
    /// EC2 takes a Spot Instance back: `terminate`, `stop` or `hibernate`.
    Interruption { action: String },
    /// A Spot Instance is more likely than others to be taken back.
    Rebalance,
    /// The machine beneath the instance is going out of use; an AWS Health event type, such as
    /// `AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED`.
    Retirement { code: String },
    /// A group could not launch an instance.
    LaunchFailed { why: String },
}

impl Notice {
    /// Whether it is to be minded rather than an earlier one: what comes to pass first counts, and a recommendation least. The state
    /// of the machine is looked at in any case.
    pub fn outweighs(&self, other: Option<&Notice>) -> bool {
        let weight = |what: &NoticeKind| match what {
            NoticeKind::LaunchFailed { .. } | NoticeKind::Rebalance => 0,
            NoticeKind::NotRunning { .. } => 1,
            NoticeKind::Retirement { .. } => 2,
            NoticeKind::Interruption { .. } => 3,
        };
        other.is_none_or(|other| match weight(&self.what).cmp(&weight(&other.what)) {
            // A group has its time from the first recommendation on.
            Ordering::Equal if self.what == NoticeKind::Rebalance => false,
            // Who repeats a warning postpones nothing.
            Ordering::Equal => match (self.by, other.by) {
                (Some(by), Some(before)) => by < before || before <= self.at,
                _ => self.at >= other.at,
            },
            heavier => heavier.is_gt(),
        })
    }
}

impl NoticeKind {
    /// AWS is going to end the instance, which says nothing of how well it is now.
    pub fn ends_the_instance(&self) -> bool {
        matches!(self, NoticeKind::Interruption { .. } | NoticeKind::Retirement { .. })
    }

    /// Nothing is wrong yet.
    pub fn is_yet_to_come(&self) -> bool {
        self.ends_the_instance() || *self == NoticeKind::Rebalance
    }
}

impl fmt::Display for NoticeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoticeKind::NotRunning { state } => write!(f, "EC2 says that it is {state}"),
            NoticeKind::Interruption { action } => write!(f, "EC2 is going to {action} this Spot Instance"),
            NoticeKind::Rebalance => {
                f.write_str("EC2 recommends to replace this Spot Instance before it is interrupted")
            }
            NoticeKind::Retirement { code } => write!(f, "AWS Health announces {code}"),
            NoticeKind::LaunchFailed { why } => write!(f, "Auto Scaling could not launch an instance: {why}"),
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.by {
            Some(by) => write!(f, "{}, at {by:.0}", self.what),
            None => write!(f, "{}", self.what),
        }
    }
}
