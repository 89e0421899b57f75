//! A name with addresses of both families: what the policy lists moves together, and what it leaves out is never passed over.

use homeostat_core::aws::record::{RecordSet, Weight, weights};
use homeostat_core::aws::share::Share;
use homeostat_core::ports::Outcome;
use homeostat_core::reconcile::Remedy;

use super::harness::*;
use crate::hosted_zone::ShiftDns;
use crate::hosted_zone::kind::HostedZoneKind;
use crate::hosted_zone::memory::Drain;
use crate::hosted_zone::reasons::{Decision, Hold, HoldReason, Step, Trouble};
use crate::hosted_zone::share::shares;
use crate::hosted_zone::shift::Shift;

fn aaaa(name: &str, weight: Weight) -> RecordSet {
    RecordSet { kind: "AAAA".to_owned(), values: vec![format!("2001:db8::{}", name.len())], ..set(name, weight) }
}

fn both() -> Vec<RecordSet> {
    vec![set("blue", 70), set("green", 30), aaaa("blue", 50), aaaa("green", 50)]
}

fn listed() -> Scene {
    Scene::with(&POLICY.replace("type = \"A\"", "type = [\"A\", \"AAAA\"]"), both())
}

/// One table for each type, each with health checks of its own.
fn apart() -> Scene {
    let other = POLICY.split("[[shift-dns.record]]").nth(1).unwrap();
    let other = other
        .replace("type = \"A\"", "type = \"AAAA\"")
        .replace("evidence = [\"alarm\"]", "evidence = [\"health-check\"]")
        .replace("00000000b10e", "000000006b10")
        .replace("00000000abcd", "000000006abc");
    Scene::with(&format!("{POLICY}[[shift-dns.record]]{other}"), both())
}

fn of(it: &Scene, kind: &str) -> Vec<Weight> {
    let sets: Vec<RecordSet> = it.sets.iter().filter(|set| set.kind == kind).cloned().collect();
    weights(&sets).into_values().collect()
}

fn shift(decision: Decision) -> Shift {
    let Decision::Act { step: Step::Shift(shift), .. } = decision else { panic!("{decision}") };
    shift
}

#[test]
fn listed_siblings_are_drained_in_one_batch_with_one_generation_and_come_back_so() {
    let mut it = listed().fails("blue");
    let drained = shift(it.look());
    let batch = drained.batch().unwrap();
    assert_eq!((batch.delete.len(), batch.create.len()), (4, 5), "four sets, and one generation for the name");
    assert_eq!((of(&it, "A"), of(&it, "AAAA")), (vec![0, 30], vec![0, 50]));
    let said = drained.to_string();
    assert!(
        said.contains("www.example.com A to blue 0 (was 70") && said.contains("www.example.com AAAA to blue 0 (was 50")
    );
    it.fix("blue");
    let mut steps = 0;
    while let Some(step) = it.until_act(3600) {
        let kinds: Vec<&str> = step.moves.iter().map(|moved| moved.key.kind.as_str()).collect();
        assert_eq!(kinds, ["A", "AAAA"], "they never differ by a step");
        let batch = step.batch().unwrap();
        assert_eq!((batch.delete.len(), batch.create.len()), (5, 5));
        steps += 1;
    }
    assert_eq!((steps, of(&it, "A"), of(&it, "AAAA")), (3, vec![70, 30], vec![50, 50]));
}

#[test]
fn a_share_is_that_of_its_own_type() {
    let mut it = listed().fails("blue");
    it.sets.retain(|set| set.kind != "AAAA");
    it.sets.extend([aaaa("blue", 10), aaaa("green", 90)]);
    let drained = shift(it.decide());
    let had: Vec<Option<Share>> =
        drained.moves.iter().map(|moved| shares(&weights(&moved.before)).get(&id("blue")).copied()).collect();
    assert_eq!(had, [Some(Share::percent(70)), Some(Share::percent(10))]);
}

#[test]
fn a_sibling_with_evidence_of_its_own_moves_on_that_alone() {
    let mut it = apart();
    let mut seen = it.seen();
    let check = "00000000-0000-0000-0000-000000006b10".parse().unwrap();
    let checked = seen.health_checks.get_mut(&check).unwrap().as_mut().unwrap().as_mut().unwrap();
    checked.reports.iter_mut().for_each(|seen| seen.is_well = false);
    let drained = shift(it.decide_on(&seen));
    let moved: Vec<String> = drained.moves.iter().map(|moved| moved.key.to_string()).collect();
    assert_eq!(moved, ["www.example.com AAAA"], "over IPv4 it is well");
    assert!(it.incident.kind.state().siblings[&key("www.example.com A")].is_in_policy);
}

fn with_weights([a, b]: [Weight; 2], [c, d]: [Weight; 2]) -> Scene {
    let sets = vec![set("blue", a), set("green", b), aaaa("blue", c), aaaa("green", d)];
    Scene::with(&POLICY.replace("type = \"A\"", "type = [\"A\", \"AAAA\"]"), sets)
}

fn kinds(shift: &Shift) -> Vec<&str> {
    shift.moves.iter().map(|moved| moved.key.kind.as_str()).collect()
}

/// The shares of blue, in per cent, rounded down.
fn blues(it: &Scene) -> [u64; 2] {
    ["A", "AAAA"].map(|kind| {
        let of_kind = of(it, kind);
        u64::from(of_kind[0]) * 100 / of_kind.iter().map(|weight| u64::from(*weight)).sum::<u64>()
    })
}

/// Found by seed 92000618: one type's weight came over at once, since it was no more than twice the other endpoint's share, and the
/// other type's in steps.
#[test]
fn what_one_table_lists_should_go_in_steps_in_all_types_or_in_none() {
    for (one, other) in [([60, 40], [50, 50]), ([50, 50], [60, 40]), ([70, 30], [60, 40])] {
        let mut it = with_weights(one, other).fails("blue");
        assert_eq!(kinds(&shift(it.look())), ["A", "AAAA"]);
        assert!(blues(&it).iter().all(|blue| *blue >= 10), "some of it waits, in both: {:?}", blues(&it));
        it.now += 10;
        it.look();
        let step = it.until_act(300).unwrap();
        assert_eq!((kinds(&step), blues(&it)), (vec!["A", "AAAA"], [0, 0]));
    }
    for (one, other) in [([50, 50], [40, 60]), ([70, 30], [99, 1])] {
        let mut it = with_weights(one, other).fails("blue");
        it.look();
        assert_eq!(blues(&it), [0, 0], "more is lost by waiting than is at stake, or nobody is more than doubled");
    }
}

/// Of what each type has to move it moves the same part.
#[test]
fn a_step_should_be_as_large_in_all_types() {
    let mut it = with_weights([60, 40], [50, 50]).fails("blue");
    it.look();
    let [of_sixty, of_fifty] = blues(&it);
    assert!((18..=22).contains(&of_sixty) && (14..=19).contains(&of_fifty), "a third of each: {of_sixty}, {of_fifty}");
}

/// Found by seed 98402401: who had failed with what it took over was asked for more in steps, which were over sooner where it had to take
/// less.
#[test]
fn the_steps_of_who_was_overloaded_should_end_in_all_types_at_once() {
    let mut it = with_weights([57, 75], [4, 1]).fails("green");
    for kind in ["A", "AAAA"] {
        let failed = Drain::of(&format!("www.example.com {kind} blue"), at(it.now - 600));
        let memory = it.around.limits.memory.clone();
        it.around.limits.memory = memory.drained(Drain { had_taken_over: true, ..failed }, false);
    }
    let is_done = |it: &Scene| ["A", "AAAA"].map(|kind| of(it, kind)[1] == 0);
    let mut steps = 0;
    while is_done(&it) != [true, true] {
        assert!(it.until_act(3600).is_some(), "{:?}", it.incident.decision);
        let [one, other] = is_done(&it);
        assert_eq!(one, other, "after step {steps}: {:?}", blues(&it));
        steps += 1;
        it.now += 10;
        it.look();
    }
    assert!(steps > 1);
}

#[test]
fn a_type_that_route_53_refused_to_change_keeps_no_other_in_its_steps() {
    let mut it = with_weights([60, 40], [50, 50]).fails("blue");
    let decision = it.decide();
    let mut tried = shift(decision);
    tried.moves.retain(|moved| moved.key.kind.as_str() == "A");
    let now = at(it.now);
    let refused = Outcome::Refused { why: "NoSuchHealthCheck: it was deleted".into() };
    let hash = it.policy.hash.clone();
    let HostedZoneKind::HostedZone(kept) = &mut it.incident.kind;
    kept.not_taken(now, &tried, &refused, &hash);
    assert_eq!(kinds(&shift(it.look())), ["AAAA"]);
    assert_eq!(blues(&it), [60, 0], "alone it is no more than doubled");
}

/// By all types at once it became unhealthy, and what it bears is not a matter of one of them.
#[test]
fn what_was_not_borne_in_one_type_is_asked_for_in_none() {
    let mut it = with_weights([50, 50], [50, 50]).fails("blue");
    let failed = Drain { had_taken_over: true, ..Drain::of(&"www.example.com A green".to_owned(), at(it.now - 60)) };
    it.around.limits.memory = it.around.limits.memory.drained(failed, false);
    let decision = it.look();
    let told = decision.to_string();
    assert!(matches!(decision, Decision::Page(_)) && told.matches("when it had taken over").count() == 2, "{told}");
    assert_eq!(blues(&it), [50, 50]);
}

fn key(text: &str) -> homeostat_core::aws::record::RecordKey {
    text.to_owned().try_into().unwrap()
}

#[test]
fn a_sibling_that_somebody_changed_keeps_the_other_from_nothing() {
    let mut it = listed().fails("blue");
    it.look();
    it.sets.iter_mut().filter(|set| set.kind == "AAAA").for_each(|set| set.ttl = Some(300));
    it.break_("green");
    it.fix("blue");
    it.now += 60;
    let decision = it.look();
    let moved = shift(decision);
    assert_eq!(moved.moves.iter().map(|moved| moved.key.kind.as_str()).collect::<Vec<_>>(), ["A"]);
    it.now += 60;
    it.break_("green");
    let decision = it.look();
    assert!(troubles(&decision).iter().any(|it| matches!(it, Trouble::Changed { .. })), "{decision}");
}

#[test]
fn a_sibling_that_is_not_in_the_policy_is_never_moved_and_never_passed_over() {
    let mut it = Scene::with(POLICY, both()).fails("blue");
    let drained = shift(it.look());
    assert_eq!(drained.moves.len(), 1);
    assert_eq!((of(&it, "A"), of(&it, "AAAA")), (vec![0, 30], vec![50, 50]));
    let kept = it.incident.kind.state();
    let left = &kept.siblings[&key("www.example.com AAAA")];
    assert_eq!((left.is_in_policy, left.shares().as_str()), (false, "blue 50 %, green 50 % of its answers"));
    let remedy = ShiftDns { aws: &Nothing, hash: &it.policy.hash, dns: it.policy_of() };
    let rungs = remedy.rungs(at(it.now), &it.incident, &it.seen(), &it.around);
    assert!(rungs.iter().any(|rung| rung.by.contains("www.example.com AAAA is not in the policy")), "{rungs:?}");
}

#[test]
fn a_sibling_that_is_not_in_the_policy_is_told_once_before_anything_fails() {
    let mut it = Scene::with(POLICY, both());
    it.look();
    it.now = it.wake_at();
    let decision = it.look();
    let Hold::Own(HoldReason::Drifted(drifted)) = held(&decision) else { panic!("{decision}") };
    assert!(drifted.news[0].to_string().contains("www.example.com AAAA is not in the policy"), "{decision}");
    assert_eq!(it.incident.notify_seq, 1);
    let mut listed = listed();
    assert!(matches!(listed.look(), Decision::Close(_)));
}
