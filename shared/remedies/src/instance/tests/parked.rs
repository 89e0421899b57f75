//! Groups that somebody stopped on purpose.

use super::group_states::{ALL, without_listener};
use super::*;
use crate::instance::processes::parked;
use crate::instance::reasons::{GroupState, HoldReason, PageReason};
use crate::instance::whole_group;

/// As somebody leaves it each evening.
fn in_the_evening() -> Situation {
    let mut it = situation();
    it.suspend(&ALL);
    it.machines("stopped");
    for number in 1..=4 {
        it.target(number, Some(TargetHealth::Other { state: "unused".into() }));
    }
    it
}

#[test]
fn a_parked_group_is_told_once_and_nobody_is_paged_all_night() {
    let mut it = in_the_evening();
    it.as_group();
    let hold = it.group_look();
    let said = "the group is parked: all processes are suspended, and all its instances are stopped (4)";
    assert!(hold.to_string().ends_with(said), "{hold}");
    assert_eq!(it.incident.notify_seq, 1);
    for _ in 0..200 {
        it.now += SignedDuration::from_mins(5);
        assert!(matches!(it.group_look(), Decision::Hold { because: Hold::Own(HoldReason::GroupState(_)), .. }));
        it.incident = it.incident.reminded(it.now, SignedDuration::from_mins(30));
    }
    assert_eq!((it.incident.notify_seq, it.incident.reminders), (1, 0));
}

#[test]
fn a_parked_group_that_nothing_checks_should_not_page_though_its_alarms_stay_in_alarm() {
    let mut it = without_listener("\"alarm\", \"target-health\"");
    it.as_group();
    it.group_look();
    it.suspend(&ALL);
    it.machines("stopped");
    for _ in 0..200 {
        it.now += SignedDuration::from_mins(5);
        let Decision::Hold { because: Hold::Own(HoldReason::GroupState(_)), .. } = it.group_look() else {
            panic!("{:?}", it.incident.decision)
        };
    }
    assert_eq!(it.incident.notify_seq, 1);
    it.suspend(&[]);
    it.machines("running");
    assert!(
        matches!(it.group_look(), Decision::Hold { because: Hold::Own(HoldReason::Grace { .. }), .. }),
        "{:?}",
        it.incident.decision
    );
}

#[test]
fn somebody_who_was_asked_before_is_not_reminded_while_it_is_parked() {
    let mut it = situation();
    it.as_group();
    for number in 1..=4 {
        it.target(number, Some(sick()));
    }
    assert!(matches!(it.group_look(), Decision::Page(_)));
    it.suspend(&ALL);
    it.machines("stopped");
    assert!(matches!(it.group_look(), Decision::Close(_)), "{:?}", it.incident.decision);
}

#[test]
fn a_group_that_comes_back_has_its_grace_and_is_watched_as_usual() {
    let mut it = in_the_evening();
    it.as_group();
    it.group_look();
    it.now += SignedDuration::from_hours(8);
    it.suspend(&[]);
    it.machines("running");
    for number in 1..=4 {
        it.target(number, Some(sick()));
    }
    assert!(
        matches!(it.group_look(), Decision::Hold { because: Hold::Own(HoldReason::Grace { .. }), .. }),
        "they boot"
    );
    it.now += SignedDuration::from_secs(299);
    assert!(matches!(it.group_look(), Decision::Hold { because: Hold::Own(HoldReason::Grace { .. }), .. }));
    it.now += SignedDuration::from_secs(1);
    assert!(
        matches!(it.group_look(), Decision::Page(Page::Own(PageReason::TooManyUnhealthy(_)))),
        "{:?}",
        it.incident.decision
    );
}

#[test]
fn an_incident_of_a_member_that_is_parked_ends_and_none_is_opened() {
    let mut it = in_the_evening();
    assert!(
        matches!(it.held_because(), Hold::Own(HoldReason::GroupState(GroupState::Parked { .. }))),
        "not recorded: see the loop"
    );
    it.incident = it.incident.hold(it.now, it.now, &Hold::InFlight);
    assert!(matches!(it.decide(), Decision::Close(Close::NothingWrong { .. })), "{}", it.decide());
    let mut it = situation();
    it.acted(Some(Outcome::Done));
    it.group().members.remove(0);
    it.suspend(&ALL);
    it.machines("stopped");
    assert!(matches!(it.decide(), Decision::Close(_)), "nothing is replaced there: {}", it.decide());
}

#[test]
fn a_group_is_parked_only_if_all_of_it_is_stopped_and_nothing_would_start_it() {
    assert!(parked(&in_the_evening().seen).is_some());
    let changes: [fn(&mut Situation); 5] = [
        |it| it.seen.machines.get_mut(&instance(2)).unwrap().state = "running".into(),
        |it| _ = it.seen.machines.remove(&instance(2)),
        |it| it.suspend(&["Launch", "Terminate", "HealthCheck"]),
        |it| it.suspend(&["Launch", "ReplaceUnhealthy", "HealthCheck"]),
        |it| it.group().members.clear(),
    ];
    for change in changes {
        let mut it = in_the_evening();
        change(&mut it);
        assert_eq!(parked(&it.seen), None);
    }
    let mut it = in_the_evening();
    it.suspend(&["Launch", "Terminate", "HealthCheck", "ReplaceUnhealthy"]);
    assert!(parked(&it.seen).unwrap().to_string().contains("Launch, Terminate, HealthCheck, ReplaceUnhealthy are"));
}

#[test]
fn which_check_decides_about_a_group_is_shown() {
    let stopped_at = |it: &Situation, is_known: bool| {
        let policy = it.policy.instances.group(&"web".parse().unwrap()).filter(|_| is_known);
        let rungs = whole_group::rungs(it.now, &it.incident, &it.seen, &it.around, policy);
        let stopped: Vec<&str> = rungs.iter().filter(|it| it.passed == Some(false)).map(|it| it.name).collect();
        assert_eq!(stopped.len(), 1, "{rungs:?}");
        stopped[0]
    };
    let mut it = in_the_evening();
    it.as_group();
    assert_eq!(stopped_at(&it, true), "it is not parked");
    assert_eq!(stopped_at(&it, false), "the policy names it");
    it.seen.group = None;
    assert_eq!(stopped_at(&it, true), "it exists");
}
