//! What of a signal concerns this remedy: instances of Auto Scaling groups, and groups as a whole.
//!
//! This module never asks AWS, and never picks an instance where an alarm names several.

use std::collections::BTreeSet;

use homeostat_core::aws::alarm::{
    AlarmChange, AlarmState, GROUP_DIMENSION, INSTANCE_DIMENSION, TARGET_GROUP_DIMENSION,
};
use homeostat_core::id::{AlarmArn, GroupName, InstanceId, Region, Subject};
use homeostat_core::reconcile::{Ignored, Route};
use homeostat_core::signal::{About, AlarmFact, AlarmKind, Fact, Hint, NoSignal, Notice, Order, Signal, Trigger};
use jiff::Timestamp;

use crate::instance::policy::{EvidenceSource, GroupPolicy, InstancePolicy};
use crate::instance::reasons::{Decision, Hold, Reconciled};
use crate::instance::subject;

/// A look at whole groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Survey {
    /// These, whatever any event said.
    Resync(Vec<GroupName>),
    /// Those for which an alarm speaks that picks no instance.
    Alarm(GroupAlarm),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupAlarm {
    pub(super) change: AlarmChange,
    /// What its metrics are about: the values of `AutoScalingGroupName` and `TargetGroup`.
    pub(super) groups: Vec<String>,
    pub(super) target_groups: Vec<String>,
    /// The instances that its metrics, or its contributor, name. None of them is picked.
    pub(super) instances: Vec<InstanceId>,
    /// The alarms that set a composite one off.
    pub(super) children: Vec<AlarmArn>,
}

pub(super) fn route(policy: &InstancePolicy, region: &Region, signal: &Signal) -> Result<Route<Survey>, NoSignal> {
    signal.is_of(region)?;
    match &signal.fact {
        Fact::Alarm(alarm) => of_alarm(policy, region, alarm),
        Fact::Notice { about, notice } => Ok(Route::Hints(noticed(region, about, notice))),
        Fact::Action(told) => Err(told.into()),
        Fact::Order(Order::Resync | Order::ContinueResync) => Ok(Route::Survey(Survey::Resync(all_groups(policy)))),
        Fact::Order(Order::ServeDue) => {
            Err(NoSignal::NothingThere { what: "marks are served from the ledger".to_owned() })
        }
        Fact::Order(order @ (Order::Wake(subject) | Order::Look { subject, .. })) => {
            Route::of_order(order, subject, subject::named(subject))
        }
    }
}

/// Every group of the policy. Those come first of which no alarm tells: nothing else finds what is wrong there.
fn all_groups(policy: &InstancePolicy) -> Vec<GroupName> {
    let mut groups: Vec<&GroupPolicy> = policy.groups().collect();
    groups.sort_by_key(|group| group.evidence.contains(&EvidenceSource::Alarm));
    groups.into_iter().map(|group| group.name.clone()).collect()
}

fn noticed(region: &Region, about: &About, notice: &Notice) -> Vec<Hint> {
    let subjects: Vec<Subject> = match about {
        About::Instances(ids) => ids.iter().map(|id| instance(region, id)).collect(),
        About::Group(name) => vec![Subject::of_group(region.clone(), name)],
    };
    subjects.into_iter().map(|subject| Hint { subject, why: Trigger::Notice(notice.clone()) }).collect()
}

fn instance(region: &Region, id: &InstanceId) -> Subject {
    Subject::of_instance(region.clone(), id)
}

fn of_alarm(policy: &InstancePolicy, region: &Region, alarm: &AlarmFact) -> Result<Route<Survey>, NoSignal> {
    let instances = instances(alarm)?;
    if let ([id], false) = (instances.as_slice(), alarm.kind == AlarmKind::Contributor) {
        let why = match alarm.state {
            AlarmState::InsufficientData => Trigger::Silence(alarm.change.clone()),
            AlarmState::Alarm | AlarmState::Ok => Trigger::Alarm(alarm.change.clone()),
        };
        return Ok(Route::Hints(vec![Hint { subject: instance(region, id), why }]));
    }
    let named = |name| alarm.dimensions.values_of(name).map(str::to_owned).collect();
    let alarm = GroupAlarm {
        groups: named(GROUP_DIMENSION),
        target_groups: named(TARGET_GROUP_DIMENSION),
        instances,
        children: alarm.children.clone(),
        change: alarm.change.clone(),
    };
    if alarm.may_be_about(policy) { Ok(Route::Survey(Survey::Alarm(alarm))) } else { Err(alarm.names_nobody()) }
}

/// The instances that are named. Other services have a dimension of that name too: such an alarm is none of ours, and nothing is
/// wrong with it.
fn instances(alarm: &AlarmFact) -> Result<Vec<InstanceId>, NoSignal> {
    let ids: Result<BTreeSet<InstanceId>, NoSignal> = alarm
        .dimensions
        .values_of(INSTANCE_DIMENSION)
        .map(|name| {
            name.parse().map_err(|_| NoSignal::NotAbout {
                alarm: alarm.change.alarm.clone(),
                why: format!("is about {name:?}, which is no EC2 instance"),
            })
        })
        .collect();
    Ok(ids?.into_iter().collect())
}

impl GroupAlarm {
    /// Of which no more is known than that it changed.
    pub(super) fn of(change: AlarmChange) -> Self {
        let (groups, target_groups, instances, children) = Default::default();
        GroupAlarm { change, groups, target_groups, instances, children }
    }

    /// Whether that is for AWS to say: who is a member, what a target group serves, for whom the alarms speak that set this one off.
    fn may_be_about(&self, policy: &InstancePolicy) -> bool {
        let is_listed = |name: &str| policy.groups().any(|group| group.alarms.iter().any(|alarm| alarm == name));
        let is_named = |name: &String| policy.group_names().iter().any(|group| group.as_str() == name);
        is_listed(self.change.alarm.alarm_name())
            || self.groups.iter().any(is_named)
            || !self.target_groups.is_empty()
            || !self.instances.is_empty()
            || !self.children.is_empty()
    }

    pub(super) fn names_nobody(&self) -> NoSignal {
        let why = "names neither an instance nor a group of the policy, so there is nobody to look at".to_owned();
        NoSignal::NotAbout { alarm: self.change.alarm.clone(), why }
    }
}

/// A look at the whole group of which too many are sick at once, which is parked or shrunk, or which nothing checks: it has an incident of its
/// own.
pub(super) fn whole_group(now: Timestamp, attended: &Reconciled) -> Option<Hint> {
    let subject = match attended {
        Reconciled::Ignored(Ignored::PartOf { whole, .. }) => whole.clone(),
        Reconciled::Decided { decision: Decision::Hold { because: Hold::Own(because), .. }, incident } => {
            let member =
                Some(&incident.subject).filter(|_| because.is_of_whole_group() && incident.kind.is_instance())?;
            Subject::of_group(member.region().clone(), incident.kind.group())
        }
        Reconciled::Ignored(_) | Reconciled::Decided { .. } => return None,
    };
    Some(Hint { subject, why: Trigger::Found { since: now, alarms: Vec::new(), told_by: None } })
}

#[cfg(test)]
mod tests;
