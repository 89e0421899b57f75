//! The simulator's short run: some hundred seeds, each the same on every machine.

use scenarios::simulator::{Census, tell};

/// As many as take a few seconds.
const SEEDS: u64 = 200;

#[test]
fn every_rule_holds_in_every_history_and_each_kind_of_fault_and_decision_occurs() {
    let mut census = Census::default();
    for seed in 0..SEEDS {
        let told = tell(seed, false);
        // Only a history that broke a rule is worth its log.
        assert!(told.broken.is_none(), "{}", tell(seed, true));
        census.add(&told.census);
    }
    let missing: Vec<&str> = EXPECTED.lines().map(str::trim).filter(|what| census.of(what) == 0).collect();
    assert!(missing.is_empty(), "never occurred: {missing:?}\n{census}");
}

#[test]
fn a_seed_tells_the_same_history_to_the_last_line_of_its_log() {
    for seed in [1, 7, 42] {
        let (once, again) = (tell(seed, true), tell(seed, true));
        assert!(once.log.len() > 100, "{} lines", once.log.len());
        assert_eq!((once.log, once.census), (again.log, again.census), "seed {seed}");
    }
}

/// What nobody should believe in unless it happened.
const EXPECTED: &str = "\
    answer: Retry
    decision: Act MarkUnhealthy
    decision: Act Replace
    decision: Close LeftByItself
    decision: Close NothingWrong
    decision: Close Recovered
    decision: Hold ActionsDisabled
    decision: Hold BreakerOpen
    decision: Hold Budget
    decision: Hold Cooldown
    decision: Hold Grace
    decision: Hold GroupState
    decision: Hold Foretold
    decision: Hold GroupReplaces
    decision: Hold InFlight
    decision: Hold NotConfirmed
    decision: Hold OutcomeUnknown
    decision: Hold Paused
    decision: Hold Protected
    decision: Hold Proving
    decision: Hold Recovering
    decision: Hold Refreshing
    decision: Hold Suspended
    decision: Hold TooManySick
    decision: Hold Watching
    decision: Page GroupStalled
    decision: Page NotRecovered
    decision: Page ReplacementsFail
    decision: Page TargetGroupGone
    decision: Page TooManySick
    decision: Page Waited
    delivery: alarm given up
    delivery: alarm late
    delivery: alarm lost
    delivery: alarm tried again
    delivery: alarm twice
    delivery: announcement given up
    delivery: announcement late
    delivery: announcement lost
    delivery: announcement tried again
    delivery: announcement twice
    delivery: resync given up
    delivery: resync missed
    delivery: resync tried again
    delivery: resync twice
    delivery: sweep given up
    delivery: sweep missed
    delivery: sweep twice
    delivery: wake-up given up
    delivery: wake-up tried again
    delivery: wake-up twice
    disturbance: a Spot Instance is taken back
    disturbance: a bad version
    disturbance: a good version
    disturbance: a group is parked
    disturbance: a machine is impaired
    disturbance: a machine is stopped
    disturbance: a machine is to retire
    disturbance: a pause
    disturbance: a rebalance recommendation
    disturbance: a target group is deleted
    disturbance: a zone fails
    disturbance: alarm actions disabled
    disturbance: an acknowledgement
    disturbance: an app dies
    disturbance: an app dies and recovers
    disturbance: an instance refresh
    disturbance: no capacity
    disturbance: no capacity in a zone
    disturbance: processes suspended
    disturbance: protection
    disturbance: several apps die
    disturbance: standby
    disturbance: terminated by hand
    disturbance: the apps of a zone die
    fault: contended, postpone
    fault: contended, write
    fault: crash after, effect
    fault: crash after, postpone
    fault: crash after, read
    fault: crash after, wake-up
    fault: crash after, write
    fault: crash before, effect
    fault: crash before, postpone
    fault: crash before, read
    fault: crash before, wake-up
    fault: crash before, write
    fault: lost, effect
    fault: lost, postpone
    fault: lost, read
    fault: lost, wake-up
    fault: lost, write
    fault: repeated, postpone
    fault: repeated, write
    fault: slow
    fault: stale, describe
    fault: stale, index
    fault: unheard, effect
    fault: unheard, postpone
    fault: unheard, read
    fault: unheard, wake-up
    fault: unheard, write
    ignored: NothingOpen
    ignored: OutsidePolicy
    ignored: Parked
    ignored: TooManySick
    mark: overdue
    mark: stuck";
