use homeostat_core::aws::alarm::AlarmState;

use super::{alarm_of, fleet, ids, in_service, newest, noon, secs, web, when};
use crate::{
    EventCode, HealthCheckType, HealthStatus, InstanceState, LifecycleState, Machine, Pace, Process, StatusCheck,
    TargetState, World,
};

fn impaired(machine: Machine) -> (World, homeostat_core::id::InstanceId) {
    let (mut world, _) = fleet(Pace::aws(), HealthCheckType::Ec2);
    let id = ids(&world, "web")[0].clone();
    world.break_machine(&id, machine).unwrap();
    (world, id)
}

#[test]
fn an_impaired_machine_should_not_show_before_its_next_check_nor_be_marked_for_some_minutes() {
    for machine in [Machine::SystemImpaired, Machine::InstanceImpaired] {
        let (mut world, id) = impaired(machine);
        assert_eq!(world.machine_status(&id).unwrap().system, StatusCheck::Ok);
        world.step(noon() + secs(60));
        let status = world.machine_status(&id).unwrap();
        let since = StatusCheck::Impaired { since: noon() + secs(60) };
        let expected = if machine == Machine::SystemImpaired {
            (since, StatusCheck::Ok, StatusCheck::Ok)
        } else {
            (StatusCheck::Ok, since, StatusCheck::Ok)
        };
        assert_eq!((status.system, status.instance, status.attached_ebs), expected);
        assert_eq!(status.state, InstanceState::Running);

        world.step(noon() + secs(359));
        assert_eq!(world.instance(&id).unwrap().health, HealthStatus::Healthy);
        world.step(noon() + secs(360));
        assert_eq!(world.instance(&id).unwrap().lifecycle, LifecycleState::Terminating);
        let newest = newest(&world);
        assert!(newest.cause.ends_with("in response to an EC2 instance status check failure."), "{}", newest.cause);
    }
}

#[test]
fn a_machine_that_was_mended_in_time_should_not_be_replaced() {
    let (mut world, id) = impaired(Machine::SystemImpaired);
    world.step(noon() + secs(350));
    world.break_machine(&id, Machine::Well).unwrap();
    world.break_machine(&id, Machine::InstanceImpaired).unwrap();
    world.step(noon() + secs(700));
    assert_eq!(world.instance(&id).unwrap().health, HealthStatus::Healthy, "its patience starts anew");
    world.break_machine(&id, Machine::Well).unwrap();
    world.step(noon() + secs(3600));
    assert!(world.instance(&id).is_some_and(|instance| instance.health == HealthStatus::Healthy));
}

#[test]
fn an_impaired_machine_should_neither_answer_nor_publish() {
    let (mut world, target_group) = fleet(Pace::aws(), HealthCheckType::Ec2);
    world.suspend_processes(&web(), &[Process::HealthCheck]).unwrap();
    let id = ids(&world, "web")[0].clone();
    world.break_machine(&id, Machine::SystemImpaired).unwrap();
    world.step(noon() + secs(600));
    assert_eq!(world.alarm(&alarm_of(&id)).unwrap().standing.state, AlarmState::InsufficientData);
    assert_eq!(world.target_group(&target_group).unwrap().targets[&id].state, TargetState::Unhealthy);
    assert_eq!(world.instance(&id).unwrap().health, HealthStatus::Healthy);
}

#[test]
fn what_auto_scaling_does_not_look_at_should_not_make_it_replace() {
    for machine in [Machine::EbsImpaired, Machine::Unreported] {
        let (mut world, id) = impaired(machine);
        world.step(noon() + secs(3600));
        assert_eq!(world.instance(&id).unwrap().health, HealthStatus::Healthy, "{machine:?}");
        let status = world.machine_status(&id).unwrap();
        assert_ne!((status.system, status.attached_ebs), (StatusCheck::Ok, StatusCheck::Ok), "{machine:?}");
    }
}

#[test]
fn a_stopped_machine_is_replaced_at_the_next_look_and_is_not_checked_any_more() {
    let (mut world, id) = impaired(Machine::Stopped);
    assert_eq!(world.machine_status(&id).unwrap().state, InstanceState::Stopping);
    world.step(noon() + secs(30));
    let instance = world.instance(&id).unwrap();
    assert_eq!((instance.health, instance.lifecycle), (HealthStatus::Unhealthy, LifecycleState::Terminating));
    assert_eq!(world.machine_status(&id).unwrap().system, StatusCheck::NotApplicable);
}

#[test]
fn ec2_remembers_a_terminated_instance_but_not_for_ever() {
    let (mut world, _) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    let id = ids(&world, "web")[0].clone();
    world.terminate_instance(&id, false).unwrap();
    assert!(when(&mut world, secs(10), |world| world.instance(&id).is_none()).is_some());
    assert_eq!(world.machine_status(&id).unwrap().state, InstanceState::Terminated);
    world.step(world.now() + world.pace().terminated_visible);
    assert_eq!(world.machine_status(&id), None);
}

#[test]
fn a_new_machine_is_initializing_before_it_is_ok() {
    let (mut world, _) = fleet(Pace::aws(), HealthCheckType::Ec2);
    let before = ids(&world, "web");
    world.terminate_instance(&before[0], false).unwrap();
    world.step(noon() + secs(12));
    let new = ids(&world, "web").into_iter().find(|id| !before.contains(id)).unwrap();
    let seen = |world: &World| {
        let status = world.machine_status(&new).unwrap();
        (status.state, status.system, status.instance)
    };
    let (none, starting, well) = (StatusCheck::NotApplicable, StatusCheck::Initializing, StatusCheck::Ok);
    assert_eq!(seen(&world), (InstanceState::Pending, none, none));
    world.step(noon() + secs(60));
    assert_eq!(seen(&world), (InstanceState::Running, starting, starting));
    world.step(noon() + secs(12 + 120));
    assert_eq!(seen(&world), (InstanceState::Running, well, well));
}

#[test]
fn a_scheduled_event_makes_the_group_replace_the_instance_unless_it_may_not() {
    let (mut world, _) = fleet(Pace::aws(), HealthCheckType::Ec2);
    let web_ids = ids(&world, "web");
    let batch = ids(&world, "batch")[0].clone();
    world.suspend_processes(&"batch".parse().unwrap(), &[Process::HealthCheck]).unwrap();
    let then = noon() + secs(3600);
    world.schedule_event(&web_ids[0], EventCode::InstanceRetirement, then).unwrap();
    world.schedule_event(&batch, EventCode::InstanceStop, then).unwrap();
    world.step(noon() + secs(60));
    assert_eq!(world.instance(&web_ids[0]).unwrap().lifecycle, LifecycleState::Terminating);
    assert_eq!(world.machine_status(&batch).unwrap().state, InstanceState::Running);
    world.step(then + secs(60));
    assert_eq!(world.machine_status(&batch).unwrap().state, InstanceState::Stopped);
    assert_eq!(in_service(&world), 4);
}
