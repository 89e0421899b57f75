//! Whose account and which Region the world stands for: what ARNs are made of.
//!
//! This module never models more than one of either: one stack serves one Region.

use homeostat_core::id::{AlarmArn, InvalidId, Region, TargetGroupArn};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Twelve digits.
    pub account: String,
    pub region: Region,
}

impl Place {
    /// A zone of the Region: `us-east-1a` for `'a'`.
    pub fn zone(&self, letter: char) -> String {
        format!("{}{letter}", self.region)
    }

    /// # Errors
    /// [`InvalidId`] if the name or the account can't be part of an alarm's ARN.
    pub fn alarm_arn(&self, name: &str) -> Result<AlarmArn, InvalidId> {
        format!("arn:aws:cloudwatch:{}:{}:alarm:{name}", self.region, self.account).parse()
    }

    pub(crate) fn target_group_arn(&self, name: &str, digits: &str) -> Result<TargetGroupArn, InvalidId> {
        format!("arn:aws:elasticloadbalancing:{}:{}:targetgroup/{name}/{digits}", self.region, self.account).parse()
    }

    pub(crate) fn group_arn(&self, name: &str, uuid: &str) -> String {
        let (region, account) = (&self.region, &self.account);
        format!("arn:aws:autoscaling:{region}:{account}:autoScalingGroup:{uuid}:autoScalingGroupName/{name}")
    }
}
