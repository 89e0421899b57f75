use super::{fleet, ids, noon, secs};
use crate::{
    ActivityKind, App, EventCode, Flaw, HealthCheckType, HealthStatus, MaintenancePolicy, Metric, Pace, Process, World,
};
use jiff::{SignedDuration, Timestamp};

/// An eventful quarter of an hour; `pass` brings the world to a time.
fn history(pace: Pace, health_check: HealthCheckType, pass: impl Fn(&mut World, Timestamp)) -> World {
    let (mut world, _) = fleet(pace, health_check);
    let web = ids(&world, "web");
    pass(&mut world, noon() + SignedDuration::from_millis(12_345));
    world.break_app(&web[0], App::Dead).unwrap();
    pass(&mut world, noon() + secs(61));
    _ = world.terminate_instance(&web[1], false);
    pass(&mut world, noon() + secs(62));
    world.break_app(&ids(&world, "batch")[0], App::Dead).unwrap();
    pass(&mut world, noon() + secs(200));
    world.break_app(&web[2], App::Dead).unwrap();
    pass(&mut world, noon() + secs(230));
    // A group of type ELB may have replaced it by now.
    _ = world.break_app(&web[2], App::Well);
    pass(&mut world, noon() + secs(900));
    world
}

#[test]
fn one_long_step_should_not_differ_from_many_short_ones() {
    for pace in [Pace::aws(), Pace::sandbox()] {
        for health_check in [HealthCheckType::Ec2, HealthCheckType::Elb] {
            let jump = history(pace.clone(), health_check, World::step);
            let creep = history(pace.clone(), health_check, |world, until| {
                while world.now() < until {
                    // No divisor of any duration in the pace, so that steps end between events.
                    let next = world.now() + SignedDuration::from_millis(37);
                    world.step(next.min(until));
                }
            });
            assert!(jump == creep, "{health_check:?} at {pace:?}");
            assert_ne!(jump.clone().take_events(), Vec::<serde_json::Value>::new(), "nothing happened");
        }
    }
}

/// An hour in which everything that can go wrong does.
fn hard_hour(pass: impl Fn(&mut World, Timestamp)) -> World {
    let (mut world, arn) = fleet(Pace::sandbox(), HealthCheckType::Elb);
    let (web, batch) = ("web".parse().unwrap(), "batch".parse().unwrap());
    let metric = Metric::unhealthy_hosts(world.target_group(&arn).unwrap());
    let rule = world.alarms().next().unwrap().rule.clone();
    world.add_alarm("web-unhealthy-hosts", metric, rule).unwrap();
    world
        .update_group(&web, |settings| {
            settings.maintenance = Some(MaintenancePolicy { min_healthy: 100, max_healthy: 150 });
            settings.termination_lingers = secs(33);
        })
        .unwrap();
    let actions: [&dyn Fn(&mut World); 12] = [
        &|world| world.break_version(&web, 2, Flaw::DiesAfter(secs(7))),
        &|world| world.roll_out(&web, 2).unwrap(),
        &|world| world.set_instance_health(&ids(world, "web")[0], HealthStatus::Unhealthy, false).unwrap(),
        &|world| world.suspend_processes(&web, &[Process::Launch, Process::HealthCheck]).unwrap(),
        &|world| world.fail_zone("us-east-1a"),
        &|world| world.resume_processes(&web, &[]).unwrap(),
        &|world| world.lack_capacity_for_group(&web, true),
        &|world| world.restore_zone("us-east-1a"),
        &|world| world.lack_capacity_for_group(&web, false),
        &|world| world.roll_out(&web, 1).unwrap(),
        &|world| {
            let id = ids(world, "batch")[0].clone();
            world.schedule_event(&id, EventCode::InstanceStop, world.now() + secs(5)).unwrap();
        },
        &|world| world.delete_group(&batch).unwrap(),
    ];
    for (turn, act) in (0..).zip(actions) {
        pass(&mut world, noon() + secs(300 * turn));
        act(&mut world);
    }
    pass(&mut world, noon() + secs(3600));
    world
}

#[test]
fn an_hour_in_one_step_between_actions_should_not_differ_from_its_seconds() {
    let jump = hard_hour(World::step);
    let creep = hard_hour(|world, until| {
        while world.now() < until {
            world.step((world.now() + secs(1)).min(until));
        }
    });
    assert!(jump == creep);
    assert!(jump.group(&"batch".parse().unwrap()).is_none());
    let kinds = [ActivityKind::Launch, ActivityKind::FailedLaunch, ActivityKind::Terminate];
    for kind in kinds {
        let happened = jump.activities.iter().any(|activity| activity.kind == kind && activity.started_at > noon());
        assert!(happened, "{kind:?}");
    }
}

#[test]
fn time_should_not_go_backwards() {
    let (mut world, _) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    world.step(noon() + secs(60));
    let before = world.clone();
    world.step(noon());
    assert_eq!(world, before);
}

#[test]
fn the_same_history_twice_should_not_differ() {
    let twice = || history(Pace::aws(), HealthCheckType::Elb, World::step);
    assert_eq!(twice(), twice());
}
