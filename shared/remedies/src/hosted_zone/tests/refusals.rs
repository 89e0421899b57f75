//! What Route 53 refuses to change keeps nothing else from being changed.

use homeostat_core::aws::record::{RecordSet, Weight, weights};
use homeostat_core::incident::Acknowledgement;
use homeostat_core::ports::Outcome;

use super::harness::*;
use crate::hosted_zone::reasons::{Decision, Hold, HoldReason, Step, Trouble};

/// `www` with blue and green, and `api` with red and white.
fn two_records() -> String {
    let api = POLICY.split("[[shift-dns.record]]").nth(1).unwrap();
    let api = api
        .replace("www.example.com", "api.example.com")
        .replace("\"blue\"", "\"red\"")
        .replace("\"green\"", "\"white\"")
        .replace("blue-5xx", "red-5xx")
        .replace("green-5xx", "white-5xx")
        .replace("00000000b10e", "000000000ed0")
        .replace("00000000abcd", "00000000beef");
    format!("{POLICY}[[shift-dns.record]]{api}")
}

/// Its health check was deleted, so Route 53 refuses to create it again.
fn api(name: &str, weight: Weight) -> RecordSet {
    let health_check = Some("00000000-0000-0000-0000-00000000dead".to_owned());
    RecordSet { name: "api.example.com".parse().unwrap(), health_check, ..set(name, weight) }
}

fn scene() -> Scene {
    Scene::with(&two_records(), vec![set("blue", 70), set("green", 30), api("red", 70), api("white", 30)])
}

fn refused() -> Outcome {
    Outcome::Refused { why: "NoSuchHealthCheck: No health check found with ID: 00000000-…-dead".into() }
}

fn lost() -> Outcome {
    let why = "InvalidChangeBatch: [Tried to create an alias that targets red.example.com., type A in zone Z1, but that \
               target was not found]";
    Outcome::Lost { why: why.into() }
}

/// One look, where Route 53 takes no batch with `api` in it. The records of what was sent.
fn look(it: &mut Scene, outcome: &Outcome) -> (Decision, Vec<String>) {
    let decision = it.decide();
    let Decision::Act { step: step @ Step::Shift(shift), .. } = &decision else {
        it.conclude(&decision);
        return (decision, Vec::new());
    };
    let sent: Vec<String> = shift.moves.iter().map(|moved| moved.key.name.to_string()).collect();
    if sent.iter().any(|name| name == "api.example.com") {
        let now = at(it.now);
        it.incident = it.incident.intend(now, step, &decision).under(&it.policy.hash).settle(now, outcome.clone());
    } else {
        it.conclude(&decision);
    }
    (decision, sent)
}

fn weights_of(it: &Scene, name: &str) -> Vec<Weight> {
    let sets: Vec<RecordSet> = it.sets.iter().filter(|set| set.name.as_str() == name).cloned().collect();
    weights(&sets).into_values().collect()
}

/// Looks for so long; every batch that was sent, and the last decision.
fn for_seconds(it: &mut Scene, seconds: i64, outcome: &Outcome) -> (Vec<Vec<String>>, Decision) {
    let (end, mut sent) = (it.now + seconds, Vec::new());
    loop {
        let (decision, batch) = look(it, outcome);
        let acted = !batch.is_empty();
        sent.extend(acted.then_some(batch));
        if it.now >= end {
            return (sent, decision);
        }
        it.now = if acted { it.now + 1 } else { it.wake_at() };
    }
}

#[test]
fn a_record_that_route_53_refuses_keeps_no_other_from_being_drained_and_people_hear_of_it() {
    for outcome in [refused(), lost()] {
        let mut it = scene().fails("blue").fails("red");
        let (sent, last) = for_seconds(&mut it, 900, &outcome);
        assert_eq!(weights_of(&it, "www.example.com"), [0, 30], "{sent:?}");
        assert_eq!(weights_of(&it, "api.example.com"), [70, 30]);
        let [Trouble::Refused { record, why, .. }] = troubles(&last) else { panic!("{last}") };
        assert_eq!(record.name.as_str(), "api.example.com");
        assert!(why.contains("NoSuchHealthCheck") || why.contains("InvalidChangeBatch"), "{why}");
        let alone = sent.iter().filter(|batch| *batch == &["api.example.com"]).count();
        assert_eq!(alone, 1, "it is not sent again and again: {sent:?}");
    }
}

#[test]
fn an_endpoint_that_fails_after_another_record_was_refused_is_drained_at_once() {
    let mut it = scene().fails("red");
    for_seconds(&mut it, 600, &refused());
    assert!(it.is_escalated());
    it.break_("blue");
    let (decision, sent) = look(&mut it, &refused());
    assert_eq!(sent, ["www.example.com"], "{decision}");
    assert_eq!(weights_of(&it, "www.example.com"), [0, 30]);
}

#[test]
fn a_refusal_stands_until_the_record_or_the_policy_changes_or_a_person_answers() {
    let mut it = scene().fails("red");
    for_seconds(&mut it, 300, &refused());
    let (sent, _) = for_seconds(&mut it, 3600, &refused());
    assert_eq!(sent, Vec::<Vec<String>>::new(), "nothing has changed");
    let tells = it.incident.notify_seq;

    let mut edited = it.copy();
    for set in &mut edited.sets {
        set.ttl = Some(30);
    }
    assert_eq!(look(&mut edited, &refused()).1, ["api.example.com"]);

    let mut deployed = it.copy();
    deployed.policy = crate::policy::parse(&format!("{}\n# another", two_records())).unwrap();
    assert_eq!(look(&mut deployed, &refused()).1, ["api.example.com"]);

    let word = Acknowledgement { by: "ana".into(), at: at(it.now), reason: "made a new one".into() };
    it.incident = it.incident.acknowledge(word);
    assert_eq!(look(&mut it, &refused()).1, ["api.example.com"]);
    it.now += 60;
    let (last, sent) = look(&mut it, &refused());
    assert!(sent.is_empty() && matches!(troubles(&last), [Trouble::Refused { .. }]), "{last}");
    assert_eq!(it.incident.notify_seq, tells + 1, "a person believes it done, and it was refused again");
}

#[test]
fn one_that_is_refused_and_one_that_is_not_count_as_one_drain_each() {
    let mut it = scene().fails("blue").fails("red");
    for_seconds(&mut it, 900, &refused());
    let drains = &it.around.limits.memory.drains;
    assert_eq!(drains.len(), 2, "{drains:?}");
    assert!(it.around.limits.memory.latched.is_empty());
}

#[test]
fn a_lost_race_of_several_records_is_run_again_whole_where_one_of_them_was_changed() {
    let mut it = scene().fails("blue").fails("red");
    assert_eq!(look(&mut it, &lost()).1.len(), 2);
    it.sets[3] = it.sets[3].with_weight(31);
    it.now += 1;
    assert_eq!(look(&mut it, &lost()).1.len(), 2, "that explains it");
}

#[test]
fn a_batch_that_applied_at_its_first_attempt_is_known_again_however_its_second_was_answered() {
    let mut it = scene().fails("blue").fails("red");
    let (before, decision) = (it.sets.clone(), it.decide());
    let Decision::Act { step: step @ Step::Shift(shift), .. } = &decision else { panic!("{decision}") };
    it.incident = it.incident.intend(at(0), step, &decision).under(&it.policy.hash).settle(at(1), lost());
    it.apply(shift);
    // A list may be served by what has not heard of it.
    let after = std::mem::replace(&mut it.sets, before);
    it.now = 2;
    assert_eq!(look(&mut it, &lost()).1, ["www.example.com"]);
    it.incident = it.incident.settle(at(2), lost());
    it.sets = after;
    it.now = 70;
    let decision = it.look();
    assert!(!it.is_escalated(), "it is Homeostat's own change: {decision}");
    assert!(
        matches!(held(&decision), Hold::Own(HoldReason::Returning { .. }) | Hold::Own(HoldReason::Propagating { .. })),
        "{decision}"
    );
}

/// Found by seed 31001526: Route 53 refused what would have kept a late batch from applying, since a health check was deleted. The
/// incident was closed, the health check came back, and the batch drained an endpoint of which nobody knew.
#[test]
fn an_incident_should_not_close_while_what_would_keep_a_late_batch_from_applying_is_refused() {
    let mut it = scene().fails("red");
    it.look_unanswered();
    it.fix("red");
    it.now = 70;
    let (_, last) = for_seconds(&mut it, 1500, &refused());
    assert!(held(&last).to_string().contains("may still apply"), "{last}");
    it.now = 1900;
    let last = it.decide();
    assert!(matches!(last, Decision::Close(_)), "no batch is as late as that: {last}");
}
