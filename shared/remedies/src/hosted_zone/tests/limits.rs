//! Nobody stays proven unhealthy for longer than `max-wait` without a change or a page.

use homeostat_core::aws::alarm::AlarmState;
use homeostat_core::ports::Outcome;

use super::harness::*;
use crate::hosted_zone::reasons::{Decision, Hold, HoldReason, Page, PageReason, Step, Trouble};

const HOUR: i64 = 3600;

fn both() -> Scene {
    let policy = POLICY.replace("[\"alarm\"]", "[\"alarm\", \"health-check\"]");
    Scene::with(&policy, vec![set("blue", 70), set("green", 30)])
}

/// Looks for so long, without any act. The second of the page that says that blue waited, if one came.
fn page_at(it: &mut Scene, seconds: i64, mut at_each: impl FnMut(&mut Scene)) -> Option<i64> {
    let end = it.now + seconds;
    while it.now < end {
        at_each(it);
        let decision = it.look();
        assert!(!matches!(decision, Decision::Act { .. }), "{decision}");
        if let Decision::Page(Page::Own(PageReason::Weights { troubles })) = &decision
            && troubles.iter().any(|trouble| matches!(trouble, Trouble::Waited { .. }))
        {
            return Some(it.now);
        }
        if matches!(decision, Decision::Close(_)) {
            return None;
        }
        it.now = it.wake_at();
    }
    None
}

#[test]
fn an_alarm_that_loses_its_data_after_the_proof_does_not_stop_the_clock() {
    let mut it = both().fails("blue");
    it.pause();
    it.look();
    it.around.limits.pauses.clear();
    // The agent died with the endpoint, and Route 53's checkers go on failing.
    it.alarms.insert("blue".into(), (AlarmState::InsufficientData, 30));
    it.now = 60;
    let paged = page_at(&mut it, 2 * HOUR, |_| {});
    assert!(paged.is_some_and(|at| (HOUR..HOUR + 120).contains(&at)), "{paged:?}");
    let tells = it.incident.notify_seq;
    it.now = it.wake_at();
    for _ in 0..20 {
        it.look();
        it.now = it.wake_at();
    }
    assert_eq!(it.incident.notify_seq, tells, "once");
}

#[test]
fn a_change_of_what_holds_it_back_does_not_restart_the_clock() {
    let mut it = both().fails("blue");
    let paged = page_at(&mut it, 3 * HOUR, |it| {
        let turn = it.now / 1200 % 3;
        it.around.limits.pauses.clear();
        it.actions_enabled = turn != 0;
        it.alarms.insert("blue".into(), (if turn == 1 { AlarmState::InsufficientData } else { AlarmState::Alarm }, 0));
        if turn == 2 {
            it.pause();
        }
    });
    assert!(paged.is_some_and(|at| (HOUR..HOUR + 120).contains(&at)), "{paged:?}");
}

#[test]
fn silence_from_all_sources_is_no_recovery_and_one_that_says_healthy_is() {
    let mut it = both().fails("blue");
    it.pause();
    it.look();
    it.around.limits.pauses.clear();
    it.alarms.insert("blue".into(), (AlarmState::InsufficientData, 30));
    it.deleted.insert("blue".into());
    it.now = 60;
    let decision = it.look();
    assert!(matches!(held(&decision), Hold::Own(HoldReason::NotConfirmed { .. })), "{decision}");
    assert!(page_at(&mut it, 2 * HOUR, |_| {}).is_some());

    it.deleted.clear();
    it.fix("blue");
    it.alarms.insert("blue".into(), (AlarmState::InsufficientData, it.now));
    it.now = it.wake_at();
    let decision = it.look();
    assert!(matches!(decision, Decision::Close(_)), "{decision}");
}

/// Two readings agree that every source was deleted: nothing could ever say that the endpoint is healthy.
#[test]
fn what_nothing_can_judge_any_more_should_not_stay_open_for_ever() {
    let mut it = both().fails("blue");
    it.pause();
    it.look();
    it.around.limits.pauses.clear();
    it.gone.push("blue-5xx".into());
    it.deleted.insert("blue".into());
    it.now = 30;
    let decision = it.look();
    assert!(!matches!(decision, Decision::Close(_)), "one reading is not enough: {decision}");
    let heard_of = |it: &Scene| it.around.limits.memory.drifts.len();
    while it.now < 600 {
        it.now = it.wake_at();
        it.look();
    }
    assert_eq!(heard_of(&it), 2, "the alarm and the health check");
    assert!(it.incident.kind.state().proven.is_empty());
    assert_eq!(page_at(&mut it, 3 * HOUR, |_| {}), None);
}

/// An alarm that is listed and is not evidence could never have ended it.
#[test]
fn what_is_no_evidence_should_not_keep_an_endpoint_waited_for() {
    let policy = POLICY.replace("[\"alarm\"]", "[\"health-check\"]");
    let mut it = Scene::with(&policy, vec![set("blue", 70), set("green", 30)]).fails("blue");
    it.pause();
    it.look();
    it.around.limits.pauses.clear();
    it.deleted.insert("blue".into());
    assert_eq!(it.incident.kind.state().proven.len(), 1);
    while it.now < 600 {
        it.now = it.wake_at();
        it.look();
    }
    assert!(it.incident.kind.state().proven.is_empty());
}

#[test]
fn attempts_of_unknown_fate_are_no_change_and_people_hear_of_them_while_they_go_on() {
    let mut it = both().fails("blue");
    let (mut asked, mut acts_after) = (None, 0);
    while it.now < 2 * HOUR {
        let decision = it.decide();
        let now = at(it.now);
        match &decision {
            Decision::Act { step: step @ Step::Shift(_), .. } => {
                acts_after += u32::from(asked.is_some());
                let unknown = Outcome::Unknown { why: "no answer".into() };
                it.incident = it.incident.intend(now, step, &decision).settle(now, unknown);
            }
            Decision::Page(_) => {
                asked.get_or_insert(it.now);
                it.conclude(&decision);
            }
            _ => it.conclude(&decision),
        }
        it.now = it.wake_at();
    }
    assert!(asked.is_some_and(|at| (HOUR..HOUR + 180).contains(&at)), "{asked:?}");
    assert!(acts_after > 3, "it goes on trying: {acts_after}");
}

#[test]
fn what_is_only_watched_asks_nobody_however_long() {
    let policy = POLICY.replace("proof = ", "mode = \"watch\"\nproof = ");
    let mut it = Scene::with(&policy, vec![set("blue", 70), set("green", 30)]).fails("blue");
    assert_eq!(page_at(&mut it, 3 * HOUR, |_| {}), None);
}
