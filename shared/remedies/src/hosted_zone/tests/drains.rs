//! Moving weight away: onto whom, how much, and above all when not.

use homeostat_core::aws::alarm::AlarmState;
use homeostat_core::aws::record::{RecordSet, Routing};
use homeostat_core::aws::share::Share;
use homeostat_core::ports::Outcome;

use super::harness::*;
use crate::hosted_zone::reasons::{Close, Decision, Hold, HoldReason, Step, Trouble};
use crate::hosted_zone::share::shares;

#[test]
fn a_failing_endpoint_is_drained_in_one_batch_that_covers_the_whole_record() {
    let mut it = Scene::new().fails("blue");
    let Decision::Act { step: Step::Shift(shift), because } = it.look() else { panic!() };
    it.has(&[("blue", 0), ("green", 30)]);
    let batch = shift.batch().unwrap();
    assert_eq!((batch.delete.len(), batch.create.len()), (2, 3), "both sets, and the generation");
    let said: Vec<String> = because.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("blue-5xx") && said[1].contains("green is well"), "{said:?}");
}

#[test]
fn every_field_but_the_weight_survives() {
    let mut it = Scene::new().fails("blue");
    let before = it.sets.clone();
    it.look();
    let after: Vec<_> = before
        .iter()
        .map(|set| if set.weighted().unwrap().0.as_str() == "blue" { set.with_weight(0) } else { set.clone() })
        .collect();
    assert!(after.iter().all(|set| it.sets.contains(set)), "{:?}", it.sets);
}

#[test]
fn the_last_healthy_endpoint_is_never_drained() {
    let mut it = Scene::new().fails("blue").fails("green");
    let decision = it.look();
    assert!(troubles(&decision).iter().all(|trouble| matches!(trouble, Trouble::NoTarget { .. })), "{decision}");
    assert_eq!(troubles(&decision).len(), 2);
    it.has(&[("blue", 70), ("green", 30)]);
}

#[test]
fn nothing_moves_to_an_endpoint_that_is_not_proven_well() {
    for checkers in [0, 2, 8] {
        let mut it = Scene::new().fails("blue");
        it.checkers.insert("green".into(), checkers);
        let decision = it.look();
        let [Trouble::NoTarget { why, .. }] = troubles(&decision) else { panic!("{decision}") };
        assert!(why.contains("green"), "{why}");
        it.has(&[("blue", 70), ("green", 30)]);
    }
}

#[test]
fn nothing_moves_to_an_endpoint_whose_own_alarm_is_red() {
    let mut it = Scene::new().fails("blue");
    it.alarms.insert("green".into(), (AlarmState::Alarm, 0));
    it.actions_enabled = true;
    let decision = it.look();
    assert!(matches!(troubles(&decision), [Trouble::NoTarget { .. }, ..]), "{decision}");
}

#[test]
fn checkers_that_have_stopped_prove_nothing() {
    let mut it = Scene::new().fails("blue");
    let seen = it.seen();
    it.now = 121;
    let decision = it.decide_on(&seen);
    assert!(matches!(troubles(&decision), [Trouble::NoTarget { .. }]), "{decision}");
}

#[test]
fn what_is_paused_disabled_unconfirmed_or_only_watched_is_not_moved() {
    let mut paused = Scene::new().fails("blue");
    paused.pause();
    assert!(matches!(held(&paused.decide()), Hold::Paused { .. }));

    let mut disabled = Scene::new().fails("blue");
    disabled.actions_enabled = false;
    assert!(matches!(held(&disabled.decide()), Hold::Own(HoldReason::ActionsDisabled { .. })));

    let both = POLICY.replace("[\"alarm\"]", "[\"alarm\", \"health-check\"]");
    let mut half = Scene::with(&both, vec![set("blue", 70), set("green", 30)]).fails("blue");
    half.checkers.insert("blue".into(), 16);
    assert!(matches!(held(&half.decide()), Hold::Own(HoldReason::NotConfirmed { .. })));

    let watch = POLICY.replace("schema = 1", "schema = 1\nmode = \"watch\"");
    let mut watched = Scene::with(&watch, vec![set("blue", 70), set("green", 30)]).fails("blue");
    assert!(matches!(held(&watched.decide()), Hold::Watching { step: Step::Shift(_), .. }));
}

#[test]
fn an_alarm_without_data_calls_nobody_sick() {
    let mut it = Scene::new();
    it.alarms.insert("blue".into(), (AlarmState::InsufficientData, 0));
    assert!(matches!(it.decide(), Decision::Close(Close::NothingWrong { .. })));
}

fn renamed(set: &RecordSet) -> RecordSet {
    let Routing::Weighted { identifier, weight } = &set.routing else { panic!("{set:?}") };
    let identifier = id(&format!("{identifier}-2"));
    RecordSet { routing: Routing::Weighted { identifier, weight: *weight }, ..set.clone() }
}

#[test]
fn a_record_whose_weights_cannot_be_moved_is_left_alone_and_told() {
    let with = |change: &dyn Fn(&mut Scene)| {
        let mut it = Scene::new().fails("blue");
        change(&mut it);
        // One list proves nothing missing: the second one does.
        it.look();
        it.now += 60;
        let decision = it.decide();
        let [Trouble::Unfit { why, .. }] = troubles(&decision) else { panic!("{decision}") };
        why.clone()
    };
    assert!(with(&|it| it.sets.clear()).contains("no such record"));
    assert!(with(&|it| it.sets[0].routing = Routing::Simple).contains("simple"));
    assert!(with(&|it| it.sets[0].routing = Routing::Other("latency".into())).contains("latency"));
    assert!(with(&|it| it.sets[0].traffic_policy = Some("tp-1".into())).contains("traffic policy"));
    assert!(with(&|it| it.sets.iter_mut().for_each(|set| *set = renamed(set))).contains("none of the set identifiers"));
    assert!(
        with(&|it| (it.set_weight("blue", 0), it.set_weight("green", 0)).0).contains("all of its weights are zero")
    );
}

#[test]
fn an_endpoint_without_weight_has_nothing_to_lose() {
    let mut it = Scene::with(POLICY, vec![set("blue", 0), set("green", 30)]).fails("blue");
    assert!(matches!(it.decide(), Decision::Close(Close::NothingWrong { .. })));
}

#[test]
fn a_limit_moves_a_part_and_asks_for_a_person() {
    let policy = POLICY.replace("id = \"green\"", "id = \"green\"\nmax-share = \"60%\"");
    let mut it = Scene::with(&policy, vec![set("blue", 70), set("green", 30)]).fails("blue");
    assert!(it.until_act(10).is_some());
    it.has(&[("blue", 20), ("green", 30)]);
    it.now += 10;
    let decision = it.look();
    assert!(matches!(troubles(&decision), [Trouble::Partly { .. }]), "{decision}");
    let told = it.incident.notify_seq;
    it.now = it.wake_at();
    it.look();
    assert_eq!(it.incident.notify_seq, told, "the same is told once");
}

#[test]
fn what_is_left_of_a_slow_endpoint_gets_no_more_while_its_alarm_is_red() {
    let policy = POLICY.replace("id = \"green\"", "id = \"green\"\nmax-share = \"60%\"");
    let mut it = Scene::with(&policy, vec![set("blue", 70), set("green", 30)]).fails("blue");
    assert!(it.until_act(10).is_some());
    it.has(&[("blue", 20), ("green", 30)]);
    it.checkers.insert("blue".into(), 16);
    assert!(it.until_act(7200).is_none(), "its health check is green, and its alarm is not");
}

#[test]
fn an_endpoint_with_a_hundredth_of_the_answers_is_drained_like_any_other() {
    let mut it = Scene::with(POLICY, vec![set("blue", 1), set("green", 99)]).fails("blue");
    assert!(it.until_act(10).is_some());
    it.has(&[("blue", 0), ("green", 99)]);
}

#[test]
fn a_slow_endpoint_keeps_the_share_that_the_policy_leaves_it() {
    let policy = POLICY.replace("id = \"blue\"", "id = \"blue\"\ndrain-to = \"20%\"");
    let mut it = Scene::with(&policy, vec![set("blue", 70), set("green", 30)]).fails("blue");
    assert!(it.until_act(10).is_some());
    it.has(&[("blue", 20), ("green", 30)]);
    it.now += 10;
    it.look();
    assert!(it.until_act(300).is_some(), "it has borne the double of its own");
    it.has(&[("blue", 8), ("green", 30)]);
}

#[test]
fn who_took_over_and_falls_sick_too_is_drained_from_what_it_has() {
    let policy =
        format!("{}{RED}", POLICY.replace("step-interval = \"2m\"", "step-interval = \"2m\"\ndrain-to = \"20%\""));
    for (sets, left) in [
        // 20.8 % of its own: nearly what it is drained to. And 16.7 %: less than that.
        (vec![set("blue", 10), set("green", 9), set("red", 5)], 20),
        (vec![set("blue", 11), set("green", 9), set("red", 4)], 17),
    ] {
        let mut it = Scene::with(&policy, sets).fails("green");
        assert!(it.until_act(10).is_some());
        it.now += 10;
        it.break_("red");
        assert!(it.until_act(10).is_some());
        let red = shares(&homeostat_core::aws::record::weights(&it.sets))[&id("red")];
        assert!(red < Share::percent(left + 2), "{red} {:?}", it.weights());
    }
}

#[test]
fn a_standby_that_took_over_and_falls_sick_gives_way_to_who_is_well() {
    let mut it = Scene::with(POLICY, vec![set("blue", 100), set("green", 0)]).fails("blue");
    assert!(it.until_act(10).is_some());
    it.has(&[("blue", 0), ("green", 100)]);
    it.now += 10;
    it.fix("blue");
    it.look();
    it.now += 10;
    it.break_("green");
    assert!(it.until_act(10).is_some());
    it.has(&[("blue", 100), ("green", 0)]);
    it.now += 10;
    it.fix("green");
    while it.until_act(1000).is_some() {}
    it.has(&[("blue", 100), ("green", 0)]);
    assert_eq!(it.incident.decision, Some(Decision::Close(Close::Recovered)));
}

#[test]
fn a_sick_standby_that_has_given_back_what_it_took_over_is_waited_for_no_longer() {
    let mut it = Scene::with(POLICY, vec![set("blue", 100), set("green", 0)]).fails("blue");
    assert!(it.until_act(10).is_some());
    it.now += 10;
    it.fix("blue");
    it.look();
    it.now += 10;
    it.break_("green");
    while it.until_act(7200).is_some() {}
    it.has(&[("blue", 100), ("green", 0)]);
    assert_eq!(it.incident.decision, Some(Decision::Close(Close::Recovered)));
    assert!(!it.is_escalated() && it.incident.paged_at.is_none(), "it has all that it had");
}

#[test]
fn a_latched_standby_is_not_let_go_of_to_take_over_again() {
    let mut it = Scene::with(POLICY, vec![set("blue", 100), set("green", 0)]).fails("blue");
    assert!(it.until_act(10).is_some());
    it.now += 10;
    it.fix("blue");
    it.look();
    it.now += 10;
    it.break_("green");
    assert!(it.until_act(10).is_some());
    let memory = it.around.limits.memory.clone();
    it.around.limits.memory = memory.latch(at(it.now), &"www.example.com A green".to_owned());
    it.now += 10;
    assert_eq!(it.until_act(1000), None);
    assert!(!it.incident.kind.state().records.is_empty(), "{:?}", it.incident.decision);
}

#[test]
fn a_weight_of_one_that_nothing_proves_well_keeps_no_sick_endpoint_in_place() {
    let sets = vec![set("blue", 1), set("green", 124), set("red", 206)];
    let mut it = Scene::with(&format!("{POLICY}{RED}"), sets).fails("green");
    it.checkers.insert("blue".into(), 8);
    assert!(it.until_act(10).is_some());
    it.has(&[("blue", 1), ("green", 0), ("red", 255)]);
}

#[test]
fn what_was_saved_first_is_never_overwritten_by_a_second_alarm() {
    let mut it = Scene::new().fails("blue");
    it.look();
    for _ in 0..10 {
        it.now = it.wake_at();
        it.break_("blue");
        it.look();
    }
    let saved = &it.incident.kind.state().records.values().next().unwrap().saved;
    assert_eq!(homeostat_core::aws::record::weights(saved)[&id("blue")], 70);
}

#[test]
fn a_zone_takes_no_second_change_while_the_first_is_on_its_way() {
    let mut it = Scene::new().fails("blue");
    it.look();
    it.in_sync = false;
    it.break_("green");
    it.fix("blue");
    it.now += 5;
    assert!(matches!(held(&it.look()), Hold::Own(HoldReason::Propagating { .. })));
    it.now += 300;
    let decision = it.look();
    assert!(matches!(troubles(&decision), [Trouble::NotInSync { .. }]), "{decision}");
}

#[test]
fn a_lost_comparison_is_decided_anew_and_never_sent_again_as_it_was() {
    let mut it = Scene::new().fails("blue");
    let decision = it.decide();
    let Decision::Act { step, .. } = &decision else { panic!("{decision}") };
    let lost = Outcome::Lost { why: "the values provided do not match the current values".into() };
    it.incident = it.incident.intend(at(0), step, &decision).under(&it.policy.hash).settle(at(1), lost);
    it.now = 2;
    assert!(matches!(held(&it.decide()), Hold::Own(HoldReason::Lost { .. })), "the same again would be lost again");
    it.set_weight("green", 50);
    assert!(matches!(it.decide(), Decision::Act { .. }), "what is there now is another base");
}

#[test]
fn who_stands_by_gets_weight_where_too_few_others_have_any() {
    let policy = POLICY.replace("step-interval = \"2m\"", "step-interval = \"2m\"\nmin-healthy = 2");
    let mut it = Scene::with(&(policy + RED), vec![set("blue", 70), set("green", 30), set("red", 0)]).fails("blue");
    assert!(it.until_act(10).is_some());
    assert!(it.weights().iter().all(|(name, weight)| (*weight > 0) == (name != "blue")), "{:?}", it.weights());
}

#[test]
fn each_drain_is_told_and_a_repeated_try_is_not() {
    let mut it = Scene::new().fails("blue");
    let decision = it.decide();
    let Decision::Act { step, .. } = &decision else { panic!("{decision}") };
    let unknown = Outcome::Unknown { why: "cut".into() };
    it.incident = it.incident.intend(at(0), step, &decision).settle(at(1), unknown);
    assert_eq!(it.incident.notify_seq, 1);
    it.now = 61;
    it.look();
    assert_eq!(it.incident.notify_seq, 1, "the same once more");
    it.now = 120;
    it.fix("blue");
    it.look();
    it.now = 130;
    it.break_("green");
    assert!(it.until_act(10).is_some());
    assert_eq!(it.incident.notify_seq, 2, "green's drain is news");
}

#[test]
fn when_both_fail_one_after_the_other_the_mended_one_takes_over_once_that_is_no_overload() {
    let mut it = Scene::new().fails("blue");
    it.look();
    it.now = 60;
    it.fix("blue");
    it.look();
    it.now = 120;
    it.break_("green");
    assert!(it.until_act(10).is_some());
    it.has(&[("blue", 70), ("green", 30)]);
    it.now += 10;
    it.look();
    assert!(it.until_act(105).is_none(), "with its own share it may recover");
    assert!(it.until_act(60).is_some());
    let weights: std::collections::BTreeMap<_, _> = it.weights().into_iter().collect();
    assert!(weights["blue"] > 0 && weights["green"] == 0, "{weights:?}");
}

/// The one that works may take no more, so being enough for the record is not enough for the drain. Weights are whole numbers: in one of
/// the two a part of it could be moved.
#[test]
fn who_was_drained_and_is_well_again_takes_over_where_the_others_are_at_their_limit() {
    let policy = format!("{}{RED}", POLICY.replace("id = \"green\"", "id = \"green\"\nmax-share = \"50%\""));
    for sets in [[50, 50, 50], [34, 33, 33]] {
        let [blue, green, red] = sets;
        let sets = vec![set("blue", blue), set("green", green), set("red", red)];
        let mut it = Scene::with(&policy, sets).fails("blue");
        assert!(it.until_act(10).is_some());
        it.now += 10;
        it.fix("blue");
        it.look();
        it.now += 10;
        it.break_("red");
        assert!(it.until_act(10).is_some(), "{:?}", it.incident.decision);
        it.has(&[("blue", blue), ("green", green), ("red", red)]);
        it.now += 10;
        it.look();
        assert!(it.until_act(180).is_some(), "with its own share it is no healthier: {:?}", it.incident.decision);
        let weights: std::collections::BTreeMap<_, _> = it.weights().into_iter().collect();
        assert!(weights["blue"] > 0 && weights["red"] == 0, "{weights:?}");
    }
}

/// Slow, and passing its health check, it would be drained again at once, and so on in turn.
#[test]
fn who_was_drained_should_not_take_over_while_its_alarm_is_red_and_enough_others_are_well() {
    let policy = format!("{}{RED}", POLICY.replace("id = \"green\"", "id = \"green\"\nmax-share = \"50%\""));
    let mut it = Scene::with(&policy, vec![set("blue", 50), set("green", 50), set("red", 50)]);
    it.alarms.insert("blue".into(), (AlarmState::Alarm, 0));
    assert!(it.until_act(10).is_some());
    it.has(&[("blue", 0), ("green", 50), ("red", 50)]);
    it.now += 10;
    it.break_("red");
    let decision = it.look();
    assert!(matches!(troubles(&decision), [Trouble::NoTarget { .. }]), "{decision}");
    it.has(&[("blue", 0), ("green", 50), ("red", 50)]);
}

/// Nobody can take what the second one has, which is no reason to keep the first one, well again, without its share; and people hear of
/// it first, though a pause holds.
#[test]
fn a_return_does_not_wait_for_a_drain_that_nobody_can_take() {
    let policy = format!("{}{RED}", POLICY.replace("evidence =", "min-healthy = 2\nevidence ="));
    let mut it = Scene::with(&policy, vec![set("blue", 50), set("green", 50), set("red", 50)]).fails("blue");
    assert!(it.until_act(10).is_some());
    it.has(&[("blue", 0), ("green", 50), ("red", 50)]);
    it.now += 10;
    it.fix("blue");
    it.look();
    it.now += 600;
    it.break_("red");
    it.checkers.insert("green".into(), 0);
    it.pause();
    let decision = it.look();
    assert!(matches!(troubles(&decision), [Trouble::NoTarget { .. }]), "{decision}");
    it.around.limits.pauses.clear();
    while it.until_act(7200).is_some() {}
    it.has(&[("blue", 50), ("green", 50), ("red", 50)]);
    assert!(troubles(it.incident.decision.as_ref().unwrap()).iter().any(|it| matches!(it, Trouble::NoTarget { .. })));
}

/// Seed 199713274: 3.5 % of the answers stayed with an endpoint that was gone, long after another could have had them.
#[test]
fn the_last_few_percent_follow_as_soon_as_somebody_can_take_all_of_them() {
    let mut policy = POLICY.replace("[\"alarm\"]", "[\"alarm\", \"health-check\"]");
    policy.push_str(&RED.replace("id = \"red\"", "id = \"red\"\nmax-share = \"69%\""));
    let mut it = Scene::with(&policy, vec![set("blue", 5), set("green", 5), set("red", 7)]).fails("green");
    it.checkers.insert("blue".into(), 0);
    assert!(it.until_act(10).is_some());
    let green = |it: &Scene| it.weights().into_iter().find(|(name, _)| name == "green").unwrap().1;
    assert!(green(&it) > 0, "{:?}", it.weights());
    assert!(it.until_act(3600).is_none(), "nobody can take more");
    let told_of = troubles(it.incident.decision.as_ref().unwrap());
    assert!(told_of.iter().any(|trouble| matches!(trouble, Trouble::Partly { .. })), "{told_of:?}");
    it.checkers.insert("blue".into(), 16);
    assert!(it.until_act(3600).is_some());
    assert_eq!(green(&it), 0, "{:?}", it.weights());
    let moved = it.incident.notes.iter().rev().find(|note| note.what.starts_with("act:")).unwrap();
    assert!(moved.what.contains("because blue is well"), "{}", moved.what);
    it.now += 120;
    let decision = it.look().to_string();
    assert!(!decision.contains("only a part"), "{decision}");
}

#[test]
fn what_is_left_of_a_slow_endpoint_should_follow_although_its_health_check_is_green() {
    let policy = POLICY.replace("id = \"green\"", "id = \"green\"\nmax-share = \"97%\"");
    let mut it = Scene::with(&(policy + RED), vec![set("blue", 70), set("green", 30), set("red", 0)]).fails("blue");
    it.checkers.insert("red".into(), 0);
    assert!(it.until_act(10).is_some());
    let blue = |it: &Scene| it.weights().into_iter().find(|(name, _)| name == "blue").unwrap().1;
    let rest = shares(&homeostat_core::aws::record::weights(&it.sets))[&id("blue")];
    assert!(rest > Share::NONE && rest < Share::percent(5), "{:?}", it.weights());
    it.checkers.insert("blue".into(), 16);
    it.checkers.insert("red".into(), 16);
    assert!(it.until_act(3600).is_some(), "{:?}", it.incident.decision);
    assert_eq!(blue(&it), 0, "{:?}", it.weights());
}

/// It is on its way back, in steps of its own: another change that takes its last traffic helps nobody.
#[test]
fn what_is_left_of_an_endpoint_that_is_healthy_again_should_stay_until_its_return() {
    let mut policy = POLICY.replace("[\"alarm\"]", "[\"alarm\", \"health-check\"]");
    policy.push_str(&RED.replace("id = \"red\"", "id = \"red\"\nmax-share = \"69%\""));
    let mut it = Scene::with(&policy, vec![set("blue", 5), set("green", 5), set("red", 7)]).fails("green");
    it.checkers.insert("blue".into(), 0);
    assert!(it.until_act(10).is_some());
    it.now += 120;
    it.fix("green");
    it.checkers.insert("blue".into(), 16);
    let green = |it: &Scene| shares(&homeostat_core::aws::record::weights(&it.sets))[&id("green")];
    let before = green(&it);
    let decision = it.look().to_string();
    assert!(!decision.contains("only a part"), "others could take all of it: {decision}");
    assert!(it.until_act(3600).is_some());
    assert!(before > Share::NONE && green(&it) > before, "{:?}", it.weights());
}
