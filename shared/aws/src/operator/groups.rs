//! Auto Scaling: what of a group makes no difference to a decision, and does to its operator.
//!
//! This module never asks for all groups.

use std::collections::BTreeMap;

use homeostat_core::id::GroupName;
use homeostat_core::ports::Unavailable;

use super::Account;
use crate::call::unavailable;

/// `DescribeAutoScalingGroups` takes 50 names unless told otherwise (API reference, `AutoScalingGroupNames`).
const MOST_NAMES: usize = 50;

impl Account {
    /// The `HealthCheckType` of each of the groups.
    ///
    /// # Errors
    /// [`Unavailable`]: the groups could not be read.
    pub async fn health_check_types(&self, names: &[GroupName]) -> Result<BTreeMap<GroupName, String>, Unavailable> {
        let mut types = BTreeMap::new();
        // No chunk, no call: to AWS an empty list of names means every group there is.
        for names in names.chunks(MOST_NAMES) {
            let names = names.iter().map(ToString::to_string).collect();
            let request = self.autoscaling.describe_auto_scaling_groups().set_auto_scaling_group_names(Some(names));
            let mut pages = request.into_paginator().items().send();
            while let Some(group) = pages.next().await {
                let group = group.map_err(|error| unavailable("read the policy's groups", &error))?;
                let name = group.auto_scaling_group_name().and_then(|name| name.parse().ok());
                types.extend(name.zip(group.health_check_type().map(str::to_owned)));
            }
        }
        Ok(types)
    }
}
