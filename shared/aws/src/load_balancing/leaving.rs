//! One instance's registrations, and its deregistration from a target group that its own group doesn't manage.
//!
//! This module never registers anything, and never deregisters by a port that was not read.

use aws_sdk_elasticloadbalancingv2::error::ProvideErrorMetadata;
use aws_sdk_elasticloadbalancingv2::types::TargetDescription;
use homeostat_core::hook::seen::Registration;
use homeostat_core::id::{InstanceId, TargetGroupArn};
use homeostat_core::ports::{Outcome, Unavailable};

use super::{TargetGroups, health};
use crate::call::{outcome, unavailable};

/// Whoever is not there, or whose target group is gone, takes no traffic (API reference, `DeregisterTargets`).
const GONE: [&str; 2] = ["InvalidTarget", "TargetGroupNotFound"];

impl TargetGroups {
    /// All targets are asked about: by the instance's id alone, a registration with a port of its own would not be told.
    pub(crate) async fn registrations(
        &self,
        target_group: &TargetGroupArn,
        instance: &InstanceId,
    ) -> Result<Vec<Registration>, Unavailable> {
        let request = self.client.describe_target_health().target_group_arn(target_group.as_str());
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) if error.code() == Some("TargetGroupNotFound") => return Ok(Vec::new()),
            Err(error) => return Err(unavailable("read the targets' health", &error)),
        };
        let of_it = answer.target_health_descriptions().iter().filter_map(|description| {
            let target = description.target().filter(|target| target.id() == Some(instance.as_str()))?;
            Some(Registration { port: target.port(), health: health(description) })
        });
        Ok(of_it.collect())
    }

    pub(crate) async fn deregister(
        &self,
        target_group: &TargetGroupArn,
        instance: &InstanceId,
        ports: &[Option<i32>],
    ) -> Outcome {
        let target = |port: &Option<i32>| TargetDescription::builder().id(instance.as_str()).set_port(*port).build();
        let targets = ports.iter().map(target).collect();
        let request = self.client.deregister_targets().target_group_arn(target_group.as_str());
        match request.set_targets(Some(targets)).send().await {
            Ok(_) => Outcome::Done,
            Err(error) if error.code().is_some_and(|code| GONE.contains(&code)) => Outcome::AlreadyDone,
            Err(error) => outcome(&error),
        }
    }
}
