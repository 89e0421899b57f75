//! The rungs that protect the rest of the group, and those who work on it.

use homeostat_core::aws::fleet::{Checks, Machine};
use homeostat_core::aws::source::Source;
use homeostat_core::incident::State;

use super::*;
use crate::instance::memory::{Act, Breaker, Memory};
use crate::instance::reasons::{CloseReason, HoldReason, PageReason, Step};

fn policy_with(lines: &str) -> Policy {
    let text = format!("schema = 1\n[[replace-instance.group]]\nname = \"web\"\n{lines}");
    policy::parse(&text).unwrap()
}

fn machine(state: &str, checks: Checks) -> Machine {
    Machine { state: state.into(), checks, started_at: None, ends_at: None }
}

fn stopped() -> Machine {
    machine("stopped", Checks::Unknown { status: "not-applicable".into() })
}

#[test]
fn what_somebody_protected_from_scale_in_is_not_terminated() {
    should_hold(|it| it.group().members[0].protected = true, |hold| matches!(hold, Hold::Own(HoldReason::Protected)));
}

#[test]
fn nothing_is_taken_out_of_a_group_that_could_not_put_it_back() {
    for process in ["Launch", "Terminate", "ReplaceUnhealthy"] {
        should_hold(
            |it| it.group().suspended.push(process.into()),
            |hold| matches!(hold, Hold::Own(HoldReason::Suspended { processes }) if processes == &[process]),
        );
    }
    let mut it = situation();
    it.group().suspended = vec!["AZRebalance".into(), "AlarmNotification".into(), "HealthCheck".into()];
    assert!(it.is_acting(), "these have no part in a replacement");
}

#[test]
fn a_refresh_that_runs_is_not_interfered_with() {
    should_hold(
        |it| it.seen.refresh = Some("08b91cf7".into()),
        |hold| matches!(hold, Hold::Own(HoldReason::Refreshing { refresh }) if refresh == "08b91cf7"),
    );
}

#[test]
fn what_the_group_replaces_by_itself_is_left_to_it() {
    let changes: [fn(&mut Situation); 3] = [
        |it| it.group().members[0].healthy = false,
        |it| _ = it.seen.machines.insert(instance(1), stopped()),
        |it| it.group().status = Some("Delete in progress".into()),
    ];
    for change in changes {
        should_hold(change, |hold| matches!(hold, Hold::Own(HoldReason::GroupReplaces { .. })));
    }
}

#[test]
fn a_group_that_was_stopped_from_replacing_is_not_said_to_do_so() {
    should_hold(
        |it| {
            it.group().members[0].healthy = false;
            it.group().suspended.push("ReplaceUnhealthy".into());
        },
        |hold| matches!(hold, Hold::Own(HoldReason::Suspended { .. })),
    );
}

#[test]
fn the_groups_own_replacement_is_followed_to_its_end() {
    let mut it = situation();
    it.group().members[0].healthy = false;
    let because = it.held_because();
    it.incident = it.incident.hold(it.now, it.now, &because);
    assert_eq!((it.incident.state, it.incident.notify_seq, it.incident.acted_at), (State::Following, 1, None));

    it.replaced();
    it.now = at(1100);
    let because = it.held_because();
    assert!(matches!(because, Hold::Proving { .. }), "{because:?}");
    it.incident = it.incident.hold(it.now, it.now, &because);
    assert_eq!(it.incident.mitigated_at, Some(at(1100)));
    it.now = at(1220);
    assert_eq!(it.decide(), Decision::Close(Close::Own(CloseReason::LeftByItself)));
}

#[test]
fn a_group_that_says_so_and_does_nothing_is_paged() {
    let mut it = situation();
    it.group().members[0].healthy = false;
    it.incident = it.incident.hold(it.now, it.now, &it.held_because());
    it.now = at(1000 + 15 * 60 - 1);
    assert!(matches!(it.held_because(), Hold::Own(HoldReason::GroupReplaces { .. })));
    it.now = at(1000 + 15 * 60);
    assert!(matches!(it.decide(), Decision::Page(Page::Own(PageReason::GroupStalled { .. }))), "{:?}", it.decide());
}

#[test]
fn a_group_that_changes_its_mind_leaves_the_instance_to_homeostat() {
    let mut it = situation();
    it.group().members[0].healthy = false;
    it.incident = it.incident.hold(it.now, it.now, &it.held_because());
    it.group().members[0].healthy = true;
    it.now = at(1000 + 16 * 60);
    assert!(it.is_acting(), "{:?}", it.decide());
}

/// Ten, of which `sick` are sick.
pub(super) fn ten(sick_ones: u8) -> Situation {
    let mut it = situation();
    it.group().desired = Units::new(10);
    it.group().members = (1..=10).map(member).collect();
    for number in 1..=10 {
        it.target(number, Some(if number <= sick_ones { sick() } else { TargetHealth::Healthy }));
        _ = it.seen.launches.known.insert(instance(number), at(0));
    }
    it
}

#[test]
fn when_half_are_sick_nothing_is_replaced() {
    assert!(ten(4).is_acting());
    let held = ten(5).held_because();
    assert!(
        matches!(held, Hold::Own(HoldReason::TooManyUnhealthy(Crowd { unhealthy: 5, most: 4, desired: 10, .. }))),
        "{held:?}"
    );
}

#[test]
fn one_that_may_still_be_booting_is_not_counted_among_the_sick() {
    let mut it = ten(5);
    _ = it.seen.launches.known.insert(instance(5), at(900));
    assert!(it.is_acting(), "four are sick, and one of the budget's two is out: {:?}", it.decide());
}

#[test]
fn one_that_does_not_run_is_counted_among_the_sick() {
    let mut it = ten(5);
    _ = it.seen.machines.insert(instance(9), stopped());
    assert!(
        matches!(it.held_because(), Hold::Own(HoldReason::TooManyUnhealthy(Crowd { unhealthy: 6, .. }))),
        "{:?}",
        it.held_because()
    );
}

#[test]
fn where_the_alarm_is_the_only_evidence_the_alarms_are_counted() {
    let mut it = ten(1);
    it.policy = policy_with("evidence = [\"alarm\"]\nhealth-alarms = [\"*\"]\n");
    assert!(it.is_acting());
    let alarm = it.alarm().clone();
    it.seen.in_alarm =
        (1..=6).map(|number| AlarmReading { instances: vec![instance(number)], ..alarm.clone() }).collect();
    assert!(
        matches!(it.held_because(), Hold::Own(HoldReason::TooManyUnhealthy(Crowd { unhealthy: 6, .. }))),
        "{:?}",
        it.held_because()
    );
}

#[test]
fn as_many_as_the_budget_within_a_cooldown_and_no_more() {
    let acted = |seconds: i64| Memory::default().acted(Act::on_the_sick(at(1000 - seconds), subject(9)));
    let hold = |it: &mut Situation| it.around.limits.memory = acted(299);
    should_hold(hold, |hold| matches!(hold, Hold::Own(HoldReason::Cooldown { until, .. }) if *until == at(1001)));
    let mut it = situation();
    it.around.limits.memory = acted(300);
    assert!(it.is_acting());
    let mut roomy = ten(1);
    roomy.around.limits.memory = acted(10);
    assert!(roomy.is_acting(), "the budget of ten is two");
}

#[test]
fn a_slot_that_is_held_is_not_counted_as_warm_too() {
    let mut it = ten(1);
    it.around.limits.slots.holders.insert(subject(9), at(990));
    it.around.limits.memory = Memory::default().acted(Act::on_the_sick(at(990), subject(9)));
    assert!(it.is_acting(), "{:?}", it.decide());
}

/// As the fourth of three replacements that each fell sick an hour ago.
fn failing() -> Situation {
    let mut it = situation();
    let hour_ago = it.now - SignedDuration::from_hours(1);
    let failed = |memory: Memory, number| memory.failed(hour_ago, &subject(number), &Source::of(["lt-1:7"]));
    it.around.limits.memory = (7..=9).fold(Memory::default(), failed);
    it
}

#[test]
fn when_replacements_keep_failing_the_breaker_opens_and_pages() {
    let Decision::Page(Page::Own(PageReason::ReplacementsFail { failures: 3, .. })) = failing().decide() else {
        panic!("{:?}", failing().decide())
    };
    let mut two = failing();
    two.around.limits.memory.failures.pop();
    assert!(two.is_acting());
    _ = two.seen.launches.known.insert(instance(1), at(500));
    let before = at(499);
    two.around.limits.memory = two.around.limits.memory.acted(Act::on_the_sick(before, subject(9)));
    two.now = at(900);
    assert!(matches!(two.decide(), Decision::Page(_)), "this one is itself a replacement, and the third to fail");
}

#[test]
fn an_open_breaker_holds_every_other_and_a_new_version_is_not_blamed() {
    let mut it = situation();
    let breaker = Breaker { since: at(10), failures: 3, launched_from: Source::of(["lt-1:7"]) };
    it.around.limits.memory = Memory::default().broken(breaker);
    assert!(matches!(it.held_because(), Hold::Own(HoldReason::BreakerOpen { .. })));
    it.group().members[3].launched_from = Some("lt-1:8".into());
    assert!(
        matches!(it.held_because(), Hold::Own(HoldReason::BreakerOpen { .. })),
        "a member says nothing of what is launched"
    );
    it.group().launches_from = ["lt-1:8".to_owned()].into();
    assert!(it.is_acting());
    it.group().launches_from.clear();
    assert!(
        matches!(it.held_because(), Hold::Own(HoldReason::BreakerOpen { .. })),
        "what is not known is no new version"
    );
}

/// Two launch templates, by turns; the newest member is of the second.
fn mixed() -> Situation {
    let mut it = failing();
    it.group().launches_from = ["lt-1:7".to_owned(), "lt-2:3".to_owned()].into();
    let both = Source::of(["lt-1:7", "lt-2:3"]);
    for failure in &mut it.around.limits.memory.failures {
        failure.launched_from = both.clone();
    }
    newest_from(&mut it, "lt-2:3");
    it
}

fn newest_from(it: &mut Situation, template: &str) {
    it.group().members[3].launched_from = Some(template.to_owned());
    _ = it.seen.launches.known.insert(instance(4), at(1));
}

#[test]
fn of_a_group_with_several_templates_the_newest_member_changes_nothing() {
    for newest in ["lt-1:7", "lt-2:3"] {
        let mut it = mixed();
        newest_from(&mut it, newest);
        let Decision::Page(Page::Own(PageReason::ReplacementsFail { launched_from, .. })) = it.decide() else {
            panic!("{newest}: {}", it.decide())
        };
        assert_eq!(launched_from.to_string(), "lt-1:7 and lt-2:3");
        let memory = Memory::default().broken(Breaker { since: at(10), failures: 3, launched_from });
        it.around.limits.memory = memory;
        assert!(matches!(it.held_because(), Hold::Own(HoldReason::BreakerOpen { .. })), "{newest}: {}", it.decide());
    }
    let mut it = mixed();
    it.group().launches_from = ["lt-1:8".to_owned(), "lt-2:3".to_owned()].into();
    assert!(it.is_acting(), "one of the two was rolled out anew: {}", it.decide());
}

#[test]
fn a_replacement_from_a_version_that_was_rolled_over_is_no_failure_of_the_new_one() {
    let mut it = failing();
    it.around.limits.memory.failures.truncate(2);
    for failure in &mut it.around.limits.memory.failures {
        failure.launched_from = Source::of(["lt-1:8"]);
    }
    it.around.limits.memory = it.around.limits.memory.acted(Act::on_the_sick(at(499), subject(9)));
    _ = it.seen.launches.known.insert(instance(1), at(500));
    it.now = at(900);
    it.group().launches_from = ["lt-1:8".to_owned()].into();
    assert!(it.is_acting(), "it was launched from version 7: {}", it.decide());
    it.group().members[0].launched_from = Some("lt-1:8".into());
    assert!(matches!(it.decide(), Decision::Page(Page::Own(PageReason::ReplacementsFail { .. }))), "{}", it.decide());
}

#[test]
fn a_group_that_launches_first_is_asked_to_and_nothing_is_terminated() {
    let mut it = situation();
    it.group().launches_first = true;
    let Decision::Act { step, .. } = it.decide() else { panic!("{:?}", it.decide()) };
    assert!(matches!(step, Step::MarkUnhealthy { .. }));
}

#[test]
fn in_watch_mode_everything_is_decided_and_nothing_done() {
    let mut it = situation();
    it.policy = policy_with("evidence = [\"alarm\", \"target-health\"]\nmode = \"watch\"\n");
    let because = it.held_because();
    assert!(because.to_string().contains("only watching; would terminate i-00000000000000001"), "{because}");
    let watched = it.incident.hold(it.now, at(1060), &because);
    assert_eq!((watched.notify_seq, watched.hold(at(1060), at(1120), &because).notify_seq), (1, 1), "told once");
}

#[test]
fn what_waits_for_others_for_too_long_is_paged_and_goes_on_waiting() {
    let mut it = situation();
    it.around.limits.slots.holders.insert(subject(9), at(1));
    it.now = at(1000 + 3600 - 1);
    assert!(matches!(it.held_because(), Hold::Budget { .. }));
    it.now = at(1000 + 3600);
    let Decision::Page(page @ Page::Waited { .. }) = it.decide() else { panic!("{:?}", it.decide()) };
    it.incident = it.incident.page(it.now, it.now, &page);
    assert!(matches!(it.held_because(), Hold::Budget { .. }), "paged once");
    it.around.limits.slots.holders.clear();
    assert!(it.is_acting(), "and acts when it may");
}

#[test]
fn a_pause_under_which_nothing_is_proven_sick_pages_nobody() {
    let mut it = situation();
    let pause = Pause { scope: "all".into(), by: "ana".into(), reason: "x".into(), until: at(90_000) };
    it.around.limits.pauses.push(pause);
    it.now = at(1000 + 3600);
    assert!(matches!(it.decide(), Decision::Page(Page::Waited { .. })), "{:?}", it.decide());
    it.target(1, Some(TargetHealth::Healthy));
    assert!(matches!(it.held_because(), Hold::Paused { .. }));
}

#[test]
fn an_incident_whose_alarm_is_gone_closes_when_the_rest_has_said_well_for_long() {
    let mut it = situation();
    it.incident = it.incident.hold(it.now, it.now, &Hold::InFlight);
    it.lose_alarm();
    it.target(1, Some(TargetHealth::Healthy));
    assert!(matches!(it.held_because(), Hold::Own(HoldReason::NotConfirmed { .. })));
    it.now = at(1000 + 3600);
    assert!(matches!(it.decide(), Decision::Close(Close::NothingWrong { .. })), "{:?}", it.decide());
    it.target(1, Some(sick()));
    assert!(matches!(it.decide(), Decision::Page(Page::Waited { .. })), "contradictory is not well: {}", it.decide());
}

#[test]
fn nobody_is_paged_for_an_alarm_that_nothing_confirms() {
    let mut it = situation();
    it.target(1, Some(TargetHealth::Healthy));
    it.now = at(1000 + 24 * 3600);
    assert!(matches!(it.held_because(), Hold::Own(HoldReason::NotConfirmed { .. })));
}

#[test]
fn ec2s_word_counts_only_if_it_says_impaired() {
    let mut it = situation();
    it.policy = policy_with("evidence = [\"instance-status\"]\n");
    it.seen.machines.insert(instance(1), machine("running", Checks::Impaired { checks: "system".into(), since: None }));
    assert!(it.is_acting(), "{:?}", it.decide());
    for checks in ["initializing", "insufficient-data", "not-applicable"] {
        let unknown = machine("running", Checks::Unknown { status: checks.into() });
        it.seen.machines.insert(instance(1), unknown);
        assert!(matches!(it.held_because(), Hold::Own(HoldReason::NotConfirmed { .. })), "{checks}");
    }
    it.seen.machines.clear();
    assert!(matches!(it.held_because(), Hold::Own(HoldReason::NotConfirmed { .. })), "EC2 doesn't tell of it");
    it.seen.machines.insert(instance(1), machine("running", Checks::Passed));
    assert!(matches!(it.decide(), Decision::Close(Close::NothingWrong { .. })));
}
