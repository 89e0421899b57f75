//! Which calls AWS throttles together.
//!
//! This module never says how much of that Homeostat may take: it is the world's side.

use homeostat_core::aws::rates::{self, Rate};

use super::api::Api;

/// What several actions, or one alone, are throttled by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bucket {
    AutoScaling,
    LoadBalancing,
    InstanceStatus,
    Instances,
    SpotRequests,
    Alarms,
}

impl Api {
    pub(super) fn bucket(self) -> Option<Bucket> {
        Some(match self {
            // One for all of its actions (re:Post knowledge-center/autoscaling-api-calls-throttled).
            Api::DescribeAutoScalingGroups
            | Api::DescribeScalingActivities
            | Api::DescribeInstanceRefreshes
            | Api::DescribeAutoScalingInstances
            | Api::TerminateInstanceInAutoScalingGroup
            | Api::SetInstanceHealth => Bucket::AutoScaling,
            Api::DescribeTargetHealth => Bucket::LoadBalancing,
            Api::DescribeInstanceStatus => Bucket::InstanceStatus,
            Api::DescribeInstances => Bucket::Instances,
            Api::DescribeSpotInstanceRequests => Bucket::SpotRequests,
            Api::DescribeAlarms => Bucket::Alarms,
            // On demand, a table takes more than any storm here brings; so does a standard queue.
            Api::GetItem
            | Api::BatchGetItem
            | Api::Query
            | Api::UpdateItem
            | Api::PutItem
            | Api::DeleteItem
            | Api::TransactWriteItems
            | Api::SendMessage
            | Api::DeleteMessageBatch => return None,
        })
    }
}

/// Whether Auto Scaling throttles. It does, but AWS publishes no figure: what is found must hold with the assumption and without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AutoScaling {
    Limited,
    Unlimited,
}

impl AutoScaling {
    pub fn name(self) -> &'static str {
        match self {
            AutoScaling::Limited => "limited",
            AutoScaling::Unlimited => "unlimited",
        }
    }
}

/// As AWS publishes it: the product's own table has the figures and their sources.
pub(super) fn published(bucket: Bucket) -> Rate {
    match bucket {
        Bucket::AutoScaling => rates::Api::AutoScaling.published(),
        Bucket::LoadBalancing => rates::Api::LoadBalancing.published(),
        Bucket::InstanceStatus => rates::Api::InstanceStatus.published(),
        // Each has a bucket of its own, of the same size: both are asked with a filter.
        Bucket::Instances | Bucket::SpotRequests => rates::Api::Instances.published(),
        Bucket::Alarms => rates::Api::Alarms.published(),
    }
}
