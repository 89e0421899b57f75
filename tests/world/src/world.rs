//! The world: its state, its time, and what can be read of it.
//!
//! Time is an argument and never goes backwards. Everything happens at its own time, in one order, so the world after one
//! long step is the world after many short ones.

use std::collections::{BTreeMap, BTreeSet};

use homeostat_core::aws::alarm::AlarmState;
use homeostat_core::id::{AlarmArn, GroupName, HostedZoneId, InstanceId, TargetGroupArn};
use jiff::Timestamp;
use serde_json::Value;

use crate::action::{ActiveAction, LifecycleAction};
use crate::activity::Activity;
use crate::agenda::{Agenda, Due};
use crate::alarm::{Alarm, AlarmRule, is_modelled};
use crate::breaking::Supply;
use crate::endpoint::Endpoint;
use crate::group::AutoScalingGroup;
use crate::ids::Ids;
use crate::instance::Instance;
use crate::metric::{Metric, Metrics};
use crate::pace::Pace;
use crate::place::Place;
use crate::refusal::Refusal;
use crate::target_group::{TargetGroup, TargetType};
use crate::work::Work;
use crate::zones::{Author, HostedZone};

#[derive(Debug, Clone, PartialEq)]
pub struct World {
    pub(crate) place: Place,
    pub(crate) pace: Pace,
    pub(crate) now: Timestamp,
    pub(crate) ids: Ids,
    pub(crate) agenda: Agenda,
    pub(crate) groups: BTreeMap<GroupName, AutoScalingGroup>,
    pub(crate) instances: BTreeMap<InstanceId, Instance>,
    /// Whose each instance is, the other way round: of thousands, a group has only some.
    pub(crate) members: BTreeMap<GroupName, BTreeSet<InstanceId>>,
    /// Terminated, as EC2 still remembers them.
    pub(crate) gone: BTreeMap<InstanceId, Instance>,
    pub(crate) supply: Supply,
    pub(crate) target_groups: BTreeMap<TargetGroupArn, TargetGroup>,
    pub(crate) endpoints: BTreeMap<String, Endpoint>,
    pub(crate) zones: BTreeMap<HostedZoneId, HostedZone>,
    pub(crate) alarms: BTreeMap<String, Alarm>,
    pub(crate) metrics: Metrics,
    pub(crate) activities: Vec<Activity>,
    pub(crate) active_actions: Vec<ActiveAction>,
    pub(crate) lifecycle_actions: Vec<LifecycleAction>,
    pub(crate) hook_events_lost: bool,
    pub(crate) work: Work,
    pub(crate) outbox: Vec<Value>,
    pub(crate) happened: u64,
}

impl World {
    pub fn new(place: Place, pace: Pace, now: Timestamp) -> Self {
        World {
            place,
            pace,
            now,
            ids: Ids::default(),
            agenda: Agenda::default(),
            groups: BTreeMap::new(),
            instances: BTreeMap::new(),
            members: BTreeMap::new(),
            gone: BTreeMap::new(),
            supply: Supply::default(),
            target_groups: BTreeMap::new(),
            endpoints: BTreeMap::new(),
            zones: BTreeMap::new(),
            alarms: BTreeMap::new(),
            metrics: Metrics::default(),
            activities: Vec::new(),
            active_actions: Vec::new(),
            lifecycle_actions: Vec::new(),
            hook_events_lost: false,
            work: Work::default(),
            outbox: Vec::new(),
            happened: 0,
        }
    }

    /// Lets everything happen that is due until `now`. An earlier `now` than the last changes nothing.
    pub fn step(&mut self, now: Timestamp) {
        while let Some((at, due)) = self.agenda.take_until(now) {
            self.now = self.now.max(at);
            self.happen(due);
        }
        self.now = self.now.max(now);
    }

    fn happen(&mut self, due: Due) {
        self.happened += 1;
        match due {
            Due::Running(id) => self.running(&id),
            Due::Publish(id) => self.publish(&id),
            Due::CheckTarget(target_group, id) => self.check_target(target_group, id),
            Due::AppAnswers(id, from) => self.app_answers(&id, from),
            Due::Deregistered(target_group, id) => self.deregistered(&target_group, &id),
            Due::TargetGone(target_group, id) => self.target_gone(&target_group, &id),
            Due::HandOver(stream) => self.hand_over(&stream),
            Due::WorkDone(number) => self.work_done(number),
            Due::Drained(id) => self.drained(&id),
            Due::Terminated(id) => self.terminated(&id),
            Due::HookDone(id) => self.hook_done(&id),
            Due::ActionEnds(token) => self.action_ends(&token),
            Due::Proceeded(id) => self.proceeded(&id),
            Due::Standby(id) => self.in_standby(&id),
            Due::SpotEnds(id) => self.spot_ends(&id),
            Due::Pooled(id) => self.pooled_stopped(&id),
            Due::Stopped(id) => self.stopped(&id),
            Due::EventStarts(id) => self.event_starts(&id),
            Due::AppDies(id) => self.app_dies(&id),
            Due::AskEc2(id) => self.ask_ec2(&id),
            Due::ReplaceMarked(id) => self.replace_marked(&id),
            Due::RetryLaunch(group, shortage) => self.retry_launch(&group, shortage),
            Due::PublishTargets(target_group) => self.publish_targets(target_group),
            Due::AskLoadBalancer(id) => self.ask_load_balancer(&id),
            Due::Replenish(group, shortage) => self.replenish(&group, shortage),
            Due::PublishEndpoint(name) => self.publish_endpoint(name),
            Due::CheckEndpoint(name, checker) => self.check_endpoint(name, checker),
            Due::Evaluate(alarm) => self.evaluate(alarm),
            // Whoever sent it has long stopped to listen.
            Due::ChangeRecords(zone, batch) => _ = self.change_records(&zone, &batch, Author::Homeostat),
        }
    }

    /// # Errors
    /// [`Refusal::Invalid`] for a name that can't be part of an ARN.
    pub fn add_target_group(&mut self, name: &str, port: u16) -> Result<TargetGroupArn, Refusal> {
        self.add_target_group_of(TargetType::Instance, name, port)
    }

    /// The same, of another type.
    ///
    /// # Errors
    /// [`Refusal`]: a name that AWS would not take.
    pub fn add_target_group_of(
        &mut self,
        target_type: TargetType,
        name: &str,
        port: u16,
    ) -> Result<TargetGroupArn, Refusal> {
        let uuid = self.ids.uuid().replace('-', "");
        let digits = uuid.get(..16).unwrap_or_default();
        let arn = self.place.target_group_arn(name, digits)?;
        let target_group = TargetGroup::new(arn.clone(), name, port, target_type);
        self.target_groups.insert(arn.clone(), target_group);
        Ok(arn)
    }

    /// `DeleteTargetGroup`: what is attached to it stays so, and can't launch any more. That the group's description goes on naming it,
    /// users report.
    ///
    /// # Errors
    /// [`Refusal`]: no such target group.
    pub fn delete_target_group(&mut self, arn: &TargetGroupArn) -> Result<(), Refusal> {
        let unknown = || Refusal::TargetGroupNotFound { arn: arn.to_string() };
        let deleted = self.target_groups.remove(arn).ok_or_else(unknown)?;
        deleted.targets.keys().for_each(|id| self.became_ready(id));
        Ok(())
    }

    /// An Availability Zone is taken from the load balancer in front, or given to it (`SetSubnets`).
    ///
    /// # Errors
    /// [`Refusal`]: no such target group.
    pub fn enable_zone(&mut self, arn: &TargetGroupArn, zone: &str, is_enabled: bool) -> Result<(), Refusal> {
        let in_zone = |id: &InstanceId| self.instances.get(id).is_some_and(|instance| instance.zone == zone);
        let target_group = self.target_groups.get_mut(arn);
        let target_group = target_group.ok_or_else(|| Refusal::TargetGroupNotFound { arn: arn.to_string() })?;
        if is_enabled {
            target_group.zones_without.remove(zone);
        } else {
            target_group.zones_without.insert(zone.to_owned());
        }
        let next = self.now + self.pace.target_check_every;
        for (id, target) in target_group.targets.iter_mut().filter(|(id, _)| in_zone(id)) {
            target.use_it(is_enabled);
            self.agenda.schedule(next, Due::CheckTarget(arn.clone(), id.clone()));
        }
        Ok(())
    }

    /// `AddTags` and `RemoveTags` of a target group.
    ///
    /// # Errors
    /// [`Refusal`]: no such target group.
    pub fn tag_target_group(&mut self, arn: &TargetGroupArn, tags: BTreeMap<String, String>) -> Result<(), Refusal> {
        let unknown = || Refusal::TargetGroupNotFound { arn: arn.to_string() };
        self.target_groups.get_mut(arn).ok_or_else(unknown)?.tags = tags;
        Ok(())
    }

    /// # Errors
    /// [`Refusal`]: a name that is none, or an alarm that looks back further than datapoints are kept.
    pub fn add_alarm(&mut self, name: &str, metric: Metric, rule: AlarmRule) -> Result<AlarmArn, Refusal> {
        let arn = self.place.alarm_arn(name)?;
        is_modelled(&rule)?;
        let every = self.evaluated_every(&rule);
        self.watch_targets(&metric);
        let series = self.metrics.series(&metric);
        let alarm = Alarm::new(arn.clone(), (metric, series), rule, self.ids.uuid(), self.now);
        self.alarms.insert(name.to_owned(), alarm);
        self.agenda.schedule(self.now + every, Due::Evaluate(name.to_owned()));
        Ok(arn)
    }

    /// `EnableAlarmActions` and `DisableAlarmActions`: names that don't exist are passed over (API reference).
    pub fn enable_alarm_actions(&mut self, name: &str, enabled: bool) {
        if let Some(alarm) = self.alarms.get_mut(name) {
            alarm.actions_enabled = enabled;
        }
    }

    /// The events for EventBridge since the last call, oldest first.
    pub fn take_events(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.outbox)
    }

    /// Whether events wait to be taken.
    pub fn has_events(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// How much has happened by itself so far.
    pub fn happened(&self) -> u64 {
        self.happened
    }

    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// When something next happens by itself.
    pub fn next_event_at(&self) -> Option<Timestamp> {
        self.agenda.next_at()
    }

    pub fn place(&self) -> &Place {
        &self.place
    }

    pub fn pace(&self) -> &Pace {
        &self.pace
    }

    pub fn groups(&self) -> impl Iterator<Item = &AutoScalingGroup> {
        self.groups.values()
    }

    pub fn group(&self, name: &GroupName) -> Option<&AutoScalingGroup> {
        self.groups.get(name)
    }

    /// The group's instances, those that are leaving included, in the order of their ids.
    pub fn members<'a>(&'a self, group: &'a GroupName) -> impl Iterator<Item = &'a Instance> {
        let ids = self.members.get(group).into_iter().flatten();
        ids.filter_map(|id| self.instances.get(id))
    }

    pub fn instances(&self) -> impl Iterator<Item = &Instance> {
        self.instances.values()
    }

    pub fn instance(&self, id: &InstanceId) -> Option<&Instance> {
        self.instances.get(id)
    }

    pub fn target_groups(&self) -> impl Iterator<Item = &TargetGroup> {
        self.target_groups.values()
    }

    pub fn target_group(&self, arn: &TargetGroupArn) -> Option<&TargetGroup> {
        self.target_groups.get(arn)
    }

    pub fn alarms(&self) -> impl Iterator<Item = &Alarm> {
        self.alarms.values()
    }

    pub fn alarms_in(&self, state: AlarmState) -> impl Iterator<Item = &Alarm> {
        self.alarms.values().filter(move |alarm| alarm.standing.state == state)
    }

    pub fn alarm(&self, name: &str) -> Option<&Alarm> {
        self.alarms.get(name)
    }

    /// Newest first, as `DescribeScalingActivities` lists them.
    pub fn activities<'a>(&'a self, group: &'a GroupName) -> impl Iterator<Item = &'a Activity> {
        self.activities.iter().rev().filter(move |activity| activity.group == *group)
    }
}
