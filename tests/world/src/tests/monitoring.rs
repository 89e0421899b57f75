//! What is put into CloudWatch from outside the world.

use std::collections::BTreeMap;

use homeostat_core::aws::alarm::AlarmState;

use super::{fleet, noon, secs};
use crate::{AlarmRule, Comparison, HealthCheckType, Metric, Pace, Statistic, TreatMissingData, World};

fn sweeps() -> Metric {
    let dimensions = BTreeMap::from([("FunctionName".to_owned(), "sweep".to_owned())]);
    Metric { namespace: "AWS/Lambda".to_owned(), name: "Invocations".to_owned(), dimensions }
}

/// Three periods without a sweep.
fn silence() -> AlarmRule {
    AlarmRule {
        statistic: Statistic::Sum,
        period: secs(2),
        evaluation_periods: 3,
        datapoints_to_alarm: 3,
        threshold: 1.0,
        comparison: Comparison::LessThanThreshold,
        missing: TreatMissingData::Breaching,
    }
}

fn world() -> World {
    let (mut world, _) = fleet(Pace::sandbox(), HealthCheckType::Ec2);
    world.put_metric(sweeps(), 1.0);
    world.put_alarm("silence", sweeps(), silence()).unwrap();
    world
}

/// Each second of these many, one sweep.
fn sweep(world: &mut World, seconds: i64) {
    for _ in 0..seconds {
        world.step(world.now() + secs(1));
        world.put_metric(sweeps(), 1.0);
    }
}

fn state(world: &World) -> AlarmState {
    world.alarm("silence").unwrap().standing.state
}

#[test]
fn an_alarm_on_what_was_put_goes_off_when_nothing_is_put_any_more() {
    let mut world = world();
    sweep(&mut world, 10);
    assert_eq!(state(&world), AlarmState::Ok);
    world.step(noon() + secs(14));
    assert_eq!(state(&world), AlarmState::Ok, "two periods are no three");
    world.step(noon() + secs(24));
    assert_eq!(state(&world), AlarmState::Alarm);
    let reason = &world.alarm("silence").unwrap().standing.reason;
    assert!(reason.contains("3 missing datapoints were treated as [Breaching]"), "{reason}");
}

#[test]
fn new_settings_should_not_change_the_state_nor_tell_of_a_change() {
    let mut world = world();
    sweep(&mut world, 10);
    world.take_events();
    let before = world.alarm("silence").unwrap().clone();
    world.put_alarm("silence", sweeps(), silence()).unwrap();
    assert_eq!(*world.alarm("silence").unwrap(), before, "the same settings are no change");
    world.put_alarm("silence", sweeps(), AlarmRule { threshold: 0.5, ..silence() }).unwrap();
    let after = world.alarm("silence").unwrap();
    assert_eq!((&after.standing, after.rule.threshold), (&before.standing, 0.5));
    sweep(&mut world, 4);
    assert!(world.take_events().is_empty());
    let too_far = AlarmRule { evaluation_periods: 1000, ..silence() };
    assert_eq!(world.put_alarm("silence", sweeps(), too_far).unwrap_err().code(), "NotModelled");
}

#[test]
fn a_deleted_alarm_should_not_be_heard_of() {
    let mut world = world();
    world.delete_alarm("silence");
    world.delete_alarm("nobody's");
    world.step(noon() + secs(60));
    assert!(world.alarm("silence").is_none() && world.take_events().is_empty());
}
