//! What was observed of a group, its alarm and its targets, in AWS's own terms.
//!
//! This module never holds a vendor's type, and a fact that was not seen is absent, never a default.

use std::collections::BTreeMap;

use homeostat_core::aws::Read;
use homeostat_core::aws::alarm::{AlarmChange, AlarmReading};
use homeostat_core::aws::fleet::{Group, Launches, Machine, Member, TargetHealth, TargetHealths};
use homeostat_core::aws::source::{Launching, Source, template_of};
use homeostat_core::dependency::Readings;
use homeostat_core::id::{AlarmArn, GroupName, InstanceId, TargetGroupArn};
use jiff::{SignedDuration, Timestamp};

/// The first look: what can be read before the ledger has said anything.
#[derive(Debug, Clone)]
pub struct Prefetch {
    pub groups: Vec<Group>,
    /// Which were asked for. One of them that is not among the groups was not found; any other was not looked for.
    pub asked: Vec<GroupName>,
    /// The alarm's change that led here: no reading that is older counts.
    pub change: Option<AlarmChange>,
}

/// All that a decision about an instance rests on. The real world may have changed since.
#[derive(Debug, Clone, Default)]
pub struct Observation {
    pub group: Option<Group>,
    /// Each alarm that spoke of the subject, as it is now; `None` = there is none of that name.
    pub alarms: BTreeMap<AlarmArn, Read<Option<AlarmReading>>>,
    pub targets: BTreeMap<TargetGroupArn, TargetHealths>,
    /// Target groups of the group that don't exist.
    pub gone: Vec<TargetGroupArn>,
    pub launches: Launches,
    /// What EC2 says of the members; one that is not there was not told of.
    pub machines: BTreeMap<InstanceId, Machine>,
    /// The group's instance refresh that is running.
    pub refresh: Option<String>,
    /// All alarms in ALARM that name instances; read only where the alarm is the only evidence, and for a whole group that nothing
    /// checks.
    pub in_alarm: Vec<AlarmReading>,
    /// They were asked for, and could not be listed: they say nothing of anybody.
    pub is_unlisted: bool,
    /// When EC2 gave notice that it takes the Spot Instance back; read only where that was announced.
    pub interruption: Option<Timestamp>,
    /// The alarms of what the group depends on; read only as long as nothing was done about the instance.
    pub dependencies: Readings,
}

impl Observation {
    /// The alarm as it is now, if it exists and could be read.
    pub fn alarm(&self, arn: &AlarmArn) -> Option<&AlarmReading> {
        self.alarms.get(arn)?.as_ref().ok()?.as_ref()
    }

    /// Whether the member takes its part of the load: in service, healthy for Auto Scaling, and for every target group.
    pub fn serves(&self, member: &Member) -> bool {
        member.lifecycle.is_in_service()
            && member.healthy
            && self.targets.values().all(|targets| targets.get(&member.id) == Some(&TargetHealth::Healthy))
    }

    /// The latest moment at which the instance can have begun to boot. One that was stopped and started again boots once more, and its
    /// group has no record of that.
    pub fn started(&self, id: &InstanceId) -> Option<Timestamp> {
        self.launches.by(id).max(self.machines.get(id).and_then(|machine| machine.started_at))
    }

    /// When the instance was launched. Where the group's record of it was not read, by EC2, for which a start after a stop is a launch, too.
    pub fn launched(&self, id: &InstanceId) -> Option<Timestamp> {
        let by_ec2 = || self.machines.get(id).and_then(|machine| machine.started_at);
        let unread = self.launches.others_before.is_some();
        self.launches.known.get(id).copied().or_else(|| by_ec2().filter(|_| unread))
    }

    /// What the group launches from. What `$Latest` and `$Default` are now, the newest member of that launch template shows.
    pub fn launching(&self) -> Launching {
        let Some(group) = &self.group else { return Launching::default() };
        let mut source = Source::of(group.launches_from.iter().cloned());
        let mut newest = BTreeMap::new();
        let templates: Vec<String> = source.open_templates().map(str::to_owned).collect();
        for template in templates {
            let of_it = group.members.iter().filter_map(|member| {
                let from = member.launched_from.as_ref().filter(|from| template_of(from) == template)?;
                Some((*self.launches.known.get(&member.id)?, from))
            });
            if let Some((at, from)) = of_it.max_by_key(|(at, _)| *at) {
                source.came_to.insert(template.clone(), from.clone());
                newest.insert(template, at);
            }
        }
        Launching { source, newest }
    }

    /// Whether the member is in service and doesn't serve for a reason other than being sick: its first health checks are
    /// awaited, or fail while it may still be booting; somebody drains it; Auto Scaling has marked it and will replace it.
    pub fn is_out(&self, member: &Member, now: Timestamp, grace: SignedDuration) -> bool {
        let no_verdict = self.targets.values().any(|targets| match targets.get(&member.id) {
            None | Some(TargetHealth::Initial | TargetHealth::Other { .. }) => true,
            Some(TargetHealth::Healthy | TargetHealth::Unhealthy { .. }) => false,
        });
        let booting = || self.started(&member.id).is_some_and(|started| now < started + grace);
        !member.healthy || no_verdict || (!self.serves(member) && booting())
    }
}
