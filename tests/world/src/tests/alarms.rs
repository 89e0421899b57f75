use expect_test::expect;
use homeostat_core::aws::alarm::{AlarmState, INSTANCE_DIMENSION};
use homeostat_core::signal::{self, AlarmFact, Fact, Parsed, Signal};

use super::{fleet, ids, noon, secs, when};
use crate::{App, HealthCheckType, Pace, World, alarm_name};

fn failing(world: &World, position: usize) -> String {
    alarm_name(&"web".parse().unwrap(), &ids(world, "web")[position])
}

fn state(world: &World, name: &str) -> AlarmState {
    world.alarm(name).unwrap().standing.state
}

#[test]
fn a_fleet_that_runs_well_should_not_have_an_alarm_but_in_ok() {
    for pace in [Pace::aws(), Pace::sandbox()] {
        let (mut world, _) = fleet(pace, HealthCheckType::Ec2);
        world.step(noon() + secs(3600));
        assert_eq!(world.alarms().count(), 6);
        assert!(world.alarms().all(|alarm| alarm.standing.state == AlarmState::Ok));
        assert!(world.take_events().is_empty());
    }
}

#[test]
fn an_alarm_should_not_go_to_alarm_before_two_whole_periods_failed() {
    for pace in [Pace::aws(), Pace::sandbox()] {
        let (mut world, _) = fleet(pace.clone(), HealthCheckType::Ec2);
        let name = failing(&world, 2);
        let others: Vec<String> = [0, 1, 3].map(|position| failing(&world, position)).into();
        world.break_app(&ids(&world, "web")[2], App::Dead).unwrap();
        let at = when(&mut world, secs(600), |world| state(world, &name) == AlarmState::Alarm).unwrap();
        // The second failing datapoint comes more than one period after the breakage, and its period must be over.
        let earliest = noon() + pace.alarm_period;
        let latest = noon() + pace.alarm_period * 4;
        assert!((earliest..=latest).contains(&at), "{at}");
        assert!(others.iter().all(|other| state(&world, other) == AlarmState::Ok));
    }
}

#[test]
fn one_failing_datapoint_should_not_raise_a_two_of_two_alarm() {
    let (mut world, _) = fleet(Pace::aws(), HealthCheckType::Ec2);
    let id = ids(&world, "web")[0].clone();
    world.break_app(&id, App::Dead).unwrap();
    world.step(noon() + world.pace().publish_every);
    world.break_app(&id, App::Well).unwrap();
    world.step(noon() + secs(600));
    assert!(world.take_events().is_empty());
}

#[test]
fn an_alarm_should_not_stay_in_alarm_once_the_application_is_mended() {
    let (mut world, _) = fleet(Pace::aws(), HealthCheckType::Ec2);
    let (id, name) = (ids(&world, "web")[0].clone(), failing(&world, 0));
    world.break_app(&id, App::Dead).unwrap();
    world.step(noon() + secs(120));
    assert_eq!(state(&world, &name), AlarmState::Alarm);
    world.break_app(&id, App::Well).unwrap();
    world.step(noon() + secs(240));
    assert_eq!(state(&world, &name), AlarmState::Ok);
}

#[test]
fn an_instance_that_is_gone_leaves_its_alarm_without_data() {
    let (mut world, _) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    let (id, name) = (ids(&world, "web")[0].clone(), failing(&world, 0));
    world.terminate_instance(&id, false).unwrap();
    world.step(noon() + secs(60));
    assert_eq!(state(&world, &name), AlarmState::InsufficientData);
    assert_eq!(world.alarm(&name).unwrap().standing.reason, "Insufficient Data: 2 datapoints were unknown.");
}

#[test]
fn an_event_is_what_the_parser_of_the_core_takes_for_a_signal_about_the_instance() {
    let (mut world, _) = fleet(Pace::aws(), HealthCheckType::Ec2);
    let id = ids(&world, "web")[1].clone();
    world.break_app(&id, App::Dead).unwrap();
    world.step(noon() + secs(120));
    let events = world.take_events();
    assert_eq!(events.len(), 1);
    let read = signal::read(&events[0], world.now());
    let [Ok(Parsed::Signal(Signal { fact: Fact::Alarm(AlarmFact { change, dimensions, .. }), .. }))] = &read[..] else {
        panic!("{read:?}")
    };
    assert_eq!(dimensions.values_of(INSTANCE_DIMENSION).collect::<Vec<_>>(), [id.as_str()]);
    // CloudWatch tells milliseconds.
    let alarm = world.alarm(change.alarm.alarm_name()).unwrap();
    assert_eq!(change.changed_at.as_millisecond(), alarm.standing.since.as_millisecond());
    assert!(world.take_events().is_empty(), "an event is taken once");
}

#[test]
fn a_change_of_state_is_told_in_cloudwatchs_words() {
    let (mut world, _) = fleet(Pace::aws(), HealthCheckType::Ec2);
    let id = ids(&world, "web")[0].clone();
    world.break_app(&id, App::Dead).unwrap();
    world.step(noon() + secs(60));
    world.break_app(&id, App::Well).unwrap();
    world.step(noon() + secs(120));
    let told: Vec<String> = world
        .take_events()
        .iter()
        .map(|event| {
            let state = &event["detail"]["state"];
            format!("{} at {}: {}", state["value"], state["timestamp"], state["reason"])
        })
        .collect();
    // Launched at 11:00:00, the instance publishes from 11:00:25.8 on, each 10 s; the alarm is evaluated at whole tens.
    expect![[r#"
        "ALARM" at "2026-03-02T12:00:20.000+0000": "Threshold Crossed: 2 out of the last 2 datapoints [20.0 (02/03/26 12:00:10), 20.0 (02/03/26 12:00:00)] were greater than or equal to the threshold (1.0) (minimum 2 datapoints for OK -> ALARM transition)."
        "OK" at "2026-03-02T12:01:10.000+0000": "Threshold Crossed: 1 out of the last 2 datapoints [0.0 (02/03/26 12:01:00)] was not greater than or equal to the threshold (1.0) (minimum 1 datapoint for ALARM -> OK transition)."
    "#]].assert_eq(&(told.join("\n") + "\n"));
}

#[test]
fn disabled_actions_should_not_keep_the_event_from_eventbridge() {
    let (mut world, _) = fleet(Pace::aws(), HealthCheckType::Ec2);
    let name = failing(&world, 0);
    world.enable_alarm_actions(&name, false);
    world.break_app(&ids(&world, "web")[0], App::Dead).unwrap();
    world.step(noon() + secs(120));
    assert!(!world.alarm(&name).unwrap().actions_enabled);
    assert_eq!(world.take_events().len(), 1);
}

#[test]
fn an_alarm_that_looks_back_further_than_datapoints_are_kept_should_not_be_taken() {
    let (mut world, _) = fleet(Pace::aws(), HealthCheckType::Ec2);
    let alarm = world.alarms().next().unwrap().clone();
    let mut rule = alarm.rule;
    rule.evaluation_periods = 1000;
    let refused = world.add_alarm("far", alarm.metric, rule).unwrap_err();
    assert_eq!(refused.code(), "NotModelled");
    assert!(world.alarm("far").is_none());
}
