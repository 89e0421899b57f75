//! Elastic Load Balancing: how a target group sees its targets.
//!
//! This module never registers anything.

mod leaving;

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::error::ProvideErrorMetadata;
use aws_sdk_elasticloadbalancingv2::types::{TargetHealthDescription, TargetHealthStateEnum};
use homeostat_core::aws::fleet::{TargetHealth, TargetHealths};
use homeostat_core::id::{InstanceId, TargetGroupArn};
use homeostat_core::ports::Unavailable;

use crate::call::unavailable;

#[derive(Debug, Clone)]
pub(crate) struct TargetGroups {
    client: Client,
}

impl TargetGroups {
    pub(crate) fn new(config: &aws_config::SdkConfig) -> Self {
        TargetGroups { client: Client::new(config) }
    }

    /// Every target, of whatever kind. `None` = there is no such target group.
    pub(crate) async fn targets(
        &self,
        target_group: &TargetGroupArn,
    ) -> Result<Option<Vec<TargetHealth>>, Unavailable> {
        let request = self.client.describe_target_health().target_group_arn(target_group.as_str());
        match request.send().await {
            Ok(answer) => Ok(Some(answer.target_health_descriptions().iter().map(health).collect())),
            Err(error) if error.code() == Some("TargetGroupNotFound") => Ok(None),
            Err(error) => Err(unavailable("read the targets' health", &error)),
        }
    }

    /// Targets that are no instances (addresses, functions) are left out: no group has them as members. `None` = there is no
    /// such target group.
    pub(crate) async fn health(&self, target_group: &TargetGroupArn) -> Result<Option<TargetHealths>, Unavailable> {
        let request = self.client.describe_target_health().target_group_arn(target_group.as_str());
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) if error.code() == Some("TargetGroupNotFound") => return Ok(None),
            Err(error) => return Err(unavailable("read the targets' health", &error)),
        };
        let mut healths: TargetHealths = BTreeMap::new();
        for description in answer.target_health_descriptions() {
            let Some(id) = description.target().and_then(|target| target.id()?.parse::<InstanceId>().ok()) else {
                continue;
            };
            let health = health(description);
            healths.entry(id).and_modify(|known| *known = worse(known.clone(), health.clone())).or_insert(health);
        }
        Ok(Some(healths))
    }
}

/// `TargetType`; `None` if there is no such target group.
pub(crate) async fn target_type(client: &Client, target_group: &TargetGroupArn) -> Result<Option<String>, Unavailable> {
    let doing = "read the target group's type";
    let request = client.describe_target_groups().target_group_arns(target_group.as_str());
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) if error.code() == Some("TargetGroupNotFound") => return Ok(None),
        Err(error) => return Err(unavailable(doing, &error)),
    };
    let found = answer.target_groups().iter().find(|one| one.target_group_arn() == Some(target_group.as_str()));
    let missing = || Unavailable { doing: doing.to_owned(), why: format!("nothing was told of {target_group}") };
    Ok(Some(found.and_then(|one| one.target_type()).ok_or_else(missing)?.as_str().to_owned()))
}

fn health(description: &TargetHealthDescription) -> TargetHealth {
    let health = description.target_health();
    match health.and_then(|health| health.state()) {
        Some(TargetHealthStateEnum::Healthy) => TargetHealth::Healthy,
        Some(TargetHealthStateEnum::Initial) => TargetHealth::Initial,
        Some(TargetHealthStateEnum::Unhealthy) => {
            let reason = health.and_then(|health| health.reason()).map_or("no reason given", |reason| reason.as_str());
            // `Elb.InternalError`: "the health checks failed due to an internal error" of the load balancer, not of the target.
            if reason.starts_with("Elb.") {
                return TargetHealth::Other { state: format!("unhealthy ({reason})") };
            }
            TargetHealth::Unhealthy { reason: reason.to_owned() }
        }
        Some(other) => TargetHealth::Other { state: other.as_str().to_owned() },
        None => TargetHealth::Other { state: "without a state".to_owned() },
    }
}

/// An instance that is registered with several ports is as well as its worst one.
fn worse(one: TargetHealth, other: TargetHealth) -> TargetHealth {
    let rank = |health: &TargetHealth| match health {
        TargetHealth::Unhealthy { .. } => 0,
        TargetHealth::Other { .. } => 1,
        TargetHealth::Initial => 2,
        TargetHealth::Healthy => 3,
    };
    if rank(&other) < rank(&one) { other } else { one }
}
