//! What AWS lets through: the token buckets of its APIs, and how long a call takes.
//!
//! This module never says how much of that Homeostat may take: it is the world's side.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};

/// An action of AWS's, by AWS's own name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Api {
    DescribeAutoScalingGroups,
    DescribeScalingActivities,
    DescribeInstanceRefreshes,
    TerminateInstanceInAutoScalingGroup,
    SetInstanceHealth,
    DescribeTargetHealth,
    DescribeInstanceStatus,
    DescribeInstances,
    DescribeSpotInstanceRequests,
    DescribeAlarms,
    GetItem,
    BatchGetItem,
    Query,
    UpdateItem,
    TransactWriteItems,
    SendMessage,
}

/// What several actions, or one alone, are throttled by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Bucket {
    AutoScaling,
    LoadBalancing,
    InstanceStatus,
    Instances,
    SpotRequests,
    Alarms,
}

/// What each adapter puts into one call, by its own constants.
pub(super) const GROUPS_A_CALL: usize = 50;
pub(super) const INSTANCES_A_CALL: usize = 100;
pub(super) const ALARMS_A_CALL: usize = 100;
pub(super) const PAGES_OF_ALARMS: usize = 20;
pub(super) const ITEMS_A_CALL: usize = 100;

impl Api {
    fn bucket(self) -> Option<Bucket> {
        Some(match self {
            // "Auto Scaling API calls … share one bucket" (re:Post knowledge-center/autoscaling-api-calls-throttled).
            Api::DescribeAutoScalingGroups
            | Api::DescribeScalingActivities
            | Api::DescribeInstanceRefreshes
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
            | Api::TransactWriteItems
            | Api::SendMessage => return None,
        })
    }

    /// Whether it is the ledger's or a queue's: those take no part in what Homeostat asks of the fleet.
    pub fn is_own(self) -> bool {
        self.bucket().is_none()
    }
}

impl Api {
    /// Whether it changes the fleet.
    pub(super) fn is_effect(self) -> bool {
        matches!(self, Api::TerminateInstanceInAutoScalingGroup | Api::SetInstanceHealth)
    }
}

impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
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
struct Rate {
    most: f64,
    a_second: f64,
}

const fn rate(most: f64, a_second: f64) -> Rate {
    Rate { most, a_second }
}

fn published(bucket: Bucket) -> Rate {
    match bucket {
        // An assumption: EC2's figures for what only reads.
        Bucket::AutoScaling => rate(100.0, 20.0),
        // All `Describe*` together (Elastic Load Balancing User Guide, "Throttling for the Elastic Load Balancing API").
        Bucket::LoadBalancing => rate(40.0, 10.0),
        // By itself, "without specifying either pagination or a filter": ids are neither (EC2 Developer Guide, "Request throttling for the
        // Amazon EC2 API").
        Bucket::InstanceStatus => rate(50.0, 10.0),
        // Each by itself, with a filter (same page).
        Bucket::Instances | Bucket::SpotRequests => rate(100.0, 20.0),
        // "9 transactions per second" (CloudWatch User Guide, "CloudWatch service quotas").
        Bucket::Alarms => rate(9.0, 9.0),
    }
}

#[derive(Debug, Clone, Copy)]
struct Tokens {
    rate: Rate,
    left: f64,
    at: Timestamp,
}

impl Tokens {
    fn take(&mut self, now: Timestamp) -> bool {
        let passed = now.duration_since(self.at).as_secs_f64();
        self.left = (self.left + passed * self.rate.a_second).min(self.rate.most);
        self.at = now;
        let takes = self.left >= 1.0;
        if takes {
            self.left -= 1.0;
        }
        takes
    }
}

/// The buckets of one account in one Region. All are full at first.
#[derive(Debug)]
pub(super) struct Buckets(BTreeMap<Bucket, Tokens>);

impl Buckets {
    pub(super) fn published(auto_scaling: AutoScaling, now: Timestamp) -> Self {
        let is_limited = |bucket: &Bucket| *bucket != Bucket::AutoScaling || auto_scaling == AutoScaling::Limited;
        let all = [
            Bucket::AutoScaling,
            Bucket::LoadBalancing,
            Bucket::InstanceStatus,
            Bucket::Instances,
            Bucket::SpotRequests,
            Bucket::Alarms,
        ];
        let full = |bucket: Bucket| {
            let rate = published(bucket);
            (bucket, Tokens { rate, left: rate.most, at: now })
        };
        Buckets(all.into_iter().filter(is_limited).map(full).collect())
    }

    /// Whether AWS takes a call that arrives now.
    pub(super) fn take(&mut self, api: Api, now: Timestamp) -> bool {
        let tokens = api.bucket().and_then(|bucket| self.0.get_mut(&bucket));
        tokens.is_none_or(|tokens| tokens.take(now))
    }
}

/// How long a call takes, inside a Region.
#[derive(Debug, Clone, Copy)]
pub(super) struct Latency {
    pub(super) aws: SignedDuration,
    /// Of the table and the queues.
    pub(super) own: SignedDuration,
}

impl Latency {
    /// AWS's as in `Pace::aws()`; the others' figures are single-digit milliseconds.
    pub(super) const USUAL: Latency =
        Latency { aws: SignedDuration::from_millis(40), own: SignedDuration::from_millis(10) };

    /// Each call the same: the time that passes is then the number of calls one after another.
    pub(super) const COUNTING: Latency =
        Latency { aws: SignedDuration::from_millis(1), own: SignedDuration::from_millis(1) };

    pub(super) fn of(self, api: Api) -> SignedDuration {
        if api.is_own() { self.own } else { self.aws }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_millis(milliseconds)
    }

    fn taken(buckets: &mut Buckets, api: Api, now: Timestamp) -> usize {
        (0..1_000).take_while(|_| buckets.take(api, now)).count()
    }

    #[test]
    fn a_bucket_gives_what_it_holds_and_then_what_flows_in() {
        let mut buckets = Buckets::published(AutoScaling::Limited, at(0));
        assert_eq!(taken(&mut buckets, Api::DescribeTargetHealth, at(0)), 40);
        assert_eq!(taken(&mut buckets, Api::DescribeTargetHealth, at(99)), 0);
        assert_eq!(taken(&mut buckets, Api::DescribeTargetHealth, at(500)), 5);
        assert_eq!(taken(&mut buckets, Api::DescribeTargetHealth, at(3_600_000)), 40, "it never holds more");
    }

    #[test]
    fn one_bucket_is_for_all_of_auto_scaling_and_each_of_ec2_has_its_own() {
        let mut buckets = Buckets::published(AutoScaling::Limited, at(0));
        assert_eq!(taken(&mut buckets, Api::DescribeAutoScalingGroups, at(0)), 100);
        assert_eq!(taken(&mut buckets, Api::TerminateInstanceInAutoScalingGroup, at(0)), 0);
        assert_eq!(taken(&mut buckets, Api::DescribeInstanceStatus, at(0)), 50);
        assert_eq!(taken(&mut buckets, Api::DescribeInstances, at(0)), 100);
    }

    #[test]
    fn auto_scaling_may_be_without_a_limit_and_the_ledger_always_is() {
        let mut buckets = Buckets::published(AutoScaling::Unlimited, at(0));
        assert_eq!(taken(&mut buckets, Api::DescribeAutoScalingGroups, at(0)), 1_000);
        assert_eq!(taken(&mut buckets, Api::TransactWriteItems, at(0)), 1_000);
        assert_eq!(taken(&mut buckets, Api::DescribeAlarms, at(0)), 9);
    }
}
