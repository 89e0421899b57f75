use homeostat_core::aws::alarm::AlarmState;

use super::{noon, secs, when};
use crate::{
    AlarmRule, Comparison, Demo, EndpointState, HealthCheck, Metric, Pace, Statistic, TreatMissingData, World,
};

const SERVED: &str = "blue-failing";
const CANARY: &str = "blue-canary";

/// `blue` with all the traffic and `green` with none, each with an alarm on what it serves and one on its canary.
fn two_endpoints(pace: Pace, missing: TreatMissingData) -> World {
    let mut world = World::new(Demo::new().unwrap().place, pace, noon());
    let high = AlarmRule {
        statistic: Statistic::Average,
        period: world.pace().alarm_period,
        evaluation_periods: 2,
        datapoints_to_alarm: 2,
        threshold: 50.0,
        comparison: Comparison::GreaterThanThreshold,
        missing,
    };
    let low = AlarmRule { comparison: Comparison::LessThanThreshold, ..high };
    for name in ["blue", "green"] {
        world.add_endpoint(name).unwrap();
        world.add_alarm(&format!("{name}-failing"), Metric::served_failures(name), high.clone()).unwrap();
        world.add_alarm(&format!("{name}-canary"), Metric::canary_success(name), low.clone()).unwrap();
    }
    world.set_share("blue", 1000).unwrap();
    world
}

fn is(name: &str, state: AlarmState) -> impl Fn(&World) -> bool {
    move |world| world.alarm(name).unwrap().standing.state == state
}

fn check<'a>(world: &'a World, name: &str) -> &'a HealthCheck {
    world.endpoint(name).unwrap().health_check.as_ref().unwrap()
}

#[test]
fn an_endpoint_without_traffic_should_not_have_data_but_its_canarys() {
    for pace in [Pace::aws(), Pace::sandbox()] {
        let mut world = two_endpoints(pace, TreatMissingData::Missing);
        world.step(noon() + secs(120));
        for name in [SERVED, CANARY, "green-canary"] {
            assert!(is(name, AlarmState::Ok)(&world), "{name}");
        }
        assert!(is("green-failing", AlarmState::InsufficientData)(&world));
    }
}

#[test]
fn traffic_that_moves_away_leaves_the_alarm_without_data() {
    let mut world = two_endpoints(Pace::aws(), TreatMissingData::Missing);
    world.break_endpoint("blue", EndpointState::Dead).unwrap();
    assert!(when(&mut world, secs(120), is(SERVED, AlarmState::Alarm)).is_some());
    world.set_share("blue", 0).unwrap();
    assert!(when(&mut world, secs(120), is(SERVED, AlarmState::InsufficientData)).is_some());
    assert!(is(CANARY, AlarmState::Alarm)(&world), "the canary still goes there");
    world.set_share("blue", 1).unwrap();
    assert!(when(&mut world, secs(120), is(SERVED, AlarmState::Alarm)).is_some(), "a thousandth is traffic");
}

#[test]
fn an_alarm_that_ignores_missing_data_stays_as_it_was() {
    let mut world = two_endpoints(Pace::aws(), TreatMissingData::Ignore);
    world.break_endpoint("blue", EndpointState::Dead).unwrap();
    assert!(when(&mut world, secs(120), is(SERVED, AlarmState::Alarm)).is_some());
    world.set_share("blue", 0).unwrap();
    world.break_endpoint("blue", EndpointState::Well).unwrap();
    world.step(world.now() + secs(3600));
    assert!(is(SERVED, AlarmState::Alarm)(&world));
    assert!(is(CANARY, AlarmState::Ok)(&world));
}

#[test]
fn a_slow_endpoint_is_too_slow_for_all_but_the_health_check() {
    let mut world = two_endpoints(Pace::aws(), TreatMissingData::Missing);
    world.add_health_check("blue").unwrap();
    let rule = AlarmRule { threshold: 1000.0, ..world.alarm(SERVED).unwrap().rule.clone() };
    world.add_alarm("blue-slow", Metric::served_latency("blue"), rule).unwrap();
    world.break_endpoint("blue", EndpointState::Slow).unwrap();
    world.step(noon() + secs(600));
    for (name, state) in [(SERVED, AlarmState::Ok), ("blue-slow", AlarmState::Alarm), (CANARY, AlarmState::Alarm)] {
        assert!(is(name, state)(&world), "{name}");
    }
    assert!(check(&world, "blue").is_healthy());
}

#[test]
fn its_event_names_the_endpoint_and_no_instance() {
    let mut world = two_endpoints(Pace::sandbox(), TreatMissingData::Missing);
    world.break_endpoint("blue", EndpointState::Dead).unwrap();
    assert!(when(&mut world, secs(60), is(SERVED, AlarmState::Alarm)).is_some());
    let events = world.take_events();
    let told = events.iter().rev().find(|event| event["detail"]["alarmName"] == SERVED).unwrap();
    let metric = &told["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"];
    assert_eq!(metric["dimensions"], serde_json::json!({ "Endpoint": "blue" }));
    assert_eq!(told["resources"][0], world.alarm(SERVED).unwrap().arn.as_str());
}

#[test]
fn a_health_check_follows_its_endpoint_after_the_threshold() {
    for pace in [Pace::aws(), Pace::sandbox()] {
        let (every, threshold) = (pace.health_check_every, i32::try_from(pace.health_check_threshold).unwrap());
        let mut world = two_endpoints(pace, TreatMissingData::Missing);
        let id = world.add_health_check("blue").unwrap();
        assert_eq!(id.len(), 36);
        assert!(world.health_check(&id).unwrap().is_healthy(), "a new one is healthy until there is data");
        world.step(noon() + every);
        assert!(check(&world, "blue").checkers.iter().all(|checker| checker.report.unwrap().passed));
        for (state, healthy) in [(EndpointState::Dead, false), (EndpointState::Well, true)] {
            let broken_at = world.now();
            world.break_endpoint("blue", state).unwrap();
            let turned = when(&mut world, secs(600), |world| check(world, "blue").is_healthy() == healthy).unwrap();
            assert!(turned > broken_at + every * (threshold - 1), "{turned}");
            assert!(turned <= broken_at + every * threshold, "{turned}");
            world.step(broken_at + every * (threshold + 1));
        }
    }
}

#[test]
fn each_checker_is_one_of_two_in_its_region_with_an_address_of_its_own() {
    let mut world = two_endpoints(Pace::aws(), TreatMissingData::Missing);
    world.add_health_check("blue").unwrap();
    let checkers = &check(&world, "blue").checkers;
    let regions: std::collections::BTreeSet<_> = checkers.iter().map(|checker| checker.region).collect();
    let addresses: std::collections::BTreeSet<_> = checkers.iter().map(|checker| &checker.ip).collect();
    assert_eq!((checkers.len(), regions.len(), addresses.len()), (16, 8, 16));
}

#[test]
fn three_of_sixteen_checkers_that_say_healthy_are_enough_and_two_are_not() {
    for (cut_off, healthy) in [(13, true), (14, false)] {
        let mut world = two_endpoints(Pace::aws(), TreatMissingData::Missing);
        world.add_health_check("blue").unwrap();
        world.cut_off_checkers("blue", cut_off).unwrap();
        world.step(noon() + secs(300));
        let check = check(&world, "blue");
        assert_eq!(check.is_healthy(), healthy, "{cut_off} cut off");
        let failed = check.checkers.iter().filter(|checker| !checker.report.unwrap().passed).count();
        assert_eq!(failed, cut_off);
        assert!(check.checkers[0].report.unwrap().status().starts_with("Failure: "));
        assert!(check.checkers[15].report.unwrap().status().starts_with("Success: "));
    }
}

#[test]
fn what_stopped_checkers_reported_gets_old_and_stays() {
    let mut world = two_endpoints(Pace::aws(), TreatMissingData::Missing);
    world.add_health_check("blue").unwrap();
    world.step(noon() + secs(60));
    world.stop_checkers("blue", 16).unwrap();
    world.break_endpoint("blue", EndpointState::Dead).unwrap();
    world.step(noon() + secs(3600));
    let newest = |world: &World| {
        check(world, "blue").checkers.iter().filter_map(|checker| checker.report).map(|report| report.checked_at).max()
    };
    assert_eq!(newest(&world), Some(noon() + secs(60)));
    assert!(check(&world, "blue").is_healthy(), "nobody says otherwise");
    world.stop_checkers("blue", 0).unwrap();
    world.step(noon() + secs(3800));
    assert!(!check(&world, "blue").is_healthy());
}

#[test]
fn what_a_story_gets_wrong_is_refused() {
    let mut world = two_endpoints(Pace::aws(), TreatMissingData::Missing);
    assert!(world.add_endpoint("blue").is_err());
    assert!(world.set_share("blue", 1001).is_err());
    assert!(world.set_share("red", 1).is_err());
    assert!(world.stop_checkers("blue", 1).is_err(), "it has no health check");
    world.add_health_check("blue").unwrap();
    assert!(world.add_health_check("blue").is_err());
    assert!(world.health_check("red").is_none());
}

#[test]
fn one_long_step_should_not_differ_from_many_short_ones() {
    let mut long = two_endpoints(Pace::aws(), TreatMissingData::Missing);
    long.add_health_check("blue").unwrap();
    long.break_endpoint("blue", EndpointState::Dead).unwrap();
    let mut short = long.clone();
    long.step(noon() + secs(1800));
    (1..=1800).for_each(|second| short.step(noon() + secs(second)));
    assert_eq!(long, short);
}
