use homeostat_core::aws::alarm::AlarmState;

use super::{fleet, ids, noon, secs, when};
use crate::{AlarmRule, App, Comparison, HealthCheckType, Metric, Pace, Statistic, TreatMissingData, World};

const NAME: &str = "web-unhealthy-hosts";

fn watched(pace: Pace) -> World {
    let (mut world, arn) = fleet(pace.clone(), HealthCheckType::Ec2);
    let metric = Metric::unhealthy_hosts(world.target_group(&arn).unwrap());
    world.add_alarm(NAME, metric, rule(Statistic::Maximum, &pace)).unwrap();
    world
}

fn rule(statistic: Statistic, pace: &Pace) -> AlarmRule {
    AlarmRule {
        statistic,
        period: pace.target_metrics_every,
        evaluation_periods: 2,
        datapoints_to_alarm: 2,
        threshold: 1.0,
        comparison: Comparison::GreaterThanThreshold,
        missing: TreatMissingData::Missing,
    }
}

fn is(state: AlarmState) -> impl Fn(&World) -> bool {
    move |world| world.alarm(NAME).unwrap().standing.state == state
}

#[test]
fn an_alarm_on_a_target_group_follows_its_targets() {
    for pace in [Pace::aws(), Pace::sandbox()] {
        let mut world = watched(pace);
        assert!(when(&mut world, secs(300), is(AlarmState::Ok)).is_some());
        let web = ids(&world, "web");
        for id in &web[..2] {
            world.break_app(id, App::Dead).unwrap();
        }
        assert!(when(&mut world, secs(600), is(AlarmState::Alarm)).is_some());
        assert!(world.alarms_in(AlarmState::Alarm).any(|alarm| alarm.arn.alarm_name() == NAME));
        world.break_app(&web[0], App::Well).unwrap();
        assert!(when(&mut world, secs(900), is(AlarmState::Ok)).is_some());
    }
}

#[test]
fn one_sick_target_of_two_that_are_needed_should_not_raise_it() {
    let mut world = watched(Pace::aws());
    world.break_app(&ids(&world, "web")[0], App::Dead).unwrap();
    assert!(when(&mut world, secs(3600), is(AlarmState::Alarm)).is_none());
}

#[test]
fn its_event_names_the_target_group_and_no_instance() {
    let mut world = watched(Pace::sandbox());
    assert!(when(&mut world, secs(300), is(AlarmState::Ok)).is_some());
    for id in ids(&world, "web") {
        world.break_app(&id, App::Dead).unwrap();
    }
    assert!(when(&mut world, secs(60), is(AlarmState::Alarm)).is_some());
    let events = world.take_events();
    let told = events.iter().rev().find(|event| event["detail"]["alarmName"] == NAME).unwrap();
    let metric = &told["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"];
    assert_eq!((&metric["namespace"], &metric["name"]), (&"AWS/ApplicationELB".into(), &"UnHealthyHostCount".into()));
    let dimensions = metric["dimensions"].as_object().unwrap();
    assert_eq!(dimensions.keys().collect::<Vec<_>>(), ["LoadBalancer", "TargetGroup"]);
    let target_group = dimensions["TargetGroup"].as_str().unwrap();
    assert!(target_group.starts_with("targetgroup/web/") && target_group.len() == "targetgroup/web/".len() + 16);
    assert!(dimensions["LoadBalancer"].as_str().unwrap().starts_with("app/web/"));
}

#[test]
fn an_alarm_on_a_group_counts_what_all_its_members_publish() {
    let (mut world, _) = fleet(Pace::aws(), HealthCheckType::Ec2);
    let metric = Metric::of_group("Web", "FailedRequests", &"web".parse().unwrap());
    // Two dead applications fail 40 requests in ten seconds, and one 20.
    let rule = AlarmRule { threshold: 30.0, ..rule(Statistic::Sum, world.pace()) };
    let rule = AlarmRule { period: world.pace().alarm_period, ..rule };
    world.add_alarm(NAME, metric, rule).unwrap();
    let web = ids(&world, "web");
    world.break_app(&web[0], App::Dead).unwrap();
    assert!(when(&mut world, secs(300), is(AlarmState::Alarm)).is_none());
    world.break_app(&web[1], App::Dead).unwrap();
    assert!(when(&mut world, secs(60), is(AlarmState::Alarm)).is_some());
    assert_eq!(world.now().duration_since(noon()).as_secs() / 60, 5);
}

#[test]
fn a_target_group_on_which_nobody_has_an_alarm_should_not_publish() {
    let (world, _) = fleet(Pace::aws(), HealthCheckType::Ec2);
    assert!(world.target_groups().all(|target_group| !target_group.published));
}
