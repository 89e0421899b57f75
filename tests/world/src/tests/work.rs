use homeostat_core::id::{InstanceId, TargetGroupArn};

use super::hooks::hook;
use super::{fleet, ids, in_service, noon, secs, web, when};
use crate::{
    ActionResult, App, Application, Flaw, HealthCheckType, LifecycleState, LifecycleTransition, LossReason, Machine,
    Metric, Pace, PoolState, Statistic, Stream, TargetState, WarmPool, World,
};

/// `web`, whose instances also register themselves with `jobs`, all replaced so that each has done so.
fn self_registered() -> (World, TargetGroupArn) {
    let (mut world, _) = fleet(Pace::sandbox(), HealthCheckType::Elb);
    let jobs = world.add_target_group("jobs", 9090).unwrap();
    let application = Application {
        ready_tag: Some("ready".to_owned()),
        registers_with: vec![jobs.clone()],
        busy_tag: Some("busy".to_owned()),
    };
    world.update_group(&web(), |settings| settings.application = Some(application)).unwrap();
    for id in ids(&world, "web") {
        world.terminate_instance(&id, false).unwrap();
    }
    assert!(when(&mut world, secs(60), |world| healthy(world, &jobs) == 4).is_some());
    (world, jobs)
}

fn healthy(world: &World, arn: &TargetGroupArn) -> usize {
    let targets = world.target_group(arn).unwrap().targets.values();
    targets.filter(|target| target.state == TargetState::Healthy).count()
}

fn stream(target_group: &TargetGroupArn, takes: i64) -> Stream {
    Stream { name: "job".to_owned(), target_group: target_group.clone(), every: secs(1), takes: secs(takes) }
}

fn reasons(world: &World) -> Vec<LossReason> {
    world.losses().iter().map(|loss| loss.why).collect()
}

fn is_registered(world: &World, arn: &TargetGroupArn, id: &InstanceId) -> bool {
    world.target_group(arn).unwrap().targets.contains_key(id)
}

#[test]
fn an_application_that_never_answers_should_not_say_that_it_is_ready() {
    let (mut world, jobs) = self_registered();
    let before = ids(&world, "web");
    let ready = |world: &World, id: &InstanceId| world.instance(id).unwrap().tags.get("ready").cloned();
    for id in &before {
        let instance = world.instance(id).unwrap();
        assert_eq!(ready(&world, id), Some(instance.answers_from.to_string()));
    }
    world.break_version(&web(), 1, Flaw::NeverAnswers);
    world.terminate_instance(&before[0], false).unwrap();
    world.step(world.now() + secs(60));
    let new = ids(&world, "web").into_iter().filter(|id| !before.contains(id));
    let new: Vec<InstanceId> = new.collect();
    assert!(!new.is_empty());
    assert!(new.iter().all(|id| ready(&world, id).is_none() && !is_registered(&world, &jobs, id)));
}

#[test]
fn work_goes_round_the_healthy_targets_and_should_not_reach_a_draining_one() {
    let (mut world, jobs) = self_registered();
    world.add_stream(stream(&jobs, 2)).unwrap();
    let since = world.now();
    world.step(since + secs(40));
    let each = world.instances().filter(|instance| instance.in_flight > 0).count();
    let tally = world.tally("job");
    assert_eq!((tally.served, tally.lost, tally.in_flight, each), (38, 0, 2, 2));
    let id = ids(&world, "web")[0].clone();
    world.deregister_target(&jobs, &id, Some(9090)).unwrap();
    assert_eq!(world.target_group(&jobs).unwrap().targets[&id].state, TargetState::Draining);
    world.step(since + secs(43));
    assert!(!is_registered(&world, &jobs, &id));
    assert_eq!(world.instance(&id).unwrap().in_flight, 0);
    world.terminate_instance(&id, false).unwrap();
    world.step(since + secs(80));
    world.stop_stream("job");
    world.step(since + secs(90));
    assert_eq!((world.tally("job").served, world.tally("job").lost, world.tally("job").in_flight), (80, 0, 0));
}

#[test]
fn a_termination_without_deregistration_loses_what_is_handed_over_and_what_is_in_flight() {
    let (mut world, jobs) = self_registered();
    world.add_stream(stream(&jobs, 10)).unwrap();
    world.step(world.now() + secs(20));
    let id = ids(&world, "web")[0].clone();
    world.terminate_instance(&id, false).unwrap();
    let gone = |world: &World| world.instance(&id).is_none();
    assert!(when(&mut world, secs(10), gone).is_some());
    assert!(is_registered(&world, &jobs, &id), "nobody deregistered it");
    let unhealthy = |world: &World| world.target_group(&jobs).unwrap().targets[&id].state == TargetState::Unhealthy;
    assert!(when(&mut world, secs(5), unhealthy).is_some());
    assert!(when(&mut world, secs(20), |world| !is_registered(world, &jobs, &id)).is_some());
    assert!(reasons(&world).contains(&LossReason::ShutDown), "{:?}", world.losses());
    assert!(world.losses().iter().all(|loss| loss.instance.as_ref() == Some(&id)));
    assert_eq!(world.tally("job").lost, u64::try_from(world.losses().len()).unwrap());
}

#[test]
fn a_group_should_not_touch_or_mind_a_target_group_that_it_does_not_manage() {
    let (mut world, jobs) = self_registered();
    let id = ids(&world, "web")[0].clone();
    world.terminate_instance(&id, false).unwrap();
    assert_eq!(world.target_group(&jobs).unwrap().targets[&id].state, TargetState::Healthy);
    let other = ids(&world, "web")[1].clone();
    world.deregister_target(&jobs, &other, None).unwrap();
    world.step(world.now() + secs(60));
    assert!(world.instance(&other).is_some_and(|member| member.lifecycle == LifecycleState::InService));
}

#[test]
fn a_target_that_is_not_registered_should_not_be_an_error() {
    let (mut world, jobs) = self_registered();
    let id = ids(&world, "web")[0].clone();
    let before = world.clone();
    world.deregister_target(&jobs, &"i-00000000000000000".parse().unwrap(), None).unwrap();
    world.deregister_target(&jobs, &id, Some(1)).unwrap();
    assert_eq!(world, before);
    let arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/nope/0123456789abcdef";
    let refused = world.deregister_target(&arn.parse().unwrap(), &id, None).unwrap_err();
    assert_eq!(refused.code(), "TargetGroupNotFound");
}

#[test]
fn an_application_or_a_machine_that_dies_loses_its_work_and_a_target_group_without_targets_all_of_it() {
    for (broken, why) in [(true, LossReason::ApplicationDied), (false, LossReason::MachineFailed)] {
        let (mut world, jobs) = self_registered();
        world.add_stream(stream(&jobs, 30)).unwrap();
        world.step(world.now() + secs(4));
        let id = world.instances().find(|instance| instance.in_flight == 1).unwrap().id.clone();
        if broken {
            world.break_app(&id, App::Dead).unwrap();
        } else {
            world.break_machine(&id, Machine::SystemImpaired).unwrap();
        }
        assert_eq!((reasons(&world), world.instance(&id).unwrap().in_flight), (vec![why], 0));
    }
    let (mut world, _) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    let empty = world.add_target_group("empty", 80).unwrap();
    world.add_stream(stream(&empty, 1)).unwrap();
    assert!(world.add_stream(stream(&empty, 1)).is_err());
    world.step(noon() + secs(3));
    assert_eq!(reasons(&world), [LossReason::NoTarget; 3]);
    assert_eq!((world.tally("job").lost, world.tally("nope").lost), (3, 0));
}

#[test]
fn an_instance_says_that_it_is_busy_exactly_while_it_is() {
    let (mut world, jobs) = self_registered();
    let slow = Stream { every: secs(60), ..stream(&jobs, 5) };
    world.add_stream(slow).unwrap();
    let since = world.now();
    world.step(since + secs(60));
    let busy = |world: &World| -> Vec<InstanceId> {
        let busy = world.instances().filter(|instance| instance.tags.get("busy").is_some_and(|value| value == "true"));
        busy.map(|instance| instance.id.clone()).collect()
    };
    let [id] = busy(&world).try_into().unwrap();
    assert_eq!(world.instance(&id).unwrap().in_flight, 1);
    world.step(since + secs(66));
    assert!(busy(&world).is_empty());
    let at = |start: i64, end: i64| {
        let (start, end) = (since + secs(start), since + secs(end));
        let points = world.metric_data(&Metric::in_flight(&id), Statistic::Maximum, secs(1), start, end);
        points.iter().map(|point| point.value).fold(0.0, f64::max)
    };
    assert_eq!((at(30, 60), at(60, 65), at(66, 70)), (0.0, 1.0, 0.0));
}

#[test]
fn an_instance_that_starts_again_says_anew_that_it_is_ready() {
    let (mut world, jobs) = self_registered();
    let warm_pool = WarmPool { size: 1, state: PoolState::Stopped, reuse_on_scale_in: false };
    world.update_group(&web(), |settings| settings.warm_pool = Some(warm_pool)).unwrap();
    let stopped = |world: &World| world.instances().any(|member| member.lifecycle == LifecycleState::WarmedStopped);
    assert!(when(&mut world, secs(20), stopped).is_some());
    let id = world.instances().find(|member| member.lifecycle == LifecycleState::WarmedStopped).unwrap().id.clone();
    world.set_instance_tag(&id, "ready", "before").unwrap();
    world.set_desired_capacity(&web(), 5).unwrap();
    let (since, answers_after) = (world.now(), world.pace().answers_after);
    world.step(since + answers_after);
    let tags = &world.instance(&id).unwrap().tags;
    assert_eq!(tags["ready"], (since + answers_after).to_string());
    assert!(is_registered(&world, &jobs, &id));
    world.clear_instance_tag(&id, "ready").unwrap();
    assert!(world.instance(&id).unwrap().tags.is_empty());
}

#[test]
fn instances_should_not_share_an_address() {
    let (world, _) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    let mut addresses: Vec<&str> = world.instances().map(|instance| instance.private_ip.as_str()).collect();
    assert!(addresses.iter().all(|address| address.starts_with("10.") && address.split('.').count() == 4));
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!(addresses.len(), world.instances().count());
}

#[test]
fn a_target_group_without_a_healthy_target_fails_open_but_not_onto_a_draining_one() {
    let (mut world, jobs) = self_registered();
    let all = ids(&world, "web");
    for id in &all[..3] {
        world.break_app(id, App::Dead).unwrap();
    }
    world.deregister_target(&jobs, &all[3], None).unwrap();
    let all_unhealthy = |world: &World| {
        let targets = &world.target_group(&jobs).unwrap().targets;
        all[..3].iter().all(|id| targets[id].state == TargetState::Unhealthy)
    };
    world.pace.deregistration_delay = secs(600);
    assert!(when(&mut world, secs(10), all_unhealthy).is_some());
    let every = Stream { every: jiff::SignedDuration::from_millis(100), ..stream(&jobs, 1) };
    world.add_stream(every).unwrap();
    world.step(world.now() + secs(1));
    assert_eq!(reasons(&world), [LossReason::NotAnswering; 10]);
    assert!(world.losses().iter().all(|loss| loss.instance.as_ref() != Some(&all[3])));
}

#[test]
fn one_long_step_should_not_differ_from_many_short_ones() {
    let run = |step: i64| {
        let (mut world, jobs) = self_registered();
        let hooks = [LifecycleTransition::Launching, LifecycleTransition::Terminating]
            .map(|transition| hook(transition.as_str(), transition, ActionResult::Continue));
        let change = |settings: &mut crate::GroupSettings| {
            settings.hooks = hooks.to_vec();
            (settings.spot, settings.rebalances) = (true, true);
            settings.warm_pool = Some(WarmPool { size: 2, state: PoolState::Stopped, reuse_on_scale_in: true });
        };
        world.update_group(&web(), change).unwrap();
        world.add_stream(stream(&jobs, 7)).unwrap();
        let since = world.now();
        let pass = |world: &mut World, until: i64| {
            let mut now = world.now();
            while now < since + secs(until) {
                now = (now + secs(step)).min(since + secs(until));
                world.step(now);
            }
        };
        pass(&mut world, 100);
        world.set_desired_capacity(&web(), 6).unwrap();
        pass(&mut world, 200);
        let spot = world.instances().find(|member| member.spot.is_some() && member.in_service_at.is_some());
        let spot = spot.unwrap().id.clone();
        world.interrupt_spot(&spot).unwrap();
        pass(&mut world, 205);
        world.set_desired_capacity(&web(), 3).unwrap();
        world.fail_zone("us-east-1b");
        pass(&mut world, 300);
        world.restore_zone("us-east-1b");
        pass(&mut world, 900);
        world
    };
    let world = run(1);
    assert_eq!(world, run(10_000));
    assert!(world.losses().len() > 5 && world.lifecycle_actions().len() > 10);
    let tally = world.tally("job");
    assert_eq!(tally.served + tally.lost + tally.in_flight, 900);
    assert_eq!(in_service(&world), 3);
}
