use super::{fleet, ids, in_service, newest, noon, secs, web, when};
use crate::{App, HealthCheckType, HealthStatus, LifecycleState, Pace, Process, World};

fn standing_by(decrement: bool) -> (World, homeostat_core::id::InstanceId) {
    let (mut world, target_group) = fleet(Pace::sandbox(), HealthCheckType::Elb);
    let id = ids(&world, "web")[0].clone();
    world.enter_standby(&id, decrement).unwrap();
    assert_eq!(world.instance(&id).unwrap().lifecycle.as_str(), "EnteringStandby");
    let arrived = |world: &World| world.instance(&id).unwrap().lifecycle == LifecycleState::Standby;
    assert!(when(&mut world, secs(10), arrived).is_some());
    assert!(!world.target_group(&target_group).unwrap().targets.contains_key(&id));
    (world, id)
}

#[test]
fn a_group_should_not_replace_a_member_that_left_with_its_capacity() {
    let (mut world, id) = standing_by(true);
    world.break_app(&id, App::Dead).unwrap();
    world.step(noon() + secs(60));
    assert_eq!((in_service(&world), ids(&world, "web").len()), (3, 4));
    assert_eq!(world.group(&web()).unwrap().settings.desired, 3);
    assert_eq!(world.instance(&id).unwrap().health, HealthStatus::Healthy, "nobody looks at it in Standby");
    let newest = newest(&world);
    assert_eq!(newest.description(), format!("Moving EC2 instance to Standby: {id}"));
    assert!(newest.cause.ends_with("shrinking the capacity from 4 to 3."), "{}", newest.cause);
    assert!(newest.ended_at.is_some());
}

#[test]
fn a_member_that_left_alone_is_replaced_and_comes_back_on_top() {
    let (mut world, id) = standing_by(false);
    assert!(when(&mut world, secs(10), |world| in_service(world) == 4).is_some());
    world.exit_standby(&id).unwrap();
    assert_eq!(world.instance(&id).unwrap().lifecycle, LifecycleState::Pending);
    assert!(when(&mut world, secs(10), |world| in_service(world) == 5).is_some());
    assert_eq!(world.group(&web()).unwrap().settings.desired, 5);
    let launched = world.activities.iter().find(|activity| activity.instance == id).unwrap();
    assert!(launched.ended_at.unwrap() < noon(), "its launch is what it was");
}

#[test]
fn what_standby_cannot_do_should_not_change_anything() {
    let (mut world, id) = standing_by(true);
    world.suspend_processes(&web(), &[Process::Launch]).unwrap();
    let others = ids(&world, "web");
    let before = world.clone();
    assert!(world.exit_standby(&id).is_err(), "Launch is suspended");
    assert!(world.enter_standby(&id, true).is_err(), "it is there already");
    assert!(world.exit_standby(&others[1]).is_err(), "it never left");
    assert_eq!(world.terminate_instance(&id, false).unwrap_err().code(), "NotModelled");
    assert_eq!(world, before);
    world.enter_standby(&others[1], true).unwrap();
    assert!(world.enter_standby(&others[2], true).is_err(), "the minimum is two");
}

#[test]
fn a_member_that_was_marked_in_standby_should_not_be_replaced_before_it_is_back() {
    let (mut world, id) = standing_by(true);
    world.set_instance_health(&id, HealthStatus::Unhealthy, false).unwrap();
    world.step(noon() + secs(60));
    assert!(world.instance(&id).is_some());
    world.exit_standby(&id).unwrap();
    assert!(when(&mut world, secs(20), |world| world.instance(&id).is_none()).is_some());
}

#[test]
fn a_hook_should_not_let_a_termination_end_before_its_time() {
    let (mut world, target_group) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    world.update_group(&web(), |settings| settings.termination_lingers = secs(100)).unwrap();
    let id = ids(&world, "web")[0].clone();
    world.terminate_instance(&id, false).unwrap();
    world.step(noon() + secs(100));
    assert_eq!(world.instance(&id).unwrap().lifecycle.as_str(), "Terminating:Wait");
    assert!(!world.target_group(&target_group).unwrap().targets.contains_key(&id));
    assert_eq!(in_service(&world), 4, "its replacement does not wait for it");
    assert_eq!(world.terminate_instance(&id, false).unwrap_err().code(), "ScalingActivityInProgress");
    world.step(noon() + secs(103));
    assert!(world.instance(&id).is_none());
}

#[test]
fn a_warm_instance_should_not_be_terminated_on_request() {
    let (mut world, target_group) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    let id = ids(&world, "web")[0].clone();
    world.set_lifecycle(&id, LifecycleState::WarmedStopped).unwrap();
    assert_eq!(world.instance(&id).unwrap().lifecycle.as_str(), "Warmed:Stopped");
    assert!(!world.target_group(&target_group).unwrap().targets.contains_key(&id));
    assert_eq!(world.terminate_instance(&id, false).unwrap_err().code(), "ValidationError");
}
