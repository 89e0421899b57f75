//! How often AWS lets an account call each API, and how much of that a resync takes.
//!
//! This module never waits and never calls: it says how long to wait.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Calls that AWS counts together, per account and Region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Api {
    /// Every `Describe*` of Elastic Load Balancing.
    LoadBalancing,
    /// Every action of Auto Scaling.
    AutoScaling,
    /// EC2's `DescribeInstanceStatus`.
    InstanceStatus,
    /// EC2's `DescribeInstances`.
    Instances,
    /// CloudWatch's `DescribeAlarms`.
    Alarms,
}

/// A token bucket: so many calls at once, and then so many per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub burst: u32,
    pub per_second: u32,
}

impl Api {
    pub const ALL: [Api; 5] = [Api::LoadBalancing, Api::AutoScaling, Api::InstanceStatus, Api::Instances, Api::Alarms];

    /// As AWS publishes it: "API request throttling for Elastic Load Balancing" (`Describe*` actions together); "Request throttling for the
    /// Amazon EC2 API" (an action that is asked for ids has neither a filter nor a page, so it is counted among those with the smaller
    /// bucket); "CloudWatch service quotas" (9 per second). Of Auto Scaling AWS says only that all its actions share one bucket (re:Post
    /// Knowledge Center, "Amazon EC2 Auto Scaling API calls throttled"): its size is an assumption.
    pub const fn published(self) -> Rate {
        match self {
            Api::LoadBalancing => Rate { burst: 40, per_second: 10 },
            Api::AutoScaling | Api::Instances => Rate { burst: 100, per_second: 20 },
            Api::InstanceStatus => Rate { burst: 50, per_second: 10 },
            Api::Alarms => Rate { burst: 9, per_second: 9 },
        }
    }

    /// What a resync takes: two fifths. Homeostat as a whole takes at most half, and the rest of that half is for effects and the looks
    /// around them; the other half is the account's own.
    pub const fn resync_share(self) -> Rate {
        let Rate { burst, per_second } = self.published();
        Rate { burst: burst * 2 / 5, per_second: per_second * 2 / 5 }
    }
}

/// Keeps a resync within its share, from one slice to the next: when each bucket is full again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pacer(BTreeMap<Api, Timestamp>);

/// No bucket takes longer to fill. A stored time further off was written by a clock that was wrong.
const LONGEST_REFILL: SignedDuration = SignedDuration::from_mins(2);

impl Pacer {
    /// Counts calls that are about to be made, and says how long to wait before them.
    #[must_use]
    pub fn take(&mut self, now: Timestamp, calls: &[(Api, usize)]) -> SignedDuration {
        let waits = calls.iter().filter(|(_, count)| *count > 0).map(|(api, count)| self.take_one(now, *api, *count));
        waits.max().unwrap_or(SignedDuration::ZERO)
    }

    fn take_one(&mut self, now: Timestamp, api: Api, count: usize) -> SignedDuration {
        let rate = api.resync_share();
        let full_at = self.0.get(&api).copied().unwrap_or(now).clamp(now, now + LONGEST_REFILL);
        let full_at = full_at + for_calls(rate, u32::try_from(count).unwrap_or(u32::MAX));
        self.0.insert(api, full_at);
        let refill = for_calls(rate, rate.burst);
        (full_at.duration_since(now) - refill).max(SignedDuration::ZERO)
    }
}

/// How long the bucket takes to refill by so many.
fn for_calls(rate: Rate, count: u32) -> SignedDuration {
    SignedDuration::from_millis(i64::from(count) * 1_000 / i64::from(rate.per_second.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + milliseconds).unwrap()
    }

    #[test]
    fn no_share_is_nothing_or_more_than_half() {
        for api in Api::ALL {
            let (all, share) = (api.published(), api.resync_share());
            assert!(share.burst > 0 && share.burst * 2 <= all.burst, "{api:?}");
            assert!(share.per_second > 0 && share.per_second * 2 <= all.per_second, "{api:?}");
        }
    }

    #[test]
    fn whoever_asks_as_the_pacer_says_never_passes_half_of_what_is_published() {
        for api in Api::ALL {
            let (mut pacer, mut now, mut made) = (Pacer::default(), at(0), Vec::new());
            for count in [1, 7, 3, 20, 1, 1, 40, 2].repeat(20) {
                now += pacer.take(now, &[(api, count)]);
                made.extend(vec![now; count]);
            }
            let half = api.published();
            // A wave that is larger than the bucket is made at once, as late as it has to be.
            let largest = f64::from(half.burst) / 2.0 + 40.0;
            for (first, start) in made.iter().enumerate() {
                for (last, end) in made.iter().enumerate().skip(first) {
                    let seconds = end.duration_since(*start).as_secs_f64();
                    let most = largest + seconds * f64::from(half.per_second) / 2.0;
                    assert!((last - first + 1) as f64 <= most, "{api:?}: {} in {seconds} s", last - first + 1);
                }
            }
        }
    }

    #[test]
    fn a_full_bucket_makes_nobody_wait_and_an_empty_one_waits_for_each_call() {
        let mut pacer = Pacer::default();
        assert_eq!(pacer.take(at(0), &[(Api::LoadBalancing, 16)]), SignedDuration::ZERO);
        assert_eq!(pacer.take(at(0), &[(Api::LoadBalancing, 4)]), SignedDuration::from_secs(1));
        assert_eq!(pacer.take(at(0), &[(Api::Alarms, 1), (Api::LoadBalancing, 0)]), SignedDuration::ZERO);
        assert_eq!(pacer.take(at(60_000), &[(Api::LoadBalancing, 16)]), SignedDuration::ZERO);
    }

    #[test]
    fn a_stored_time_of_a_wrong_clock_holds_a_resync_up_for_no_longer_than_a_refill() {
        let mut pacer = Pacer(BTreeMap::from([(Api::LoadBalancing, at(900_000_000))]));
        assert!(pacer.take(at(0), &[(Api::LoadBalancing, 1)]) <= LONGEST_REFILL);
    }
}
