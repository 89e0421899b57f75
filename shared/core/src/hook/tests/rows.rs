//! Launches that were abandoned in a row, and what was on its way meanwhile.

use super::harness::*;
use crate::hook::action::ActionResult;
use crate::hook::said::{Because, HookStep};
use crate::memory::{Launch, Memory};

fn abandoned(memory: &Memory, instance: &str, from: &str, launched: i64, now: i64) -> Memory {
    let launch = Launch { instance: &instance.parse().unwrap(), from: Some(from), at: at(launched) };
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
    assert_eq!((row.instances.len(), row.filled.is_some(), row.superseded), (1, false, None));
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
    let policy = format!("{LAUNCH}afterwards = \"suspend-launch\"\n");
    for (filled_at, result) in [(-3, ActionResult::Abandon), (-60, ActionResult::Continue)] {
        let mut scene = Scene::launching(&policy);
        let memory = abandoned(&Memory::default(), "i-1a2b3c4d", "lt-1:7", -700, -100);
        scene.memory = abandoned(&memory, "i-2a2b3c4d", "lt-1:7", -700, filled_at);
        scene.pass(300, 5);
        assert_eq!(scene.completions(), [result], "suspended at {filled_at} s; its machine was started at -20 s");
        assert!(!scene.done.iter().any(|step| matches!(step, HookStep::SuspendLaunch { .. })));
    }
}
