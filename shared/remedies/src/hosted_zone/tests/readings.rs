//! What a reading says once Route 53's own view of it is known, and what one that is missing must not hide.

use super::harness::*;
use crate::hosted_zone::reasons::{Decision, Hold, HoldReason, Step, Trouble};

fn by_health_check() -> Scene {
    let policy = POLICY.replace("[\"alarm\"]", "[\"health-check\"]");
    Scene::with(&policy, vec![set("blue", 70), set("green", 30)])
}

#[test]
fn an_inverted_health_check_is_read_as_route_53_reads_it() {
    let mut it = by_health_check();
    it.inverted.insert("blue".into());
    let Decision::Act { step: Step::Shift(_), because } = it.look() else { panic!() };
    it.has(&[("blue", 0), ("green", 30)]);
    assert!(because[0].to_string().contains("the health check is inverted"), "{}", because[0]);

    let mut it = by_health_check();
    it.inverted.insert("blue".into());
    it.checkers.insert("blue".into(), 0);
    assert!(matches!(it.look(), Decision::Close(_)), "no checker reaches it, as it is meant to be");
    it.has(&[("blue", 70), ("green", 30)]);
}

#[test]
fn nothing_moves_to_an_endpoint_whose_inverted_health_check_succeeds() {
    let mut it = Scene::new().fails("blue");
    it.inverted.insert("green".into());
    let decision = it.look();
    assert!(matches!(troubles(&decision), [Trouble::NoTarget { .. }]), "{decision}");
    it.has(&[("blue", 70), ("green", 30)]);
}

#[test]
fn a_disabled_and_a_deleted_health_check_prove_nothing_either_way() {
    for says in ["is disabled", "there is no health check"] {
        let these = |it: &mut Scene, name: &str| match says {
            "is disabled" => it.disabled.insert(name.to_owned()),
            _ => it.deleted.insert(name.to_owned()),
        };
        let mut it = by_health_check();
        it.checkers.insert("blue".into(), 0);
        these(&mut it, "blue");
        let decision = it.look();
        assert!(
            !matches!(decision, Decision::Act { .. } | Decision::Page(_)),
            "it is not proven unhealthy: {decision}"
        );

        let mut it = Scene::new().fails("blue");
        these(&mut it, "green");
        let decision = it.look();
        let [Trouble::NoTarget { why, .. }] = troubles(&decision) else { panic!("{decision}") };
        assert!(why.contains(says), "{why}");
        it.has(&[("blue", 70), ("green", 30)]);
    }
}

#[test]
fn a_record_that_cant_be_read_is_not_touched_and_is_not_taken_for_changed() {
    let mut it = Scene::new().fails("blue");
    it.look();
    it.now = 60;
    let mut seen = it.seen();
    seen.sets.clear();
    seen.unread.insert("www.example.com".parse().unwrap(), "could not read: AccessDenied".into());
    let decision = it.decide_on(&seen);
    let Hold::Own(HoldReason::Returning { waiting }) = held(&decision) else { panic!("{decision}") };
    assert!(waiting[0].to_string().contains("AccessDenied"), "{}", waiting[0]);

    let mut fresh = Scene::new().fails("blue");
    let decision = fresh.decide_on(&seen);
    assert!(matches!(held(&decision), Hold::Own(HoldReason::NotConfirmed { .. })), "{decision}");
}
