//! The simulator's short run over weighted records, and the proof that its rules can be broken.

use scenarios::simulator::Census;
use scenarios::simulator::dns::{Double, tell, tell_with};

const SEEDS: u64 = 1000;
const JOBS: u64 = 2;

#[test]
fn every_rule_holds_in_every_history_and_each_kind_of_fault_and_decision_occurs() {
    let tell_part = |part: u64| {
        let mut census = Census::default();
        for seed in (part..SEEDS).step_by(usize::try_from(JOBS).unwrap()) {
            let told = tell(seed, false);
            // Only a history that broke a rule is worth its log.
            assert!(told.broken.is_none(), "{}", tell(seed, true));
            census.add(&told.census);
        }
        census
    };
    let mut census = Census::default();
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..JOBS).map(|part| scope.spawn(move || tell_part(part))).collect();
        for part in parts {
            census.add(&part.join().unwrap_or_else(|broken| std::panic::resume_unwind(broken)));
        }
    });
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

#[test]
fn a_port_that_breaks_its_promise_is_caught_by_the_rule_for_it() {
    for (double, rules) in [
        (Double::ZeroesAll, &["no record is left with all weights zero"][..]),
        (Double::ForgetsAField, &["every field but the weight survives"]),
        (Double::IgnoresTheFence, &["weights and generation change together"]),
        (Double::WritesOnlyTheFence, &["weights and generation change together"]),
        (Double::SwapsTheWeights, &["nobody's share is raised who was not well lately"]),
        (Double::GivesAllToTheFirst, &["nobody is drained who was well all the time"]),
        (Double::Upserts, &["never over somebody else's edit of a held record", "every field but the weight survives"]),
    ] {
        for rule in rules {
            let breaks = |seed| tell_with(seed, false, double).broken.is_some_and(|broken| broken.rule == *rule);
            assert!((0..MOST).any(breaks), "{double:?} never broke: {rule}");
        }
    }
}

/// Most doubles break their rule within a few dozen histories; an edit that crosses a change is rare.
const MOST: u64 = 4000;

/// What nobody should believe in unless it happened.
const EXPECTED: &str = "\
    change: by Homeostat
    decision: Act Shift
    decision: Close NothingWrong
    decision: Close Recovered
    decision: Close TakenOver
    decision: Hold ActionsDisabled
    decision: Hold NotConfirmed
    decision: Hold OutcomeUnknown
    decision: Hold Paused
    decision: Hold Propagating
    decision: Hold Proving
    decision: Hold Returning
    decision: Hold Watching
    decision: Page Waited
    decision: Page Weights
    delivery: alarm lost
    disturbance: a field is edited
    disturbance: a generation is deleted
    disturbance: a pause
    disturbance: a weight is edited
    disturbance: alarm actions disabled
    disturbance: an acknowledgement
    disturbance: an endpoint dies
    disturbance: an endpoint flaps
    disturbance: an endpoint is added
    disturbance: an endpoint is removed
    disturbance: an endpoint is slow
    disturbance: checkers are cut off
    disturbance: checkers stop
    disturbance: the template is applied again
    fault: a batch is held back
    fault: a change takes minutes
    fault: a list of what was
    fault: crash after, shift
    fault: crash before, shift
    fault: lost, shift
    fault: the change before is not complete
    fault: throttled
    fault: unheard, shift";
