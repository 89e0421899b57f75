//! Launches that were abandoned in a row, and what was on its way meanwhile.

use homeostat_core::aws::lifecycle::{ActionResult, Place};

use super::harness::*;
use crate::hook::memory::{Launch, Memory};
use crate::hook::reasons::{Because, Decision, Hold, HoldReason, HookStep, Waits};

fn abandoned(memory: &Memory, instance: &str, from: &str, launched: i64, now: i64) -> Memory {
    let launch = Launch { instance: &instance.parse().unwrap(), from: Some(from), at: at(launched), is_fresh: true };
    memory.abandon(at(now), &"ready".parse().unwrap(), &launch, 2)
}

/// Seed 700698 of the simulator: two launches of version 2 were abandoned, a third was on its way when version 3 was rolled out and
/// abandoned, too. It was abandoned as the first of a new row.
#[test]
fn what_is_on_its_way_from_an_older_version_is_not_abandoned_as_the_first_of_a_new_row() {
    let mut scene = Scene::launching(LAUNCH);
    let memory = abandoned(&Memory::default(), "i-1a2b3c4d", "lt-1:7", -700, -400);
    let memory = abandoned(&memory, "i-2a2b3c4d", "lt-1:7", -700, -300);
    scene.memory = abandoned(&memory, "i-3a2b3c4d", "lt-1:8", -250, 50);
    scene.pass(300, 5);
    assert_eq!(scene.completions(), [ActionResult::Continue]);
    assert!(matches!(scene.because(), Because::Admitted { abandoned: 2, .. }));
}

#[test]
fn a_version_that_is_rolled_back_to_has_not_failed_yet() {
    let mut scene = Scene::launching(LAUNCH);
    let memory = abandoned(&Memory::default(), "i-1a2b3c4d", "lt-1:7", -2000, -1700);
    let memory = abandoned(&memory, "i-2a2b3c4d", "lt-1:7", -2000, -1600);
    scene.memory = abandoned(&memory, "i-3a2b3c4d", "lt-1:8", -1500, -1200);
    scene.pass(300, 5);
    assert_eq!(scene.completions(), [ActionResult::Abandon]);
    let row = scene.memory.abandoned_of(&"ready".parse().unwrap(), Some("lt-1:7")).unwrap();
    assert_eq!((row.instances.len(), row.limit_reached.is_some(), row.superseded), (1, false, None));
}

/// Seeds 29813165 and 29815467: versions 7 and 8 were both on their way, and the row of 8 was full when the last of 7, a stopped
/// instance of the warm pool, was abandoned. What was launched from 8 after that was abandoned as the first of a new row.
#[test]
fn a_late_failure_of_an_older_version_makes_no_rollback_of_a_newer_one() {
    let mut scene = Scene::launching(LAUNCH);
    let memory = abandoned(&Memory::default(), "i-1a2b3c4d", "lt-1:7", -900, -600);
    let memory = abandoned(&memory, "i-2a2b3c4d", "lt-1:7", -800, -500);
    for (older, launched) in [("lt-1:6", -1000), ("lt-1:6", -700)] {
        scene.memory = abandoned(&memory, "i-3a2b3c4d", older, launched, -400);
        let row = scene.memory.abandoned_of(&"ready".parse().unwrap(), Some("lt-1:7")).unwrap();
        assert_eq!(row.superseded, None, "by one of {older}, launched at {launched} s");
    }
    scene.pass(300, 5);
    assert_eq!(scene.completions(), [ActionResult::Continue]);
    assert!(matches!(scene.because(), Because::Admitted { abandoned: 2, .. }));
}

/// Seed 836942050: the row of version 7 was full and 8 was rolled out, when a stopped instance of 7 was started again from the warm
/// pool: it passed for a rollback, and was abandoned as the first of a new row.
#[test]
fn an_instance_that_is_started_again_from_the_warm_pool_is_no_rollback() {
    for (origin, result) in [
        (Some(Place::Ec2), ActionResult::Abandon),
        (Some(Place::WarmPool), ActionResult::Continue),
        (None, ActionResult::Continue),
    ] {
        let mut scene = Scene::launching(LAUNCH);
        let memory = abandoned(&Memory::default(), "i-1a2b3c4d", "lt-1:7", -2000, -1700);
        let memory = abandoned(&memory, "i-2a2b3c4d", "lt-1:7", -2000, -1600);
        scene.memory = abandoned(&memory, "i-3a2b3c4d", "lt-1:8", -1500, -1200);
        scene.comes_from(origin);
        scene.pass(300, 5);
        assert_eq!(scene.completions(), [result], "{origin:?}");
    }
}

/// Whatever waits in the pool may be of a version that was given up long ago, and may be newer than what was rolled back to.
#[test]
fn an_instance_from_the_warm_pool_ends_no_row_of_another_version() {
    let memory = abandoned(&Memory::default(), "i-1a2b3c4d", "lt-1:7", -900, -600);
    let memory = abandoned(&memory, "i-2a2b3c4d", "lt-1:7", -800, -500);
    let pooled = "i-3a2b3c4d".parse().unwrap();
    let (hook, from) = ("ready".parse().unwrap(), Some("lt-1:8"));
    for (is_fresh, superseded) in [(false, None), (true, Some(at(-300)))] {
        let launch = Launch { instance: &pooled, from, at: at(-700), is_fresh };
        let memory = memory.abandon(at(-300), &hook, &launch, 2);
        assert_eq!(memory.abandoned_of(&hook, Some("lt-1:7")).unwrap().superseded, superseded, "fresh: {is_fresh}");
    }
}

/// Seed 917302033: AWS was asked to abandon two launches, both invocations crashed, and the function was off for more than five
/// minutes. The older try was forgotten by then, and a fourth launch was abandoned where three may be.
#[test]
fn a_try_that_nobody_could_settle_for_long_counts_until_it_is() {
    let hook = "ready".parse().unwrap();
    let tried = |memory: &Memory, instance: &str, now| {
        let launch =
            Launch { instance: &instance.parse().unwrap(), from: Some("lt-1:7"), at: at(-700), is_fresh: true };
        memory.abandoning(at(now), &hook, &launch)
    };
    let one = abandoned(&Memory::default(), "i-1a2b3c4d", "lt-1:7", -700, -400);
    for (max_abandoned, results) in [("2", vec![ActionResult::Continue]), ("3", vec![ActionResult::Abandon])] {
        let mut scene =
            Scene::launching(&LAUNCH.replace("max-abandoned = 2", &format!("max-abandoned = {max_abandoned}")));
        scene.memory = tried(&one, "i-2a2b3c4d", -10);
        scene.pass(300, 5);
        assert_eq!(scene.completions(), results, "one is abandoned, one may be, and {max_abandoned} are enough");
    }
    let mut scene = Scene::launching(&LAUNCH.replace("max-abandoned = 2", "max-abandoned = 3"));
    scene.memory = tried(&tried(&one, "i-2a2b3c4d", -10), "i-3a2b3c4d", 250);
    let Decision::Hold { because: Hold::Own(HoldReason::Hook(Waits::Abandoning { others })), .. } = scene.pass(300, 5)
    else {
        panic!()
    };
    assert_eq!(others, ["i-3a2b3c4d".parse().unwrap()], "whose answer decides whether this is one too many");
}

#[test]
fn a_launch_from_before_a_rollback_says_nothing_of_what_was_launched_after_it() {
    let memory = abandoned(&Memory::default(), "i-1a2b3c4d", "lt-1:7", -600, -300);
    let row = |launched| {
        let memory = abandoned(&memory, "i-3a2b3c4d", "lt-1:8", launched, -200);
        memory.abandoned_of(&"ready".parse().unwrap(), Some("lt-1:7")).unwrap().superseded
    };
    assert_eq!((row(-700), row(-500)), (None, Some(at(-200))));
}

/// Seed 707457: Launch was suspended three seconds before this launch, which had begun half a minute ago, reached its wait state.
#[test]
fn a_launch_that_had_begun_when_launch_was_suspended_is_abandoned_like_those_before_it() {
    let policy = format!("{LAUNCH}on-limit = \"suspend-launch\"\n");
    for (filled_at, result) in [(-3, ActionResult::Abandon), (-60, ActionResult::Continue)] {
        let mut scene = Scene::launching(&policy);
        let memory = abandoned(&Memory::default(), "i-1a2b3c4d", "lt-1:7", -700, -100);
        scene.memory = abandoned(&memory, "i-2a2b3c4d", "lt-1:7", -700, filled_at);
        scene.pass(300, 5);
        assert_eq!(scene.completions(), [result], "suspended at {filled_at} s; its machine was started at -20 s");
        assert!(!scene.done.iter().any(|step| matches!(step, HookStep::SuspendLaunch { .. })));
    }
}
