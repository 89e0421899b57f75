//! Token buckets that fill as time passes.
//!
//! This module never knows a figure: the table of rates does.

use std::collections::BTreeMap;

use homeostat_core::aws::rates::Rate;
use jiff::Timestamp;

use super::api::Api;
use super::rates::{AutoScaling, Bucket, published};

#[derive(Debug, Clone, Copy)]
struct Tokens {
    rate: Rate,
    left: f64,
    at: Timestamp,
}

impl Tokens {
    fn take(&mut self, now: Timestamp) -> bool {
        let passed = now.duration_since(self.at).as_secs_f64();
        self.left = (self.left + passed * f64::from(self.rate.per_second)).min(f64::from(self.rate.burst));
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
            (bucket, Tokens { rate, left: f64::from(rate.burst), at: now })
        };
        Buckets(all.into_iter().filter(is_limited).map(full).collect())
    }

    /// Whether AWS takes a call that arrives now.
    pub(super) fn take(&mut self, api: Api, now: Timestamp) -> bool {
        let tokens = api.bucket().and_then(|bucket| self.0.get_mut(&bucket));
        tokens.is_none_or(|tokens| tokens.take(now))
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

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
