use super::{fleet, ids, in_service, noon, secs, serving, web, when};
use crate::{ActivityKind, ActivityStatus, App, Flaw, HealthCheckType, Machine, Pace, World};

fn failed(world: &World) -> usize {
    world.activities(&web()).filter(|activity| activity.kind == ActivityKind::FailedLaunch).count()
}

#[test]
fn a_zone_without_capacity_should_not_keep_the_group_from_launching_elsewhere() {
    let (mut world, target_group) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    let id = world.members(&web()).find(|member| member.zone == "us-east-1a").unwrap().id.clone();
    world.lack_capacity_in_zone("us-east-1a", true);
    world.terminate_instance(&id, false).unwrap();
    assert!(when(&mut world, secs(10), |world| serving(world, &target_group) == (1, 3, 4)).is_some());
    let mut failures = world.activities.iter().filter(|activity| activity.kind == ActivityKind::FailedLaunch);
    let failure = failures.next().unwrap();
    assert_eq!((failure.status, failure.progress()), (ActivityStatus::Failed, 100));
    assert_eq!(failure.ended_at, Some(failure.started_at));
    let message = failure.status_message.clone().unwrap();
    assert!(message.contains("InsufficientInstanceCapacity") && message.contains("(us-east-1a)"), "{message}");
    assert_eq!(failure.description(), format!("Launching a new EC2 instance.  Status Reason: {message}"));
    assert!(!failure.description().contains(failure.instance.as_str()));
}

#[test]
fn a_group_without_capacity_tries_again_ever_more_rarely() {
    let (mut world, _) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    world.lack_capacity_for_group(&web(), true);
    world.terminate_instance(&ids(&world, "web")[0], false).unwrap();
    // Tries at 1 s, and 1, 2, 4, 8 and then each 16 s later: 1, 2, 4, 8, 16, 32, 48; each in both zones.
    world.step(noon() + secs(50));
    assert_eq!(failed(&world), 14);
    world.lack_capacity_for_group(&web(), false);
    assert!(when(&mut world, secs(30), |world| in_service(world) == 4).is_some());
    assert_eq!(failed(&world), 14);
    world.lack_capacity_for_group(&web(), true);
    let since = world.now();
    world.terminate_instance(&ids(&world, "web")[0], false).unwrap();
    world.step(since + secs(2));
    assert_eq!(failed(&world), 18, "a success ended the back-off");
}

#[test]
fn two_terminations_should_not_double_the_tries() {
    let (mut world, _) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    world.lack_capacity_for_group(&web(), true);
    for id in &ids(&world, "web")[..2] {
        world.terminate_instance(id, false).unwrap();
    }
    world.step(noon() + secs(50));
    // Both find out at 1 s; from then on there is one row of tries.
    assert_eq!(failed(&world), 16);
}

#[test]
fn a_bad_version_should_not_touch_what_runs() {
    let (mut world, target_group) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    let before = ids(&world, "web");
    world.break_version(&web(), 2, Flaw::NeverAnswers);
    world.roll_out(&web(), 2).unwrap();
    world.step(noon() + secs(60));
    assert_eq!(serving(&world, &target_group), (2, 2, 4));
    world.terminate_instance(&before[0], false).unwrap();
    world.step(noon() + secs(120));
    assert_eq!(serving(&world, &target_group), (2, 2, 3));
    let versions = |world: &World| -> Vec<u32> {
        let mut versions: Vec<u32> = world.members(&web()).map(|member| member.launch_template_version).collect();
        versions.sort_unstable();
        versions
    };
    assert_eq!(versions(&world), [1, 1, 1, 2]);

    world.roll_out(&web(), 1).unwrap();
    let bad = world.members(&web()).find(|member| member.launch_template_version == 2).unwrap().id.clone();
    world.terminate_instance(&bad, false).unwrap();
    assert!(when(&mut world, secs(20), |world| serving(world, &target_group) == (2, 2, 4)).is_some());
    assert_eq!(versions(&world), [1; 4]);
}

#[test]
fn an_application_with_a_late_flaw_answers_first() {
    let (mut world, target_group) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    world.break_version(&web(), 1, Flaw::DiesAfter(secs(30)));
    world.terminate_instance(&ids(&world, "web")[0], false).unwrap();
    assert!(when(&mut world, secs(20), |world| serving(world, &target_group) == (2, 2, 4)).is_some());
    world.step(noon() + secs(60));
    assert_eq!(serving(&world, &target_group), (2, 2, 3));
    assert_eq!(world.instances().filter(|instance| instance.app == App::Dead).count(), 1);
}

#[test]
fn a_zone_that_dies_takes_its_machines_and_no_others() {
    let (mut world, target_group) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    let in_b = |instance: &&crate::Instance| instance.zone == "us-east-1b";
    let broken_before = world.instances().find(in_b).unwrap().id.clone();
    world.break_machine(&broken_before, Machine::InstanceImpaired).unwrap();
    world.fail_zone("us-east-1b");
    let dead = |instance: &&crate::Instance| instance.machine == Machine::SystemImpaired;
    let in_zone = |instance: &&crate::Instance| instance.zone == "us-east-1b" && instance.id != broken_before;
    let impaired: Vec<_> = world.instances().filter(dead).collect();
    assert!(!impaired.is_empty());
    assert_eq!(impaired, world.instances().filter(in_zone).collect::<Vec<_>>());
    // The group replaces them in the zone that is left.
    let in_a = |world: &World| serving(world, &target_group) == (4, 0, 4);
    assert!(when(&mut world, secs(120), in_a).is_some());
}

#[test]
fn a_zone_that_is_back_in_time_should_not_lose_a_machine() {
    let (mut world, target_group) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    let before = ids(&world, "web");
    world.fail_zone("us-east-1b");
    world.step(noon() + secs(3));
    assert!(serving(&world, &target_group).2 < 4);
    world.restore_zone("us-east-1b");
    assert!(when(&mut world, secs(20), |world| serving(world, &target_group).2 == 4).is_some());
    assert_eq!(ids(&world, "web"), before);
}
