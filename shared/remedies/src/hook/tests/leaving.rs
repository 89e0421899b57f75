//! Terminations: no new work first, then patience, and never more of it than there is.

use std::collections::BTreeMap;

use homeostat_core::aws::fleet::TargetHealth;
use homeostat_core::aws::lifecycle::{ActionResult, Course};
use homeostat_core::aws::record::{RecordSet, Routing};
use homeostat_core::ports::Outcome;

use super::harness::*;
use crate::hook::observation::{Datapoint, Registration, TargetId};
use crate::hook::reasons::{Because, Decision, Hold, HoldReason, HookStep, Limit, Waits};

fn in_use(decision: &Decision) -> String {
    let Decision::Hold { because: Hold::Own(HoldReason::Hook(Waits::InUse { by })), .. } = decision else {
        panic!("{decision:?}")
    };
    by.join("; ")
}

fn draining() -> TargetHealth {
    TargetHealth::Other { state: "draining".into() }
}

fn record(values: &[&str]) -> RecordSet {
    RecordSet {
        name: format!("{INSTANCE}.example.com").parse().unwrap(),
        kind: "A".into(),
        routing: Routing::Simple,
        ttl: Some(60),
        values: values.iter().map(ToString::to_string).collect(),
        alias: None,
        health_check: None,
        traffic_policy: None,
    }
}

#[test]
fn it_is_deregistered_once_and_drained_before_it_goes() {
    let mut scene = Scene::leaving(LEAVE);
    assert!(matches!(
        scene.look(),
        Decision::Hold { because: Hold::Own(HoldReason::Hook(Waits::Settling { .. })), .. }
    ));
    let [HookStep::Deregister { targets, .. }] = scene.done.as_slice() else { panic!("{:?}", scene.done) };
    assert_eq!(*targets, [own_target()]);
    scene.seen.targets = registered(draining());
    scene.now = 5;
    assert!(in_use(&scene.look()).contains("draining"));
    scene.drained();
    scene.now = 10;
    scene.look();
    assert_eq!(scene.completions(), [ActionResult::Continue]);
    assert_eq!((scene.done.len(), scene.because()), (2, Because::Drained));
    assert!(!scene.incident.is_told_at_the_end());
}

#[test]
fn what_auto_scaling_should_have_drained_is_looked_at_and_never_deregistered() {
    let mut scene = Scene::leaving(LEAVE);
    scene.drained();
    let own = POOL.replace("jobs", "web").parse().unwrap();
    let registration = Registration { target: own_target(), health: draining() };
    scene.seen.attached = Some(Ok(BTreeMap::from([(own, vec![registration])])));
    assert!(in_use(&scene.look()).contains("draining in targetgroup/web"));
    assert!(scene.done.is_empty());
    scene.seen.attached = Some(Err("could not read the policy's groups".into()));
    scene.now = 5;
    assert!(in_use(&scene.look()).contains("could not read"));
}

#[test]
fn work_in_flight_is_waited_for_by_its_tag() {
    let mut scene = Scene::leaving(LEAVE);
    scene.drained();
    scene.tag("app:busy", "true");
    assert!(in_use(&scene.look()).contains("app:busy"));
    let Some(Ok(Some(details))) = &mut scene.seen.details else { panic!() };
    details.tags.clear();
    scene.look();
    assert_eq!(scene.completions(), [ActionResult::Continue]);
}

#[test]
fn only_a_fresh_zero_of_the_metric_says_that_the_work_is_done() {
    let metric =
        "busy-metric = { namespace = \"App\", name = \"InFlight\", dimensions = { InstanceId = \"{instance}\" } }\n";
    for (point, done) in [
        (None, false),
        (Some((-60, 0.0)), false),
        (Some((60, 2.0)), false),
        (Some((60, 0.5)), false),
        (Some((0, 0.0)), true),
    ] {
        let mut scene = Scene::leaving(&format!("{LEAVE}{metric}"));
        scene.drained();
        scene.now = 70;
        scene.seen.work = Some(Ok(point.map(|(second, value)| Datapoint { at: at(second), value })));
        scene.look();
        assert_eq!(scene.completions().len() == 1, done, "{point:?}");
    }
}

#[test]
fn its_own_record_goes_first_and_is_waited_for_as_long_as_resolvers_keep_it() {
    let mut scene = Scene::leaving(LEAVE);
    scene.drained();
    scene.seen.records = Some(Ok(vec![record(&["10.0.0.7"])]));
    scene.look();
    assert!(matches!(scene.done.as_slice(), [HookStep::RemoveRecords { .. }]), "{:?}", scene.done);
    scene.seen.records = Some(Ok(Vec::new()));
    scene.now = 59;
    assert!(in_use(&scene.look()).contains("resolvers"));
    scene.now = 60;
    scene.look();
    assert_eq!(scene.completions(), [ActionResult::Continue]);
}

/// Whoever asks for the other family of addresses would go on being sent to an instance that is gone.
#[test]
fn listed_types_of_its_name_go_in_one_batch_each_on_its_own_proof() {
    let aaaa = |value: &str| RecordSet { kind: "AAAA".into(), ttl: Some(90), ..record(&[value]) };
    let both = LEAVE.replace("example.com\" }", "example.com\", type = [\"A\", \"AAAA\"] }");
    let leaving = |policy: &str, sets: &[RecordSet]| {
        let mut scene = Scene::leaving(policy);
        scene.drained();
        let Some(Ok(Some(details))) = &mut scene.seen.details else { panic!() };
        details.addresses.push("2001:db8::7".into());
        scene.seen.records = Some(Ok(sets.to_vec()));
        scene.look();
        scene
    };
    let removed = |scene: &Scene| -> Vec<Vec<String>> {
        let sets = scene.done.iter().filter_map(|step| match step {
            HookStep::RemoveRecords { sets, .. } => Some(sets.iter().map(|set| set.kind.clone()).collect()),
            _ => None,
        });
        sets.collect()
    };
    let own = [record(&["10.0.0.7"]), aaaa("2001:0db8:0::7")];
    let mut scene = leaving(&both, &own);
    assert_eq!(removed(&scene), [["A", "AAAA"]]);
    let said = scene.done[0].to_string();
    assert!(said.contains("remove the records") && said.contains("example.com AAAA"), "{said}");
    scene.seen.records = Some(Ok(Vec::new()));
    scene.now = 89;
    assert!(in_use(&scene.look()).contains("resolvers"), "as long as the longer of both is kept");
    scene.now = 90;
    scene.look();
    assert_eq!(scene.completions(), [ActionResult::Continue]);
    assert!(scene.ended().not_done.is_empty());
    // The other leads elsewhere, or is not listed.
    assert_eq!(removed(&leaving(&both, &[record(&["10.0.0.7"]), aaaa("2001:db8::8")])), [["A"]]);
    let mut scene = leaving(LEAVE, &own);
    assert_eq!(removed(&scene), [["A"]]);
    scene.seen.records = Some(Ok(vec![aaaa("2001:db8::7")]));
    scene.now = 60;
    scene.look();
    let undone = scene.ended().not_done.join("; ");
    assert!(undone.contains("example.com AAAA") && undone.contains("doesn't list its type"), "{undone}");
    assert!(scene.incident.is_told_at_the_end());
}

#[test]
fn a_record_that_leads_elsewhere_too_or_is_no_plain_one_is_left_alone() {
    let alias =
        homeostat_core::aws::record::Alias { zone: "Z2".into(), name: "lb".into(), evaluate_target_health: false };
    let weighted = Routing::Weighted { identifier: "a".parse().unwrap(), weight: 1 };
    for others in [
        record(&["10.0.0.8"]),
        record(&["10.0.0.7", "10.0.0.8"]),
        record(&[]),
        RecordSet { routing: weighted, ..record(&["10.0.0.7"]) },
        RecordSet { alias: Some(alias), ..record(&["10.0.0.7"]) },
        RecordSet { kind: "TXT".into(), ..record(&["10.0.0.7"]) },
    ] {
        let mut scene = Scene::leaving(LEAVE);
        scene.drained();
        scene.seen.records = Some(Ok(vec![others.clone()]));
        scene.look();
        assert_eq!(scene.completions(), [ActionResult::Continue], "{others:?}");
        assert_eq!(scene.done.len(), 1);
    }
}

#[test]
fn out_of_time_it_goes_and_people_hear_what_was_still_in_use() {
    let mut scene = Scene::leaving(LEAVE);
    scene.seen.targets = registered(draining());
    scene.tag("app:busy", "true");
    scene.pass(300, 5);
    assert_eq!(scene.completions(), [ActionResult::Continue], "a leaving instance is never abandoned");
    let Because::OutOfTime { limit: Limit::Policy { .. }, waiting } = scene.because() else { panic!() };
    assert_eq!(waiting.len(), 2);
    assert!(scene.incident.is_told_at_the_end());
}

#[test]
fn a_spot_instance_is_let_go_within_its_two_minutes() {
    let mut scene = Scene::leaving(LEAVE);
    scene.seen.targets = registered(draining());
    scene.seen.interrupted_at = Some(Ok(Some(at(-5))));
    scene.pass(114, 5);
    assert_eq!(scene.completions(), [ActionResult::Continue]);
    assert!(scene.now < 115 && matches!(scene.because(), Because::OutOfTime { limit: Limit::Spot { .. }, .. }));
}

#[test]
fn a_machine_that_ec2_has_taken_is_waited_for_no_more() {
    let mut scene = Scene::leaving(LEAVE);
    scene.seen.targets = registered(draining());
    scene.tag("app:busy", "true");
    let Some(Ok(Some(details))) = &mut scene.seen.details else { panic!() };
    details.state = "terminated".into();
    scene.look();
    assert_eq!(scene.completions(), [ActionResult::Continue]);
}

/// An address goes to the next machine as soon as this one is gone.
#[test]
fn nobody_is_deregistered_by_an_address_that_may_be_another_hosts_by_now() {
    let by_address = || TargetId { id: "10.0.0.7".into(), port: Some(8080) };
    let registered_by = |targets: &[TargetId]| {
        let all = targets.iter().map(|target| Registration { target: target.clone(), health: TargetHealth::Healthy });
        BTreeMap::from([(POOL.parse().unwrap(), Ok(all.collect()))])
    };
    let deregistered = |scene: &Scene| -> Vec<TargetId> {
        let targets = scene.done.iter().filter_map(|step| match step {
            HookStep::Deregister { targets, .. } => Some(targets.clone()),
            _ => None,
        });
        targets.flatten().collect()
    };
    for state in ["shutting-down", "terminated"] {
        let mut scene = Scene::leaving(LEAVE);
        scene.seen.targets = registered_by(&[by_address()]);
        let Some(Ok(Some(details))) = &mut scene.seen.details else { panic!() };
        (details.state, details.addresses) = (state.into(), Vec::new());
        scene.look();
        assert_eq!((deregistered(&scene), scene.completions()), (Vec::new(), vec![ActionResult::Continue]), "{state}");
        let said = scene.ended().to_string();
        assert!(said.contains("its machine is gone") && said.contains("10.0.0.7 in targetgroup/jobs"), "{said}");
        assert!(scene.incident.is_told_at_the_end(), "somebody has to remove it there, or nobody does");
    }
    for unknown in [Ok(None), Err("could not read details".to_owned())] {
        let mut scene = Scene::leaving(LEAVE);
        scene.seen.targets = registered_by(&[by_address(), own_target()]);
        scene.seen.details = Some(unknown);
        scene.look();
        assert_eq!(deregistered(&scene), [own_target()], "its id is nobody else's");
        scene.seen.targets = registered_by(&[by_address()]);
        scene.now = 5;
        assert!(in_use(&scene.look()).contains("healthy in targetgroup/jobs"), "it is waited for all the same");
    }
    let mut scene = Scene::leaving(LEAVE);
    scene.seen.targets = registered_by(&[by_address()]);
    scene.look();
    assert_eq!(deregistered(&scene), [by_address()], "the machine is there, and so is its address");
}

/// The SDK repeats a call by itself: the set was deleted, the answer was lost, and the second call found no such set.
#[test]
fn a_record_that_is_gone_at_the_second_call_is_waited_for_as_long_as_resolvers_keep_it() {
    let mut scene = Scene::leaving(LEAVE);
    scene.drained();
    scene.seen.records = Some(Ok(vec![record(&["10.0.0.7"])]));
    scene.answers = vec![Outcome::Lost { why: "InvalidChangeBatch: it was not found".into() }];
    scene.look();
    scene.seen.records = Some(Ok(Vec::new()));
    scene.now = 59;
    assert!(in_use(&scene.look()).contains("resolvers"));
    scene.now = 60;
    scene.look();
    assert_eq!(scene.completions(), [ActionResult::Continue]);
}

#[test]
fn what_aws_refuses_is_asked_once_and_told_and_keeps_nobody() {
    let mut scene = Scene::leaving(LEAVE);
    scene.answers = vec![Outcome::Refused { why: "AccessDenied: no".into() }];
    scene.pass(300, 5);
    let deregistered = scene.done.iter().filter(|step| matches!(step, HookStep::Deregister { .. })).count();
    assert_eq!((deregistered, scene.completions()), (1, vec![ActionResult::Continue]));
    assert!(scene.incident.is_told_at_the_end() && scene.ended().not_done[0].contains("AccessDenied"));
}

#[test]
fn back_into_the_warm_pool_is_out_of_service_and_from_it_to_its_end_is_not() {
    let mut back = Scene::leaving(LEAVE);
    back.goes(Course::BackToPool);
    back.is("Warmed:Pending:Wait");
    back.look();
    // It waits in the same state as on its way into the pool: Auto Scaling has to know the action first.
    assert!(matches!(back.done.as_slice(), [HookStep::Heartbeat { .. }, HookStep::Deregister { .. }]));
    let mut end = Scene::leaving(LEAVE);
    end.goes(Course::OutOfPool);
    end.is("Warmed:Terminating:Wait");
    end.look();
    assert_eq!((end.done.len(), end.completions()), (1, vec![ActionResult::Continue]));
}

#[test]
fn what_never_gets_deregistered_is_let_go_in_time_all_the_same() {
    // It is registered again after each success; or the call never gets through.
    let answers: [fn(&HookStep) -> Outcome; 2] = [
        |_| Outcome::Done,
        |step| match step {
            HookStep::Deregister { .. } => Outcome::Unknown { why: "Throttling".into() },
            _ => Outcome::Done,
        },
    ];
    for answer in answers {
        let mut scene = Scene { answer, ..Scene::leaving(&LEAVE.replace("5m", "20m")) };
        while scene.completions().is_empty() {
            scene.look();
            assert!(at(scene.now) < scene.state().expires().unwrap(), "{:?}", scene.incident.decision);
            scene.now += 5;
        }
        assert!(matches!(scene.because(), Because::OutOfTime { limit: Limit::Policy { .. }, .. }));
    }
}

#[test]
fn a_refused_deregistration_holds_up_nobody() {
    let mut scene = Scene::leaving(LEAVE);
    scene.answers = vec![Outcome::Refused { why: "AccessDenied: no".into() }];
    scene.look();
    assert_eq!(scene.completions(), [ActionResult::Continue]);
    assert!(scene.incident.is_told_at_the_end());
}

#[test]
fn the_record_of_a_machine_that_is_gone_is_still_known_for_its_own() {
    let mut scene = Scene::leaving(LEAVE);
    scene.tag("app:busy", "true");
    scene.look();
    scene.drained();
    scene.seen.details = Some(Ok(None));
    scene.seen.records = Some(Ok(vec![record(&["10.0.0.7"])]));
    scene.now = 5;
    scene.look();
    assert!(matches!(scene.done.last(), Some(HookStep::RemoveRecords { .. })), "{:?}", scene.done);
}

#[test]
fn a_deregistration_that_goes_on_failing_costs_neither_the_heartbeats_nor_the_limit() {
    let mut scene = Scene::leaving(LEAVE);
    scene.answers = Vec::new();
    let Some(Ok(Some(terms))) = &mut scene.seen.terms else { panic!() };
    terms.timeout = secs(60);
    // Whatever is answered, the targets stay as they are.
    scene.pass(400, 5);
    assert!(scene.heartbeats() >= 8, "{}", scene.heartbeats());
    assert_eq!(scene.completions(), [ActionResult::Continue]);
    assert!((300..=310).contains(&scene.now), "{}", scene.now);
}

#[test]
fn nothing_but_the_hook_is_touched_on_an_events_word_alone() {
    let mut scene = Scene::leaving(LEAVE);
    scene.seen.member = Some(Err("could not read an instance".into()));
    scene.pass(400, 5);
    let touches = |step: &HookStep| matches!(step, HookStep::Deregister { .. } | HookStep::RemoveRecords { .. });
    assert!(!scene.done.iter().any(touches));
    assert_eq!(scene.completions(), [ActionResult::Continue]);
}
