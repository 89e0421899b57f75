//! Target groups whose targets are addresses, or a load balancer.

use homeostat_core::id::Scope;
use homeostat_remedies::hook::kind::HookKind;
use scenarios::HookStory;
use world::{ActionResult, Pace, TargetState, TargetType};

use super::site::*;

const BY_TARGETS: &str = "evidence = [\"target-health\"]\ntimeout = \"6m\"\n";

fn site_of(jobs: TargetType) -> HookStory {
    let (world, jobs) = world_of(jobs, Pace::aws(), 4, minutes(5));
    let policy = policy_of(&jobs, BY_TARGETS, "timeout = \"10m\"\n");
    HookStory::new(world, policy)
}

#[test]
fn an_instance_that_registers_by_its_address_is_admitted_and_drained_like_any_other() {
    let mut story = site_of(TargetType::Ip);
    work(&story);
    let victim = story.in_service(&web()).remove(0);
    terminate(&story, &victim);
    // Auto Scaling drains its own target group first.
    story.pass(secs(330));
    let state = story.cloud.with(|world| {
        let jobs = world.target_groups().find(|group| group.name == "jobs").unwrap();
        jobs.targets.get(&victim).map(|target| target.state)
    });
    assert_eq!(state, Some(TargetState::Draining), "by its address and port");
    story.pass(minutes(30));
    until_whole(&mut story, 4, minutes(1));
    assert_eq!((ended(&story, ActionResult::Continue), ended(&story, ActionResult::Abandon)), (2, 0));
    assert_eq!((lost(&story).1, timed_out(&story)), (0, 0));
    assert!(story.ledger.memory_of::<HookKind>(&Scope::of_group(&web())).abandoned.is_empty());
}

#[test]
fn a_target_group_that_holds_a_load_balancer_abandons_nobody_and_admits_nobody_early() {
    let mut story = site_of(TargetType::Alb);
    let victim = story.in_service(&web()).remove(0);
    terminate(&story, &victim);
    story.pass(minutes(40));
    assert_eq!((ended(&story, ActionResult::Continue), ended(&story, ActionResult::Abandon)), (2, 0));
    let held: Vec<i64> =
        actions(&story).iter().map(|action| action.ended_at.duration_since(action.started_at).as_mins()).collect();
    assert!(held.iter().all(|minutes| *minutes >= 5), "nobody was taken for ready or drained: {held:?}");
    for incident in story.ledger.closed::<HookKind>() {
        let said = incident.decision.map(|decision| decision.to_string()).unwrap_or_default();
        assert!(said.contains("say nothing of an instance"), "{said}");
    }
}

/// Nobody is registered there, and nobody could be: that says nothing of a launch.
#[test]
fn an_empty_target_group_that_can_hold_no_instance_abandons_nobody() {
    let mut story = site_of(TargetType::Lambda);
    let victim = story.in_service(&web()).remove(0);
    terminate(&story, &victim);
    story.pass(minutes(40));
    assert_eq!((ended(&story, ActionResult::Continue), ended(&story, ActionResult::Abandon)), (2, 0));
    let said: Vec<String> =
        story.ledger.closed::<HookKind>().into_iter().filter_map(|one| Some(one.decision?.to_string())).collect();
    assert!(said.iter().any(|said| said.contains("its type is lambda, which says nothing of an instance")), "{said:?}");
}

#[test]
fn an_instance_that_registers_nowhere_is_still_abandoned() {
    let mut story = site_of(TargetType::Ip);
    let stops = |world: &mut world::World| {
        world.update_group(&web(), |settings| {
            if let Some(application) = &mut settings.application {
                application.registers_with.clear();
            }
        })
    };
    story.cloud.with(stops).unwrap();
    let victim = story.in_service(&web()).remove(0);
    terminate(&story, &victim);
    story.pass(minutes(20));
    assert!(ended(&story, ActionResult::Abandon) > 0, "others are registered by address, and it is not");
}
