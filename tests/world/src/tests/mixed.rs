use super::{fleet, in_service, secs, web, when};
use crate::{ActivityKind, CapacityType, HealthCheckType, Mixed, Override, Pace, TargetState, World};

/// The group of four, from now on with these weights by turns and so much capacity.
fn with_weights(weights: &[u32], desired: u32) -> World {
    let (mut world, _) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    let overrides =
        (0..).zip(weights).map(|(number, weight)| Override { weight: Some(*weight), template: Some(number) });
    let mixed = Mixed { capacity: CapacityType::Units, overrides: overrides.collect() };
    world.update_group(&web(), |settings| (settings.mixed, settings.max) = (mixed, 100)).unwrap();
    world.set_desired_capacity(&web(), desired).unwrap();
    world
}

fn units(world: &World) -> Vec<u32> {
    world.members(&web()).map(|member| member.launched_as.units()).collect()
}

#[test]
fn launches_go_on_until_the_capacity_is_there_even_if_that_is_more_than_desired() {
    let mut world = with_weights(&[3, 5], 10);
    // Four of one unit each are there: 3 and 5 more are 12.
    assert!(when(&mut world, secs(10), |world| in_service(world) == 6).is_some());
    assert_eq!(units(&world).iter().sum::<u32>(), 12);
    let one = world.members(&web()).find(|member| member.launched_as.units() == 1).unwrap().id.clone();
    world.terminate_instance(&one, false).unwrap();
    world.step(world.now() + secs(30));
    assert_eq!(units(&world).iter().sum::<u32>(), 11, "it isn't missed");
}

#[test]
fn a_smaller_capacity_takes_out_what_is_too_much_and_no_more() {
    let mut world = with_weights(&[3], 10);
    world.step(world.now() + secs(10));
    world.set_desired_capacity(&web(), 5).unwrap();
    world.step(world.now() + secs(30));
    let left: u32 = units(&world).iter().sum();
    assert!((5..8).contains(&left), "{:?}", units(&world));
}

#[test]
fn each_type_has_its_own_launch_template_and_all_are_told() {
    let world = with_weights(&[1, 2], 10);
    let group = world.group(&web()).unwrap();
    let ids: Vec<String> = group.launches_from().into_iter().map(|template| template.id).collect();
    assert_eq!(ids.len(), 2);
    assert!(ids[0] != ids[1] && !ids.contains(&group.current_template().id));
}

#[test]
fn a_group_launches_nothing_while_a_target_group_that_is_attached_does_not_exist() {
    let (mut world, target_group) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    world.delete_target_group(&target_group).unwrap();
    assert!(world.group(&web()).unwrap().settings.target_groups.contains(&target_group), "it stays attached");
    let id = world.members(&web()).next().unwrap().id.clone();
    world.terminate_instance(&id, false).unwrap();
    world.step(world.now() + secs(60));
    assert_eq!(in_service(&world), 3);
    let name = web();
    let failure = world.activities(&name).find(|activity| activity.kind == ActivityKind::FailedLaunch).unwrap();
    assert!(failure.status_message.as_ref().unwrap().contains("target groups not found"));
    world.detach_missing_target_groups(&web()).unwrap();
    assert!(when(&mut world, secs(60), |world| in_service(world) == 4).is_some());
}

#[test]
fn targets_in_a_zone_that_the_load_balancer_lacks_are_unused_until_it_is_enabled() {
    let (mut world, target_group) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    let states = |world: &World| -> Vec<TargetState> {
        world.target_group(&target_group).unwrap().targets.values().map(|target| target.state).collect()
    };
    world.enable_zone(&target_group, "us-east-1a", false).unwrap();
    world.step(world.now() + secs(30));
    let unused = states(&world).iter().filter(|state| **state == TargetState::Unused).count();
    assert!(unused > 0 && unused < 4, "{:?}", states(&world));
    world.enable_zone(&target_group, "us-east-1a", true).unwrap();
    world.step(world.now() + secs(30));
    assert_eq!(states(&world), [TargetState::Healthy; 4]);
}
