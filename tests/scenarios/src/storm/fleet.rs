//! Fleets of many groups over three zones, and the policy that names them all.
//!
//! This module never breaks anything.

use std::collections::BTreeMap;
use std::error::Error;

use homeostat_core::id::{GroupName, InstanceId};
use homeostat_remedies::policy::{self, Policy};
use jiff::{SignedDuration, Timestamp};
use world::{
    AlarmRule, Comparison, GroupSettings, HealthCheckType, InstanceAlarm, LifecycleState, Mixed, Pace, Place,
    Statistic, TreatMissingData, World,
};

/// What a scene could not be set up for.
pub type Trouble = Box<dyn Error + Send + Sync>;

#[derive(Debug, Clone, Copy)]
pub(super) struct FleetOf {
    pub(super) groups: usize,
    pub(super) size: u32,
    /// Of each group.
    pub(super) target_groups: usize,
    pub(super) missing: TreatMissingData,
}

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// Long enough for all to be in service, out of their alarms' first periods and checked.
const RUNNING_FOR: SignedDuration = SignedDuration::from_mins(8);

impl FleetOf {
    pub(super) fn new(groups: usize, size: u32) -> Self {
        FleetOf { groups, size, target_groups: 1, missing: TreatMissingData::Missing }
    }

    pub(super) fn name(number: usize) -> Result<GroupName, Trouble> {
        Ok(format!("svc-{number:03}").parse()?)
    }

    /// In good health, with no event waiting.
    pub(super) fn build(&self) -> Result<World, Trouble> {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse()?;
        let began = now - RUNNING_FOR;
        let mut world = World::new(place()?, pace(), began);
        for number in 0..self.groups {
            // Within a minute one after the other, so that their alarms are not all evaluated at one instant.
            let share = MINUTE.as_millis() * i128::try_from(number)? / i128::try_from(self.groups)?;
            world.step(began + SignedDuration::from_millis(i64::try_from(share)?));
            let settings = self.settings(&mut world, FleetOf::name(number)?)?;
            world.add_group(settings)?;
        }
        world.step(now);
        world.take_events();
        Ok(world)
    }

    fn settings(&self, world: &mut World, name: GroupName) -> Result<GroupSettings, Trouble> {
        let target_groups: Result<Vec<_>, _> =
            (0..self.target_groups).map(|number| world.add_target_group(&format!("{name}-{number}"), 8080)).collect();
        let place = world.place();
        Ok(GroupSettings {
            name,
            tags: BTreeMap::from([("homeostat:managed".to_owned(), "true".to_owned())]),
            min: 0,
            max: self.size.saturating_mul(4),
            desired: self.size,
            zones: ['a', 'b', 'c'].map(|letter| place.zone(letter)).to_vec(),
            // Nobody but Homeostat minds a dead application.
            health_check: HealthCheckType::Ec2,
            grace: SignedDuration::ZERO,
            target_groups: target_groups?,
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
            launch_automation: Some(InstanceAlarm {
                namespace: "Web".to_owned(),
                metric: "FailedRequests".to_owned(),
                rule: self.rule(),
            }),
        })
    }

    /// A failed request in each of two minutes.
    fn rule(&self) -> AlarmRule {
        AlarmRule {
            statistic: Statistic::Sum,
            period: MINUTE,
            evaluation_periods: 2,
            datapoints_to_alarm: 2,
            threshold: 1.0,
            comparison: Comparison::GreaterThanOrEqualToThreshold,
            missing: self.missing,
        }
    }

    /// All defaults but that it acts, asks two sources, and may replace in all groups at once: a storm is measured, not held back.
    pub(super) fn policy(&self) -> Result<Policy, Trouble> {
        self.policy_in("act")
    }

    /// The same in this mode.
    pub(super) fn policy_in(&self, mode: &str) -> Result<Policy, Trouble> {
        let mut text = format!("schema = 1\nmode = \"{mode}\"\n");
        for number in 0..self.groups {
            let name = FleetOf::name(number)?;
            text +=
                &format!("[[replace-instance.group]]\nname = \"{name}\"\nevidence = [\"alarm\", \"target-health\"]\n");
        }
        text += "[replace-instance]\nat-once = \"100%\"\nper-hour = \"100%\"\n";
        policy::parse(&text).map_err(|mistakes| format!("the scene's own policy: {mistakes:?}").into())
    }
}

fn place() -> Result<Place, Trouble> {
    Ok(Place { account: "123456789012".to_owned(), region: "us-east-1".parse()? })
}

/// AWS's own, with metrics each half minute and alarms on whole minutes. A call takes its time on the wire.
fn pace() -> Pace {
    Pace {
        publish_every: SignedDuration::from_secs(30),
        alarm_period: MINUTE,
        call: SignedDuration::ZERO,
        ..Pace::aws()
    }
}

/// The members of a group that are in service, by id.
pub(super) fn in_service(world: &World, group: &GroupName) -> Vec<InstanceId> {
    let members = world.members(group).filter(|member| member.lifecycle == LifecycleState::InService);
    members.map(|member| member.id.clone()).collect()
}
