//! Batches that may still apply, and lists that are older than the last change.

use homeostat_core::aws::record::weights;

use super::harness::*;
use crate::hosted_zone::generation::Generation;
use crate::hosted_zone::reasons::{Hold, HoldReason};
use crate::hosted_zone::said::{Awaits, Trouble};
use crate::hosted_zone::seen::Seen;

/// Found by seed 819505306: the look that closed the incident could not read the record, and the batch that was still on its way
/// drained an endpoint 16 minutes later, of which nobody knew.
#[test]
fn an_incident_should_not_close_while_an_earlier_batch_may_still_apply_and_its_record_is_unread() {
    let mut it = Scene::new().fails("blue");
    it.look_unanswered();
    it.fix("blue");
    it.now = 70;
    let mut unread = it.seen();
    unread.sets.clear();
    unread.unread.insert("www.example.com".parse().unwrap(), "could not read record sets: a timeout".into());
    let decision = it.decide_on(&unread);
    assert!(held(&decision).to_string().contains("may still apply"), "{decision}");
    it.conclude(&decision);
    it.now = it.wake_at();
    assert!(it.until_act(10).is_some(), "another generation keeps the late batch from applying");
    it.has(&[("blue", 70), ("green", 30)]);
}

/// Found by seed 21000197: a list from before the first change has no generation, so it passed for somebody else's change. The word
/// on that was then taken for one on a generation that was really deleted.
#[test]
fn a_list_from_before_the_first_change_should_not_be_taken_for_somebody_elses_change() {
    let mut it = Scene::new();
    let before = it.seen().sets;
    it.break_("blue");
    it.look();
    it.now = 10;
    it.look();
    it.now = 30;
    let old = Seen { sets: before.clone(), ..it.seen() };
    let decision = it.decide_on(&old);
    let Hold::Own(HoldReason::Returning { waiting }) = held(&decision) else { panic!("{decision}") };
    assert!(matches!(waiting[0].awaits, Awaits::Reread), "{decision}");
    it.now = 3600;
    let old = Seen { sets: before, ..it.seen() };
    let decision = it.decide_on(&old);
    assert!(matches!(troubles(&decision), [Trouble::Changed { .. }]), "no list is as old as that: {decision}");
}

/// Found by seed 33004725: one of two endpoints had its own share again, so the last change was not among the steps of those that were
/// still without theirs, and a list from before it passed for somebody else's change.
#[test]
fn a_list_from_before_a_return_to_the_own_share_should_not_be_taken_for_somebody_elses_change() {
    let mut it = Scene::with(&format!("{POLICY}{RED}"), vec![set("blue", 40), set("green", 30), set("red", 30)]);
    it.break_("blue");
    it.look();
    (it.now, _) = (10, it.look());
    it.break_("red");
    (it.now, _) = (20, it.look());
    it.fix("blue");
    let mut before = it.sets.clone();
    while weights(&it.sets)[&id("blue")] != 40 {
        before = it.sets.clone();
        it.now += 60;
        assert!(it.now < 7200);
        it.look();
    }
    it.now += 10;
    let decision = it.decide_on(&Seen { sets: before, ..it.seen() });
    assert!(
        matches!(held(&decision), Hold::Own(HoldReason::Propagating { .. }) | Hold::Own(HoldReason::Returning { .. })),
        "{decision}"
    );
}

/// A list from before the change that the late batch was made from shows another generation, so it seemed that it can't apply.
#[test]
fn an_old_list_should_not_pass_for_proof_that_a_late_batch_can_not_apply() {
    let mut it = Scene::new();
    let before = it.sets.clone();
    it.sets.push(Generation::after(None, at(-5)).fence(&"www.example.com".parse().unwrap()).unwrap());
    it.break_("blue");
    it.look_unanswered();
    it.fix("blue");
    it.now = 70;
    let decision = it.decide_on(&Seen { sets: before, ..it.seen() });
    assert!(held(&decision).to_string().contains("may still apply"), "{decision}");
    it.conclude(&decision);
    it.now = it.wake_at();
    assert!(it.until_act(10).is_some(), "another generation keeps the late batch from applying");
}

/// Its weights are Homeostat's own of some time ago, so nobody else has given anybody theirs.
#[test]
fn a_list_with_an_older_generation_should_not_let_go_of_a_record_without_a_persons_word() {
    let mut it = Scene::new().fails("blue");
    assert!(it.until_act(10).is_some());
    let before = it.sets.clone();
    it.fix("blue");
    assert!(it.until_act(600).is_some(), "the first step back");
    it.pause();
    // Longer ago than a change takes.
    it.now += 400;
    for _ in 0..3 {
        let decision = it.decide_on(&Seen { sets: before.clone(), ..it.seen() });
        it.conclude(&decision);
        it.now += 60;
    }
    assert!(!it.incident.kind.kept().records.is_empty(), "{:?}", it.incident.decision);
}
