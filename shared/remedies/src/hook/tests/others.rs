//! Another hook of the group holds the same instance.

use homeostat_core::aws::lifecycle::{ActionResult, Course};
use homeostat_core::ports::Outcome;

use super::harness::*;
use crate::hook::memory::{Launch, Memory};
use crate::hook::reasons::{Close, CloseReason, Decision, Hold, HoldReason, Page, PageReason, Waits};

fn held_by_others(decision: &Decision) -> Option<ActionResult> {
    match decision {
        Decision::Hold { because: Hold::Own(HoldReason::Hook(Waits::Others { result, .. })), .. } => *result,
        _ => None,
    }
}

#[test]
fn what_is_completed_stays_completed_until_it_is_seen_out_of_its_wait_state() {
    let (mut launch, mut leave) = (Scene::launching(LAUNCH), Scene::leaving(LEAVE));
    launch.is_ready();
    leave.drained();
    for (mut scene, after) in [(launch, "Pending:Proceed"), (leave, "Terminating:Proceed")] {
        scene.is_held_by_others = true;
        assert_eq!(held_by_others(&scene.look()), Some(ActionResult::Continue));
        // Two hours, which is far more than the policy's own time and the hook's timeout.
        for minute in 1..120 {
            scene.now = minute * 60;
            let decision = scene.look();
            assert_eq!(held_by_others(&decision), Some(ActionResult::Continue), "after {minute} min: {decision}");
        }
        assert_eq!((scene.completions().len(), scene.done.len()), (1, 1), "{:?}", scene.done);
        assert_eq!(scene.incident.notify_seq, 0, "an ordinary hook is no news");
        scene.is(after);
        let Decision::Close(Close::Own(CloseReason::Hook(ended))) = scene.look() else { panic!() };
        assert_eq!(ended.result, Some(ActionResult::Continue));
        assert!(ended.because.is_some(), "closed with what it was completed for: {ended}");
    }
}

#[test]
fn what_a_description_shows_from_before_the_wait_state_is_not_the_end_of_it() {
    let mut scene = Scene::launching(LAUNCH);
    scene.is_ready();
    scene.is_held_by_others = true;
    scene.look();
    for (second, state) in [(5, "Pending"), (10, "Pending:Wait"), (90, "Pending:Wait")] {
        (scene.now, _) = (second, scene.is(state));
        assert_eq!(held_by_others(&scene.look()), Some(ActionResult::Continue), "{state}");
    }
    scene.is("InService");
    assert!(matches!(scene.look(), Decision::Close(_)));
}

/// Seed 401 of the simulator: the read after the completion failed, the incident was closed, and the next survey found the instance
/// again, which another hook held.
#[test]
fn what_could_not_be_read_after_its_completion_is_not_taken_to_have_gone_on() {
    let (mut launch, mut leave) = (Scene::launching(LAUNCH), Scene::leaving(LEAVE));
    launch.is_ready();
    leave.drained();
    for mut scene in [launch, leave] {
        scene.is_held_by_others = true;
        scene.look();
        for minute in [1, 20, 90] {
            scene.now = minute * 60;
            scene.seen.member = Some(Err("could not read an instance: no answer".into()));
            let decision = scene.look();
            let Decision::Hold { because: Hold::Own(HoldReason::Hook(Waits::Unread { .. })), .. } = &decision else {
                panic!("{decision}")
            };
            assert!(decision.to_string().contains("whether it still waits can't be told"), "{decision}");
        }
        assert_eq!(scene.completions().len(), 1);
        scene.seen.member = Some(Ok(None));
        scene.look();
        assert!(scene.incident.closed_at.is_some(), "it is gone");
    }
}

/// Seed 48213263: a description from a moment before showed the wait state on the way into the pool.
#[test]
fn what_came_before_the_wait_state_is_no_action_of_another_course() {
    let mut scene = Scene::leaving(LEAVE);
    scene.goes(Course::OutOfPool);
    scene.is("Warmed:Terminating:Wait");
    scene.is_held_by_others = true;
    scene.look();
    assert_eq!(scene.completions().len(), 1);
    for (second, state) in [(1, "Warmed:Pending:Wait"), (6, "Warmed:Terminating:Wait"), (70, "Warmed:Terminating:Wait")]
    {
        (scene.now, _) = (second, scene.is(state));
        assert_eq!(held_by_others(&scene.look()), Some(ActionResult::Continue), "{state}");
    }
    let mut scene = Scene::launching(LAUNCH);
    scene.is_ready();
    scene.is_held_by_others = true;
    scene.look();
    scene.seen.member = Some(Ok(None));
    scene.now = 5;
    assert!(matches!(scene.look(), Decision::Hold { .. }), "the launch may not be shown yet");
}

#[test]
fn an_action_of_another_course_is_not_taken_for_the_one_that_was_completed() {
    let mut scene = Scene::launching(LAUNCH);
    scene.goes(Course::IntoPool);
    scene.is("Warmed:Pending:Wait");
    scene.look();
    assert_eq!(scene.completions().len(), 1);
    let asked = scene.heartbeats();
    scene.is("Pending:Wait");
    let decision = scene.look();
    assert!(!matches!(decision, Decision::Close(_)), "an event that is late would seem to be about the one before");
    assert!(scene.heartbeats() > asked && scene.completions().len() == 1, "{:?}", scene.done);
}

#[test]
fn a_completed_launch_is_looked_at_once_a_minute_and_no_more() {
    let mut scene = Scene::launching(LAUNCH);
    scene.is_ready();
    scene.is_held_by_others = true;
    let mut looks = 0;
    while scene.now < 3600 {
        let Decision::Hold { until, .. } = scene.look() else { panic!() };
        scene.now = until.duration_since(at(0)).as_secs();
        looks += 1;
    }
    assert!((60..75).contains(&looks), "{looks} looks in an hour");
}

#[test]
fn the_page_about_launches_that_fail_waits_for_no_other_hook() {
    let mut scene = Scene::launching(LAUNCH);
    let hook = "ready".parse().unwrap();
    let first = "i-1a2b3c4d".parse().unwrap();
    let launch = Launch { instance: &first, from: Some("lt-1:7"), at: at(-600), is_fresh: true };
    scene.memory = Memory::default().abandon(at(-400), &hook, &launch, 2);
    scene.answer = |step| if step.completes() { Outcome::AlreadyDone } else { Outcome::Done };
    assert!(matches!(scene.pass(300, 5), Decision::Page(Page::Own(PageReason::LaunchesFail(_)))));
}
