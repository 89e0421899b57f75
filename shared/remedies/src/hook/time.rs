//! How long a held instance may be held, and when its hook needs a heartbeat.
//!
//! This module never assumes more time than Auto Scaling was seen to give.

use jiff::{SignedDuration, Timestamp};

use super::reasons::Limit;
use super::state::HookState;

/// From the notice to the end of a Spot Instance (EC2 User Guide, "Spot Instance interruption notices").
const SPOT_NOTICE: SignedDuration = SignedDuration::from_secs(120);

/// What completing takes, its retries and a lost race included.
const COMPLETING: SignedDuration = SignedDuration::from_secs(10);

/// A long wait is looked at less often: five percent later is no matter to who waited for it, and a thousand instances that boot
/// at once must not use up the account's calls.
const SLOWER: i32 = 20;
const SLOWEST: SignedDuration = SignedDuration::from_secs(30);

/// The last moment for completing the hook, and what sets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Latest {
    pub at: Timestamp,
    pub limit: Limit,
}

pub(super) fn latest(
    kept: &HookState,
    within: SignedDuration,
    check_every: SignedDuration,
    interrupted_at: Option<Timestamp>,
) -> Latest {
    let margin = (check_every * 2 + COMPLETING).min(kept.timeout() / 4);
    let policy = Latest { at: kept.began + within, limit: Limit::Policy { within } };
    let global = kept.ends().map(|ends| Latest { at: ends - margin, limit: Limit::Global });
    // As long as none was tried in vain, a heartbeat is the answer to a timeout that runs out.
    let timeout = kept
        .expires()
        .filter(|_| kept.failed_heartbeats > 0)
        .map(|expires| Latest { at: expires - margin, limit: Limit::Timeout });
    let spot = interrupted_at.map(|interrupted_at| Latest {
        at: interrupted_at + SPOT_NOTICE - COMPLETING,
        limit: Limit::Spot { interrupted_at },
    });
    let limits = [global, timeout, spot].into_iter().flatten();
    limits.fold(policy, |first, next| if next.at < first.at { next } else { first })
}

/// Half of the timeout is over, or nobody knows how much: the other half is there for a function that fails meanwhile. In the
/// last stretch before the global limit a heartbeat adds nothing.
pub(super) fn needs_heartbeat(kept: &HookState, now: Timestamp) -> bool {
    let Some(beat) = kept.last_heartbeat else { return true };
    let adds = kept.ends().is_none_or(|ends| beat + kept.timeout() < ends);
    adds && now >= beat + kept.timeout() / 2
}

/// A heartbeat that failed is worth another try, and one more, before the hook gives up waiting.
pub(super) fn retry_after(kept: &HookState) -> SignedDuration {
    kept.timeout() / 10
}

/// When to look again.
pub(super) fn next_look(kept: &HookState, now: Timestamp, check_every: SignedDuration, latest: &Latest) -> Timestamp {
    let held = now.duration_since(kept.began).max(SignedDuration::ZERO);
    let pace = (held / SLOWER).min(SLOWEST).max(check_every);
    let pace = if needs_heartbeat(kept, now) { pace.min(retry_after(kept)) } else { pace };
    let soon = now + check_every.min(SignedDuration::from_secs(1));
    let beat = kept.last_heartbeat.map(|beat| beat + kept.timeout() / 2).filter(|beat| *beat > now);
    let wanted = [Some(latest.at), beat].into_iter().flatten().fold(now + pace, Timestamp::min);
    wanted.max(soon)
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeostat_core::aws::lifecycle::{ActionResult, Terms, Transition};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn secs(seconds: i64) -> SignedDuration {
        SignedDuration::from_secs(seconds)
    }

    /// Held since 0, with a timeout in seconds.
    fn held(timeout: i64) -> HookState {
        let (group, hook) = ("web".parse().unwrap(), "ready".parse().unwrap());
        let instance = "i-0123456789abcdef0".parse().unwrap();
        let terms = Terms {
            timeout: secs(timeout),
            global: secs(timeout * 100),
            default: ActionResult::Abandon,
            transition: Transition::Launching,
        };
        HookState {
            last_heartbeat: Some(at(0)),
            terms: Some(terms),
            ..HookState::found(&group, &hook, &instance, Transition::Launching, at(0))
        }
    }

    const LOOK: SignedDuration = SignedDuration::from_secs(5);

    #[test]
    fn a_heartbeat_is_due_well_before_the_hook_gives_up_waiting() {
        for timeout in [30, 60, 300, 3600, 7200] {
            let kept = held(timeout);
            assert_ne!(latest(&kept, secs(100_000), LOOK, None).limit, Limit::Timeout, "none was tried yet");
            let kept = HookState { failed_heartbeats: 1, ..kept };
            let giving_up = latest(&kept, secs(100_000), LOOK, None);
            assert_eq!(giving_up.limit, Limit::Timeout, "{timeout}");
            assert!(giving_up.at < at(timeout), "never later than the hook itself: {timeout}");
            assert!(!needs_heartbeat(&kept, at(timeout / 2 - 1)) && needs_heartbeat(&kept, at(timeout / 2)));
            assert!(at(timeout / 2) + LOOK < giving_up.at, "time to try more than once: {timeout}");
        }
    }

    #[test]
    fn heartbeats_never_carry_it_past_the_global_limit() {
        let kept = HookState { last_heartbeat: Some(at(2980)), failed_heartbeats: 1, ..held(30) };
        let latest = latest(&kept, secs(100_000), LOOK, None);
        assert_eq!((latest.limit, latest.at < at(3000)), (Limit::Global, true));
        assert!(!needs_heartbeat(&kept, at(2999)), "it would add nothing");
    }

    #[test]
    fn a_spot_instance_is_done_with_before_ec2_takes_it() {
        let latest = latest(&held(3600), secs(900), LOOK, Some(at(40)));
        assert_eq!((latest.at, matches!(latest.limit, Limit::Spot { .. })), (at(150), true));
    }

    #[test]
    fn a_heartbeat_that_failed_is_tried_again_in_time_however_seldom_it_is_looked() {
        let (kept, seldom) = (HookState { failed_heartbeats: 1, ..held(60) }, secs(60));
        let giving_up = latest(&kept, secs(100_000), seldom, None);
        let next = next_look(&kept, at(30), seldom, &giving_up);
        assert!(next + retry_after(&kept) < giving_up.at, "{next}");
    }

    #[test]
    fn what_is_not_known_to_have_begun_gets_a_heartbeat_at_once() {
        assert!(needs_heartbeat(&HookState { last_heartbeat: None, ..held(3600) }, at(0)));
    }

    #[test]
    fn looks_become_rarer_and_none_is_after_the_latest() {
        let kept = held(3600);
        let look = |second| {
            let latest = latest(&kept, secs(600), LOOK, None);
            next_look(&kept, at(second), LOOK, &latest).duration_since(at(second))
        };
        assert_eq!([look(0), look(100), look(200), look(400)], [secs(5), secs(5), secs(10), secs(20)]);
        assert_eq!(look(595), secs(5));
        assert_eq!(look(599), secs(1));
    }
}
