//! The fleet and the policy of one history, as the dice make them.
//!
//! This module never breaks anything; its fleet has been running well for an hour.

use std::collections::BTreeMap;

use homeostat_core::id::GroupName;
use jiff::{SignedDuration, Timestamp};
use world::{
    AlarmRule, CapacityType, Comparison, GroupSettings, HealthCheckType, InstanceAlarm, MaintenancePolicy, Metric,
    Mixed, Override, Pace, Place, Refusal, Statistic, TreatMissingData, World,
};

use crate::simulator::dice::Dice;

/// Longer than any grace period that is drawn.
const RUNNING_FOR: SignedDuration = SignedDuration::from_hours(1);

/// The group outside the policy: it falls sick like the others, and must be left alone.
pub(super) const BYSTANDER: &str = "batch";

/// Checks and metrics at half a minute, so that two hours are a few thousand events of the world; all else as at AWS.
fn pace(dice: &mut Dice) -> Pace {
    let half_a_minute = SignedDuration::from_secs(30);
    Pace {
        target_check_every: half_a_minute,
        healthy_threshold: 3,
        publish_every: half_a_minute,
        alarm_period: SignedDuration::from_mins(1),
        deregistration_delay: dice.either(half_a_minute, &[SignedDuration::from_secs(300)]),
        call: SignedDuration::ZERO,
        ..Pace::aws()
    }
}

/// One group of the policy.
#[derive(Debug, Clone)]
struct Plan {
    name: &'static str,
    has_targets: bool,
    desired: u32,
    mixed: Mixed,
}

/// The world, and the text of its policy.
pub(super) fn draw(dice: &mut Dice, now: Timestamp) -> Result<(World, String), Refusal> {
    let place = Place { account: "123456789012".to_owned(), region: "us-east-1".parse()? };
    let zones: Vec<String> = ['a', 'b', 'c'].iter().map(|letter| place.zone(*letter)).collect();
    let pace = pace(dice);
    let mut world = World::new(place, pace.clone(), now - RUNNING_FOR);
    let mut policy = "schema = 1\n".to_owned();
    let names: &[&'static str] = if dice.chance(25.0) { &["web", "api"] } else { &["web"] };
    for name in names {
        let (has_targets, instances, mixed) = (dice.chance(85.0), dice.number(1..=12), mixed(dice));
        let plan = Plan { name, has_targets, desired: instances * typical(&mixed), mixed };
        let evidence = evidence(dice, plan.has_targets);
        add_group(dice, &mut world, &plan, &zones, &pace)?;
        policy.push_str(&rules(dice, name, evidence));
    }
    let batch = Plan { name: BYSTANDER, has_targets: false, desired: 2, mixed: Mixed::default() };
    add_group(dice, &mut world, &batch, &zones, &pace)?;
    world.step(now);
    world.take_events();
    Ok((world, policy))
}

/// Two of three groups count instances, all from one launch template.
fn mixed(dice: &mut Dice) -> Mixed {
    if dice.chance(66.0) {
        return Mixed::default();
    }
    let capacity =
        dice.either(CapacityType::Units, &[CapacityType::Units, CapacityType::Vcpu, CapacityType::MemoryMib]);
    let weights: &[Option<u32>] = match capacity {
        CapacityType::Units => dice.either(&[Some(2)][..], &[&[None, None], &[Some(1), Some(3)], &[Some(2), Some(3)]]),
        CapacityType::Vcpu => dice.either(&[Some(4)][..], &[&[Some(2), Some(4), Some(8)]]),
        // The second is more than AWS shows.
        CapacityType::MemoryMib => dice.either(&[Some(512)][..], &[&[Some(512), Some(2048)]]),
    };
    let own_templates = dice.chance(50.0);
    let overrides = (0..)
        .zip(weights)
        .map(|(number, weight)| Override { weight: *weight, template: own_templates.then_some(number) });
    Mixed { capacity, overrides: overrides.collect() }
}

/// What an instance counts, as a person would reckon a desired capacity from a number of instances.
fn typical(mixed: &Mixed) -> u32 {
    mixed.overrides.iter().map(|of| of.units()).max().unwrap_or(1)
}

fn evidence(dice: &mut Dice, has_targets: bool) -> &'static str {
    if has_targets {
        let others = [
            "\"alarm\"",
            "\"target-health\"",
            "\"target-health\"",
            "\"instance-status\"",
            "\"target-health\", \"instance-status\"",
            "\"alarm\", \"target-health\"",
        ];
        dice.either("\"alarm\", \"target-health\"", &others)
    } else {
        dice.either("\"alarm\"", &["\"instance-status\""])
    }
}

fn add_group(dice: &mut Dice, world: &mut World, plan: &Plan, zones: &[String], pace: &Pace) -> Result<(), Refusal> {
    let name: GroupName = plan.name.parse()?;
    let mut target_groups = if plan.has_targets { vec![world.add_target_group(plan.name, 8080)?] } else { Vec::new() };
    if plan.has_targets && dice.chance(35.0) {
        target_groups.push(world.add_target_group(&format!("{}-old", plan.name), 8081)?);
    }
    let health_check = if plan.has_targets {
        dice.either(HealthCheckType::Ec2, &[HealthCheckType::Elb])
    } else {
        HealthCheckType::Ec2
    };
    let launches_first = MaintenancePolicy { min_healthy: 100, max_healthy: 120 };
    let terminates_first = MaintenancePolicy { min_healthy: 90, max_healthy: 120 };
    let spot = dice.chance(30.0);
    world.add_group(GroupSettings {
        name: name.clone(),
        tags: BTreeMap::new(),
        min: 0,
        max: 40 * typical(&plan.mixed),
        desired: plan.desired,
        zones: zones.to_vec(),
        health_check,
        grace: dice.either(SignedDuration::ZERO, &[SignedDuration::from_mins(1), SignedDuration::from_mins(5)]),
        target_groups: target_groups.clone(),
        maintenance: dice.either(None, &[None, Some(launches_first), Some(terminates_first)]),
        hooks: Vec::new(),
        retain_on_abandon: false,
        warm_pool: None,
        spot,
        rebalances: spot && dice.chance(50.0),
        application: None,
        termination_lingers: dice.either(
            SignedDuration::ZERO,
            &[SignedDuration::ZERO, SignedDuration::from_mins(2), SignedDuration::from_mins(10)],
        ),
        launch_template_version: 1,
        mixed: plan.mixed.clone(),
        new_instances_protected: false,
        launch_automation: Some(failed_requests(dice, pace)),
    })?;
    if dice.chance(50.0) {
        let metric = match target_groups.first().and_then(|arn| world.target_group(arn)) {
            Some(target_group) => Metric::unhealthy_hosts(target_group),
            None => Metric::of_group("Sim", "FailedRequests", &name),
        };
        let rule = AlarmRule { period: SignedDuration::from_mins(1), ..failed_requests(dice, pace).rule };
        world.add_alarm(&group_alarm(plan.name), metric, AlarmRule { statistic: Statistic::Maximum, ..rule })?;
    }
    Ok(())
}

fn group_alarm(group: &str) -> String {
    format!("{group}-unwell")
}

fn failed_requests(dice: &mut Dice, pace: &Pace) -> InstanceAlarm {
    let missing = dice.either(TreatMissingData::Missing, &[TreatMissingData::Ignore, TreatMissingData::NotBreaching]);
    let rule = AlarmRule {
        statistic: Statistic::Sum,
        period: pace.alarm_period,
        evaluation_periods: 2,
        datapoints_to_alarm: 2,
        threshold: 1.0,
        comparison: Comparison::GreaterThanOrEqualToThreshold,
        missing,
    };
    InstanceAlarm { namespace: "Sim".to_owned(), metric: "FailedRequests".to_owned(), rule }
}

/// One group of the policy, as a person would write it.
fn rules(dice: &mut Dice, name: &str, evidence: &str) -> String {
    let mode = if dice.chance(10.0) { "watch" } else { "act" };
    let grace = dice.either("5m", &["1m", "2m", "3m"]);
    let budget = dice.either("\"20%\"", &["1", "2", "\"50%\"", "\"34%\""]);
    let max_unhealthy = dice.either("\"50%\"", &["\"30%\"", "3", "\"100%\""]);
    let cooldown = dice.either("5m", &["0s", "1m", "10m"]);
    let breaker = dice.number(1..=4);
    let breaker_within = dice.either("2h", &["30m", "1h"]);
    let check_every = dice.either("1m", &["30s", "2m"]);
    let dwell = dice.either("2m", &["0s", "1m", "3m"]);
    let recover_within = dice.either("15m", &["10m", "20m", "30m"]);
    let max_wait = dice.either("1h", &["10m", "30m"]);
    let remind_every = dice.either("30m", &["15m", "1h"]);
    // Without them every alarm that names an instance is a verdict.
    let verdicts = if evidence == "\"alarm\"" || evidence.contains("alarm") && dice.chance(50.0) {
        dice.either("health-alarms = [\"NAME-*-failing\"]\n", &["health-alarms = [\"cpu-*\", \"NAME-*-failing\"]\n"])
    } else {
        ""
    };
    let verdicts = verdicts.replace("NAME", name);
    let alarms = if dice.chance(50.0) { format!("alarms = [\"{}\"]\n", group_alarm(name)) } else { String::new() };
    format!(
        "[[replace-instance.group]]\nname = \"{name}\"\nmode = \"{mode}\"\nevidence = [{evidence}]\ngrace = \"{grace}\"\n\
         budget = {budget}\nmax-unhealthy = {max_unhealthy}\ncooldown = \"{cooldown}\"\nbreaker = {breaker}\n\
         breaker-within = \"{breaker_within}\"\ncheck-every = \"{check_every}\"\nstable-for = \"{dwell}\"\n\
         recover-within = \"{recover_within}\"\nmax-wait = \"{max_wait}\"\nremind-every = \"{remind_every}\"\n{verdicts}{alarms}"
    )
}
