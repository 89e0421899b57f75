//! On what terms Auto Scaling holds an instance: what becomes of it while Homeostat can't answer.
//!
//! This module never looks at a hook of the other transition than the policy means.

use homeostat_core::aws::lifecycle::{ActionResult, Transition};
use homeostat_core::doctor::Finding;
use jiff::SignedDuration;

use super::{Error, Facts, Warning, found, put};
use crate::hook::policy::HeldBy;

/// For so long a group that can't be answered for is not to wait for each launch.
const LONG: SignedDuration = SignedDuration::from_mins(10);
/// A lost wake-up or a crash is made good within about two minutes.
const SHORT: SignedDuration = SignedDuration::from_mins(3);
/// Between the two.
const GOOD: i64 = 300;

pub(super) fn default_result(hook: HeldBy<'_>, facts: &Facts<'_>) -> Vec<Finding> {
    found(hook, facts, |fact| {
        let loops = fact.terms.transition == Transition::Launching && fact.terms.default == ActionResult::Abandon;
        let what = "its default result is ABANDON: while Homeostat can't answer, each launch is terminated and another \
                    started, in a loop";
        loops.then(|| (Warning, what.to_owned(), put(hook, fact.terms.timeout.as_secs())))
    })
}

pub(super) fn long_timeout(hook: HeldBy<'_>, facts: &Facts<'_>) -> Vec<Finding> {
    found(hook, facts, |fact| {
        let is_long = fact.terms.transition == Transition::Launching && fact.terms.timeout > LONG;
        let what = format!(
            "its heartbeat timeout is {:#}: for so long the group does not grow while Homeostat can't answer",
            fact.terms.timeout
        );
        let fix =
            format!("make it five minutes; how long a launch may take is the policy's `timeout`: {}", put(hook, GOOD));
        is_long.then_some((Warning, what, fix))
    })
}

pub(super) fn short_timeout(hook: HeldBy<'_>, facts: &Facts<'_>) -> Vec<Finding> {
    found(hook, facts, |fact| {
        let what = format!(
            "its heartbeat timeout is {:#}: a crash or a lost wake-up, which is made good within about two minutes, may come too \
             late",
            fact.terms.timeout
        );
        (fact.terms.timeout < SHORT).then(|| (Warning, what, format!("make it five minutes: {}", put(hook, GOOD))))
    })
}

pub(super) fn global_timeout(hook: HeldBy<'_>, facts: &Facts<'_>) -> Vec<Finding> {
    found(hook, facts, |fact| {
        let (within, global) = (hook.within(), fact.terms.global);
        let what =
            format!("the policy's `timeout` is {within:#}, and Auto Scaling holds nobody for longer than {global:#}");
        let fix = "make the policy's `timeout` shorter, or its heartbeat timeout longer: 100 of them, or 48 hours, are the limit";
        (within > global).then(|| (Error, what, fix.to_owned()))
    })
}
