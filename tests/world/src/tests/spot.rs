use homeostat_core::id::InstanceId;

use super::hooks::hook;
use super::{fleet, ids, in_service, secs, web, when};
use crate::{
    ActionBy, ActionEnd, ActionResult, HealthCheckType, LifecycleState, LifecycleTransition, Pace, SpotStatus, World,
};

/// `web` with a Spot Instance, which a hook would hold for a minute on its way out.
fn with_spot() -> (World, InstanceId) {
    let (mut world, _) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    let going = hook("going", LifecycleTransition::Terminating, ActionResult::Abandon);
    let change = |settings: &mut crate::GroupSettings| {
        (settings.spot, settings.rebalances) = (true, true);
        settings.desired = 5;
        settings.retain_on_abandon = true;
        settings.hooks = vec![going];
    };
    world.update_group(&web(), change).unwrap();
    assert!(when(&mut world, secs(10), |world| in_service(world) == 5).is_some());
    let id = world.instances().find(|instance| instance.spot.is_some()).unwrap().id.clone();
    (world, id)
}

fn status(world: &World, id: &InstanceId) -> SpotStatus {
    world.machine(id).unwrap().spot.as_ref().unwrap().status
}

#[test]
fn a_hook_should_not_keep_a_spot_instance_beyond_its_notice() {
    let (mut world, id) = with_spot();
    let since = world.now();
    assert_eq!(status(&world, &id), SpotStatus::Fulfilled);
    world.interrupt_spot(&id).unwrap();
    assert_eq!(
        (status(&world, &id), world.interrupt_spot(&id).is_err()),
        (SpotStatus::InstanceTerminatedNoCapacity, true)
    );
    let request = world.instance(&id).unwrap().spot.clone().unwrap();
    assert_eq!((request.updated_at, world.spot_request(&request.id).unwrap().0.id == id), (since, true));
    world.step(since + secs(11));
    assert_eq!(world.instance(&id).unwrap().lifecycle, LifecycleState::TerminatingWait);
    world.record_lifecycle_action_heartbeat(&web(), "going", ActionBy::Instance(id.clone())).unwrap();
    world.step(since + secs(12));
    assert_eq!(world.instance(&id).unwrap().state.as_str(), "shutting-down");
    assert!(
        world
            .complete_lifecycle_action(&web(), "going", ActionBy::Instance(id.clone()), ActionResult::Abandon)
            .is_err()
    );
    let [action] = world.lifecycle_actions() else { panic!("one") };
    assert_eq!((action.ended_by, action.ended_at), (ActionEnd::InstanceGone, since + secs(12)));
    world.step(since + secs(40));
    assert_eq!((world.instance(&id), in_service(&world)), (None, 5));
    assert_eq!(status(&world, &id), SpotStatus::InstanceTerminatedNoCapacity);
    assert_eq!(world.lifecycle_actions().len(), 1, "nothing ends twice");
}

#[test]
fn a_spot_instance_that_was_let_go_in_time_should_not_be_shut_down_again() {
    let (mut world, id) = with_spot();
    world.interrupt_spot(&id).unwrap();
    let held = |world: &World| world.instance(&id).unwrap().lifecycle == LifecycleState::TerminatingWait;
    assert!(when(&mut world, secs(5), held).is_some());
    let by = ActionBy::Instance(id.clone());
    world.complete_lifecycle_action(&web(), "going", by, ActionResult::Continue).unwrap();
    world.step(world.now() + secs(30));
    assert_eq!((world.instance(&id), in_service(&world)), (None, 5));
    assert_eq!(status(&world, &id), SpotStatus::InstanceTerminatedNoCapacity);
    let ends: Vec<ActionEnd> = world.lifecycle_actions().iter().map(|action| action.ended_by).collect();
    assert_eq!(ends, [ActionEnd::Completed(ActionResult::Continue)]);
}

#[test]
fn draining_should_not_outlast_the_notice_and_what_is_no_spot_instance_should_not_get_one() {
    let (mut world, id) = with_spot();
    let other = ids(&world, "web").into_iter().find(|other| *other != id).unwrap();
    let before = world.clone();
    assert_eq!(world.interrupt_spot(&other).unwrap_err().code(), "ValidationError");
    assert_eq!(world, before);
    let slow = Pace { deregistration_delay: secs(300), ..Pace::sandbox() };
    world.pace = slow;
    world.interrupt_spot(&id).unwrap();
    world.step(world.now() + secs(12));
    assert_eq!(world.instance(&id).unwrap().state.as_str(), "shutting-down");
    world.step(world.now() + secs(600));
    assert!(world.instance(&id).is_none() && world.lifecycle_actions().is_empty());
    assert!(world.target_groups().all(|target_group| !target_group.targets.contains_key(&id)));
}

#[test]
fn a_spot_instance_that_nobody_takes_back_should_not_look_interrupted() {
    let (mut world, id) = with_spot();
    world.terminate_instance(&id, false).unwrap();
    let held = |world: &World| world.instance(&id).unwrap().lifecycle == LifecycleState::TerminatingWait;
    assert!(when(&mut world, secs(5), held).is_some());
    world.complete_lifecycle_action(&web(), "going", ActionBy::Instance(id.clone()), ActionResult::Continue).unwrap();
    world.step(world.now() + secs(30));
    assert_eq!((world.instance(&id), status(&world, &id)), (None, SpotStatus::InstanceTerminatedByUser));
}

#[test]
fn a_group_without_capacity_rebalancing_replaces_whom_ec2_has_taken() {
    let (mut world, id) = with_spot();
    world.update_group(&web(), |settings| settings.rebalances = false).unwrap();
    world.interrupt_spot(&id).unwrap();
    assert_eq!(world.instance(&id).unwrap().lifecycle, LifecycleState::InService);
    world.step(world.now() + secs(60));
    assert_eq!((world.instance(&id), in_service(&world)), (None, 5));
}
