//! The record is no longer what the policy says: who is there is healed all the same, and people hear of the rest, once.

use homeostat_core::aws::record::{RecordSet, Routing};
use homeostat_core::incident::State;
use homeostat_core::memory::Remembered;

use super::harness::*;
use crate::hosted_zone::drift::Drift;
use crate::hosted_zone::reasons::{Close, Decision, Hold, HoldReason, Step, Trouble};

fn three() -> Scene {
    Scene::with(&format!("{POLICY}{RED}"), vec![set("blue", 70), set("green", 30), set("red", 20)])
}

fn remove(it: &mut Scene, name: &str) {
    it.sets.retain(|set| set.weighted().is_none_or(|(id, _)| id.as_str() != name));
}

/// What is held for, if it is drift alone.
fn drifted(decision: &Decision) -> (Vec<String>, Vec<String>) {
    let Hold::Own(HoldReason::Drifted(drifted)) = held(decision) else { panic!("{decision}") };
    let in_words = |drifts: &[Drift]| drifts.iter().map(ToString::to_string).collect();
    (in_words(&drifted.news), in_words(&drifted.unsure))
}

/// Looks, each a minute after the last, and how often people hear of something.
fn told(it: &mut Scene, looks: usize) -> u32 {
    let before = it.incident.notify_seq;
    for _ in 0..looks {
        it.look();
        it.now = it.wake_at();
    }
    it.incident.notify_seq - before
}

#[test]
fn a_set_that_somebody_removed_keeps_no_other_from_being_drained() {
    let mut it = three();
    remove(&mut it, "red");
    it.look();
    it.now += 60;
    it.break_("blue");
    let Decision::Act { step: Step::Shift(shift), .. } = it.look() else { panic!("{:?}", it.incident.decision) };
    it.has(&[("blue", 0), ("green", 30)]);
    assert_eq!(shift.drained().len(), 1);
}

#[test]
fn nothing_is_moved_on_the_strength_of_one_list_that_lacks_a_set() {
    let mut it = three();
    let whole = it.sets.clone();
    remove(&mut it, "red");
    it.break_("blue");
    let (news, unsure) = drifted(&it.look());
    assert!(news.is_empty() && unsure[0].contains("red"), "{unsure:?}");
    assert!(!it.incident.is_new());
    it.now += 59;
    it.break_("blue");
    assert!(matches!(held(&it.look()), Hold::Own(HoldReason::NotConfirmed { .. })));
    it.sets = whole;
    it.now += 1;
    it.break_("blue");
    assert!(matches!(it.look(), Decision::Act { .. }), "it is there: the list was old");
    assert!(it.weights().iter().all(|(_, weight)| *weight > 0), "the others are more than doubled only in steps");
    it.now += 10;
    it.look();
    assert!(it.until_act(300).is_some());
    it.has(&[("blue", 0), ("green", 30), ("red", 20)]);
}

/// The resync opens nothing for what is not confirmed: it would read the same list as if for the first time, for ever.
#[test]
fn what_is_missing_when_an_endpoint_fails_is_read_again_soon_and_told_and_keeps_nobody_from_being_drained() {
    let mut it = three();
    remove(&mut it, "red");
    it.break_("blue");
    let first = it.look();
    assert!(!matches!(held(&first), Hold::Own(HoldReason::NotConfirmed { .. })), "{first}");
    assert_eq!(it.wake_at(), it.now + 60);
    it.has(&[("blue", 70), ("green", 30)]);
    it.now += 60;
    it.break_("blue");
    assert!(matches!(it.look(), Decision::Act { .. }), "{:?}", it.incident.decision);
    it.has(&[("blue", 0), ("green", 30)]);
}

/// Nor does it where somebody switched the alarm's actions off, or only some of the evidence says so.
#[test]
fn an_alarm_with_its_actions_off_hides_no_drift() {
    let mut it = three();
    remove(&mut it, "red");
    it.break_("blue");
    it.actions_enabled = false;
    let (_, unsure) = drifted(&it.look());
    assert!(unsure[0].contains("red"), "{unsure:?}");
    it.now = it.wake_at();
    let (news, _) = drifted(&it.look());
    assert!(news[0].contains("red"), "{news:?}");
    it.has(&[("blue", 70), ("green", 30)]);
}

#[test]
fn the_last_endpoint_that_is_there_keeps_its_weight_and_the_page_says_who_is_missing() {
    let mut it = three();
    remove(&mut it, "red");
    remove(&mut it, "green");
    it.look();
    it.now += 60;
    it.break_("blue");
    let decision = it.look();
    let [Trouble::NoTarget { why, .. }] = troubles(&decision) else { panic!("{decision}") };
    assert!(why.contains("green has no record set") && why.contains("red has no record set"), "{why}");
    it.has(&[("blue", 70)]);
}

#[test]
fn fewer_than_min_healthy_are_no_more_enough_because_a_set_is_gone() {
    let policy = format!("{POLICY}{RED}").replace("proof =", "min-healthy = 2\nproof =");
    let mut it = Scene::with(&policy, vec![set("blue", 70), set("green", 30)]);
    it.alarms.insert("red".into(), (homeostat_core::aws::alarm::AlarmState::Ok, 0));
    it.checkers.insert("red".into(), 16);
    it.look();
    it.now += 60;
    it.break_("blue");
    assert!(matches!(troubles(&it.look()), [Trouble::NoTarget { .. }]));
    it.has(&[("blue", 70), ("green", 30)]);
}

#[test]
fn drift_is_told_once_when_a_second_look_agrees_and_not_before() {
    let mut it = three();
    remove(&mut it, "red");
    let (news, unsure) = drifted(&it.look());
    assert_eq!((it.incident.notify_seq, news.len(), unsure.len()), (0, 0, 1), "one list may be old");
    it.now = it.wake_at();
    let (news, _) = drifted(&it.look());
    assert_eq!(it.incident.notify_seq, 1);
    assert!(news[0].contains("www.example.com A has no record set with the identifier \"red\""), "{news:?}");
    let (now, next) = (it.now, it.wake_at());
    assert!(next - now >= 300, "what waits for a person is not read each minute");
    it.now = next;
    assert_eq!(told(&mut it, 20), 0);
    assert_eq!((it.incident.state, it.incident.deadline), (State::Holding, None));
}

#[test]
fn what_only_one_list_lacked_is_told_to_nobody_not_even_at_the_end() {
    let mut it = three();
    let whole = it.sets.clone();
    remove(&mut it, "red");
    it.look();
    it.sets = whole;
    it.now = it.wake_at();
    assert!(matches!(it.look(), Decision::Close(Close::NothingWrong { .. })));
    assert!(!it.incident.is_told_at_the_end());
}

#[test]
fn drift_that_people_heard_of_is_not_told_again_after_an_incident() {
    let mut it = three();
    remove(&mut it, "red");
    told(&mut it, 2);
    let again = it.incident.clone();
    let zone = again.kind.state().zone.clone();
    it.incident = homeostat_core::incident::Incident::new(
        again.subject,
        crate::hosted_zone::kind::HostedZoneKind::HostedZone(crate::hosted_zone::state::ZoneState::new(zone)),
        at(it.now),
        at(it.now),
    );
    assert_eq!(told(&mut it, 5), 0);
    it.around.limits.memory = it.around.limits.memory.acknowledged();
    assert_eq!(told(&mut it, 5), 0, "nor does a person's word on something else have it told again");
    // Gone and back again is news.
    it.sets.push(set("red", 20));
    it.look();
    it.incident = homeostat_core::incident::Incident::new(
        it.incident.subject.clone(),
        crate::hosted_zone::kind::HostedZoneKind::HostedZone(crate::hosted_zone::state::ZoneState::new(
            it.incident.kind.state().zone.clone(),
        )),
        at(it.now),
        at(it.now),
    );
    it.around.limits.memory.drifts.clear();
    remove(&mut it, "red");
    assert_eq!(told(&mut it, 3), 1);
}

#[test]
fn another_drift_is_told_beside_the_first_and_in_the_middle_of_a_return() {
    let mut it = three();
    remove(&mut it, "red");
    assert_eq!(told(&mut it, 2), 1);
    it.break_("blue");
    assert!(matches!(it.look(), Decision::Act { .. }));
    let before = it.incident.notify_seq;
    it.gone.push("green-5xx".to_owned());
    let mut news = Vec::new();
    for _ in 0..6 {
        it.now = it.wake_at();
        it.break_("blue");
        let decision = it.look();
        if let Decision::Hold { because: Hold::Own(HoldReason::Drifted(drifted)), .. } = &decision {
            news.extend(drifted.news.iter().map(ToString::to_string));
        }
    }
    assert!(matches!(news.as_slice(), [one] if one.contains("green-5xx")), "{news:?}");
    assert_eq!(it.incident.notify_seq - before, 1);
    it.has(&[("blue", 0), ("green", 30)]);
}

#[test]
fn an_endpoint_that_becomes_unhealthy_later_begins_then_and_is_told() {
    let mut it = three();
    remove(&mut it, "red");
    told(&mut it, 30);
    let began = it.now;
    it.break_("blue");
    it.pause();
    assert!(matches!(held(&it.look()), Hold::Paused { .. }), "and no page for a wait that has only begun");
    assert_eq!((it.incident.signalled_at, it.incident.notify_seq), (at(began), 2));
}

#[test]
fn each_kind_of_drift_that_disables_the_healer_is_noticed() {
    let notices = |change: &dyn Fn(&mut Scene)| {
        let mut it = Scene::new();
        change(&mut it);
        it.look();
        it.now = it.wake_at();
        let (news, _) = drifted(&it.look());
        assert_eq!(it.incident.notify_seq, 1, "{news:?}");
        news.join("; ")
    };
    let rename = |set: &mut RecordSet, routing| set.routing = routing;
    assert!(notices(&|it| it.sets.clear()).contains("no such record"));
    assert!(notices(&|it| rename(&mut it.sets[0], Routing::Simple)).contains("simple"));
    assert!(notices(&|it| it.sets[0].traffic_policy = Some("tp-1".into())).contains("traffic policy"));
    let to = Routing::Weighted { identifier: id("green-2"), weight: 30 };
    assert!(notices(&|it| rename(&mut it.sets[1], to.clone())).contains("\"green\""));
    assert!(notices(&|it| it.gone.push("blue-5xx".into())).contains("\"blue-5xx\""));
    assert!(notices(&|it| _ = it.deleted.insert("blue".into())).contains("health check 00000000"));
    for kind in ["TXT", "CNAME"] {
        let name = "_homeostat.www.example.com".parse().unwrap();
        let routing = Routing::Simple;
        let theirs = RecordSet { name, kind: kind.to_owned(), routing, values: vec!["x".into()], ..set("blue", 1) };
        assert!(notices(&|it| it.sets.push(theirs.clone())).contains("_homeostat.www.example.com"), "{kind}");
    }
}

#[test]
fn what_cannot_be_read_is_neither_gone_nor_back() {
    let mut it = Scene::new();
    it.gone.push("blue-5xx".into());
    told(&mut it, 2);
    let mut seen = it.seen();
    seen.alarms.values_mut().for_each(|read| *read = Err("timed out".into()));
    assert!(matches!(it.decide_on(&seen), Decision::Hold { because: Hold::Own(HoldReason::Drifted(_)), .. }));
    assert_eq!(it.around.limits.memory.drifts.len(), 1);
    let mut it = Scene::new();
    let mut seen = it.seen();
    seen.alarms.values_mut().for_each(|read| *read = Err("timed out".into()));
    assert!(matches!(it.decide_on(&seen), Decision::Close(_)));
}

#[test]
fn a_set_that_somebody_removes_while_its_record_is_held_is_their_change_and_no_drift() {
    let mut it = three().fails("blue");
    it.look();
    remove(&mut it, "red");
    it.now += 120;
    let decision = it.look();
    let [Trouble::Changed { what, .. }] = troubles(&decision) else { panic!("{decision}") };
    assert_eq!(what, "red is gone");
    assert_eq!(it.incident.kind.state().drifts, []);
}
