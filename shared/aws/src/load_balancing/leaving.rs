//! One instance's registrations, and its deregistration from a target group that its own group doesn't manage.
//!
//! This module never registers anything, and never deregisters what was not read.

use aws_sdk_elasticloadbalancingv2::error::ProvideErrorMetadata;
use aws_sdk_elasticloadbalancingv2::types::TargetDescription;
use homeostat_core::id::TargetGroupArn;
use homeostat_core::ports::{Outcome, Unavailable};
use homeostat_remedies::hook::observation::{Registration, TargetId};

use super::{TargetGroups, health, target_type};
use crate::call::{outcome, unavailable};

/// Whoever is not there, or whose target group is gone, takes no traffic (API reference, `DeregisterTargets`).
const GONE: [&str; 2] = ["InvalidTarget", "TargetGroupNotFound"];

impl TargetGroups {
    /// All targets are asked about: by the instance's id alone, neither a registration with a port of its own nor one by an address
    /// would be told.
    pub(crate) async fn registrations(
        &self,
        target_group: &TargetGroupArn,
    ) -> Result<Option<Vec<Registration>>, Unavailable> {
        let request = self.client.describe_target_health().target_group_arn(target_group.as_str());
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) if error.code() == Some("TargetGroupNotFound") => return Ok(None),
            Err(error) => return Err(unavailable("read the targets' health", &error)),
        };
        let all = answer.target_health_descriptions().iter().filter_map(|description| {
            let target = description.target()?;
            let target = TargetId { id: target.id()?.to_owned(), port: target.port() };
            Some(Registration { target, health: health(description) })
        });
        Ok(Some(all.collect()))
    }

    pub(crate) async fn target_type(&self, target_group: &TargetGroupArn) -> Result<Option<String>, Unavailable> {
        target_type(&self.client, target_group).await
    }

    pub(crate) async fn deregister(&self, target_group: &TargetGroupArn, targets: &[TargetId]) -> Outcome {
        let target = |target: &TargetId| TargetDescription::builder().id(&target.id).set_port(target.port).build();
        let targets = targets.iter().map(target).collect();
        let request = self.client.deregister_targets().target_group_arn(target_group.as_str());
        match request.set_targets(Some(targets)).send().await {
            Ok(_) => Outcome::Done,
            Err(error) if error.code().is_some_and(|code| GONE.contains(&code)) => Outcome::AlreadyDone,
            Err(error) => outcome(&error),
        }
    }
}
