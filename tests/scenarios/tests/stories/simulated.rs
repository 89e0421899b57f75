//! The simulator's short run: some hundred seeds.

use scenarios::simulator::{Play, tell};

use super::fresh::seeds_hold;

#[test]
fn every_rule_holds_in_every_history_and_each_kind_of_fault_and_decision_occurs() {
    seeds_hold(Play::Fleet, 600);
}

#[test]
fn a_seed_tells_the_same_history_to_the_last_line_of_its_log() {
    for seed in [1, 7, 42] {
        let (once, again) = (tell(seed, true), tell(seed, true));
        assert!(once.log.len() > 100, "{} lines", once.log.len());
        assert_eq!((once.log, once.census), (again.log, again.census), "seed {seed}");
    }
}
