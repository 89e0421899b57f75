//! How AWS says no, and how the model says that it does not know.
//!
//! This module never covers for the model: what is not modelled is an error of its own, not one of AWS's.

use std::fmt;

use homeostat_core::id::{InstanceId, InvalidId};

use crate::action::ActionBy;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// AWS's `ValidationError` for an instance that is in no group.
    NoManagedInstance { id: InstanceId },
    /// AWS's `ValidationError` for a lifecycle action that is over, or never was. Its words are those that users report
    /// (spacelift-io/terraform-aws-spacelift-workerpool-on-ec2 pull request 197 and convox/rack issue 2432).
    NoActiveAction { by: ActionBy },
    /// AWS's `ScalingActivityInProgress`.
    ScalingActivityInProgress,
    /// AWS's `InstanceRefreshInProgress`.
    InstanceRefreshInProgress,
    /// AWS's `TargetGroupNotFound`.
    TargetGroupNotFound { arn: String },
    /// Route 53's, for a set whose health check is not there.
    NoSuchHealthCheck { id: String },
    /// Route 53's, for a batch that doesn't fit what is there.
    InvalidChangeBatch { why: String },
    /// AWS's `ValidationError` for a name that is none.
    Invalid { why: String },
    /// Outside the model. AWS would have done something.
    NotModelled { what: String },
}

impl Refusal {
    pub(crate) fn not_modelled(what: impl Into<String>) -> Self {
        Refusal::NotModelled { what: what.into() }
    }

    /// AWS's code for it (API references, "Errors").
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::NoManagedInstance { .. } | Refusal::NoActiveAction { .. } | Refusal::Invalid { .. } => {
                "ValidationError"
            }
            Refusal::ScalingActivityInProgress => "ScalingActivityInProgress",
            Refusal::InstanceRefreshInProgress => "InstanceRefreshInProgress",
            Refusal::TargetGroupNotFound { .. } => "TargetGroupNotFound",
            Refusal::NoSuchHealthCheck { .. } => "NoSuchHealthCheck",
            Refusal::InvalidChangeBatch { .. } => "InvalidChangeBatch",
            Refusal::NotModelled { .. } => "NotModelled",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NoManagedInstance { id } => {
                write!(f, "Instance Id not found - No managed instance found for instance ID: {id}")
            }
            Refusal::NoActiveAction { by: ActionBy::Token(token) } => {
                write!(f, "No active Lifecycle Action found with token {token}")
            }
            Refusal::NoActiveAction { by: ActionBy::Instance(id) } => {
                write!(f, "No active Lifecycle Action found with instance ID {id}")
            }
            Refusal::ScalingActivityInProgress => {
                f.write_str("The operation can't be performed because there are scaling activities in progress.")
            }
            Refusal::InstanceRefreshInProgress => f.write_str("An Instance Refresh is already in progress."),
            Refusal::TargetGroupNotFound { arn } => write!(f, "Target groups '{arn}' not found"),
            Refusal::NoSuchHealthCheck { id } => write!(f, "No health check found with ID: {id}"),
            Refusal::InvalidChangeBatch { why } | Refusal::Invalid { why } => f.write_str(why),
            Refusal::NotModelled { what } => write!(f, "the model lacks {what}"),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<InvalidId> for Refusal {
    fn from(invalid: InvalidId) -> Self {
        Refusal::Invalid { why: invalid.to_string() }
    }
}
