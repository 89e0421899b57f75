//! A history that breaks a rule is shown at its shortest.

use scenarios::simulator::hooks::{self, Double as HookDouble};
use scenarios::simulator::script::Script;
use scenarios::simulator::shrink::{Shrunk, part, shrink};
use scenarios::simulator::{PlayName, Told, dns};

/// After so much that there is something to leave out.
const MUCH: usize = 20;

fn first_that_breaks(tell: impl Fn(u64, &Script) -> Told) -> u64 {
    let breaks = |seed: &u64| {
        let told = tell(*seed, &Script::noted());
        told.broken.is_some() && told.befell.len() >= MUCH
    };
    (0..200).find(breaks).expect("a broken double breaks a rule soon")
}

fn rule(told: &Told) -> Option<&str> {
    told.broken.as_ref().map(|broken| broken.rule.as_str())
}

fn should_be_the_same_but_shorter(tell: impl Fn(u64, &Script) -> Told) {
    let seed = first_that_breaks(&tell);
    let whole = tell(seed, &Script::noted());
    let Shrunk { told, left, calm_after, of } = shrink(|script| tell(seed, script)).unwrap();
    assert_eq!(rule(&told), rule(&whole), "seed {seed}");
    assert!(left.len() <= MUCH / 4, "seed {seed}: {} of {of} are left", left.len());
    let ends = calm_after.map(|after| "2026-03-01T12:00:00Z".parse::<jiff::Timestamp>().unwrap() + after);
    assert!(left.iter().all(|(_, one)| ends.is_none_or(|ends| one.at <= ends)), "seed {seed}: {left:?}");
    // As the command does it that is printed with it.
    let numbers: Vec<usize> = left.iter().map(|(number, _)| *number).collect();
    let again = tell(seed, &part(&whole, &numbers).calm_after(calm_after).logged(true));
    assert_eq!((again.broken, again.log), (told.broken, told.log));
    // Each that is left is needed.
    for left_out in &numbers {
        let others: Vec<usize> = numbers.iter().copied().filter(|one| one != left_out).collect();
        assert_ne!(rule(&tell(seed, &part(&whole, &others))), rule(&whole), "{left_out} is not needed");
    }
}

#[test]
fn a_broken_history_of_weights_is_shown_at_its_shortest() {
    should_be_the_same_but_shorter(|seed, script| dns::tell_by(seed, dns::Double::ZeroesAll, script));
}

#[test]
fn a_broken_history_of_hooks_is_shown_at_its_shortest() {
    should_be_the_same_but_shorter(|seed, script| hooks::tell_by(seed, HookDouble::SeesNobodyBusy, script));
}

#[test]
fn a_history_told_by_all_its_parts_is_the_same_to_the_last_line() {
    for play in PlayName::ALL {
        for seed in [1, 7, 42] {
            let whole = play.tell(seed, true);
            let noted = play.tell_by(seed, &Script::noted().logged(true));
            let all: Vec<usize> = (1..=noted.befell.len()).collect();
            let parts = play.tell_by(seed, &part(&noted, &all).logged(true));
            assert_eq!((&whole.log, &whole.census), (&noted.log, &noted.census), "{play} {seed}");
            assert_eq!((&whole.log, &whole.census), (&parts.log, &parts.census), "{play} {seed}");
        }
    }
}

#[test]
fn nothing_befalls_a_history_of_which_all_is_left_out() {
    for play in PlayName::ALL {
        for seed in [1, 7, 42] {
            let noted = play.tell_by(seed, &Script::noted());
            let none = play.tell_by(seed, &part(&noted, &[]));
            assert!(!noted.befell.is_empty() && none.befell.is_empty(), "{play} {seed}");
            let befell = |what: &&String| ["disturbance: ", "fault: "].iter().any(|kind| what.starts_with(kind));
            assert_eq!(none.census.0.keys().find(befell), None, "{play} {seed}");
        }
    }
}

#[test]
fn what_is_left_out_leaves_what_came_before_it_as_it_was() {
    for play in PlayName::ALL {
        let noted = play.tell_by(7, &Script::noted().logged(true));
        let last = noted.befell.len();
        let others: Vec<usize> = (1..last).collect();
        let without = play.tell_by(7, &part(&noted, &others).logged(true));
        let same = noted.log.iter().zip(&without.log).take_while(|(one, other)| one == other).count();
        let at = format!("{:.3}", noted.befell.last().unwrap().at);
        let before = noted.log.iter().take_while(|line| line.as_str() < at.as_str()).count();
        assert!(same >= before, "{play}: {same} lines are the same, {before} were before it");
    }
}
