//! Events that lie about the time, or about the action.

use homeostat_core::aws::fleet::TargetHealth;
use homeostat_core::aws::lifecycle::{ActionResult, Course, LifecycleEvent, Transition};
use homeostat_core::ports::Outcome;
use homeostat_core::signal::Trigger;

use super::harness::*;
use crate::hook::memory::Launch;
use crate::hook::observation::Datapoint;
use crate::hook::reasons::{Decision, History, Hold, HoldReason, HookStep, Page, PageReason, Waits};
use crate::hook::state::HookState;

const MADE_UP: &str = "00000000-0000-4000-8000-000000000000";

fn forged(transition: Transition, second: i64) -> LifecycleEvent {
    LifecycleEvent { token: MADE_UP.parse().unwrap(), ..told(transition, second) }
}

fn unknown_token(step: &HookStep) -> Outcome {
    match step {
        HookStep::Complete { action, .. } | HookStep::Heartbeat { action }
            if action.token.as_ref().is_some_and(|token| token.as_str() == MADE_UP) =>
        {
            Outcome::Lost { why: "No active Lifecycle Action found with token".into() }
        }
        _ => Outcome::Done,
    }
}

/// Opened by a made-up token of that time, at this one; the hook's timeout is an hour.
fn opened_by(mut scene: Scene, told: &LifecycleEvent, now: i64) -> Scene {
    scene.now = now;
    scene.answer = unknown_token;
    let Some(Ok(Some(terms))) = &mut scene.seen.terms else { panic!() };
    (terms.timeout, terms.global) = (secs(3600), secs(172_800));
    let Some(Ok(Some(details))) = &mut scene.seen.details else { panic!() };
    details.started_at = Some(at(now - 20));
    scene.incident = scene.open(Trigger::Action(told.clone()), &History::default()).unwrap();
    scene
}

#[test]
fn a_made_up_token_and_an_old_time_suspend_nothing_and_abandon_nobody() {
    for on_limit in ["admit", "suspend-launch"] {
        let policy = format!("{}on-limit = \"{on_limit}\"\n", LAUNCH.replace("max-abandoned = 2", "max-abandoned = 1"));
        let told = forged(Transition::Launching, 0);
        // The launch really waits, since 10 s.
        let mut scene = opened_by(Scene::launching(&policy), &told, 660);
        scene.pass(660 + 290, 5);
        assert_eq!(scene.completions(), [], "{on_limit}");
        assert!(!scene.done.iter().any(|step| matches!(step, HookStep::SuspendLaunch { .. })), "{:?}", scene.done);
        assert!(scene.memory.abandoned.is_empty());
    }
}

#[test]
fn a_time_before_the_machine_was_started_is_not_believed_whoever_knows_the_token() {
    let mut scene = opened_by(Scene::launching(LAUNCH), &told(Transition::Launching, 0), 660);
    scene.look();
    assert_eq!(scene.state().began, at(640), "no earlier than its machine");
    scene.pass(660 + 270, 5);
    assert_eq!(scene.completions(), []);
}

/// Seed 629696236: somebody started a stopped machine that was already leaving, its hook seemed to have begun then, and ran into its
/// timeout.
#[test]
fn a_machine_that_is_started_while_it_leaves_should_cost_its_hook_no_heartbeat() {
    let mut scene = Scene::leaving(LEAVE);
    let Some(Ok(Some(terms))) = &mut scene.seen.terms else { panic!() };
    terms.timeout = secs(30);
    scene.look();
    scene.seen.targets = registered(TargetHealth::Other { state: "draining".into() });
    scene.now = 12;
    let Some(Ok(Some(details))) = &mut scene.seen.details else { panic!() };
    details.started_at = Some(at(12));
    scene.look();
    assert_eq!(scene.state().began, at(0));
    scene.pass(24, 2);
    assert!(scene.heartbeats() > 0, "{:?}", scene.done);
}

/// Seed 22942574106: the same of one that was launched. The time that its hook was taken to have left had been over for minutes.
#[test]
fn a_machine_that_is_started_again_while_its_launch_is_held_should_get_no_more_time_for_it() {
    let mut scene = Scene::launching(LAUNCH);
    scene.look();
    scene.now = 140;
    let Some(Ok(Some(details))) = &mut scene.seen.details else { panic!() };
    details.started_at = Some(at(139));
    scene.look();
    assert_eq!((scene.state().began, scene.state().last_heartbeat), (at(0), Some(at(0))));
    scene.pass(160, 5);
    assert!(scene.heartbeats() > 0, "half of its timeout is over: {:?}", scene.done);
}

/// Seed 813976468: what a survey had taken for an action was closed in the very second in which one began, and its hook ran into its
/// timeout.
#[test]
fn an_action_that_begins_after_auto_scaling_knew_of_none_should_not_pass_for_the_one_that_was_closed() {
    let mut scene = Scene::leaving(LEAVE);
    let found = Trigger::Found { since: at(0), alarms: Vec::new(), told_by: None };
    scene.incident = scene.open(found, &History::default()).unwrap();
    scene.answer = |_| Outcome::Lost { why: "No active Lifecycle Action found".into() };
    scene.look();
    let last_closed = Some(Box::new(scene.incident.clone()));
    let history = History { last_closed_at: Some(at(31)), last_closed, ..History::default() };
    let opened = |second| scene.open(Trigger::Action(told(Transition::Terminating, second)), &history).is_ok();
    assert_eq!([opened(-30), opened(30)], [false, true]);
}

#[test]
fn a_time_in_the_future_is_now_and_heartbeats_are_sent_in_time() {
    let far = LifecycleEvent { at: "2999-01-01T00:00:00Z".parse().unwrap(), ..told(Transition::Launching, 0) };
    let mut scene = opened_by(Scene::launching(&LAUNCH.replace("5m", "3h")), &far, 660);
    assert!(scene.incident.signalled_at <= at(660), "{}", scene.incident.signalled_at);
    scene.pass(660 + 3600, 30);
    assert_eq!((scene.state().began, scene.heartbeats() > 0), (at(660), true));
    let expires = scene.state().expires().unwrap();
    assert!(expires <= at(660 + 3600 + 3600), "{expires}");
}

#[test]
fn an_action_that_auto_scaling_knows_is_not_displaced_by_a_made_up_one() {
    let mut scene = Scene::launching(&LAUNCH.replace("5m", "20m"));
    scene.answer = unknown_token;
    scene.pass(200, 5);
    assert!(scene.state().accepted);
    let before = scene.state().clone();
    // One after the other, each with a newer time: the time that the policy gives never starts again.
    while scene.completions().is_empty() && scene.now < 1500 {
        scene.now += 5;
        scene.join(&forged(Transition::Launching, scene.now));
        scene.look();
    }
    assert_eq!((scene.completions(), scene.now), (vec![ActionResult::Abandon], 1200));
    assert_eq!((scene.state().token.clone(), scene.state().began), (before.token, before.began));
}

#[test]
fn made_up_actions_in_a_row_cost_an_action_that_was_just_reported_no_heartbeat() {
    let mut scene = Scene::launching(&LAUNCH.replace("5m", "20m"));
    scene.answer = unknown_token;
    for second in (0..140).step_by(5) {
        scene.now = second;
        scene.join(&LifecycleEvent { at: at(second), ..forged(Transition::Launching, second) });
        scene.look();
    }
    assert!(scene.state().accepted, "by its instance's id: {:?}", scene.state());
    let expires = scene.state().expires().unwrap();
    scene.pass(600, 5);
    assert!(expires > at(140) && scene.heartbeats() > 3);
}

#[test]
fn a_newer_action_that_auto_scaling_knows_takes_over_when_its_token_is_accepted() {
    let mut scene = Scene::launching(&LAUNCH.replace("5m", "20m"));
    scene.pass(200, 5);
    let newer = LifecycleEvent {
        token: "12345678-4321-4321-4321-210987654321".parse().unwrap(),
        ..told(Transition::Launching, 205)
    };
    scene.now = 206;
    scene.join(&newer);
    scene.look();
    assert_eq!((scene.state().token.as_ref(), scene.state().began), (Some(&newer.token), at(205)));
    assert!(scene.state().accepted && scene.state().claim.is_none());
}

#[test]
fn an_abandoning_that_aws_refuses_is_not_counted_and_one_that_it_does_not_know_is_open() {
    let answers =
        [(Outcome::Refused { why: "AccessDenied".into() }, 0), (Outcome::Lost { why: "No active".into() }, 1)];
    for (answer, open) in answers {
        let mut scene = Scene::launching(LAUNCH);
        scene.pass(299, 5);
        scene.answers = vec![answer.clone()];
        scene.now = 300;
        scene.look();
        assert_eq!(scene.completions(), [ActionResult::Abandon]);
        let rows: Vec<_> = scene.memory.abandoned.values().flatten().collect();
        assert_eq!(rows.iter().map(|row| row.instances.len()).sum::<usize>(), 0, "{answer}: {rows:?}");
        assert_eq!(rows.iter().map(|row| row.trying.len()).sum::<usize>(), open, "{answer}: {rows:?}");
    }
}

#[test]
fn what_was_only_tried_is_counted_when_it_shows_and_never_before() {
    let mut scene = Scene::launching(LAUNCH);
    scene.pass(299, 5);
    scene.answers = vec![Outcome::Unknown { why: "timeout".into() }];
    scene.now = 300;
    assert!(matches!(
        scene.look(),
        Decision::Hold { because: Hold::Own(HoldReason::Hook(Waits::Settling { .. })), .. }
    ));
    let row = |scene: &Scene| {
        let row = scene.memory.abandoned_of(&"ready".parse().unwrap(), Some("lt-1:7")).cloned();
        row.map(|row| (row.instances.len(), row.trying.len()))
    };
    assert_eq!(row(&scene), Some((0, 1)));
    scene.now = 310;
    scene.look();
    assert_eq!(row(&scene), Some((1, 0)), "the second try was done");
}

/// Seeds 29817320 and 29818103: the first try was done and its answer lost, and the second found no such action. The launch was not
/// counted, and the next was abandoned in its stead.
#[test]
fn a_try_without_an_answer_is_settled_by_what_became_of_the_instance() {
    let lost = || Outcome::Lost { why: "No active Lifecycle Action found".into() };
    // The SDK repeats a call by itself: even the first answer that is seen may be that there is no such action any more.
    let ends = [("Terminating:Wait", 1), ("Terminated", 1), ("InService", 0)];
    for (becomes, counted, first) in ends.into_iter().flat_map(|(becomes, counted)| {
        [Outcome::Unknown { why: "timeout".into() }, lost()].map(|first| (becomes, counted, first))
    }) {
        let mut scene = Scene::launching(&LAUNCH.replace("max-abandoned = 2", "max-abandoned = 1"));
        scene.pass(299, 5);
        scene.answers = vec![first];
        scene.answers.extend((0..6).map(|_| lost()));
        scene.now = 300;
        scene.pass(340, 5);
        let hook = "ready".parse().unwrap();
        let row = |scene: &Scene| scene.memory.abandoned_of(&hook, Some("lt-1:7")).cloned();
        let trying = row(&scene).map(|row| (row.instances.len(), row.trying.len()));
        assert_eq!(trying, Some((0, 1)), "nobody knows yet, and others wait for it");
        scene.is(becomes);
        let decision = scene.look();
        assert_eq!(row(&scene).map_or(0, |row| row.instances.len()), counted, "{becomes}");
        assert_eq!(
            matches!(decision, Decision::Page(Page::Own(PageReason::LaunchesFail(_)))),
            counted == 1,
            "{becomes}: {decision}"
        );
    }
}

#[test]
fn whoever_would_be_one_too_many_waits_until_the_others_are_settled() {
    let mut scene = Scene::launching(&LAUNCH.replace("max-abandoned = 2", "max-abandoned = 1"));
    let (hook, other) = ("ready".parse().unwrap(), "i-1a2b3c4d".parse().unwrap());
    let launch = Launch { instance: &other, from: Some("lt-1:7"), at: at(-600), is_fresh: true };
    scene.memory = scene.memory.abandoning(at(290), &hook, &launch);
    let decision = scene.pass(320, 5);
    assert!(
        matches!(decision, Decision::Hold { because: Hold::Own(HoldReason::Hook(Waits::Abandoning { .. })), .. }),
        "{decision}"
    );
    let (refused, done) = (scene.memory.spared(&hook, &other), scene.memory.abandon(at(320), &hook, &launch, 1));
    for (memory, result) in [(refused, ActionResult::Abandon), (done, ActionResult::Continue)] {
        let mut scene = Scene::launching(&LAUNCH.replace("max-abandoned = 2", "max-abandoned = 1"));
        scene.pass(299, 5);
        scene.memory = memory;
        scene.now = 325;
        scene.look();
        assert_eq!(scene.completions(), [result]);
    }
}

/// Seed 512771339: the next look was as late as the hook's timeout, which ran out.
#[test]
fn who_waits_for_the_others_is_looked_at_again_before_its_hook_gives_up() {
    let seldom = "schema = 1\n[lifecycle-hook]\ncheck-every = \"30s\"";
    let mut scene =
        Scene::launching(&LAUNCH.replace("max-abandoned = 2", "max-abandoned = 1").replace("schema = 1", seldom));
    let Some(Ok(Some(terms))) = &mut scene.seen.terms else { panic!() };
    terms.timeout = secs(30);
    let (hook, other) = ("ready".parse().unwrap(), "i-1a2b3c4d".parse().unwrap());
    let launch = Launch { instance: &other, from: Some("lt-1:7"), at: at(-600), is_fresh: true };
    scene.pass(299, 5);
    scene.memory = scene.memory.abandoning(at(290), &hook, &launch);
    while scene.now < 400 {
        let Decision::Hold { until, .. } = scene.look() else { panic!() };
        let expires = scene.state().expires().unwrap();
        assert!(until < expires, "looked at again at {until}, and the hook gives up at {expires}");
        scene.now = until.duration_since(at(0)).as_secs();
    }
    assert!(scene.completions().is_empty());
}

/// Seed 698341305: an instance on its way into the warm pool waits in the same state as one on its way back to it.
#[test]
fn a_launch_into_the_pool_is_not_deregistered_for_a_made_up_termination() {
    let mut scene = Scene::leaving(LEAVE);
    scene.is("Warmed:Pending:Wait");
    scene.answer = unknown_token;
    let kept = scene.incident.kind.state_mut();
    *kept = HookState::told(&forged(Transition::Terminating, 0));
    scene.look();
    assert!(matches!(scene.done.as_slice(), [HookStep::Heartbeat { .. }]), "{:?}", scene.done);
}

/// Seed 698340097: what a survey had found on its way into the pool was started again from there, and was abandoned as one that had
/// waited for a quarter of an hour.
#[test]
fn an_action_without_a_token_is_another_one_as_soon_as_the_instance_is_on_another_course() {
    let mut scene = Scene::launching(LAUNCH);
    scene.is("Warmed:Pending:Wait");
    let kept = scene.incident.kind.state_mut();
    let found = HookState::found(&kept.group, &kept.hook, &kept.instance, Transition::Launching, at(0));
    let known =
        HookState { accepted: true, last_heartbeat: Some(at(0)), lost: 1, course: Some(Course::IntoPool), ..found };
    *kept = known;
    scene.now = 900;
    scene.is("Pending:Wait");
    scene.pass(1190, 5);
    assert_eq!(scene.completions(), [], "it has five minutes of its own: {:?}", scene.done);
    scene.pass(1210, 5);
    assert_eq!(scene.completions(), [ActionResult::Abandon]);
}

/// Seed 778810311: the answer to ABANDON was lost, the evidence could not be read any more, and that the instance was gone passed for
/// the CONTINUE that was to follow.
#[test]
fn a_launch_that_is_gone_was_abandoned_whatever_was_to_follow() {
    for (becomes, counted) in [(None, 1), (Some("InService"), 0)] {
        let mut scene = Scene::launching(&LAUNCH.replace("max-abandoned = 2", "max-abandoned = 1"));
        scene.pass(299, 5);
        scene.answers = vec![Outcome::Lost { why: "No active Lifecycle Action found".into() }];
        scene.now = 300;
        scene.look();
        scene.seen.targets = [(POOL.parse().unwrap(), Err("could not read targets".into()))].into();
        scene.seen.machine = Some(Err("could not read machines".into()));
        scene.seen.details = Some(Err("could not read details".into()));
        scene.answers = vec![Outcome::AlreadyDone];
        scene.now = 310;
        scene.look();
        match becomes {
            None => scene.seen.member = Some(Ok(None)),
            Some(state) => scene.is(state),
        }
        scene.now = 400;
        scene.look();
        let row = scene.memory.abandoned_of(&"ready".parse().unwrap(), Some("lt-1:7")).cloned();
        assert_eq!(row.map_or(0, |row| row.instances.len()), counted, "{becomes:?}");
    }
}

#[test]
fn a_metric_from_before_the_action_says_nothing_however_old_the_event_calls_it() {
    let policy = format!(
        "{}busy-metric = {{ namespace = \"App\", name = \"InFlight\", dimensions = {{ InstanceId = \"{{instance}}\" }} }}\n",
        LEAVE.lines().filter(|line| !line.contains("busy-tag")).map(|line| format!("{line}\n")).collect::<String>()
    );
    let mut scene = Scene::leaving(&policy);
    let Some(Ok(Some(details))) = &mut scene.seen.details else { panic!() };
    details.started_at = Some(at(-9000));
    scene.answer = unknown_token;
    scene.now = 200;
    scene.drained();
    scene.seen.work = Some(Ok(Some(Datapoint { at: at(100), value: 0.0 })));
    let kept = scene.incident.kind.state_mut();
    *kept = HookState::told(&forged(Transition::Terminating, 0));
    scene.pass(230, 5);
    assert_eq!(scene.completions(), [], "{:?}", scene.done);
    scene.seen.work = Some(Ok(Some(Datapoint { at: at(235), value: 0.0 })));
    scene.now = 240;
    scene.look();
    assert_eq!(scene.completions(), [ActionResult::Continue]);
}

/// Found by seed 24000112: the incident of the launch into the pool was closed at the first look that saw it on its way out, a moment
/// after that action began, whose event then seemed to be about the one that was completed.
#[test]
fn what_comes_out_of_the_pool_again_is_another_action_and_not_the_end_of_the_last() {
    let mut scene = Scene::launching(LAUNCH);
    scene.goes(Course::IntoPool);
    scene.is("Warmed:Pending:Wait");
    scene.is_held_by_others = true;
    scene.pass(60, 5);
    assert_eq!(scene.completions(), [ActionResult::Continue], "it serves nobody in the pool");
    scene.is_held_by_others = false;
    scene.now = 600;
    scene.is("Pending:Wait");
    scene.pass(880, 5);
    assert_eq!(scene.completions(), [ActionResult::Continue], "it has five minutes of its own: {:?}", scene.done);
    scene.pass(910, 5);
    assert_eq!(scene.completions(), [ActionResult::Continue, ActionResult::Abandon]);
}

/// Whatever a made-up event says of where the instance comes from and goes, it is answered for by what Auto Scaling shows.
#[test]
fn a_made_up_way_into_the_pool_should_let_nobody_in_unready() {
    let pool = LifecycleEvent { course: Some(Course::IntoPool), ..forged(Transition::Launching, 640) };
    for readable in [true, false] {
        let mut scene = opened_by(Scene::launching(LAUNCH), &pool, 660);
        if !readable {
            scene.seen.member = Some(Err("could not read an instance".into()));
        }
        scene.pass(660 + 250, 5);
        let completed = scene.done.iter().filter(|step| step.completes() && unknown_token(step) == Outcome::Done);
        assert_eq!(completed.count(), 0, "{readable}: {:?}", scene.done);
    }
}

#[test]
fn a_made_up_way_into_the_pool_should_drain_who_leaves_all_the_same() {
    let mut scene = opened_by(
        Scene::leaving(LEAVE),
        &LifecycleEvent { course: Some(Course::OutOfPool), ..forged(Transition::Terminating, 640) },
        660,
    );
    scene.seen.targets = registered(TargetHealth::Healthy);
    scene.pass(670, 5);
    assert!(scene.done.iter().any(|step| matches!(step, HookStep::Deregister { .. })), "{:?}", scene.done);
    assert_eq!(scene.completions(), []);
}

#[test]
fn a_made_up_way_into_service_should_cost_who_goes_into_the_pool_little_time() {
    let service = LifecycleEvent { course: Some(Course::IntoService), ..forged(Transition::Launching, 640) };
    let mut scene = opened_by(Scene::launching(LAUNCH), &service, 660);
    scene.is("Warmed:Pending:Wait");
    scene.pass(660 + 90, 5);
    assert_eq!(scene.completions(), [ActionResult::Continue]);
}

/// Seed 199718772: the incident took it for one that had gone into the pool, was closed while another hook held it, and was found again.
#[test]
fn a_made_up_way_into_the_pool_should_not_close_what_another_hook_holds() {
    let pool = LifecycleEvent { course: Some(Course::IntoPool), ..forged(Transition::Launching, 640) };
    let mut scene = opened_by(Scene::launching(LAUNCH), &pool, 660);
    scene.answer = |_| Outcome::Lost { why: "No active Lifecycle Action found".into() };
    scene.is_ready();
    scene.pass(660 + 200, 5);
    assert!(!scene.completions().is_empty() && scene.incident.closed_at.is_none(), "{:?}", scene.incident.decision);
}

#[test]
fn a_made_up_way_into_the_pool_should_not_close_what_has_yet_to_be_shown() {
    let pool = LifecycleEvent { course: Some(Course::IntoPool), ..forged(Transition::Launching, 640) };
    let mut scene = opened_by(Scene::launching(LAUNCH), &pool, 660);
    scene.is("Warmed:Stopped");
    scene.pass(670, 5);
    assert!(scene.incident.closed_at.is_none(), "{:?}", scene.incident.decision);
}

/// The event of the real action came late, and was dropped as older than the made-up one.
#[test]
fn who_comes_out_of_the_pool_should_not_be_admitted_after_a_made_up_event_either() {
    let service = LifecycleEvent { course: Some(Course::IntoService), ..forged(Transition::Launching, 660) };
    let mut scene = opened_by(Scene::launching(LAUNCH), &service, 660);
    scene.is("Warmed:Pending:Wait");
    scene.pass(700, 5);
    assert_eq!((scene.state().token.clone(), scene.completions()), (None, vec![]));
    scene.is("Pending:Wait");
    scene.pass(900, 5);
    assert_eq!(scene.completions(), []);
}
