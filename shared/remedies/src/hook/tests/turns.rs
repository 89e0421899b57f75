//! What comes twice, late, early, or out of turn.

use homeostat_core::aws::fleet::Lifecycle;
use homeostat_core::aws::lifecycle::{ActionResult, Course, LifecycleEvent, Transition, has_gone_on};
use homeostat_core::ports::Outcome;
use homeostat_core::reconcile::Ignored;
use homeostat_core::signal::{Hint, Trigger};

use super::harness::*;
use crate::hook::reasons::{Close, CloseReason, Decision, History, Hold, HoldReason, HookStep, Page, Waits};

const NEWER: &str = "12345678-4321-4321-4321-210987654321";

#[test]
fn a_hook_outside_the_policy_is_left_alone_by_name() {
    let scene = Scene::launching(&LAUNCH.replace("hook = \"ready\"", "hook = \"other\""));
    let ignored = scene.open(Trigger::Action(told(Transition::Launching, 0)), &History::default()).unwrap_err();
    assert!(ignored.to_string().contains("hook#web:ready:i-0123456789abcdef0"), "{ignored}");
}

#[test]
fn what_was_completed_is_not_opened_again_by_the_same_event_or_a_survey() {
    let mut scene = Scene::launching(LAUNCH);
    scene.now = 100;
    let history = History { last_closed_at: Some(at(50)), ..History::default() };
    let event = |second| Trigger::Action(told(Transition::Launching, second));
    let found = Trigger::Found { since: at(100), alarms: Vec::new(), told_by: None };
    for why in [event(0), event(50), found.clone()] {
        assert!(matches!(scene.open(why, &history), Err(Ignored::Handled { .. })));
    }
    assert!(scene.open(event(51), &history).is_ok(), "another action");
    scene.now = 651;
    assert!(scene.open(found, &history).is_ok(), "a survey ten minutes later is not one that sees late");
    assert!(matches!(scene.open(Trigger::Wake, &history), Err(Ignored::NothingOpen { .. })));
}

/// Found by seeds 31002419 and 24000112: the last look at what was completed closed its incident a moment after the next action began,
/// whose event then seemed to be about the one before.
#[test]
fn what_began_after_the_last_action_was_completed_should_not_be_taken_for_it() {
    let mut scene = Scene::launching(LAUNCH);
    scene.is_ready();
    scene.now = 30;
    scene.look();
    assert_eq!(scene.completions().len(), 1);
    let last_closed = Some(Box::new(scene.incident.clone()));
    let history = History { last_closed_at: Some(at(90)), last_closed, ..History::default() };
    let mut event = told(Transition::Launching, 88);
    assert!(matches!(scene.open(Trigger::Action(event.clone()), &history), Err(Ignored::Handled { .. })), "its own");
    event.token = NEWER.parse().unwrap();
    assert!(scene.open(Trigger::Action(event.clone()), &history).is_ok());
    event.at = at(10);
    assert!(matches!(scene.open(Trigger::Action(event), &history), Err(Ignored::Handled { .. })), "an older one");
}

#[test]
fn who_is_gone_opens_nothing_and_who_does_not_show_yet_is_waited_for() {
    let mut scene = Scene::launching(LAUNCH);
    scene.seen.member = Some(Ok(None));
    scene.now = 20;
    assert!(matches!(scene.look(), Decision::Hold { because: Hold::Own(HoldReason::Hook(Waits::Unseen { .. })), .. }));
    scene.now = 60;
    assert!(matches!(scene.look(), Decision::Close(Close::Own(CloseReason::Hook(_)))));
    assert!(scene.done.is_empty() && !scene.incident.is_told_at_the_end());
    for (state, closes) in
        [("Pending", false), ("Pending:Proceed", true), ("InService", true), ("Terminating:Wait", true)]
    {
        let mut scene = Scene::launching(LAUNCH);
        scene.is(state);
        assert_eq!(matches!(scene.look(), Decision::Close(_)), closes, "{state}");
        assert!(scene.done.is_empty());
    }
}

#[test]
fn no_active_action_is_tried_again_then_without_the_token_then_taken_for_done() {
    let mut scene = Scene::launching(LAUNCH);
    scene.is_ready();
    scene.answers = vec![Outcome::Lost { why: "No active Lifecycle Action found".into() }; 20];
    scene.pass(120, 5);
    let tokens: Vec<bool> = scene
        .done
        .iter()
        .map(|step| matches!(step, HookStep::Complete { action, .. } if action.token.is_some()))
        .collect();
    assert_eq!(tokens, [true, true, false, false, false, false]);
    let Decision::Hold { because: Hold::Own(HoldReason::Hook(Waits::Others { result: None, .. })), .. } = scene.look()
    else {
        panic!()
    };
    scene.is("InService");
    scene.look();
    assert!(scene.incident.closed_at.is_some() && scene.done.len() == 6, "{:?}", scene.done);
}

#[test]
fn a_wait_state_that_is_shown_before_its_action_is_completed_a_moment_later() {
    let mut scene = Scene::launching(LAUNCH);
    scene.is_ready();
    scene.answers = vec![Outcome::Lost { why: "No active Lifecycle Action found".into() }];
    scene.pass(60, 5);
    assert_eq!(scene.ended().result, Some(ActionResult::Continue));
    assert_eq!(scene.now, 5);
}

#[test]
fn a_call_without_an_answer_is_repeated_after_a_look_and_not_at_once() {
    let mut scene = Scene::launching(LAUNCH);
    scene.is_ready();
    scene.answers = vec![Outcome::Unknown { why: "timeout".into() }];
    assert!(matches!(
        scene.look(),
        Decision::Hold { because: Hold::Own(HoldReason::Hook(Waits::Settling { .. })), .. }
    ));
    assert_eq!(scene.done.len(), 1);
    scene.now = 5;
    scene.look();
    assert_eq!((scene.done.len(), scene.ended().result), (2, Some(ActionResult::Continue)));
}

#[test]
fn a_call_that_aws_refuses_is_one_page_and_is_tried_again_after_minutes() {
    let mut scene = Scene::launching(LAUNCH);
    scene.is_ready();
    scene.answers = vec![Outcome::Refused { why: "AccessDenied: no".into() }];
    assert!(matches!(scene.look(), Decision::Page(Page::Refused { .. })));
    scene.now = 60;
    scene.look();
    assert_eq!(scene.done.len(), 1);
    scene.answers = vec![Outcome::Refused { why: "AccessDenied: no".into() }];
    scene.now = 250;
    assert!(matches!(scene.look(), Decision::Page(Page::Refused { .. })), "only a try shows whether the role is fixed");
    assert_eq!((scene.done.len(), scene.incident.notify_seq), (2, 1), "told once");
    scene.is("InService");
    scene.now = 290;
    assert!(matches!(scene.look(), Decision::Close(_)));
}

#[test]
fn only_a_newer_action_takes_the_place_of_the_one_that_is_held() {
    let mut scene = Scene::launching(LAUNCH);
    scene.now = 60;
    scene.look();
    let before = scene.state().clone();
    let newer = |second| LifecycleEvent { token: NEWER.parse().unwrap(), ..told(Transition::Launching, second) };
    scene.join(&told(Transition::Launching, 0));
    scene.join(&newer(-5));
    assert_eq!(*scene.state(), before, "the same again, and one that comes late");
    scene.join(&newer(50));
    assert_eq!((scene.state().token.as_ref().unwrap().as_str(), scene.state().began), (NEWER, at(50)));
}

#[test]
fn the_older_actions_completion_is_not_taken_for_the_newer_ones() {
    let mut scene = Scene::launching(LAUNCH);
    scene.goes(Course::IntoPool);
    scene.is("Warmed:Pending:Wait");
    let Decision::Close(_) = scene.look() else { panic!() };
    let mut newer = told(Transition::Launching, 50);
    newer.token = NEWER.parse().unwrap();
    // The close was not written: the incident is still as it was after the call.
    scene.incident.closed_at = None;
    scene.incident.state = homeostat_core::incident::State::Verifying;
    scene.join(&newer);
    scene.is("Pending:Wait");
    scene.now = 55;
    assert!(matches!(
        scene.look(),
        Decision::Hold { because: Hold::Own(HoldReason::Hook(Waits::Evidence { .. })), .. }
    ));
}

#[test]
fn what_a_survey_found_is_given_time_first_and_completed_without_a_token() {
    let mut scene = Scene::launching(LAUNCH);
    let found = Trigger::Found { since: at(0), alarms: Vec::new(), told_by: None };
    scene.incident = scene.open(found, &History::default()).unwrap();
    scene.look();
    assert_eq!(scene.heartbeats(), 1, "nobody knows how much of its timeout is left");
    scene.is_ready();
    scene.now = 5;
    scene.look();
    assert!(matches!(scene.done.last(), Some(HookStep::Complete { action, .. }) if action.token.is_none()));
    assert!(scene.incident.closed_at.is_some());
}

#[test]
fn a_second_wake_up_for_the_same_look_is_dropped_and_the_sweeps_is_not() {
    let mut scene = Scene::launching(LAUNCH);
    scene.look();
    let wake = Hint::wake(scene.incident.subject.clone());
    scene.now = 2;
    assert!(scene.is_early(&wake));
    assert!(!scene.is_early(&hint(&told(Transition::Launching, 1))), "an event is always looked at");
    scene.incident.wakes = 1;
    assert!(!scene.is_early(&wake), "the sweep counted it");
    scene.incident.wakes = 0;
    let look = |at| Hint { subject: wake.subject.clone(), why: Trigger::Look { at } };
    let next = scene.state().next_look.unwrap();
    scene.now = 400;
    assert!(!scene.is_early(&look(next)), "however late");
    assert!(scene.is_early(&look(next - secs(5))) && scene.is_early(&wake), "a second chain ends, however late");
}

#[test]
fn the_sweep_comes_only_where_the_functions_own_wake_up_did_not() {
    let mut scene = Scene::launching(LAUNCH);
    let Decision::Hold { until, .. } = scene.look() else { panic!() };
    assert!(scene.incident.wake_at.unwrap() > until + secs(60), "the sweep looks a minute ahead");
}

#[test]
fn another_result_than_ours_is_not_told_as_ours() {
    for (state, ours) in [("InService", false), ("Terminating", true)] {
        let mut scene = Scene::launching(LAUNCH);
        scene.answers = vec![Outcome::Done, Outcome::Unknown { why: "timeout".into() }];
        scene.pass(300, 150);
        assert_eq!(scene.completions(), [ActionResult::Abandon]);
        scene.is(state);
        let incident = scene.incident.clone();
        assert_eq!(scene.took_effect(&incident), ours, "{state}");
    }
}

#[test]
fn the_first_word_about_what_a_survey_found_is_no_other_action() {
    let mut scene = Scene::launching(LAUNCH);
    scene.now = 100;
    let found = Trigger::Found { since: at(100), alarms: Vec::new(), told_by: None };
    scene.incident = scene.open(found, &History::default()).unwrap();
    scene.look();
    assert_eq!(scene.heartbeats(), 1);
    let beat = scene.state().last_heartbeat;
    scene.join(&told(Transition::Launching, 20));
    assert_eq!((scene.state().last_heartbeat, scene.state().began), (beat, at(100)), "an event's word is tried first");
    scene.now = 105;
    scene.look();
    assert_eq!((scene.state().last_heartbeat, scene.state().began), (Some(at(105)), at(20)));
    assert!(scene.state().token.is_some() && scene.state().claim.is_none());
}

#[test]
fn a_stale_picture_of_the_warm_pool_drops_no_event() {
    for state in ["Warmed:Stopped", "Warmed:Running", "Warmed:Hibernated"] {
        let mut scene = Scene::launching(LAUNCH);
        scene.is(state);
        assert!(
            matches!(scene.look(), Decision::Hold { because: Hold::Own(HoldReason::Hook(Waits::Unseen { .. })), .. }),
            "{state}"
        );
    }
}

#[test]
fn a_description_that_shows_what_was_before_the_wait_closes_nothing() {
    let shown = |mut scene: Scene, course, state| {
        let kept = scene.incident.kind.state_mut();
        (kept.course, kept.accepted) = (Some(course), true);
        scene.is(state);
        scene.now = 5;
        matches!(scene.look(), Decision::Hold { because: Hold::Own(HoldReason::Hook(Waits::Unseen { .. })), .. })
    };
    assert!(shown(Scene::launching(LAUNCH), Course::IntoService, "Warmed:Running"), "out of the pool");
    assert!(!shown(Scene::launching(LAUNCH), Course::IntoPool, "Warmed:Running"), "it has come there");
    assert!(shown(Scene::leaving(LEAVE), Course::OutForGood, "Pending:Wait"), "its launch was abandoned");
    assert!(shown(Scene::leaving(LEAVE), Course::OutOfPool, "Warmed:Stopped"));
    assert!(!shown(Scene::leaving(LEAVE), Course::BackToPool, "Warmed:Stopped"));
}

#[test]
fn nothing_is_done_to_whom_a_survey_took_for_one_that_leaves_before_auto_scaling_knows_the_action() {
    let found = Trigger::Found { since: at(0), alarms: Vec::new(), told_by: None };
    let mut scene = Scene::leaving(LEAVE);
    scene.is("Warmed:Pending:Wait");
    scene.incident = scene.open(found.clone(), &History::default()).unwrap();
    scene.answers = vec![Outcome::Lost { why: "No active Lifecycle Action found".into() }; 20];
    scene.pass(120, 5);
    assert_eq!(scene.heartbeats(), 6, "and then no more");
    scene.is("Warmed:Stopped");
    scene.look();
    assert!(scene.incident.closed_at.is_some());
    assert!(scene.done.iter().all(|step| matches!(step, HookStep::Heartbeat { .. })), "{:?}", scene.done);
    let mut scene = Scene::leaving(LEAVE);
    scene.incident = scene.open(found, &History::default()).unwrap();
    scene.look();
    assert!(matches!(scene.done.as_slice(), [HookStep::Heartbeat { .. }, HookStep::Deregister { .. }, ..]));
}

#[test]
fn a_call_that_is_given_time_to_show_is_looked_at_when_that_is_over() {
    let seldom = LAUNCH.replace("schema = 1\n", "schema = 1\n[lifecycle-hook]\ncheck-every = \"20s\"\n");
    let mut scene = Scene::launching(&seldom);
    scene.is_ready();
    scene.now = 310;
    scene.answers = vec![Outcome::Unknown { why: "timeout".into() }];
    let Decision::Hold { until, .. } = scene.look() else { panic!() };
    assert_eq!(until, at(330), "not once a second, though its time is over");
}

#[test]
fn a_pools_instance_that_is_terminated_should_not_wait_for_the_work_of_an_older_action() {
    let mut scene = Scene::leaving(LEAVE);
    scene.goes(Course::BackToPool);
    scene.is("Warmed:Pending:Wait");
    scene.look();
    let asked = scene.done.len();
    scene.is("Warmed:Terminating:Wait");
    scene.now = 120;
    scene.look();
    assert!(matches!(&scene.done[asked..], [.., HookStep::Complete { .. }]), "{:?}", &scene.done[asked..]);
}

/// Found by the survey, on its way out, while an old description shows its way in.
#[test]
fn what_no_event_told_of_should_not_be_over_for_what_an_old_description_shows_of_the_pool() {
    let mut scene = Scene::launching(LAUNCH);
    let found = Trigger::Found { since: at(0), alarms: Vec::new(), told_by: None };
    scene.incident = scene.open(found.clone(), &History::default()).unwrap();
    for (second, shown) in [(0, "Warmed:Pending:Wait"), (10, "Warmed:Pending:Proceed"), (20, "Warmed:Stopped")] {
        (scene.now, _) = (second, scene.is(shown));
        assert!(matches!(scene.look(), Decision::Hold { .. }), "{shown}: {:?}", scene.incident.decision);
        if second == 0 {
            assert_eq!(scene.stopped_by(), Some("where it goes is certain"));
        }
    }
    scene.is("Pending:Wait");
    scene.pass(200, 5);
    assert_eq!(scene.completions(), []);
    let mut watched = Scene::launching(&LAUNCH.replace("timeout = ", "mode = \"watch\"\ntimeout = "));
    watched.incident = watched.open(found, &History::default()).unwrap();
    watched.is("Warmed:Pending:Wait");
    watched.pass(5, 5);
    assert_eq!(watched.completions(), [ActionResult::Continue], "nobody waits for what is only watched");
}

#[test]
fn who_is_only_watched_should_wait_for_no_answer() {
    let mut scene = Scene::launching(&LAUNCH.replace("timeout = ", "mode = \"watch\"\ntimeout = "));
    scene.is("Warmed:Pending:Wait");
    scene.answer = |step| match step.completes() {
        true => Outcome::Done,
        false => Outcome::Refused { why: "AccessDenied: no".into() },
    };
    scene.look();
    assert_eq!(scene.completions(), [ActionResult::Continue]);
}

#[test]
fn heartbeats_come_in_time_for_a_hook_whose_timeout_is_no_longer_than_a_look() {
    let seldom = LAUNCH.replace("schema = 1\n", "schema = 1\n[lifecycle-hook]\ncheck-every = \"30s\"\n");
    let mut scene = Scene::launching(&seldom);
    let Some(Ok(Some(terms))) = &mut scene.seen.terms else { panic!() };
    (terms.timeout, terms.global) = (secs(30), secs(3000));
    scene.pass(120, 15);
    assert_eq!((scene.heartbeats(), scene.completions()), (8, Vec::new()));
}

#[test]
fn where_an_older_action_went_says_nothing_of_one_that_is_named_by_its_instance() {
    let mut scene = Scene::launching(LAUNCH);
    let found = Trigger::Found { since: at(0), alarms: Vec::new(), told_by: None };
    scene.incident = scene.open(found, &History::default()).unwrap();
    let kept = scene.incident.kind.state_mut();
    kept.course = Some(Course::IntoPool);
    scene.seen.member = Some(Err("could not read an instance".into()));
    scene.look();
    assert_eq!(scene.completions(), []);
}

#[test]
fn what_holds_it_under_another_token_is_not_abandoned_for_the_time_of_the_older_action() {
    let mut scene = Scene::launching(LAUNCH);
    scene.pass(295, 5);
    let before = scene.heartbeats();
    scene.answers = vec![Outcome::Lost { why: "No active Lifecycle Action found".into() }; 2];
    scene.pass(500, 5);
    assert_eq!(scene.completions(), [ActionResult::Abandon; 2], "those that named the older action");
    assert!(scene.heartbeats() > before && scene.incident.closed_at.is_none());
}

/// Seed 778331207: a description that was half a second old dropped the event of an action that had just begun.
#[test]
fn what_was_on_its_way_into_the_pool_should_not_pass_for_done_with_another_action() {
    let shown = Lifecycle("Warmed:Pending:Proceed".into());
    for (transition, course, is_over) in [
        (Transition::Launching, Course::IntoPool, true),
        (Transition::Launching, Course::IntoService, false),
        (Transition::Terminating, Course::BackToPool, true),
        (Transition::Terminating, Course::OutOfPool, false),
    ] {
        assert_eq!(has_gone_on(transition, Some(course), &shown), is_over, "{course}");
    }
}

/// Seed 986955153: what came out of the pool was shown on its way in, and was admitted at once.
#[test]
fn who_comes_out_of_the_pool_should_not_be_admitted_for_a_description_of_its_way_in() {
    let told = LifecycleEvent { course: Some(Course::IntoService), ..told(Transition::Launching, 0) };
    let mut scene = Scene::launching(LAUNCH);
    scene.incident = scene.open(Trigger::Action(told), &History::default()).unwrap();
    for shown in ["Warmed:Pending:Wait", "Pending:Wait", "Warmed:Pending:Wait"] {
        scene.is(shown);
        scene.pass(scene.now + 20, 5);
        assert_eq!(scene.completions(), [], "{shown}");
    }
}

/// Seed 199714794: the completion of its way in was never heard of, and nothing could be read when it came out.
#[test]
fn where_an_older_action_went_should_say_nothing_of_the_next_that_an_event_reports() {
    let goes = |course, second| LifecycleEvent { course: Some(course), ..told(Transition::Launching, second) };
    let mut scene = Scene::launching(LAUNCH);
    scene.incident = scene.open(Trigger::Action(goes(Course::IntoPool, 0)), &History::default()).unwrap();
    scene.seen.member = Some(Err("could not read an instance".into()));
    scene.answers = vec![Outcome::Lost { why: "No active Lifecycle Action found".into() }; 2];
    scene.pass(30, 5);
    let of_the_first = scene.completions().len();
    scene.join(&LifecycleEvent { token: NEWER.parse().unwrap(), ..goes(Course::IntoService, 1) });
    scene.pass(120, 5);
    assert_eq!((of_the_first, scene.completions().len()), (2, 2), "{:?}", scene.done);
}

/// Seed 30782443: EC2 took a Spot Instance on its way into the pool, and the event was dropped for what was shown a moment before.
#[test]
fn the_event_of_a_termination_should_not_be_dropped_for_a_description_of_its_way_into_the_pool() {
    for (transition, course) in
        [(Transition::Terminating, Course::OutOfPool), (Transition::Launching, Course::IntoService)]
    {
        let mut scene =
            if transition == Transition::Launching { Scene::launching(LAUNCH) } else { Scene::leaving(LEAVE) };
        scene.goes(course);
        scene.is("Warmed:Pending:Proceed");
        assert!(
            matches!(scene.look(), Decision::Hold { because: Hold::Own(HoldReason::Hook(Waits::Unseen { .. })), .. }),
            "{course}"
        );
    }
}

/// Seed 26085117: it was in the pool when its token was lost, and its time ran from then when it came out.
#[test]
fn an_action_should_not_be_held_against_the_time_in_which_nothing_was_held() {
    let mut scene = Scene::launching(LAUNCH);
    scene.goes(Course::IntoPool);
    scene.is("Warmed:Running");
    let kept = scene.incident.kind.state_mut();
    (kept.token, kept.course, kept.last_heartbeat) = (None, None, None);
    scene.look();
    (scene.now, _) = (50, scene.is("Pending:Wait"));
    scene.pass(340, 5);
    assert_eq!((scene.state().began, scene.completions()), (at(50), vec![]));
}

/// The survey found it while an old description showed its way in; the event of its way out came after.
#[test]
fn where_an_event_says_that_it_goes_should_outweigh_what_was_shown_before_the_event_came() {
    let mut scene = Scene::launching(LAUNCH);
    scene.now = 10;
    let found = Trigger::Found { since: at(10), alarms: Vec::new(), told_by: None };
    scene.incident = scene.open(found, &History::default()).unwrap();
    scene.is("Warmed:Pending:Wait");
    scene.look();
    scene.join(&told(Transition::Launching, 5));
    scene.now = 20;
    scene.pass(120, 5);
    assert!(scene.state().token.is_some() && scene.completions().is_empty(), "{:?}", scene.done);
}
