use jiff::SignedDuration;

use super::{fleet, ids, noon, secs, serving, when};
use crate::{
    ActivityStatus, App, Demo, HealthCheckType, HealthStatus, LifecycleState, Pace, Refusal, TargetState, World,
};

fn causes(world: &World) -> Vec<String> {
    let recent = world.activities.iter().filter(|activity| activity.started_at >= noon());
    recent.map(|activity| format!("{}: {}", activity.description(), activity.cause)).collect()
}

#[test]
fn the_demos_fleet_is_whole_and_balanced() {
    for pace in [Pace::aws(), Pace::sandbox()] {
        let (world, target_group) = fleet(pace, HealthCheckType::Ec2);
        assert_eq!(serving(&world, &target_group), (2, 2, 4));
        assert_eq!(ids(&world, "batch").len(), 2);
    }
}

#[test]
fn a_group_of_type_ec2_should_not_touch_an_instance_whose_application_is_dead() {
    let (mut world, target_group) = fleet(Pace::aws(), HealthCheckType::Ec2);
    let before = ids(&world, "web");
    world.break_app(&before[0], App::Dead).unwrap();
    world.step(noon() + secs(3600));
    assert_eq!(ids(&world, "web"), before);
    assert_eq!(serving(&world, &target_group), (2, 2, 3));
    let target = &world.target_group(&target_group).unwrap().targets[&before[0]];
    assert_eq!(target.reason(), Some(("Target.FailedHealthChecks", "Health checks failed")));
    assert_eq!(world.instance(&before[0]).unwrap().health.as_str(), "Healthy");
    assert!(causes(&world).is_empty());
}

#[test]
fn a_group_of_type_elb_replaces_it_by_itself() {
    let (mut world, target_group) = fleet(Pace::aws(), HealthCheckType::Elb);
    let dead = ids(&world, "web")[0].clone();
    world.break_app(&dead, App::Dead).unwrap();
    world.step(noon() + secs(900));
    assert!(world.instance(&dead).is_none());
    assert_eq!(serving(&world, &target_group), (2, 2, 4));
    let causes = causes(&world);
    assert_eq!(causes.len(), 2, "{causes:?}");
    assert!(causes[0].contains("in response to an ELB system health check failure."), "{causes:?}");
    assert!(causes[1].contains("in response to an unhealthy instance needing to be replaced."), "{causes:?}");
}

#[test]
fn a_group_of_type_elb_should_not_replace_within_the_grace_period() {
    let demo = Demo { health_check: HealthCheckType::Elb, grace: secs(7200), ..Demo::new().unwrap() };
    let (mut world, _) = demo.build(noon()).unwrap();
    let dead = ids(&world, "web")[0].clone();
    world.break_app(&dead, App::Dead).unwrap();
    // Launched an hour before noon, in service 16.5 s later: the grace period ends at 13:00:16.5.
    world.step(noon() + secs(3616));
    assert_eq!(world.instance(&dead).unwrap().lifecycle, LifecycleState::InService);
    world.step(noon() + secs(3616 + 60));
    assert_eq!(world.instance(&dead).unwrap().lifecycle, LifecycleState::Terminating);
}

#[test]
fn a_small_group_of_type_elb_should_not_lose_two_at_once() {
    let (mut world, target_group) = fleet(Pace::sandbox(), HealthCheckType::Elb);
    let before = ids(&world, "web");
    for id in &before {
        world.break_app(id, App::Dead).unwrap();
    }
    let done = when(&mut world, secs(300), |world| {
        let in_service = serving(world, &target_group);
        assert!(in_service.0 + in_service.1 >= 3, "{in_service:?}");
        before.iter().all(|id| world.instance(id).is_none())
    });
    assert!(done.is_some());
}

#[test]
fn an_instance_once_marked_unhealthy_should_not_be_spared_by_a_late_recovery() {
    let (mut world, _) = fleet(Pace::sandbox(), HealthCheckType::Elb);
    let before = ids(&world, "web");
    for id in &before {
        world.break_app(id, App::Dead).unwrap();
    }
    let marked = |world: &World| before.iter().all(|id| world.instance(id).unwrap().health == HealthStatus::Unhealthy);
    assert!(when(&mut world, secs(10), marked).is_some());
    for id in &before {
        world.break_app(id, App::Well).unwrap();
    }
    assert!(when(&mut world, secs(60), |world| before.iter().all(|id| world.instance(id).is_none())).is_some());
}

#[test]
fn a_terminated_instance_is_replaced_in_the_emptier_zone() {
    let (mut world, target_group) = fleet(Pace::aws(), HealthCheckType::Ec2);
    let before = ids(&world, "web");
    let leaving = world.members(&"web".parse().unwrap()).find(|member| member.zone == "us-east-1b").unwrap().id.clone();
    let activity = world.terminate_instance(&leaving, false).unwrap();
    assert_eq!(activity.description(), format!("Terminating EC2 instance: {leaving}"));
    assert_eq!(
        activity.cause,
        format!("At 2026-03-02T12:00:00Z instance {leaving} was taken out of service in response to a user request.")
    );
    assert_eq!((activity.status, activity.progress()), (ActivityStatus::InProgress, 0));
    assert_eq!(world.target_group(&target_group).unwrap().targets[&leaving].state, TargetState::Draining);

    let pace = Pace::aws();
    world.step(noon() + pace.notice);
    let new = ids(&world, "web").into_iter().find(|id| !before.contains(id)).unwrap();
    let instance = world.instance(&new).unwrap().clone();
    assert_eq!((instance.zone.as_str(), instance.lifecycle), ("us-east-1b", LifecycleState::Pending));

    // Checks start an interval after the registration at 16.5 s, and the first that passes counts: 46.5 s.
    let healthy = |world: &World| {
        let targets = &world.target_group(&target_group).unwrap().targets;
        targets.get(&new).is_some_and(|target| target.state == TargetState::Healthy)
    };
    let at = when(&mut world, secs(600), healthy).unwrap();
    assert_eq!(at, instance.launched_at + SignedDuration::from_millis(46_500));
    assert!(world.instance(&leaving).is_some(), "the old one drains for five minutes yet");
    world.step(noon() + pace.deregistration_delay + pace.shut_down);
    assert!(world.instance(&leaving).is_none());
    assert_eq!(serving(&world, &target_group), (2, 2, 4));
    let web = "web".parse().unwrap();
    let newest = world.activities(&web).next().unwrap();
    assert_eq!(
        newest.cause,
        "At 2026-03-02T12:00:12Z an instance was started in response to a difference between desired and actual \
         capacity, increasing the capacity from 3 to 4."
    );
    assert!(world.activities.iter().all(|activity| activity.status == ActivityStatus::Successful));
    assert!(world.activities.iter().all(|activity| activity.ended_at.is_some()));
}

#[test]
fn what_cannot_be_terminated_should_not_change_anything() {
    let (mut world, _) = fleet(Pace::aws(), HealthCheckType::Ec2);
    let id = ids(&world, "web")[0].clone();
    let unknown = "i-00000000000000000".parse().unwrap();
    let before = world.clone();

    let refused = world.terminate_instance(&unknown, false).unwrap_err();
    assert_eq!(refused.code(), "ValidationError");
    assert_eq!(
        refused.to_string(),
        "Instance Id not found - No managed instance found for instance ID: i-00000000000000000"
    );
    assert_eq!(world.terminate_instance(&id, true).unwrap_err().code(), "NotModelled");
    assert_eq!(world, before);

    world.terminate_instance(&id, false).unwrap();
    let once = world.clone();
    assert_eq!(world.terminate_instance(&id, false).unwrap_err(), Refusal::ScalingActivityInProgress);
    assert_eq!(world, once);
    world.step(noon() + secs(600));
    assert_eq!(world.terminate_instance(&id, false).unwrap_err(), Refusal::NoManagedInstance { id });
}

#[test]
fn an_application_that_boots_slower_than_the_thresholds_is_unhealthy_before_it_is_healthy() {
    let pace = Pace { answers_after: secs(5), ..Pace::sandbox() };
    let (mut world, target_group) = fleet(pace, HealthCheckType::Ec2);
    let before = ids(&world, "web");
    world.terminate_instance(&before[0], false).unwrap();
    let states = |world: &World| -> Vec<TargetState> {
        let targets = &world.target_group(&target_group).unwrap().targets;
        targets.iter().filter(|(id, _)| !before.contains(id)).map(|(_, target)| target.state).collect()
    };
    for expected in [TargetState::Initial, TargetState::Unhealthy, TargetState::Healthy] {
        assert!(when(&mut world, secs(10), |world| states(world) == [expected]).is_some(), "{expected:?}");
    }
}

#[test]
fn at_the_sandboxs_pace_a_dead_application_is_replaced_in_under_nine_seconds() {
    let (mut world, target_group) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    let dead = ids(&world, "web")[0].clone();
    world.break_app(&dead, App::Dead).unwrap();
    assert!(when(&mut world, secs(4), |world| !world.outbox.is_empty()).is_some());
    world.terminate_instance(&dead, false).unwrap();
    assert!(when(&mut world, secs(5), |world| serving(world, &target_group) == (2, 2, 4)).is_some());
    assert!(world.now() < noon() + secs(9), "{}", world.now());
}
