//! The one table of what AWS lets through, with where each figure is published.
//!
//! This module never says how much of that Homeostat may take: it is the world's side.

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

/// Tokens: so many at most, and so many more each second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rate {
    pub(super) most: f64,
    pub(super) a_second: f64,
}

const fn rate(most: f64, a_second: f64) -> Rate {
    Rate { most, a_second }
}

pub(super) fn published(bucket: Bucket) -> Rate {
    match bucket {
        // An assumption: EC2's figures for what only reads.
        Bucket::AutoScaling => rate(100.0, 20.0),
        // All `Describe*` together (Elastic Load Balancing User Guide, elb-api-throttling).
        Bucket::LoadBalancing => rate(40.0, 10.0),
        // By itself, "without specifying either pagination or a filter": ids are neither (EC2 Developer Guide, "Request throttling for the
        // Amazon EC2 API").
        Bucket::InstanceStatus => rate(50.0, 10.0),
        // Each by itself, with a filter (same page).
        Bucket::Instances | Bucket::SpotRequests => rate(100.0, 20.0),
        // 9 a second in a Region; how many at once is not said (CloudWatch User Guide, service quotas).
        Bucket::Alarms => rate(9.0, 9.0),
    }
}
