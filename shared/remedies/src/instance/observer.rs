//! Reads what a decision about an instance or its group rests on, side by side wherever one answer doesn't need another.
//!
//! This module never changes anything, and never fills in for an answer that did not come.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{OptionFuture, join, join3, join4, try_join_all};
use homeostat_core::aws::alarm::{AlarmReading, AlarmReadings};
use homeostat_core::aws::fleet::{Group, Launches, Machine, TargetHealth, TargetHealths};
use homeostat_core::aws::machines::StatusChecks;
use homeostat_core::dependency::Readings;
use homeostat_core::id::{AlarmArn, GroupName, InstanceId, TargetGroupArn};
use homeostat_core::incident::{Alarms, State};
use homeostat_core::ports::Unavailable;
use homeostat_core::reconcile::Times;
use homeostat_core::signal::{Hint, NoticeKind, Trigger};
use jiff::SignedDuration;

use super::Fleet;
use super::evidence::sick_without_alarm;
use super::group_state::is_unchecked;
use super::observation::{Observation, Prefetch};
use crate::instance::kind::InstanceKind;
use crate::instance::policy::{EvidenceSource, GroupPolicy, InstancePolicy};
use crate::instance::reasons::Incident;

/// What reads AWS, under a policy.
#[derive(Debug)]
pub struct Observer<'a, A, S> {
    pub aws: &'a A,
    pub checks: &'a S,
    pub policy: &'a InstancePolicy,
}

impl<A, S> Clone for Observer<'_, A, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A, S> Copy for Observer<'_, A, S> {}

/// For an incident whose group has left the policy: slow, since nothing is done about it.
const WITHOUT_POLICY: Times = Times {
    check_every: SignedDuration::from_mins(1),
    recover_within: SignedDuration::from_mins(15),
    max_wait: SignedDuration::from_hours(1),
    remind_every: SignedDuration::from_mins(30),
};

/// Groups of a policy that an event's look reads at once, by one call (API reference, `DescribeAutoScalingGroups`). Past these, the
/// instance is asked for its group, which takes a call more but is the same for any number of groups.
const MOST_AT_ONCE: usize = 100;

/// A wake-up's incident says which group to read. To wait for that costs a call one after another, and to read some others beside it
/// costs less as long as they are few.
const FEW: usize = 10;

impl<A: Fleet + Sync, S: StatusChecks + Sync> Observer<'_, A, S> {
    pub(super) async fn prefetch(&self, hint: &Hint) -> Result<Prefetch, Unavailable> {
        let change = match &hint.why {
            Trigger::Alarm(change) | Trigger::Silence(change) => Some(change.clone()),
            Trigger::Wake | Trigger::Look { .. } | Trigger::Action(_) | Trigger::Notice(_) | Trigger::Found { .. } => {
                None
            }
        };
        let asked = self.where_to_look(hint).await?;
        let groups = if asked.is_empty() { Vec::new() } else { self.aws.groups(&asked).await? };
        Ok(Prefetch { groups, asked, change })
    }

    /// The groups of the policy that the subject may be, or may be in, as far as that can be told before its incident is read.
    async fn where_to_look(&self, hint: &Hint) -> Result<Vec<GroupName>, Unavailable> {
        let named = |name: GroupName| self.policy.group(&name).map(|_| name).into_iter().collect();
        if let Some(name) = hint.subject.group() {
            return Ok(named(name));
        }
        if let Some(name) = self.aws.only_group() {
            return Ok(named(name.clone()));
        }
        let names = self.policy.group_names();
        match (&hint.why, hint.subject.instance()) {
            (Trigger::Wake | Trigger::Look { .. }, _) if names.len() > FEW => Ok(Vec::new()),
            (_, Some(instance)) if names.len() > MOST_AT_ONCE => {
                Ok(self.aws.group_of(&instance).await?.map(named).unwrap_or_default())
            }
            _ => Ok(names),
        }
    }

    pub(super) async fn observe(&self, prefetch: Prefetch, incident: &Incident) -> Result<Observation, Unavailable> {
        let name = incident.kind.group();
        let policy = self.policy.group(name);
        let evidence = policy.map_or(&[][..], |policy| &policy.evidence);
        let change = prefetch.change.clone();
        let spoke: Vec<AlarmArn> = incident.kind.alarms().into_iter().flat_map(Alarms::arns).cloned().collect();
        let of_dependencies = self.alarms_of_dependencies(incident);
        let asked = both(&spoke, &of_dependencies);
        let named: OptionFuture<_> = (!asked.is_empty()).then(|| self.aws.alarms(&asked)).into();
        let all_count = evidence == [EvidenceSource::Alarm];
        let is_over = matches!(incident.state, State::Verifying);
        let in_alarm: OptionFuture<_> = (all_count && !is_over).then(|| self.aws.alarms_in_alarm()).into();
        let interrupted = interrupted(incident);
        let interruption: OptionFuture<_> = interrupted.as_ref().map(|id| self.checks.interruption(id)).into();
        let (standing, named, in_alarm, interruption) =
            join4(self.standing(prefetch, name), named, in_alarm, interruption).await;
        let Standing { group, health, launches, refresh } = standing?;
        let Health { targets, gone, machines } = health;
        let named = named.transpose();
        let dependencies = of_dependencies.into_iter().map(|arn| {
            let read = named.as_ref().map_err(ToString::to_string);
            let read = read.and_then(|named| named.as_ref().and_then(|named| named.get(&arn).cloned()).transpose());
            (arn, read)
        });
        let dependencies = dependencies.collect();
        // What nobody spoke of is asked for on behalf of what the group depends on alone, and that is not needed to look.
        let named = if spoke.is_empty() { AlarmReadings::new() } else { named?.unwrap_or_default() };
        let read = |arn: AlarmArn| (arn.clone(), named.get(&arn).cloned().transpose());
        let alarms: Readings = spoke.into_iter().map(read).collect();
        if let Some(change) = &change {
            match alarms.get(&change.alarm) {
                // An alarm that nobody could ask is no reason to forget what it said: later may be better.
                Some(Err(why)) => return Err(Unavailable { doing: "read an alarm".to_owned(), why: why.clone() }),
                Some(Ok(Some(alarm))) => alarm.is_not_older(change)?,
                Some(Ok(None)) | None => {}
            }
        }
        let mut seen = Observation {
            group,
            alarms,
            targets,
            gone,
            launches,
            machines,
            refresh,
            interruption: interruption.transpose()?.flatten(),
            dependencies,
            ..Observation::default()
        };
        let in_alarm = match in_alarm {
            None if self.wants_all_alarms(incident, &seen) => Some(self.aws.alarms_in_alarm().await),
            listed => listed,
        };
        // Without the list, a look still tells the rest: of so many alarms in ALARM, most are about nothing of this.
        seen.is_unlisted = matches!(in_alarm, Some(Err(_)));
        let in_alarm = in_alarm.and_then(Result::ok).unwrap_or_default();
        if evidence.contains(&EvidenceSource::Alarm)
            && may_be_unheard(incident)
            && let (Some(policy), Some(id)) = (policy, incident.subject.instance())
        {
            let unheard = in_alarm.iter().filter(|alarm| calls_unhealthy(alarm, &id, policy));
            seen.alarms.extend(unheard.map(|alarm| (alarm.arn.clone(), Ok(Some(alarm.clone())))));
        }
        seen.in_alarm = if all_count || incident.kind.is_group() { in_alarm } else { Vec::new() };
        Ok(seen)
    }

    /// They are read with the alarms that spoke, so that they cost no call of their own where any did. Once something was done that took
    /// effect, nothing is held for them any more.
    fn alarms_of_dependencies(&self, incident: &Incident) -> Vec<AlarmArn> {
        let is_done = match incident.state {
            State::Verifying | State::Closed => true,
            State::Escalated => incident.acted_at.is_some(),
            State::Holding | State::Acting | State::Following => false,
        };
        let is_over = is_done || incident.kind.is_group();
        let policy = self.group_policy(incident).filter(|_| !is_over);
        policy.into_iter().flat_map(|policy| &policy.depends_on).flat_map(|on| &on.alarms).cloned().collect()
    }

    /// Whether all alarms in ALARM are read where they are not all the evidence: only for what nothing else can tell. Those that are
    /// known are read by name.
    fn wants_all_alarms(&self, incident: &Incident, seen: &Observation) -> bool {
        let Some(policy) = self.policy.group(incident.kind.group()) else { return false };
        match incident.subject.instance() {
            // Whom alarms call unhealthy where nothing else can.
            None => is_unchecked(seen, policy),
            // All else calls it unhealthy, so that an alarm whose event was lost would be the proof.
            Some(id) => {
                policy.evidence.contains(&EvidenceSource::Alarm)
                    && may_be_unheard(incident)
                    && sick_without_alarm(policy, seen, &id)
            }
        }
    }

    /// The group, read now unless it was before, and what is known by its name.
    async fn standing(&self, prefetch: Prefetch, name: &GroupName) -> Result<Standing, Unavailable> {
        let is_known = prefetch.asked.contains(name) || self.policy.group(name).is_none();
        let read = if is_known { prefetch.groups } else { self.aws.groups(std::slice::from_ref(name)).await? };
        let Some(group) = read.into_iter().find(|group| group.name == *name) else {
            // Of a group that is gone, AWS tells no activities but answers with an error.
            return Ok(Standing::default());
        };
        let (health, launches, refresh) =
            join3(self.health(&group), self.launches(&group), self.aws.refresh(name)).await;
        Ok(Standing { group: Some(group), health: health?, launches: launches?, refresh: refresh? })
    }

    /// As far back as a grace period reaches, and no further: in a large group each page is one call more.
    pub(super) async fn launches(&self, group: &Group) -> Result<Launches, Unavailable> {
        let grace = self.policy.group(&group.name).map_or(group.grace, |policy| policy.grace.max(group.grace));
        self.aws.launches(&group.name, grace).await
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
        self.policy.group(incident.kind.group())
    }

    pub(super) fn times(&self, incident: &Incident) -> Times {
        self.group_policy(incident).map_or(WITHOUT_POLICY, |policy| Times {
            check_every: policy.check_every,
            recover_within: policy.recover_within,
            max_wait: policy.max_wait,
            remind_every: policy.remind_every,
        })
    }
}

/// Each once.
fn both(some: &[AlarmArn], others: &[AlarmArn]) -> Vec<AlarmArn> {
    let all: BTreeSet<&AlarmArn> = some.iter().chain(others).collect();
    all.into_iter().cloned().collect()
}

/// Whether an alarm may be in ALARM about it of which no event told. The survey leaves alone whoever has an incident, so that is asked
/// for here, but only while no alarm that is known would confirm it.
fn may_be_unheard(incident: &Incident) -> bool {
    let InstanceKind::Instance { alarms, .. } = &incident.kind else { return false };
    let is_just_told = incident.is_new() && !alarms.is_empty();
    !is_just_told && incident.acted_at.is_none() && !alarms.had_alarm()
}

/// A verdict on this one instance. Somebody who switched an alarm's actions off doesn't want to hear of it.
pub(super) fn calls_unhealthy(alarm: &AlarmReading, id: &InstanceId, policy: &GroupPolicy) -> bool {
    alarm.instance() == Some(id) && alarm.may_act() && policy.is_verdict(&alarm.arn)
}

/// The Spot Instance that EC2 said it takes back.
fn interrupted(incident: &Incident) -> Option<InstanceId> {
    let notice = incident.kind.notice()?;
    incident.subject.instance().filter(|_| matches!(notice.what, NoticeKind::Interruption { .. }))
}

/// A group as it is; nothing of one that doesn't exist.
#[derive(Default)]
struct Standing {
    group: Option<Group>,
    health: Health,
    launches: Launches,
    refresh: Option<String>,
}

/// What load balancing and EC2 say of a group's members.
#[derive(Debug, Default)]
pub(super) struct Health {
    pub(super) targets: BTreeMap<TargetGroupArn, TargetHealths>,
    /// Target groups that don't exist.
    pub(super) gone: Vec<TargetGroupArn>,
    pub(super) machines: BTreeMap<InstanceId, Machine>,
}

/// A target group whose targets are all `unused` has no listener: it sends nobody any traffic, and checks nothing.
fn is_in_use(healths: &TargetHealths) -> bool {
    let unused = |health: &TargetHealth| matches!(health, TargetHealth::Other { state } if state == "unused");
    healths.is_empty() || !healths.values().all(unused)
}
