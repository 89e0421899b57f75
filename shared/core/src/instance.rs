//! The remedy for a sick instance of an Auto Scaling group: have the group replace it.
//!
//! This module never lowers a group's capacity, and never touches an instance of a group that the policy doesn't name.

mod decide;
mod evidence;
mod seen;
#[cfg(test)]
mod tests;

use std::future::Future;

use futures_util::future::{OptionFuture, join, join3, try_join_all};
use jiff::{SignedDuration, Timestamp};

pub use decide::decide;
pub use seen::{AlarmSeen, AlarmState, Glance, Group, Launches, Lifecycle, Member, Seen, TargetHealth, TargetHealths};

use crate::attend::{Circumstances, Ignored, Remedy};
use crate::decision::{Decision, Step};
use crate::id::{AlarmArn, GroupName, InstanceId, Subject, TargetGroupArn};
use crate::incident::{Incident, Kind};
use crate::policy::Policy;
use crate::ports::{History, Outcome, Unavailable};
use crate::signal::{AlarmChange, Signal};

/// What this remedy reads of AWS.
pub trait Fleet {
    /// The groups of these names that exist. An empty answer means that none exists, never "all".
    fn groups(&self, names: &[GroupName]) -> impl Future<Output = Result<Vec<Group>, Unavailable>> + Send;

    /// The alarm as it is now; `None` if there is none of that name.
    fn alarm(&self, alarm: &AlarmArn) -> impl Future<Output = Result<Option<AlarmSeen>, Unavailable>> + Send;

    fn target_health(
        &self,
        target_group: &TargetGroupArn,
    ) -> impl Future<Output = Result<TargetHealths, Unavailable>> + Send;

    /// When the group's newest members were launched. An error if there is no such group.
    fn launches(&self, group: &GroupName) -> impl Future<Output = Result<Launches, Unavailable>> + Send;
}

/// What this remedy changes in AWS.
pub trait Replace {
    /// Terminates the instance and leaves its group's desired capacity as it is. Safe to repeat.
    fn replace(&self, instance: &InstanceId) -> impl Future<Output = Outcome> + Send;
}

pub struct ReplaceInstance<'a, A> {
    pub aws: &'a A,
    pub policy: &'a Policy,
}

impl<A: Fleet + Replace + Sync> Remedy for ReplaceInstance<'_, A> {
    type Glance = Glance;
    type Seen = Seen;

    async fn glance(&self, signal: &Signal) -> Result<Glance, Unavailable> {
        let names = self.policy.group_names();
        let Signal::Alarm(change) = signal else {
            return Ok(Glance { groups: self.aws.groups(&names).await?, alarm: None });
        };
        let (groups, alarm) = join(self.aws.groups(&names), self.aws.alarm(&change.alarm)).await;
        let (groups, alarm) = (groups?, alarm?);
        if let Some(alarm) = &alarm {
            is_not_stale(alarm, change)?;
        }
        Ok(Glance { groups, alarm: Some((change.alarm.clone(), alarm)) })
    }

    fn open(&self, now: Timestamp, signal: &Signal, glance: &Glance, history: &History) -> Result<Incident, Ignored> {
        let change = match signal {
            Signal::Alarm(change) => change,
            Signal::Wake(subject) => return Err(Ignored::NothingOpen { subject: subject.clone() }),
        };
        let Subject::Instance { id, .. } = &change.subject;
        if let Some(group) = glance.groups.iter().find(|group| group.member(id).is_some()) {
            let kind = Kind::Instance { group: group.name.clone(), alarm: change.alarm.clone() };
            return Ok(Incident::new(change.subject.clone(), kind, change.changed_at, now));
        }
        Err(match history.last_closed.as_ref().and_then(|last| last.closed_at) {
            Some(closed_at) => Ignored::Handled { subject: change.subject.clone(), closed_at },
            None => Ignored::OutsidePolicy { subject: change.subject.clone(), groups: self.policy.group_names() },
        })
    }

    /// An alarm that speaks while nothing was done yet is the one to judge by; after an act only recovery counts.
    fn join(&self, mut incident: Incident, signal: &Signal) -> Incident {
        let Kind::Instance { alarm, .. } = &mut incident.kind;
        match signal {
            Signal::Alarm(change) if incident.acted_at.is_none() => *alarm = change.alarm.clone(),
            Signal::Alarm(_) | Signal::Wake(_) => {}
        }
        incident
    }

    async fn observe(&self, glance: Glance, incident: &Incident) -> Result<Seen, Unavailable> {
        let Kind::Instance { group: name, alarm: arn } = &incident.kind;
        let group = glance.groups.into_iter().find(|group| group.name == *name);
        let target_groups = group.as_ref().map(|group| group.target_groups.clone()).unwrap_or_default();
        let read_before = glance.alarm.filter(|(read, _)| read == arn).map(|(_, alarm)| alarm);
        let unread: OptionFuture<_> = read_before.is_none().then(|| self.aws.alarm(arn)).into();
        // Of a group that is gone, AWS tells no activities but answers with an error.
        let launches: OptionFuture<_> = group.as_ref().map(|_| self.aws.launches(name)).into();
        let (targets, launches, read_now) =
            join3(try_join_all(target_groups.iter().map(|arn| self.aws.target_health(arn))), launches, unread).await;
        let targets = target_groups.into_iter().zip(targets?).filter(|(_, healths)| is_in_use(healths));
        Ok(Seen {
            group,
            alarm: read_now.transpose()?.or(read_before).flatten(),
            targets: targets.collect(),
            launches: launches.transpose()?.unwrap_or_default(),
        })
    }

    fn unwell(&self, incident: &Incident, seen: &Seen) -> Vec<Subject> {
        let Subject::Instance { region, id } = &incident.subject;
        let others = seen.group.iter().flat_map(|group| &group.members).filter(|member| member.id != *id);
        others
            .filter(|member| member.lifecycle.is_in_service() && !seen.serves(member))
            .map(|member| Subject::Instance { region: region.clone(), id: member.id.clone() })
            .collect()
    }

    fn took_effect(&self, incident: &Incident, seen: &Seen) -> bool {
        let Subject::Instance { id, .. } = &incident.subject;
        seen.group.as_ref().is_some_and(|group| group.member(id).is_none_or(|member| member.lifecycle.is_leaving()))
    }

    fn decide(&self, now: Timestamp, incident: &Incident, seen: &Seen, circumstances: &Circumstances) -> Decision {
        decide(now, incident, seen, circumstances, self.policy.group(incident.kind.group()))
    }

    async fn perform(&self, step: &Step) -> Outcome {
        match step {
            Step::Replace { instance, .. } => self.aws.replace(instance).await,
        }
    }
}

/// CloudWatch's times are read with whole seconds.
const ROUNDING: SignedDuration = SignedDuration::from_secs(1);

/// A reading from before the event knows nothing of it: to believe it would be to lose the event.
fn is_not_stale(alarm: &AlarmSeen, change: &AlarmChange) -> Result<(), Unavailable> {
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
