//! Bugs that the simulator found, each as a plain story that failed before it was mended.

use homeostat_core::incident::State;
use homeostat_core::ports::Pause;
use homeostat_remedies::instance::kind::InstanceKind;
use world::{App, HealthStatus, MaintenancePolicy, Process};

use super::fleet::{break_some, fleet, is_whole, minutes, said, terminated, the_open_one, web, web_scope};

/// Found by seeds 201315, 203611 and 203873: a survey left to the group whatever the group had marked, at each survey anew, so
/// that a group which never replaced it was told to nobody.
#[test]
fn a_group_that_marks_an_instance_and_never_replaces_it_is_told_of_although_no_event_came() {
    let mut story = fleet(4, "evidence = [\"alarm\", \"target-health\"]");
    story.deliveries = 0;
    let victim = break_some(&story, 1).remove(0);
    story.cloud.pass(minutes(3));
    // The group can't replace it, for a reason that none of its describe calls tells.
    story.cloud.with(|world| {
        world.suspend_processes(&web(), &[Process::ReplaceUnhealthy]).unwrap();
        world.set_instance_health(&victim, HealthStatus::Unhealthy, false).unwrap();
    });
    story.pass(minutes(90));
    let open = the_open_one(&story);
    assert_eq!(open.state, State::Escalated, "{}", said(&open));
    assert_eq!(terminated(&story), []);
    story.cloud.with(|world| world.resume_processes(&web(), &[Process::ReplaceUnhealthy])).unwrap();
    story.pass(minutes(30));
    is_whole(&story, 4);
}

/// Found by the crash drill and by seed 101186: each repetition of a step counted as one more act, and so towards the cooldown.
#[test]
fn a_step_that_is_repeated_after_a_lost_answer_is_one_act() {
    let mut story = fleet(4, "evidence = [\"alarm\", \"target-health\"]");
    break_some(&story, 1);
    story.pass(minutes(30));
    is_whole(&story, 4);
    assert_eq!(story.ledger.memory_of::<InstanceKind>(&web_scope()).acts.len(), 1);
}

/// Found in review: what was tried without effect counted as begun, so a pause turned it into a failed replacement that was
/// never tried again.
#[test]
fn a_pause_after_a_call_without_effect_is_no_failure_and_the_heal_goes_on_after_it() {
    let mut story = fleet(4, "evidence = [\"alarm\", \"target-health\"]");
    let victims = break_some(&story, 1);
    story.cloud.with(|world| {
        // AWS accepts the mark, and ignores it inside the group's grace period.
        let keep_all = MaintenancePolicy { min_healthy: 100, max_healthy: 200 };
        world.update_group(&web(), |settings| settings.maintenance = Some(keep_all)).unwrap();
    });
    story.pass(minutes(2));
    story.ledger.add_pause(Pause {
        scope: "group#web".into(),
        by: "ana".into(),
        reason: "a deploy".into(),
        until: story.now() + minutes(40),
    });
    story.pass(minutes(70));
    assert_eq!(terminated(&story), victims);
    is_whole(&story, 4);
    assert_eq!(story.ledger.memory_of::<InstanceKind>(&web_scope()).failures, []);
}

/// Found in review: the activities of a group tell of those that come back from Standby in words of their own.
#[test]
fn one_that_comes_back_from_standby_gets_its_grace_again() {
    let mut story = fleet(4, "evidence = [\"alarm\", \"target-health\"]\ngrace = \"10m\"");
    let id = story.in_service(&web()).remove(0);
    story.cloud.with(|world| world.enter_standby(&id, true)).unwrap();
    story.pass(minutes(15));
    story.cloud.with(|world| world.exit_standby(&id)).unwrap();
    story.pass(minutes(1));
    story.cloud.with(|world| world.break_app(&id, App::Dead)).unwrap();
    story.pass(minutes(8));
    assert_eq!(terminated(&story), [], "somebody has just put it back");
    story.pass(minutes(20));
    assert_eq!(terminated(&story), [id]);
}
