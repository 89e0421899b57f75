//! How often AWS lets an account call each API, and how much of that Homeostat takes for what can wait.
//!
//! This module never waits and never calls: it says how long to wait.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Calls that AWS counts together, per account and Region; of Route 53, which has no Regions, per account.
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
    /// Every action of Route 53.
    Route53,
    /// Route 53's `GetHealthCheckStatus`, which counts as one of Route 53's, too.
    HealthCheckStatus,
}

/// A token bucket: so many calls at once, and then so many per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub burst: u32,
    pub per_second: u32,
}

impl Api {
    pub const ALL: [Api; 7] = [
        Api::LoadBalancing,
        Api::AutoScaling,
        Api::InstanceStatus,
        Api::Instances,
        Api::Alarms,
        Api::Route53,
        Api::HealthCheckStatus,
    ];

    /// As AWS publishes it: "API request throttling for Elastic Load Balancing" (`Describe*` actions together); "Request throttling for the
    /// Amazon EC2 API" (an action that is asked for ids has neither a filter nor a page, so it is counted among those with the smaller
    /// bucket); "CloudWatch service quotas" (9 per second). Of Auto Scaling AWS says only that all its actions share one bucket (re:Post
    /// Knowledge Center, "Amazon EC2 Auto Scaling API calls throttled"): its size is an assumption. "Throttling for Amazon Route 53 API
    /// requests": one bucket for all actions of the account, and one for each action; of those that are called here, only
    /// `GetHealthCheckStatus` has a smaller one.
    pub const fn published(self) -> Rate {
        match self {
            Api::LoadBalancing => Rate { burst: 40, per_second: 10 },
            Api::AutoScaling | Api::Instances => Rate { burst: 100, per_second: 20 },
            Api::InstanceStatus => Rate { burst: 50, per_second: 10 },
            Api::Alarms => Rate { burst: 9, per_second: 9 },
            Api::Route53 => Rate { burst: 50, per_second: 10 },
            Api::HealthCheckStatus => Rate { burst: 4, per_second: 1 },
        }
    }
}

/// For what calls are made that can wait. Homeostat as a whole takes at most half of what AWS allows: what these two leave of that half is
/// for wake-ups, effects and the looks around them, which can't. The other half is the account's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// What no event reported.
    Resync,
    /// What many events reported at once, and waits in marks.
    Events,
}

impl Share {
    pub const ALL: [Share; 2] = [Share::Resync, Share::Events];

    /// Of what AWS allows: at once, and over time.
    const fn twentieths(self) -> (u32, u32) {
        match self {
            Share::Resync => (4, 2),
            Share::Events => (6, 7),
        }
    }

    /// So many calls may be made at once: one, of whatever AWS allows few.
    pub const fn burst(self, api: Api) -> u32 {
        let part = api.published().burst * self.twentieths().0 / 20;
        if part == 0 { 1 } else { part }
    }

    /// And then one in each of these spans of time.
    pub fn interval(self, api: Api) -> SignedDuration {
        let in_twenty_seconds = i32::try_from(api.published().per_second * self.twentieths().1).unwrap_or(i32::MAX);
        // Rounded up.
        SignedDuration::from_secs(20) / in_twenty_seconds + SignedDuration::from_nanos(1)
    }
}

/// Keeps whoever has a share within it, from one invocation to the next: when each bucket is full again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pacer(BTreeMap<Api, Timestamp>);

/// No bucket takes longer to fill. A stored time further off was written by a clock that was wrong.
const LONGEST_REFILL: SignedDuration = SignedDuration::from_mins(10);

impl Pacer {
    /// How long the share leaves no room for these calls. A full bucket has room for any number: that many can't be waited for.
    pub fn wait_for(&self, now: Timestamp, share: Share, calls: &[(Api, usize)]) -> SignedDuration {
        let wait = |(api, count): &(Api, usize)| {
            let burst = i32::try_from(share.burst(*api)).unwrap_or(i32::MAX);
            let used = self.full_in_of(now, *api);
            if used.is_zero() { used } else { used + span(share, *api, *count) - share.interval(*api) * burst }
        };
        let calls = calls.iter().filter(|(_, count)| *count > 0);
        calls.map(wait).max().unwrap_or_default().max(SignedDuration::ZERO)
    }

    /// These calls are being made.
    pub fn spend(&mut self, now: Timestamp, share: Share, calls: &[(Api, usize)]) {
        for (api, count) in calls.iter().filter(|(_, count)| *count > 0) {
            let full_at = now + self.full_in_of(now, *api) + span(share, *api, *count);
            self.0.insert(*api, full_at);
        }
    }

    /// How long until all that was spent may be spent again.
    pub fn full_in(&self, now: Timestamp) -> SignedDuration {
        Api::ALL.into_iter().map(|api| self.full_in_of(now, api)).max().unwrap_or_default()
    }

    fn full_in_of(&self, now: Timestamp, api: Api) -> SignedDuration {
        let full_at = self.0.get(&api).copied().unwrap_or(now);
        full_at.duration_since(now).clamp(SignedDuration::ZERO, LONGEST_REFILL)
    }
}

fn span(share: Share, api: Api, count: usize) -> SignedDuration {
    share.interval(api) * i32::try_from(count).unwrap_or(i32::MAX).min(MOST_CALLS)
}

/// Of one look. It bounds what is multiplied.
const MOST_CALLS: i32 = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + milliseconds).unwrap()
    }

    #[test]
    fn no_share_is_nothing_and_all_of_them_leave_a_tenth_of_half_the_rate_for_what_cannot_wait() {
        for api in Api::ALL {
            let Rate { burst, per_second } = api.published();
            assert!(Share::ALL.into_iter().all(|share| share.burst(api) > 0), "{api:?}");
            let all: u32 = Share::ALL.into_iter().map(|share| share.burst(api)).sum();
            let a_second: f64 = Share::ALL.into_iter().map(|share| 1.0 / share.interval(api).as_secs_f64()).sum();
            assert!(all * 2 <= burst && a_second * 20.0 <= f64::from(per_second) * 9.0, "{api:?}: {all}, {a_second}");
        }
    }

    #[test]
    fn whoever_asks_as_the_pacer_says_stays_within_the_share() {
        for (api, share) in Api::ALL.into_iter().flat_map(|api| Share::ALL.map(|share| (api, share))) {
            let (mut pacer, mut now, mut made) = (Pacer::default(), at(0), Vec::new());
            for count in [1, 7, 3, 20, 1, 1, 40, 2].repeat(20) {
                let calls = [(api, count)];
                let wait = pacer.wait_for(now, share, &calls);
                // What is larger than the bucket waits for a full one.
                now += if wait.is_zero() { wait } else { wait.min(pacer.full_in(now)) };
                assert_eq!(pacer.wait_for(now, share, &calls), SignedDuration::ZERO);
                pacer.spend(now, share, &calls);
                made.extend(vec![now; count]);
            }
            let largest = f64::from(share.burst(api)) + 40.0;
            for (first, start) in made.iter().enumerate() {
                for (last, end) in made.iter().enumerate().skip(first) {
                    let seconds = end.duration_since(*start).as_secs_f64();
                    let most = largest + seconds / share.interval(api).as_secs_f64();
                    assert!((last - first + 1) as f64 <= most, "{api:?}: {} in {seconds} s", last - first + 1);
                }
            }
        }
    }

    #[test]
    fn a_full_bucket_makes_nobody_wait_and_an_empty_one_waits_for_each_call() {
        let (mut pacer, api, share) = (Pacer::default(), Api::LoadBalancing, Share::Events);
        let burst = usize::try_from(share.burst(api)).unwrap();
        assert_eq!(pacer.wait_for(at(0), share, &[(api, 1_000)]), SignedDuration::ZERO);
        pacer.spend(at(0), share, &[(api, burst), (Api::Instances, 0)]);
        assert_eq!(pacer.wait_for(at(0), share, &[(api, 4)]), share.interval(api) * 4);
        assert_eq!(pacer.wait_for(at(0), share, &[(Api::Alarms, 1), (api, 0)]), SignedDuration::ZERO);
        assert_eq!(pacer.full_in(at(0)), share.interval(api) * i32::try_from(burst).unwrap());
        assert_eq!(pacer.full_in(at(60_000)), SignedDuration::ZERO);
    }

    #[test]
    fn a_stored_time_of_a_wrong_clock_holds_nobody_up_for_longer_than_a_refill() {
        let pacer = Pacer(BTreeMap::from([(Api::LoadBalancing, at(900_000_000))]));
        assert!(pacer.wait_for(at(0), Share::Resync, &[(Api::LoadBalancing, 1)]) <= LONGEST_REFILL);
    }
}
