//! The simulator's short run: some hundred seeds.

use scenarios::simulator::PlayName;

use super::fresh::seeds_hold;

#[test]
fn every_rule_holds_in_every_history_and_each_kind_of_fault_and_decision_occurs() {
    seeds_hold(PlayName::Fleet, 600);
}

#[test]
fn a_seed_tells_the_same_history_to_the_last_line_of_its_log() {
    for play in PlayName::ALL {
        for seed in [1, 7, 42] {
            let (once, again) = (play.tell(seed, true), play.tell(seed, true));
            assert!(once.log.len() > 100, "{} lines", once.log.len());
            assert_eq!((once.log, once.census), (again.log, again.census), "{play} {seed}");
        }
    }
}
