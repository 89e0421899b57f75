use super::{fleet, ids, in_service, noon, secs, web, when};
use crate::{ActivityKind, App, HealthCheckType, HealthStatus, Machine, Pace, Process, RefreshStatus, Refusal, World};

fn sick(suspended: &[Process]) -> (World, homeostat_core::id::InstanceId) {
    let (mut world, _) = fleet(Pace::sandbox(), HealthCheckType::Elb);
    let id = ids(&world, "web")[0].clone();
    world.suspend_processes(&web(), suspended).unwrap();
    world.break_app(&id, App::Dead).unwrap();
    world.step(noon() + secs(60));
    (world, id)
}

#[test]
fn a_group_without_launch_should_not_launch_until_it_is_resumed() {
    let (mut world, id) = sick(&[Process::Launch]);
    assert!(world.instance(&id).is_none(), "what is unhealthy is terminated all the same");
    assert_eq!(in_service(&world), 3);
    world.resume_processes(&web(), &[Process::Launch]).unwrap();
    assert!(when(&mut world, secs(10), |world| in_service(world) == 4).is_some());
}

#[test]
fn a_group_without_replace_unhealthy_or_terminate_marks_but_should_not_replace() {
    for process in [Process::ReplaceUnhealthy, Process::Terminate] {
        let (mut world, id) = sick(&[process]);
        assert_eq!(world.instance(&id).unwrap().health, HealthStatus::Unhealthy);
        assert_eq!(in_service(&world), 4);
        world.resume_processes(&web(), &[]).unwrap();
        assert!(when(&mut world, secs(10), |world| world.instance(&id).is_none()).is_some(), "{process:?}");
    }
}

#[test]
fn a_group_without_health_check_should_not_mark_but_heeds_a_caller() {
    let (mut world, id) = sick(&[Process::HealthCheck]);
    world.break_machine(&id, Machine::Stopped).unwrap();
    world.step(noon() + secs(120));
    assert_eq!(world.instance(&id).unwrap().health, HealthStatus::Healthy);
    let mut resumed = world.clone();

    world.set_instance_health(&id, HealthStatus::Unhealthy, true).unwrap();
    assert!(when(&mut world, secs(10), |world| world.instance(&id).is_none()).is_some());

    resumed.resume_processes(&web(), &[Process::HealthCheck]).unwrap();
    assert!(when(&mut resumed, secs(10), |world| world.instance(&id).is_none()).is_some());
}

#[test]
fn a_termination_on_request_should_not_be_stopped_by_a_suspended_terminate() {
    let (mut world, _) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    let id = ids(&world, "web")[0].clone();
    world.suspend_processes(&web(), &[Process::Terminate]).unwrap();
    world.terminate_instance(&id, false).unwrap();
    assert!(when(&mut world, secs(10), |world| in_service(world) == 4).is_some());
}

#[test]
fn an_instance_launched_without_add_to_load_balancer_should_not_become_a_target() {
    let (mut world, target_group) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    let before = ids(&world, "web");
    world.suspend_processes(&web(), &[Process::AddToLoadBalancer]).unwrap();
    world.terminate_instance(&before[0], false).unwrap();
    world.step(noon() + secs(60));
    assert_eq!(in_service(&world), 4);
    assert_eq!(world.target_group(&target_group).unwrap().targets.len(), 3);
}

#[test]
fn no_process_named_means_all_and_a_second_call_should_not_move_the_first() {
    let (mut world, _) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    world.suspend_processes(&web(), &[Process::Launch]).unwrap();
    world.step(noon() + secs(60));
    world.suspend_processes(&web(), &[]).unwrap();
    let group = world.group(&web()).unwrap();
    assert_eq!(group.suspended.len(), Process::ALL.len());
    assert_eq!(group.suspended[&Process::Launch], noon());
    world.resume_processes(&web(), &[]).unwrap();
    assert!(world.group(&web()).unwrap().suspended.is_empty());
}

#[test]
fn a_deleted_group_lets_its_members_go_and_should_not_launch_others() {
    let (mut world, _) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    let before = ids(&world, "web");
    world.terminate_instance(&before[0], false).unwrap();
    world.step(noon() + world.pace().notice);
    world.delete_group(&web()).unwrap();
    assert_eq!(world.group(&web()).unwrap().status(), Some("Delete in progress"));
    assert_eq!(world.terminate_instance(&before[1], false).unwrap_err(), Refusal::ScalingActivityInProgress);
    assert_eq!(world.suspend_processes(&web(), &[]).unwrap_err().code(), "ValidationError");
    let launches =
        |world: &World| world.activities(&web()).filter(|activity| activity.kind == ActivityKind::Launch).count();
    let known = launches(&world);
    assert!(when(&mut world, secs(60), |world| world.group(&web()).is_none()).is_some());
    assert!(ids(&world, "web").is_empty());
    world.step(noon() + secs(600));
    assert_eq!(launches(&world), known);
    assert_eq!(world.delete_group(&web()).unwrap_err().code(), "ValidationError");
    assert_eq!(ids(&world, "batch").len(), 2);
}

#[test]
fn a_refresh_should_not_start_beside_another() {
    let (mut world, _) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    assert!(world.end_refresh(&web(), RefreshStatus::Successful).is_err(), "none is under way");
    let first = world.start_refresh(&web()).unwrap();
    assert_eq!(world.start_refresh(&web()).unwrap_err(), Refusal::InstanceRefreshInProgress);
    world.end_refresh(&web(), RefreshStatus::Cancelling).unwrap();
    assert_eq!(world.start_refresh(&web()).unwrap_err(), Refusal::InstanceRefreshInProgress);
    world.step(noon() + secs(60));
    world.end_refresh(&web(), RefreshStatus::Cancelled).unwrap();
    assert_eq!(world.end_refresh(&web(), RefreshStatus::Successful).unwrap_err().code(), "ValidationError");
    let second = world.start_refresh(&web()).unwrap();
    let refreshes = &world.group(&web()).unwrap().refreshes;
    assert_eq!(refreshes.iter().map(|refresh| refresh.id.clone()).collect::<Vec<_>>(), [first, second]);
    assert_eq!((refreshes[0].ended_at, refreshes[1].ended_at), (Some(noon() + secs(60)), None));
}
