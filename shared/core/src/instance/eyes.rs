//! Reads what a decision about an instance or its group rests on, side by side wherever one answer doesn't need another.
//!
//! This module never changes anything, and never fills in for an answer that did not come.

use std::collections::BTreeMap;

use futures_util::future::{OptionFuture, join, join4, try_join_all};
use jiff::SignedDuration;

use super::seen::{AlarmSeen, AlarmState, Glance, Group, Machine, Seen, TargetHealth, TargetHealths};
use super::{Fleet, StatusChecks};
use crate::attend::Times;
use crate::id::{InstanceId, TargetGroupArn};
use crate::incident::{Incident, Kind};
use crate::memory::AlarmMemory;
use crate::policy::{Evidence, GroupPolicy, Policy};
use crate::ports::Unavailable;
use crate::signal::{Hint, What, Why};

/// What reads AWS, under a policy.
#[derive(Debug)]
pub struct Eyes<'a, A, S> {
    pub aws: &'a A,
    pub checks: &'a S,
    pub policy: &'a Policy,
}

impl<A, S> Clone for Eyes<'_, A, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A, S> Copy for Eyes<'_, A, S> {}

/// For an incident whose group has left the policy: slow, since nothing is done about it.
const WITHOUT_POLICY: Times = Times {
    look_every: SignedDuration::from_mins(1),
    recover_within: SignedDuration::from_mins(15),
    remind_every: SignedDuration::from_mins(30),
};

impl<A: Fleet + Sync, S: StatusChecks + Sync> Eyes<'_, A, S> {
    pub(super) async fn glance(&self, hint: &Hint) -> Result<Glance, Unavailable> {
        let names = self.policy.group_names();
        let Some(arn) = hint.alarm() else {
            return Ok(Glance { groups: self.aws.groups(&names).await?, alarm: None });
        };
        let (groups, alarm) = join(self.aws.groups(&names), self.aws.alarm(arn)).await;
        let (groups, alarm) = (groups?, alarm?);
        if let (Some(alarm), Why::Alarm(change) | Why::Silence(change)) = (&alarm, &hint.why) {
            is_not_stale(alarm, change)?;
        }
        Ok(Glance { groups, alarm: Some((arn.clone(), alarm)) })
    }

    pub(super) async fn observe(&self, glance: Glance, incident: &Incident) -> Result<Seen, Unavailable> {
        let (Kind::Instance { group: name, .. } | Kind::Group { group: name, .. }) = &incident.kind else {
            return Ok(Seen::default());
        };
        let arn = match &incident.kind {
            Kind::Instance { alarm, .. } => alarm.as_ref(),
            Kind::Group { .. } | Kind::Zone(_) | Kind::Hook(_) => None,
        };
        let group = glance.groups.into_iter().find(|group| group.name == *name);
        let read_before = glance.alarm.filter(|(read, _)| Some(read) == arn).map(|(_, alarm)| alarm);
        let unread: OptionFuture<_> = arn.filter(|_| read_before.is_none()).map(|arn| self.aws.alarm(arn)).into();
        let evidence = self.policy.group(name).map_or(&[][..], |policy| &policy.evidence);
        // Who was only announced has no alarm yet, and the survey leaves alone whoever has an incident.
        let is_announced = incident.subject.instance().is_some() && incident.kind.notice().is_some();
        let may_have_spoken = arn.is_none() && is_announced && evidence.contains(&Evidence::Alarm);
        let all_count = evidence == [Evidence::Alarm];
        let alarms: OptionFuture<_> = (all_count || may_have_spoken).then(|| self.aws.alarms_in_alarm()).into();
        // Of a group that is gone, AWS tells no activities but answers with an error.
        let launches: OptionFuture<_> = group.as_ref().map(|_| self.aws.launches(name)).into();
        let refresh: OptionFuture<_> = group.as_ref().map(|_| self.aws.refresh(name)).into();
        let health: OptionFuture<_> = group.as_ref().map(|group| self.health(group)).into();
        let interruption: OptionFuture<_> = interrupted(incident).map(|id| self.checks.interruption(id)).into();
        let ((health, unread), launches, refresh, (alarms, interruption)) =
            join4(join(health, unread), launches, refresh, join(alarms, interruption)).await;
        let Health { targets, gone, machines } = health.transpose()?.unwrap_or_default();
        let alarms = alarms.transpose()?.unwrap_or_default();
        let speaks = |alarm: &&AlarmSeen| alarm.instance() == incident.subject.instance() && alarm.actions_enabled;
        let spoke = alarms.iter().find(speaks).filter(|_| may_have_spoken).cloned();
        Ok(Seen {
            group,
            alarm: unread.transpose()?.or(read_before).flatten().or(spoke),
            targets,
            gone,
            launches: launches.transpose()?.unwrap_or_default(),
            machines,
            refresh: refresh.transpose()?.flatten(),
            alarms: if all_count { alarms } else { Vec::new() },
            interruption: interruption.transpose()?.flatten(),
        })
    }

    /// What the load balancer and EC2 say of the group's members.
    pub(super) async fn health(&self, group: &Group) -> Result<Health, Unavailable> {
        let members: Vec<InstanceId> = group.members.iter().map(|member| member.id.clone()).collect();
        let targets = try_join_all(group.target_groups.iter().map(|arn| self.aws.target_health(arn)));
        let (targets, machines) = join(targets, self.checks.machines(&members)).await;
        let mut health = Health { machines: machines?, ..Health::default() };
        for (arn, healths) in group.target_groups.iter().cloned().zip(targets?) {
            match healths {
                Some(healths) if is_in_use(&healths) => _ = health.targets.insert(arn, healths),
                Some(_) => {}
                None => health.gone.push(arn),
            }
        }
        Ok(health)
    }

    pub(super) fn group_policy(&self, incident: &Incident) -> Option<&GroupPolicy> {
        self.policy.group(incident.kind.group()?)
    }

    pub(super) fn times(&self, incident: &Incident) -> Times {
        self.group_policy(incident).map_or(WITHOUT_POLICY, |policy| Times {
            look_every: policy.look_every,
            recover_within: policy.recover_within,
            remind_every: policy.remind_every,
        })
    }
}

/// The Spot Instance that EC2 said it takes back.
fn interrupted(incident: &Incident) -> Option<&InstanceId> {
    let notice = incident.kind.notice()?;
    incident.subject.instance().filter(|_| matches!(notice.what, What::Interruption { .. }))
}

/// What load balancing and EC2 say of a group's members.
#[derive(Debug, Default)]
pub(super) struct Health {
    pub(super) targets: BTreeMap<TargetGroupArn, TargetHealths>,
    /// Target groups that don't exist.
    pub(super) gone: Vec<TargetGroupArn>,
    pub(super) machines: BTreeMap<InstanceId, Machine>,
}

/// CloudWatch's times are read with whole seconds.
const ROUNDING: SignedDuration = SignedDuration::from_secs(1);

/// A reading from before the event knows nothing of it: to believe it would be to lose the event.
pub(crate) fn is_not_stale(alarm: &AlarmSeen, change: &AlarmMemory) -> Result<(), Unavailable> {
    let knows_of_it = alarm.state == AlarmState::Alarm || alarm.since + ROUNDING >= change.changed_at;
    knows_of_it.then_some(()).ok_or_else(|| Unavailable {
        doing: format!("read alarm {:?}", change.alarm.alarm_name()),
        why: format!(
            "CloudWatch still shows its state of {:.0}, and the event is of {:.0}",
            alarm.since, change.changed_at
        ),
    })
}

/// A target group whose targets are all `unused` has no listener: it sends nobody any traffic, and checks nothing.
fn is_in_use(healths: &TargetHealths) -> bool {
    let unused = |health: &TargetHealth| matches!(health, TargetHealth::Other { state } if state == "unused");
    healths.is_empty() || !healths.values().all(unused)
}
