use homeostat_core::id::InstanceId;
use serde_json::Value;

use super::hooks::hook;
use super::{fleet, ids, in_service, secs, web, when};
use crate::{
    ActionBy, ActionResult, HealthCheckType, LifecycleState, LifecycleTransition, Pace, PoolState, Process, WarmPool,
    World,
};

fn pool(size: u32, state: PoolState, reuse_on_scale_in: bool) -> WarmPool {
    WarmPool { size, state, reuse_on_scale_in }
}

/// `web` with a pool, before anything of it is there.
fn with_pool(warm_pool: WarmPool, hooked: bool) -> World {
    let (mut world, _) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    let both = [("coming", LifecycleTransition::Launching), ("going", LifecycleTransition::Terminating)];
    let hooks = both.map(|(name, transition)| hook(name, transition, ActionResult::Continue));
    let change = |settings: &mut crate::GroupSettings| {
        settings.warm_pool = Some(warm_pool);
        settings.hooks = if hooked { hooks.to_vec() } else { Vec::new() };
    };
    world.update_group(&web(), change).unwrap();
    world
}

fn in_state(world: &World, state: LifecycleState) -> Vec<InstanceId> {
    world.members(&web()).filter(|member| member.lifecycle == state).map(|member| member.id.clone()).collect()
}

fn comes_to(world: &mut World, state: LifecycleState) -> InstanceId {
    let there = |world: &World| !in_state(world, state).is_empty();
    assert!(when(world, secs(20), there).is_some(), "{}", state.as_str());
    in_state(world, state)[0].clone()
}

/// The one event since the last: transition, origin and destination.
fn told(world: &mut World) -> [String; 3] {
    let [event] = world.take_events().try_into().unwrap();
    ["LifecycleTransition", "Origin", "Destination"]
        .map(|name| event["detail"].get(name).and_then(Value::as_str).unwrap().to_owned())
}

fn complete(world: &mut World, hook: &str, id: &InstanceId) {
    let by = ActionBy::Instance(id.clone());
    world.complete_lifecycle_action(&web(), hook, by, ActionResult::Continue).unwrap();
}

const LAUNCHING: &str = "autoscaling:EC2_INSTANCE_LAUNCHING";
const TERMINATING: &str = "autoscaling:EC2_INSTANCE_TERMINATING";

#[test]
fn an_instance_meets_its_hooks_on_each_of_its_four_journeys() {
    let mut world = with_pool(pool(1, PoolState::Stopped, true), true);
    let id = comes_to(&mut world, LifecycleState::WarmedPendingWait);
    assert_eq!(told(&mut world), [LAUNCHING, "EC2", "WarmPool"]);
    let first = world.active_actions().next().unwrap().token.clone();
    complete(&mut world, "coming", &id);
    assert_eq!(comes_to(&mut world, LifecycleState::WarmedPendingProceed), id);
    assert_eq!(comes_to(&mut world, LifecycleState::WarmedStopped), id);
    assert_eq!((world.instance(&id).unwrap().state.as_str(), in_service(&world)), ("stopped", 4));

    world.set_desired_capacity(&web(), 5).unwrap();
    assert_eq!(world.instance(&id).unwrap().lifecycle.as_str(), "Pending");
    let held = |world: &World| world.instance(&id).unwrap().lifecycle == LifecycleState::PendingWait;
    assert!(when(&mut world, secs(10), held).is_some());
    let held = world.active_actions().find(|action| action.instance == id).unwrap();
    assert_eq!(
        (held.hook.name.as_str(), held.journey.origin(), held.journey.destination()),
        ("coming", "WarmPool", "AutoScalingGroup")
    );
    assert_ne!(held.token, first);
    complete(&mut world, "coming", &id);
    assert!(when(&mut world, secs(2), |world| in_service(world) == 5).is_some());

    world.take_events();
    world.set_desired_capacity(&web(), 4).unwrap();
    let back = in_state(&world, LifecycleState::WarmedPending);
    let [back] = back.as_slice() else { panic!("{back:?}") };
    assert!(*back != id, "the oldest goes");
    let waits = |world: &World| world.instance(back).unwrap().lifecycle == LifecycleState::WarmedPendingWait;
    assert!(when(&mut world, secs(5), waits).is_some());
    assert_eq!(told(&mut world), [TERMINATING, "AutoScalingGroup", "WarmPool"]);
    complete(&mut world, "going", back);
    let stopped = |world: &World| world.instance(back).unwrap().lifecycle == LifecycleState::WarmedStopped;
    assert!(when(&mut world, secs(5), stopped).is_some());

    world.update_group(&web(), |settings| settings.warm_pool = None).unwrap();
    let waits = |world: &World| world.instance(back).unwrap().lifecycle == LifecycleState::WarmedTerminatingWait;
    assert!(when(&mut world, secs(5), waits).is_some());
    assert!(
        world
            .take_events()
            .iter()
            .any(|event| event["detail"]["Origin"] == "WarmPool" && event["detail"]["Destination"] == "EC2")
    );
    complete(&mut world, "going", back);
    assert!(when(&mut world, secs(5), |world| world.instance(back).is_none()).is_some());
    assert_eq!(in_service(&world), 4);
}

#[test]
fn a_pool_is_refilled_and_should_not_count_towards_the_desired_capacity() {
    let mut world = with_pool(pool(2, PoolState::Running, false), false);
    let full = |world: &World| in_state(world, LifecycleState::WarmedRunning).len() == 2;
    assert!(when(&mut world, secs(10), full).is_some());
    let warm = in_state(&world, LifecycleState::WarmedRunning);
    world.set_desired_capacity(&web(), 6).unwrap();
    assert!(when(&mut world, secs(10), |world| in_service(world) == 6 && full(world)).is_some());
    assert!(warm.iter().all(|id| world.instance(id).unwrap().lifecycle == LifecycleState::InService));
    assert_eq!(ids(&world, "web").len(), 8);
    let launched = |activity: &&crate::Activity| warm.contains(&activity.instance);
    assert!(world.activities.iter().filter(launched).all(|activity| activity.ended_at.is_some()));
}

#[test]
fn a_scale_out_beyond_the_pool_launches_the_rest_directly() {
    let mut world = with_pool(pool(1, PoolState::Stopped, false), false);
    comes_to(&mut world, LifecycleState::WarmedStopped);
    world.set_desired_capacity(&web(), 7).unwrap();
    assert_eq!(in_state(&world, LifecycleState::Pending).len(), 3);
    assert!(when(&mut world, secs(10), |world| in_service(world) == 7).is_some());
}

#[test]
fn a_scale_in_should_not_touch_what_is_protected_nor_anything_while_terminate_is_suspended() {
    let (mut world, _) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    let before = ids(&world, "web");
    for id in &before[1..] {
        world.protect_from_scale_in(id, true).unwrap();
    }
    world.suspend_processes(&web(), &[Process::Terminate]).unwrap();
    world.set_desired_capacity(&web(), 3).unwrap();
    world.step(world.now() + secs(20));
    assert_eq!(ids(&world, "web"), before);
    world.resume_processes(&web(), &[]).unwrap();
    world.set_desired_capacity(&web(), 2).unwrap();
    world.step(world.now() + secs(20));
    assert_eq!(ids(&world, "web"), before[1..]);
    assert!(world.set_desired_capacity(&web(), 9).is_err(), "the maximum is eight");
    assert!(world.set_desired_capacity(&web(), 1).is_err(), "the minimum is two");
}

#[test]
fn a_pool_that_is_not_reused_should_not_get_an_instance_back() {
    let mut world = with_pool(pool(1, PoolState::Stopped, false), false);
    comes_to(&mut world, LifecycleState::WarmedStopped);
    let before = ids(&world, "web");
    world.set_desired_capacity(&web(), 3).unwrap();
    world.step(world.now() + secs(20));
    assert_eq!((ids(&world, "web").len(), before.len()), (4, 5));
    assert_eq!(in_state(&world, LifecycleState::WarmedStopped).len(), 1);
}

#[test]
fn a_stopped_instance_should_not_answer_or_publish() {
    let mut world = with_pool(pool(1, PoolState::Stopped, false), false);
    let id = comes_to(&mut world, LifecycleState::WarmedStopped);
    world.step(world.now() + secs(30));
    assert!(!world.instance(&id).unwrap().answers(world.now()));
    world.set_desired_capacity(&web(), 5).unwrap();
    let started = world.now();
    let answers = |world: &World| world.instance(&id).unwrap().answers(world.now());
    let at = when(&mut world, secs(20), answers).unwrap();
    assert!(at >= started + world.pace().answers_after);
}

#[test]
fn an_instance_that_is_abandoned_on_its_way_into_the_pool_should_not_get_there() {
    let mut world = with_pool(pool(1, PoolState::Running, false), true);
    let id = comes_to(&mut world, LifecycleState::WarmedPendingWait);
    let by = ActionBy::Instance(id.clone());
    world.complete_lifecycle_action(&web(), "coming", by, ActionResult::Abandon).unwrap();
    assert_eq!(world.instance(&id).unwrap().lifecycle, LifecycleState::WarmedTerminatingWait);
    complete(&mut world, "going", &id);
    assert!(when(&mut world, secs(5), |world| world.instance(&id).is_none()).is_some());
    assert_ne!(comes_to(&mut world, LifecycleState::WarmedPendingWait), id, "the pool is refilled");
    assert_eq!(in_service(&world), 4);
}

#[test]
fn a_zone_that_fails_and_is_back_should_not_start_what_is_stopped_in_the_pool() {
    let mut world = with_pool(pool(2, PoolState::Stopped, false), false);
    let full = |world: &World| in_state(world, LifecycleState::WarmedStopped).len() == 2;
    assert!(when(&mut world, secs(20), full).is_some());
    for zone in ["us-east-1a", "us-east-1b"] {
        world.fail_zone(zone);
        world.restore_zone(zone);
    }
    let stopped = |id: &InstanceId| world.instance(id).unwrap().state.as_str() == "stopped";
    assert!(in_state(&world, LifecycleState::WarmedStopped).iter().all(stopped));
}

#[test]
fn an_instance_that_is_sent_elsewhere_while_it_drains_should_not_meet_its_hooks_twice() {
    let mut world = with_pool(pool(1, PoolState::Stopped, true), true);
    world.set_desired_capacity(&web(), 3).unwrap();
    let returns = |member: &&crate::Instance| member.journey == Some(crate::Journey::GroupToWarmPool);
    let id = world.instances().find(returns).unwrap().id.clone();
    world.step(world.now() + jiff::SignedDuration::from_millis(500));
    world.update_group(&web(), |settings| settings.warm_pool = None).unwrap();
    world.step(world.now() + secs(5));
    let met = world.active_actions().filter(|action| action.instance == id).count();
    assert_eq!((met, world.instance(&id).unwrap().lifecycle), (1, LifecycleState::WarmedTerminatingWait));
}
