use super::{fleet, ids, in_service, newest, noon, secs, serving, web, when};
use crate::{
    App, Demo, Flaw, HealthCheckType, HealthStatus, LifecycleState, Machine, MaintenancePolicy, Pace, Process, World,
};

const LAUNCH_FIRST: MaintenancePolicy = MaintenancePolicy { min_healthy: 100, max_healthy: 110 };

fn with_policy(policy: MaintenancePolicy) -> (World, homeostat_core::id::TargetGroupArn) {
    let (mut world, target_group) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    world.update_group(&web(), |settings| settings.maintenance = Some(policy)).unwrap();
    (world, target_group)
}

#[test]
fn within_the_grace_period_a_call_that_respects_it_should_not_change_anything() {
    let demo = Demo { pace: Pace::sandbox(), grace: secs(7200), ..Demo::new().unwrap() };
    let (mut world, _) = demo.build(noon()).unwrap();
    let id = ids(&world, "web")[0].clone();
    let before = world.clone();
    world.set_instance_health(&id, HealthStatus::Unhealthy, true).unwrap();
    assert_eq!(world, before);
    world.set_instance_health(&id, HealthStatus::Unhealthy, false).unwrap();
    assert_eq!(world.instance(&id).unwrap().health, HealthStatus::Unhealthy);
    assert!(when(&mut world, secs(10), |world| world.instance(&id).is_none()).is_some());
}

#[test]
fn members_that_a_caller_marked_should_not_wait_for_one_another() {
    let (mut world, _) = fleet(Pace::aws(), HealthCheckType::Ec2);
    for id in ids(&world, "web") {
        world.set_instance_health(&id, HealthStatus::Unhealthy, true).unwrap();
    }
    world.step(noon() + world.pace().replace_unhealthy);
    assert_eq!(in_service(&world), 0);
    let newest = newest(&world);
    assert!(newest.cause.ends_with("an instance was taken out of service in response to a user health-check."));
}

#[test]
fn a_member_that_was_declared_healthy_in_time_should_not_be_replaced() {
    let (mut world, _) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    let before = ids(&world, "web");
    world.set_instance_health(&before[0], HealthStatus::Unhealthy, true).unwrap();
    world.set_instance_health(&before[0], HealthStatus::Healthy, true).unwrap();
    world.step(noon() + secs(60));
    assert_eq!(ids(&world, "web"), before);
}

#[test]
fn a_member_that_is_declared_healthy_should_not_be_spared_by_the_groups_own_checks() {
    let (mut world, _) = fleet(Pace::sandbox(), HealthCheckType::Elb);
    let id = ids(&world, "web")[0].clone();
    world.suspend_processes(&web(), &[Process::ReplaceUnhealthy]).unwrap();
    world.break_app(&id, App::Dead).unwrap();
    let health = |world: &World| world.instance(&id).unwrap().health;
    assert!(when(&mut world, secs(10), |world| health(world) == HealthStatus::Unhealthy).is_some());
    world.set_instance_health(&id, HealthStatus::Healthy, true).unwrap();
    assert_eq!(health(&world), HealthStatus::Healthy);
    assert!(when(&mut world, secs(10), |world| health(world) == HealthStatus::Unhealthy).is_some());
}

#[test]
fn machines_that_stopped_should_not_wait_for_one_another() {
    let (mut world, _) = fleet(Pace::aws(), HealthCheckType::Ec2);
    for id in ids(&world, "web") {
        world.break_machine(&id, Machine::Stopped).unwrap();
    }
    world.step(noon() + world.pace().mark_unhealthy);
    assert_eq!(in_service(&world), 0);
}

#[test]
fn the_health_of_what_is_leaving_or_unknown_should_not_be_set() {
    let (mut world, _) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    let id = ids(&world, "web")[0].clone();
    world.terminate_instance(&id, false).unwrap();
    let before = world.clone();
    let unknown = "i-00000000000000000".parse().unwrap();
    for id in [&id, &unknown] {
        let refused = world.set_instance_health(id, HealthStatus::Healthy, true).unwrap_err();
        assert_eq!(refused.code(), "ValidationError");
    }
    assert_eq!(world, before);
}

#[test]
fn a_group_that_launches_first_should_not_lose_capacity_to_a_failed_health_check() {
    let (mut world, target_group) = with_policy(LAUNCH_FIRST);
    let before = ids(&world, "web");
    world.set_instance_health(&before[0], HealthStatus::Unhealthy, true).unwrap();
    let replaced = when(&mut world, secs(30), |world| {
        let healthy = serving(world, &target_group);
        assert!(healthy.0 + healthy.1 >= 4 && healthy.2 >= 4, "{healthy:?}");
        world.instance(&before[0]).is_none()
    });
    assert!(replaced.is_some());
    assert_eq!(ids(&world, "web").len(), 4);
    world.step(noon() + secs(120));
    assert_eq!(ids(&world, "web").len(), 4, "and none is launched for the one that went");
}

#[test]
fn the_old_one_should_not_go_while_its_replacement_does_not_answer() {
    let (mut world, _) = with_policy(LAUNCH_FIRST);
    let before = ids(&world, "web");
    world.break_version(&web(), 1, Flaw::NeverAnswers);
    world.set_instance_health(&before[0], HealthStatus::Unhealthy, true).unwrap();
    world.step(noon() + secs(120));
    let old = world.instance(&before[0]).unwrap().clone();
    assert_eq!(old.lifecycle, LifecycleState::InService);
    assert_eq!(ids(&world, "web").len(), 5);

    let replacement = old.replacement.unwrap();
    world.mend_version(&web(), 1);
    world.terminate_instance(&replacement, false).unwrap();
    assert!(when(&mut world, secs(30), |world| world.instance(&before[0]).is_none()).is_some());
    world.step(noon() + secs(240));
    assert_eq!(in_service(&world), 4);
}

#[test]
fn a_policy_with_room_below_should_not_launch_first() {
    let (mut world, _) = with_policy(MaintenancePolicy { min_healthy: 50, max_healthy: 110 });
    let before = ids(&world, "web");
    world.set_instance_health(&before[0], HealthStatus::Unhealthy, true).unwrap();
    world.step(noon() + world.pace().replace_unhealthy);
    assert_eq!(world.instance(&before[0]).unwrap().lifecycle, LifecycleState::Terminating);
}

#[test]
fn a_policy_should_not_govern_a_termination_on_request_or_a_machine_that_stopped() {
    let (mut world, _) = with_policy(LAUNCH_FIRST);
    let before = ids(&world, "web");
    world.terminate_instance(&before[0], false).unwrap();
    assert_eq!(world.instance(&before[0]).unwrap().lifecycle, LifecycleState::Terminating);
    assert_eq!(in_service(&world), 3);

    world.step(noon() + secs(60));
    world.break_machine(&before[1], Machine::Stopped).unwrap();
    world.step(noon() + secs(60) + world.pace().mark_unhealthy);
    assert_eq!(world.instance(&before[1]).unwrap().lifecycle, LifecycleState::Terminating);
}

#[test]
fn a_policy_that_contradicts_itself_should_not_be_taken() {
    let (mut world, _) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    for (min_healthy, max_healthy) in [(101, 200), (0, 101), (90, 99), (90, 201)] {
        let policy = MaintenancePolicy { min_healthy, max_healthy };
        let refused = world.update_group(&web(), |settings| settings.maintenance = Some(policy)).unwrap_err();
        assert_eq!(refused.code(), "ValidationError", "{policy:?}");
    }
    assert_eq!(world.group(&web()).unwrap().settings.maintenance, None);
}

#[test]
fn several_sick_members_should_not_leave_a_group_that_launches_first_with_more_than_it_may_have() {
    let (mut world, target_group) = fleet(Pace::sandbox(), HealthCheckType::Elb);
    world.update_group(&web(), |settings| settings.maintenance = Some(LAUNCH_FIRST)).unwrap();
    let before = ids(&world, "web");
    for id in &before[..2] {
        world.break_app(id, App::Dead).unwrap();
    }
    let done = when(&mut world, secs(60), |world| {
        let web = web();
        let there = world.members(&web).filter(|member| !member.lifecycle.is_terminating());
        assert!(there.count() <= 5, "110 percent of four, rounded up");
        serving(world, &target_group).2 == 4 && before[..2].iter().all(|id| world.instance(id).is_none())
    });
    assert!(done.is_some());
}

#[test]
fn a_group_with_no_room_above_or_below_should_not_keep_its_sick_members_for_ever() {
    let (mut world, _) = with_policy(MaintenancePolicy { min_healthy: 100, max_healthy: 100 });
    let before = ids(&world, "web");
    for id in &before[..2] {
        world.set_instance_health(id, HealthStatus::Unhealthy, true).unwrap();
    }
    let gone = when(&mut world, secs(60), |world| {
        assert!(in_service(world) >= 3, "one at a time");
        before[..2].iter().all(|id| world.instance(id).is_none())
    });
    assert!(gone.is_some());
}

#[test]
fn one_that_waits_for_its_replacement_should_not_count_for_another_that_left() {
    let (mut world, _) = with_policy(LAUNCH_FIRST);
    let before = ids(&world, "web");
    world.break_version(&web(), 1, Flaw::NeverAnswers);
    world.set_instance_health(&before[0], HealthStatus::Unhealthy, true).unwrap();
    world.step(noon() + secs(30));
    world.terminate_instance(&before[1], false).unwrap();
    world.step(noon() + secs(60));
    assert_eq!(in_service(&world), 5, "the sick one, its replacement, two others, and one for the one that left");
}
