//! The simulator's short run over groups with lifecycle hooks, and the proof that its rules can be broken.

use scenarios::simulator::Census;
use scenarios::simulator::hooks::{Double, tell, tell_with};

const SEEDS: u64 = 600;
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
        let breaks = |seed| tell_with(seed, false, double).broken.is_some_and(|broken| broken.rule == rule);
        assert!((0..MOST).any(breaks), "{double:?} never broke: {rule}");
    }
}

/// Most doubles break their rule within a few dozen histories.
const MOST: u64 = 1500;

/// What nobody should believe in unless it happened.
const EXPECTED: &str = "\
    decision: Act Hook
    decision: Close Hook
    decision: Hold Hook
    decision: Page LaunchesFail
    delivery: action late
    delivery: action lost
    delivery: schedule missed
    disturbance: a Spot Instance is interrupted
    disturbance: a bad version
    disturbance: a good version
    disturbance: a machine breaks
    disturbance: a pause
    disturbance: a ready tag is removed
    disturbance: an acknowledgement
    disturbance: an application dies
    disturbance: groups can't be read
    disturbance: heartbeats fail
    disturbance: machines can't be read
    disturbance: scaled in
    disturbance: scaled out
    disturbance: somebody completes a hook of the policy
    disturbance: targets can't be read
    disturbance: terminated by hand
    disturbance: the function is off
    done: complete with ABANDON
    done: complete with CONTINUE
    done: deregister
    done: heartbeat
    done: suspend Launch
    ended: Ec2ToGroup Completed(Abandon)
    ended: Ec2ToGroup Completed(Continue)
    ended: Ec2ToWarmPool Completed(Continue)
    ended: GroupToEc2 Completed(Continue)
    ended: GroupToWarmPool Completed(Continue)
    ended: WarmPoolToEc2 Completed(Continue)
    ended: WarmPoolToGroup Completed(Abandon)
    ended: WarmPoolToGroup Completed(Continue)
    fault: an action that is not there yet
    fault: contended, write
    fault: crash after, hook
    fault: crash after, write
    fault: crash before, hook
    fault: crash before, write
    fault: lost, hook
    fault: lost, wake-up
    fault: repeated, write
    fault: shown late
    fault: unheard, hook
    let go: a pause
    let go: drained
    let go: it died, or was interrupted
    let go: it served nobody
    let go: its time is over
    let go: the hook's timeout
    let go: the policy only watches
    others: completed theirs
    wake-up: one too many";
