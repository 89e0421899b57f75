//! Whether a replacement would help.

use homeostat_core::aws::fleet::Resized;
use homeostat_core::policy::Budget;

use super::guards::ten;
use super::*;
use crate::instance::memory::{Act, Memory};

fn after(changes: &[(i64, Resized)]) -> Situation {
    let mut it = ten(2);
    // The newest first, as Auto Scaling lists them.
    it.seen.launches.changes = changes.iter().rev().map(|(second, change)| (at(*second), *change)).collect();
    it
}

#[test]
fn what_its_group_can_not_replace_should_not_be_terminated() {
    let it = after(&[(100, Resized::More), (800, Resized::FailedLaunch), (900, Resized::FailedLaunch)]);
    let held = it.held_because();
    assert_eq!(held, Hold::Own(HoldReason::LaunchesFail { failed: 2, last: at(900) }));
    assert!(held.to_string().contains("last 2 launches failed"), "{held}");
}

#[test]
fn a_launch_that_succeeded_since_ends_it_and_nothing_else_does_for_an_hour() {
    let cases: [(&[(i64, Resized)], bool); 5] = [
        (&[(800, Resized::FailedLaunch), (900, Resized::More)], true),
        (&[(800, Resized::FailedLaunch), (900, Resized::Fewer)], false),
        (&[(800, Resized::FailedLaunch), (900, Resized::Pending)], false),
        (&[(1_000 - 3_599, Resized::FailedLaunch)], false),
        (&[(1_000 - 3_601, Resized::FailedLaunch)], true),
    ];
    for (changes, acts) in cases {
        assert_eq!(after(changes).is_acting(), acts, "{changes:?}: {:?}", after(changes).decide());
    }
}

#[test]
fn a_group_that_launches_before_it_terminates_may_try() {
    let mut it = after(&[(900, Resized::FailedLaunch)]);
    it.group().launches_first = true;
    assert!(it.is_acting(), "{:?}", it.decide());
}

/// Of ten, the first two are unhealthy, and so is the tenth, which was launched after an act on another.
fn with_a_successor() -> Situation {
    let mut it = ten(2);
    it.target(10, Some(sick()));
    _ = it.seen.launches.known.insert(instance(10), at(400));
    let long_ago = Act::on_the_sick(at(100), subject(11));
    it.around.limits.memory = Memory::default().acted(long_ago);
    it
}

#[test]
fn while_a_replacement_is_unhealthy_too_no_other_instance_should_be_replaced() {
    let it = with_a_successor();
    let held = it.held_because();
    let instances = vec![instance(10).to_string()];
    assert_eq!(held, Hold::Own(HoldReason::SuccessorsUnhealthy { instances }), "{:?}", it.decide());
}

#[test]
fn the_unhealthy_replacement_itself_may_be_replaced_and_a_healthy_one_holds_up_nobody() {
    let mut it = with_a_successor();
    it.target(10, Some(TargetHealth::Healthy));
    assert!(it.is_acting(), "{:?}", it.decide());

    // The subject is the replacement now, and the tenth is as old as the others.
    let mut it = with_a_successor();
    _ = it.seen.launches.known.insert(instance(10), at(0));
    _ = it.seen.launches.known.insert(instance(1), at(400));
    assert!(it.is_acting(), "{:?}", it.decide());
}

#[test]
fn a_replacement_that_may_still_be_booting_holds_up_nobody() {
    let mut it = with_a_successor();
    _ = it.seen.launches.known.insert(instance(10), at(900));
    assert!(it.is_acting(), "{:?}", it.decide());
}

/// A group of one, by these sources.
fn alone(evidence: &str) -> Situation {
    let mut it = situation();
    it.group().desired = Units::new(1);
    it.group().members.truncate(1);
    it.policy = policy::parse(&format!(
        "schema = 1\n[[replace-instance.group]]\nname = \"web\"\nevidence = {evidence}\nhealth-alarms = [\"*\"]\n"
    ))
    .unwrap();
    it
}

#[test]
fn the_only_instance_of_a_group_should_not_be_replaced_on_the_word_of_an_alarm() {
    let it = alone("[\"alarm\"]");
    assert_eq!(it.held_because(), Hold::Own(HoldReason::OnlyAnAlarm), "{:?}", it.decide());
}

#[test]
fn it_is_replaced_where_somebody_else_says_so_too_or_the_group_launches_first_or_has_others() {
    let it = alone("[\"alarm\", \"target-health\"]");
    assert!(it.is_acting(), "{:?}", it.decide());

    let mut it = alone("[\"alarm\"]");
    it.group().launches_first = true;
    assert!(it.is_acting(), "{:?}", it.decide());

    let mut it = alone("[\"alarm\"]");
    it.group().desired = Units::new(2);
    it.group().members.push(member(2));
    assert!(it.is_acting(), "{:?}", it.decide());
}

#[test]
fn half_of_four_is_a_few_and_half_of_more_is_not() {
    let mut it = situation();
    it.target(2, Some(sick()));
    assert!(it.is_acting(), "two of four: {:?}", it.decide());
    it.target(3, Some(sick()));
    assert!(matches!(it.held_because(), Hold::Own(HoldReason::TooManyUnhealthy(_))), "{:?}", it.decide());
    assert!(matches!(ten(5).held_because(), Hold::Own(HoldReason::TooManyUnhealthy(_))), "{:?}", ten(5).decide());
}

#[test]
fn less_than_a_share_is_never_the_share_and_never_nothing() {
    let half = |desired| Budget::Percent(50).below(desired);
    assert_eq!([0, 1, 2, 3, 4, 5, 6, 20, 21].map(half), [0, 1, 1, 1, 1, 2, 2, 9, 10]);
    assert_eq!((Budget::Percent(100).below(4), Budget::Instances(3).below(4)), (4, 3), "as the policy says");
    assert_eq!((Budget::Percent(1).below(4_000), Budget::Percent(99).below(100)), (39, 98));
}

#[test]
fn while_a_tag_says_that_somebody_else_is_at_work_nothing_should_be_replaced() {
    let tagged = |value: &str| {
        let mut it = ten(2);
        it.group().tags.insert("homeostat:busy-until".into(), value.into());
        it
    };
    let until = at(1_001);
    assert_eq!(tagged(&until.to_string()).held_because(), Hold::Own(HoldReason::GroupBusy { until }));
    for over in [at(1_000).to_string(), "yes".into(), String::new(), "9999-99-99".into()] {
        assert!(tagged(&over).is_acting(), "{over:?}: {:?}", tagged(&over).decide());
    }
}

/// Two of ten are unhealthy, and replacements are announced five minutes before.
fn announced() -> Situation {
    let mut it = ten(2);
    it.policy = policy::parse(
        "schema = 1\nmode = \"act\"\n[[replace-instance.group]]\nname = \"web\"\nevidence = [\"alarm\", \"target-health\"]\n\
         plan-first = \"5m\"\n",
    )
    .unwrap();
    it
}

#[test]
fn what_is_to_be_announced_should_not_be_done_before_its_time_and_is_announced_once() {
    let mut it = announced();
    let until = at(1_300);
    assert_eq!(it.held_because(), Hold::Own(HoldReason::Planned { until, announced: false }), "{:?}", it.decide());
    let before = it.incident.notify_seq;
    for second in [1_000, 1_060, 1_120, 1_299] {
        it.now = at(second);
        it.incident = it.incident.hold(it.now, it.now, &it.held_because());
        assert_eq!(it.incident.notify_seq, before + 1, "at {second}");
    }
    assert_eq!(it.held_because(), Hold::Own(HoldReason::Planned { until, announced: true }));
    it.now = until;
    assert!(it.is_acting(), "{:?}", it.decide());
}

#[test]
fn a_pause_stops_what_was_announced_and_after_it_there_is_a_new_plan() {
    let mut it = announced();
    it.incident = it.incident.hold(it.now, it.now, &it.held_because());
    it.now = at(1_200);
    let pause = Pause { scope: "all".into(), by: "ana".into(), reason: "a deploy".into(), until: at(1_400) };
    it.around.limits.pauses.push(pause);
    assert!(matches!(it.held_because(), Hold::Paused { .. }), "{:?}", it.decide());
    it.incident = it.incident.hold(it.now, it.now, &it.held_because());
    it.now = at(1_400);
    assert_eq!(it.held_because(), Hold::Own(HoldReason::Planned { until: at(1_700), announced: false }));
}

#[test]
fn an_instance_that_is_healthy_again_should_not_be_replaced_as_announced() {
    let mut it = announced();
    it.incident = it.incident.hold(it.now, it.now, &it.held_because());
    it.now = at(1_300);
    it.target(1, Some(TargetHealth::Healthy));
    assert!(!it.is_acting(), "{:?}", it.decide());
}
