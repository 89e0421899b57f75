//! Answers that are not true, as AWS gives them for minutes: what must not come of them.

use homeostat_core::aws::fleet::{Checks, Machine};

use super::*;
use crate::instance::memory::{Act, Memory};

const DAY: i64 = 24 * 3_600;

fn nothing_listed(it: &mut Situation, started: Option<i64>) {
    it.seen.launches = Launches { none_listed: true, ..Launches::default() };
    let machine =
        Machine { state: "running".into(), checks: Checks::Passed, started_at: started.map(at), ends_at: None };
    it.seen.machines = [(instance(1), machine)].into();
}

#[test]
fn an_empty_list_of_activities_is_no_proof_that_nothing_was_launched() {
    for started in [None, Some(-900), Some(-41 * DAY)] {
        should_hold(
            |it| nothing_listed(it, started),
            |hold| matches!(hold, Hold::Own(HoldReason::LaunchUnknown { started: by_ec2, .. }) if *by_ec2 == started.map(at)),
        );
    }
    // It was a replacement, and a failed one: nothing tells.
    let mut it = situation();
    it.around.limits.memory = Memory::default().acted(Act::on_the_sick(at(-1_000), subject(9)));
    nothing_listed(&mut it, Some(-900));
    assert!(!it.is_acting(), "{}", it.decide());
}

#[test]
fn of_a_group_that_has_been_quiet_for_longer_than_activities_are_kept_an_empty_list_is_true() {
    let mut it = situation();
    nothing_listed(&mut it, Some(-43 * DAY));
    assert!(it.is_acting(), "{}", it.decide());
}

#[test]
fn what_ec2_says_of_a_start_keeps_its_grace_period_whatever_is_listed() {
    should_hold(
        |it| nothing_listed(it, Some(900)),
        |hold| matches!(hold, Hold::Own(HoldReason::Grace { started, .. }) if *started == at(900)),
    );
}

#[test]
fn who_is_held_since_nothing_is_listed_is_not_held_for_ever_without_a_page() {
    let mut it = situation();
    nothing_listed(&mut it, None);
    it.look_at(1_000);
    it.policy("evidence = [\"alarm\", \"target-health\"]\nmax-wait = \"1h\"");
    assert!(matches!(it.look_at(1_000 + 3_599), Decision::Hold { .. }), "{:?}", it.incident.decision);
    let Decision::Page(Page::Waited { holds, .. }) = it.look_at(1_000 + 3_600) else {
        panic!("{:?}", it.incident.decision)
    };
    assert_eq!(holds, ["launch-unknown"]);
}

#[test]
fn a_group_that_is_left_out_of_every_second_answer_keeps_its_incident() {
    let mut it = situation();
    for number in 2..=4 {
        it.target(number, Some(sick()));
    }
    it.as_group();
    let there = it.seen.group.clone();
    for look in 0..20 {
        it.now = at(1_000 + look * 60);
        it.seen.group = there.clone().filter(|_| look % 2 == 0);
        let decision = it.group_look();
        assert!(!matches!(decision, Decision::Close(_)), "{look}: {decision}");
    }
    it.seen.group = None;
    let closed = (20..40).find(|look| {
        it.now = at(1_000 + look * 60);
        matches!(it.group_look(), Decision::Close(Close::NothingWrong { .. }))
    });
    assert_eq!(closed, Some(21), "gone for the dwell time is gone");
}
