use super::{fleet, ids, noon, secs};
use crate::{App, HealthCheckType, Pace, World};
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
