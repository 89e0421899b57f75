//! What a launch depends on moves: it is let through when its time is over, and not abandoned.

use std::collections::BTreeMap;

use homeostat_core::aws::alarm::{AlarmReading, AlarmState};
use homeostat_core::aws::fleet::{Checks, Machine};
use homeostat_core::aws::lifecycle::ActionResult;
use homeostat_core::dependency::Readings;

use super::harness::*;
use crate::hook::reasons::{Because, Decision, Hold, HoldReason, Waits};

const DATABASE: &str = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:orders-db";
const RUNG: &str = "nothing that it depends on moves";

fn depending(more: &str) -> String {
    format!(
        "{LAUNCH}depends-on = [\"orders-db\"]\n{more}[[dependency]]\nname = \"orders-db\"\nalarms = [{DATABASE:?}]\n"
    )
}

fn says(state: AlarmState, since: i64) -> Readings {
    let (arn, since, instances) = (DATABASE.parse().unwrap(), at(since), Vec::new());
    let reason = "over the threshold".to_owned();
    let alarm = AlarmReading { arn, state, since, reason, actions_enabled: false, instances };
    BTreeMap::from([(DATABASE.parse().unwrap(), Ok(Some(alarm)))])
}

/// What becomes of a launch that shows nothing of its evidence, and whose database says this when its time is over.
fn launched(database: Option<Readings>) -> Scene {
    let mut scene = Scene::launching(&depending(""));
    scene.pass(299, 5);
    assert_eq!(scene.completions(), [], "not before its time, whatever moves");
    scene.now = 300;
    scene.seen.dependencies = database;
    scene
}

#[test]
fn it_is_let_through_when_its_time_is_over_and_people_hear_of_it() {
    let mut scene = launched(Some(says(AlarmState::Alarm, 200)));
    assert_eq!(scene.stopped_by(), Some(RUNG));
    scene.look();
    assert_eq!(scene.completions(), [ActionResult::Continue]);
    assert!(matches!(scene.because(), Because::Dependency { missing, .. } if missing.len() == 3));
    assert!(scene.incident.is_told_at_the_end());
    assert!(scene.memory.abandoned.is_empty() && !scene.memory.dependency.is_empty());
}

#[test]
fn otherwise_it_is_abandoned_as_ever() {
    let unread = Some(BTreeMap::from([(DATABASE.parse().unwrap(), Err("Throttling".to_owned()))]));
    for database in [Some(says(AlarmState::Ok, -600)), Some(says(AlarmState::InsufficientData, 200)), unread] {
        let mut scene = launched(database);
        scene.look();
        assert_eq!(scene.completions(), [ActionResult::Abandon]);
    }
}

#[test]
fn nobody_is_judged_before_the_alarms_were_asked() {
    let mut scene = launched(None);
    let decision = scene.look();
    let waits =
        matches!(&decision, Decision::Hold { because: Hold::Own(HoldReason::Hook(Waits::Evidence { .. })), .. });
    assert!(waits && scene.completions().is_empty(), "{decision}");
}

#[test]
fn what_its_machine_says_is_not_the_dependencys_fault() {
    let impaired = Checks::Impaired { checks: "reachability".into(), since: None };
    let machine =
        |state: &str, checks: Checks| Machine { state: state.into(), checks, started_at: None, ends_at: None };
    for seen in [Some(machine("running", impaired)), Some(machine("stopped", Checks::Passed)), None] {
        let mut scene = launched(Some(says(AlarmState::Alarm, 200)));
        scene.seen.machine = Some(Ok(seen));
        scene.look();
        assert_eq!(scene.completions(), [ActionResult::Abandon]);
    }
}

#[test]
fn nor_is_launch_suspended_for_launches_that_lack_it() {
    let mut scene = Scene::launching(
        &depending("on-limit = \"suspend-launch\"\n").replace("max-abandoned = 2", "max-abandoned = 1"),
    );
    scene.seen.dependencies = Some(says(AlarmState::Alarm, 200));
    scene.pass(300, 5);
    assert_eq!(scene.completions(), [ActionResult::Continue]);
}

#[test]
fn launches_are_spared_for_half_an_hour_in_two() {
    let mut memory = None;
    let mut results = Vec::new();
    for minute in 0..40 {
        let mut scene = Scene::launching(&depending(""));
        scene.memory = memory.take().unwrap_or_default();
        scene.incident.kind.state_mut().began = at(minute * 60 - 300);
        scene.now = minute * 60;
        scene.seen.dependencies = Some(says(AlarmState::Alarm, -600));
        scene.look();
        results.extend(scene.completions());
        memory = Some(scene.memory);
    }
    let spared = results.iter().take_while(|result| **result == ActionResult::Continue).count();
    assert_eq!(spared, 30, "{results:?}");
    assert_eq!(results[30], ActionResult::Abandon);
}
