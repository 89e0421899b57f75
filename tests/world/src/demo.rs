//! The fleet of the demo and of most stories: a group that the policy names, and one that it doesn't.
//!
//! This module never breaks anything; its fleet has been running well for an hour.

use std::collections::BTreeMap;

use homeostat_core::id::{GroupName, TargetGroupArn};
use jiff::{SignedDuration, Timestamp};

use crate::alarm::{AlarmRule, Comparison, TreatMissingData};
use crate::group::{GroupSettings, HealthCheckType, InstanceAlarm};
use crate::metric::Statistic;
use crate::mixed::Mixed;
use crate::pace::Pace;
use crate::place::Place;
use crate::refusal::Refusal;
use crate::replacing::MaintenancePolicy;
use crate::world::World;

/// How long the fleet has been running: longer than any grace period that a story is likely to set.
const RUNNING_FOR: SignedDuration = SignedDuration::from_hours(1);

/// One more group of a story.
#[derive(Debug, Clone, PartialEq)]
pub struct Another {
    pub name: GroupName,
    pub instances: u32,
    pub maintenance: Option<MaintenancePolicy>,
}

/// What a story may want otherwise. [`Demo::new`] is the demo itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Demo {
    pub place: Place,
    pub pace: Pace,
    /// The group that the policy names: tagged `homeostat:managed` = `true`.
    pub group: GroupName,
    pub target_group: String,
    pub instances: u32,
    pub health_check: HealthCheckType,
    /// The group's own grace period.
    pub grace: SignedDuration,
    /// More groups like the first, each behind a target group of its own.
    pub more: Vec<Another>,
    /// The group outside the policy: two instances, alarms, no target group, no tag.
    pub bystander: GroupName,
}

impl Demo {
    /// The demo at AWS's pace, in account 123456789012 in us-east-1: `web` with four instances of type EC2, and `batch`.
    ///
    /// # Errors
    /// [`Refusal`]: never, with these names.
    pub fn new() -> Result<Self, Refusal> {
        Ok(Demo {
            place: Place { account: "123456789012".to_owned(), region: "us-east-1".parse()? },
            pace: Pace::aws(),
            group: "web".parse()?,
            target_group: "web".to_owned(),
            instances: 4,
            health_check: HealthCheckType::Ec2,
            grace: SignedDuration::ZERO,
            more: Vec::new(),
            bystander: "batch".parse()?,
        })
    }

    /// The fleet, and the ARN of its target group, as it is at `now`, with no event waiting.
    ///
    /// # Errors
    /// [`Refusal`] if the target group's name can't be part of an ARN, or for a pace that CloudWatch can't keep.
    pub fn build(self, now: Timestamp) -> Result<(World, TargetGroupArn), Refusal> {
        let zones = vec![self.place.zone('a'), self.place.zone('b')];
        let mut world = World::new(self.place, self.pace.clone(), now - RUNNING_FOR);
        let target_group = world.add_target_group(&self.target_group, 8080)?;
        let managed = |name, instances: u32, target_group| GroupSettings {
            name,
            tags: BTreeMap::from([("homeostat:managed".to_owned(), "true".to_owned())]),
            min: instances.min(2),
            max: instances.saturating_mul(2),
            desired: instances,
            zones: zones.clone(),
            health_check: self.health_check,
            grace: self.grace,
            target_groups: vec![target_group],
            maintenance: None,
            hooks: Vec::new(),
            retain_on_abandon: false,
            warm_pool: None,
            spot: false,
            rebalances: false,
            application: None,
            termination_lingers: SignedDuration::ZERO,
            launch_template_version: 1,
            mixed: Mixed::default(),
            new_instances_protected: false,
            launch_automation: Some(failed_requests("Web", self.pace.alarm_period)),
        };
        world.add_group(managed(self.group, self.instances, target_group.clone()))?;
        for Another { name, instances, maintenance } in self.more {
            let target_group = world.add_target_group(name.as_str(), 8080)?;
            world.add_group(GroupSettings { maintenance, ..managed(name, instances, target_group) })?;
        }
        world.add_group(GroupSettings {
            name: self.bystander,
            tags: BTreeMap::new(),
            min: 1,
            max: 4,
            desired: 2,
            zones: zones.clone(),
            health_check: HealthCheckType::Ec2,
            grace: SignedDuration::ZERO,
            target_groups: Vec::new(),
            maintenance: None,
            hooks: Vec::new(),
            retain_on_abandon: false,
            warm_pool: None,
            spot: false,
            rebalances: false,
            application: None,
            termination_lingers: SignedDuration::ZERO,
            launch_template_version: 1,
            mixed: Mixed::default(),
            new_instances_protected: false,
            launch_automation: Some(failed_requests("Batch", self.pace.alarm_period)),
        })?;
        world.step(now);
        world.take_events();
        Ok((world, target_group))
    }
}

/// Two periods in a row with a failed request: one may be an accident.
fn failed_requests(namespace: &str, period: SignedDuration) -> InstanceAlarm {
    let rule = AlarmRule {
        statistic: Statistic::Sum,
        period,
        evaluation_periods: 2,
        datapoints_to_alarm: 2,
        threshold: 1.0,
        comparison: Comparison::GreaterThanOrEqualToThreshold,
        missing: TreatMissingData::Missing,
    };
    InstanceAlarm { namespace: namespace.to_owned(), metric: "FailedRequests".to_owned(), rule }
}
