//! The simulator's short run over groups with lifecycle hooks, and the proof that its rules can be broken.

use scenarios::simulator::PlayName;
use scenarios::simulator::hooks::{Double, tell_by};
use scenarios::simulator::script::Script;

use crate::fresh::seeds_hold;

#[test]
fn every_rule_holds_in_every_history_and_each_kind_of_fault_and_decision_occurs() {
    seeds_hold(PlayName::Hooks, 800);
}

#[test]
fn a_port_that_breaks_its_promise_is_caught_by_the_rule_for_it() {
    for (double, rule) in [
        (Double::CompletesAll, "nothing is touched but what the policy names"),
        (Double::CompletesUnasked, "an effect has its own recorded intent, in an unexpired lease"),
        (Double::CompletesTheOther, "one call ends one action, and the one that was meant"),
        (Double::AbandonsTerminations, "a termination is never abandoned"),
        (Double::AbandonsTheReady, "a launch is abandoned only for evidence that is not there, after its time"),
        (Double::ForgetsTheSource, "no more launches in a row are abandoned than the policy says"),
        (Double::SeesAllReady, "an instance comes into service when it is ready, or when its time is over"),
        (Double::AdmitsAll, "who is not ready in time is abandoned, as long as that may help"),
        (Double::DeregistersEverywhere, "nothing is touched but what the policy names"),
        (Double::DeregistersUnasked, "under a pause nothing but completions and heartbeats"),
        (Double::DeregistersNobody, "who is done draining is not held until its time is over"),
        (Double::SeesNobodyBusy, "who is let go has no work"),
        (Double::IgnoresHeartbeats, "no action of the policy's hooks ends by its timeout"),
        (Double::CompletesNobody, "no action of the policy's hooks ends by its timeout"),
        (Double::WakesTooOften, "wake-ups don't multiply"),
    ] {
        let breaks = |seed| tell_by(seed, double, &Script::default()).broken.is_some_and(|broken| broken.rule == rule);
        assert!((0..MOST).any(breaks), "{double:?} never broke: {rule}");
    }
}

/// Most doubles break their rule within a few dozen histories.
const MOST: u64 = 1500;
