//! A look at whole groups: who of them is sick now, and has no incident yet. It finds what no event told, and whom a group's
//! alarm can only hint at.
//!
//! This module never opens an incident itself, and never takes a group's alarm for evidence against a member.

use std::collections::BTreeMap;

use futures_util::future::{join, join_all};
use homeostat_core::aws::alarm::AlarmReading;
use homeostat_core::aws::fleet::Group;
use homeostat_core::aws::machines::StatusChecks;
use homeostat_core::aws::rates::{Api, Pacer, Share};
use homeostat_core::id::{AlarmArn, InstanceId, Region, Scope, Subject};
use homeostat_core::ports::{Clock, Ledger, Unavailable};
use homeostat_core::reconcile::{NotSurveyed, Surveyed};
use homeostat_core::signal::{Hint, NoSignal, Notice, NoticeKind, Trigger};
use jiff::{SignedDuration, Timestamp};

use super::Fleet;
use super::crowd::sick_at_once;
use super::evidence::{is_called_healthy, sick_without_alarm};
use super::group_state::is_unchecked;
use super::observation::Observation;
use super::observer::{Health, Observer, calls_unhealthy};
use super::processes::parked;
use super::route::{GroupAlarm, Survey};
use super::shrunk::shrunk;
use super::tally::Limit;
use crate::instance::policy::{EvidenceSource, GroupPolicy};

/// EC2 calls it so where AWS Health has a code of its own.
const SCHEDULED: &str = "a scheduled event that ends the instance";

/// What a slice of a resync reads once: the alarms in ALARM, and when that was.
#[derive(Debug, Default)]
pub struct Shared(Option<(Timestamp, Result<Vec<AlarmReading>, Unavailable>)>);

/// For so long what was read of the alarms is good enough to look by; what is decided rests on a look of its own.
const FRESH_FOR: SignedDuration = SignedDuration::from_secs(10);

/// `DescribeAlarms` lists 100 a page (API reference, `MaxRecords`), and EC2 takes 100 ids a call.
const PAGE: usize = 100;

/// Of alarms, that the adapter asks for.
const MOST_PAGES: usize = 20;

/// The stack's own Region, the clock, and what bounds the calls.
pub(super) struct Pace<'a, C> {
    pub(super) clock: &'a C,
    pub(super) pacer: &'a mut Pacer,
    pub(super) shared: &'a mut Shared,
}

/// Looks at the groups that the survey is about.
///
/// # Errors
/// [`NotSurveyed`]: there are no such groups; or they, the alarms or the ledger could not be read.
pub(super) async fn survey<A: Fleet + Sync, S: StatusChecks + Sync, C: Clock>(
    observer: &Observer<'_, A, S>,
    ledger: &(impl Ledger + Sync),
    pace: &mut Pace<'_, C>,
    region: &Region,
    survey: &Survey,
) -> Result<Surveyed, NotSurveyed> {
    let now = pace.clock.now();
    let concerned = match survey {
        Survey::Resync(names) => {
            pace.spend(&[(Api::AutoScaling, names.len().div_ceil(PAGE))]);
            let mut groups = observer.aws.groups(names).await?;
            groups.sort_by_key(|group| names.iter().position(|name| *name == group.name));
            groups
        }
        Survey::Alarm(alarm) => observer.concerned(alarm, pace).await?,
    };
    let with_policy = |group: Group| Some((observer.policy.group(&group.name)?, group));
    let mut concerned: Vec<(&GroupPolicy, Group)> = concerned.into_iter().filter_map(with_policy).collect();
    if concerned.is_empty() {
        return Err(NotSurveyed::Nothing(nothing_of_ours(survey)));
    }
    let put_off = match survey {
        Survey::Resync(_) => pace.put_off(&mut concerned),
        Survey::Alarm(_) => Vec::new(),
    };
    let seen = join_all(concerned.iter().map(|(_, group)| see(observer, group))).await;
    let mut all = concerned.iter().zip(&seen).filter_map(|((policy, _), seen)| Some((policy, seen.as_ref().ok()?)));
    let alarms = if all.any(|(policy, seen)| wants_alarms(policy, seen)) {
        pace.in_alarm(observer).await
    } else {
        Ok(Vec::new())
    };
    let (mut hints, mut scopes, mut failed) = (Vec::new(), BTreeMap::new(), Vec::new());
    for ((policy, group), seen) in concerned.iter().zip(seen) {
        let unhealthy = seen.and_then(|seen| match &alarms {
            // Where the list can't be read, that is no reason not to look at a group of which it would say nothing.
            Err(unavailable) if wants_alarms(policy, &seen) => Err(unavailable.clone()),
            alarms => {
                let alarms = alarms.as_deref().unwrap_or_default();
                Ok(unhealthy_of(group, policy, seen, alarms, now, region, survey))
            }
        });
        match unhealthy {
            Ok(unhealthy) => {
                let scope = Scope::of_group(&group.name);
                scopes.extend(unhealthy.iter().map(|hint| (hint.subject.clone(), scope.clone())));
                hints.extend(unhealthy);
            }
            Err(unavailable) => failed.push((group.name.to_string(), unavailable.to_string())),
        }
    }
    let subjects: Vec<Subject> = hints.iter().map(|hint| hint.subject.clone()).collect();
    let open = ledger.open_among(&subjects).await?;
    hints.retain(|hint| !open.contains(&hint.subject));
    let looked_at = concerned.into_iter().map(|(_, group)| group.name.to_string()).collect();
    let open = subjects.into_iter().filter(|subject| open.contains(subject)).collect();
    Ok(Surveyed { looked_at, hints, scopes, open, failed, put_off, ..Surveyed::default() })
}

/// How many calls it takes to look at it.
fn calls_for(group: &Group) -> [(Api, usize); 4] {
    let pages = group.members.len().div_ceil(PAGE);
    [
        (Api::LoadBalancing, group.target_groups.len()),
        (Api::AutoScaling, 1),
        (Api::InstanceStatus, pages),
        (Api::Instances, pages),
    ]
}

impl<C: Clock> Pace<'_, C> {
    fn spend(&mut self, calls: &[(Api, usize)]) {
        self.pacer.spend(self.clock.now(), Share::Resync, calls);
    }

    /// Keeps the first groups, as many as there is room for, and gives back the names of the others.
    fn put_off(&mut self, groups: &mut Vec<(&GroupPolicy, Group)>) -> Vec<String> {
        let now = self.clock.now();
        let mut room = 0;
        for (_, group) in groups.iter() {
            let calls = calls_for(group);
            if self.pacer.wait_for(now, Share::Resync, &calls).is_positive() {
                break;
            }
            self.spend(&calls);
            room += 1;
        }
        groups.drain(room..).map(|(_, group)| group.name.to_string()).collect()
    }

    /// Read once for all that a slice reads.
    async fn in_alarm<A: Fleet + Sync, S>(
        &mut self,
        observer: &Observer<'_, A, S>,
    ) -> Result<Vec<AlarmReading>, Unavailable> {
        let now = self.clock.now();
        match &self.shared.0 {
            Some((read_at, alarms)) if now.duration_since(*read_at) < FRESH_FOR => alarms.clone(),
            _ => {
                let alarms = observer.aws.alarms_in_alarm().await;
                // Where it can't be listed there are most likely too many of them: all pages that are asked for were.
                let pages = alarms.as_ref().map_or(MOST_PAGES, |alarms| alarms.len().div_ceil(PAGE).max(1));
                self.spend(&[(Api::Alarms, pages)]);
                self.shared.0 = Some((now, alarms.clone()));
                alarms
            }
        }
    }
}

impl<A: Fleet + Sync, S: StatusChecks + Sync> Observer<'_, A, S> {
    /// The groups that an alarm is about, of those that the policy names.
    async fn concerned<C: Clock>(&self, alarm: &GroupAlarm, pace: &mut Pace<'_, C>) -> Result<Vec<Group>, Unavailable> {
        let groups = self.aws.groups(&self.policy.group_names()).await?;
        // Most alarms of an account are about nothing of ours: they cost one call. Who set a composite one off is among those in ALARM.
        let children = match alarm.children.is_empty() {
            true => Vec::new(),
            false => pace.in_alarm(self).await?,
        };
        let concerns = |group: &Group| {
            self.policy.group(&group.name).is_some_and(|policy| is_about(alarm, group, policy, &children))
        };
        Ok(groups.into_iter().filter(concerns).collect())
    }
}

fn nothing_of_ours(survey: &Survey) -> NoSignal {
    match survey {
        Survey::Resync(_) => NoSignal::NothingThere { what: "none of the policy's groups exists".to_owned() },
        Survey::Alarm(alarm) => alarm.names_nobody(),
    }
}

pub(super) fn is_about(alarm: &GroupAlarm, group: &Group, policy: &GroupPolicy, in_alarm: &[AlarmReading]) -> bool {
    let GroupAlarm { change, groups, target_groups, instances, children } = alarm;
    let name = change.alarm.alarm_name();
    let serves = |dimension: &String| {
        // The dimension is the end of the target group's ARN.
        group.target_groups.iter().any(|arn| arn.as_str().ends_with(&format!(":{dimension}")))
    };
    let is_member = |id: &InstanceId| group.member(id).is_some();
    let speaks = |child: &AlarmArn| {
        let child = in_alarm.iter().find(|alarm| alarm.arn == *child);
        child.and_then(AlarmReading::instance).is_some_and(is_member)
    };
    policy.alarms.iter().any(|alarm| alarm == name || children.iter().any(|child| child.alarm_name() == alarm))
        || instances.iter().any(is_member)
        || children.iter().any(speaks)
        || groups.iter().any(|dimension| dimension == group.name.as_str())
        || target_groups.iter().any(serves)
}

/// The group as it is, but for its alarms.
pub(super) async fn see<A: Fleet + Sync, S: StatusChecks + Sync>(
    observer: &Observer<'_, A, S>,
    group: &Group,
) -> Result<Observation, Unavailable> {
    let (health, launches) = join(observer.health(group), observer.launches(group)).await;
    let (Health { targets, gone, machines }, launches) = (health?, launches?);
    Ok(Observation { group: Some(group.clone()), targets, gone, machines, launches, ..Observation::default() })
}

/// Whether it matters which alarms are in ALARM: where the rest of the evidence calls everybody healthy, none of them proves anything.
pub(super) fn wants_alarms(policy: &GroupPolicy, seen: &Observation) -> bool {
    let mut members = seen.group.iter().flat_map(|group| &group.members);
    policy.evidence.contains(&EvidenceSource::Alarm)
        && (is_unchecked(seen, policy)
            || members.any(|member| member.lifecycle.is_in_service() && !is_called_healthy(policy, seen, &member.id)))
}

/// One hint for each member that is unhealthy, or a single one for the group where too many are.
pub(super) fn unhealthy_of(
    group: &Group,
    policy: &GroupPolicy,
    seen: Observation,
    alarms: &[AlarmReading],
    now: Timestamp,
    region: &Region,
    survey: &Survey,
) -> Vec<Hint> {
    let alarms = if policy.evidence.contains(&EvidenceSource::Alarm) { alarms.to_vec() } else { Vec::new() };
    let seen = Observation { in_alarm: alarms.clone(), ..seen };
    let told_by = match survey {
        Survey::Resync(_) => None,
        Survey::Alarm(alarm) => Some(alarm.change.clone()),
    };
    let of_the_group = || {
        let subject = Subject::of_group(region.clone(), &group.name);
        Hint { subject, why: Trigger::Found { since: now, alarms: Vec::new(), told_by: told_by.clone() } }
    };
    if parked(&seen).is_some() {
        return vec![of_the_group()];
    }
    let mut sick = Vec::new();
    for member in group.members.iter().filter(|member| member.lifecycle.is_in_service()) {
        let speak: Vec<&AlarmReading> =
            alarms.iter().filter(|alarm| calls_unhealthy(alarm, &member.id, policy)).collect();
        let without_alarm =
            !policy.evidence.contains(&EvidenceSource::Alarm) && sick_without_alarm(policy, &seen, &member.id);
        if !speak.is_empty() || without_alarm {
            let subject = Subject::of_instance(region.clone(), &member.id);
            let since = speak.iter().map(|alarm| alarm.since).min().unwrap_or(now);
            let alarms = speak.into_iter().map(|alarm| alarm.arn.clone()).collect();
            sick.push(Hint { subject, why: Trigger::Found { since, alarms, told_by: told_by.clone() } });
        }
    }
    // One trouble of the group, however many alarms say so.
    if is_unchecked(&seen, policy) && !sick.is_empty() {
        sick = vec![of_the_group()];
    }
    if matches!(survey, Survey::Resync(_)) {
        let known: Vec<Subject> = sick.iter().map(|hint| hint.subject.clone()).collect();
        sick.extend(announced(group, &seen, now, region).filter(|hint| !known.contains(&hint.subject)));
    }
    if !Limit::of_unhealthy(group, policy.max_unhealthy).allows(sick_at_once(now, &seen, group, policy)) {
        return vec![of_the_group()];
    }
    // It may be all that is wrong, and nobody would notice until something has to be launched.
    sick.extend((!seen.gone.is_empty() || shrunk(now, &seen).is_some()).then(of_the_group));
    sick
}

/// Whom EC2 has scheduled an event for that ends them, and whose machine doesn't run, if no event told.
fn announced<'a>(
    group: &'a Group,
    seen: &'a Observation,
    now: Timestamp,
    region: &'a Region,
) -> impl Iterator<Item = Hint> + 'a {
    let in_service = group.members.iter().filter(|member| member.lifecycle.is_in_service());
    in_service.filter_map(move |member| {
        let machine = seen.machines.get(&member.id)?;
        let (what, by) = match machine.ends_at {
            _ if !machine.is_running() => (NoticeKind::NotRunning { state: machine.state.clone() }, None),
            by => (NoticeKind::Retirement { code: SCHEDULED.to_owned() }, Some(by?)),
        };
        let notice = Notice { what, at: now, by };
        let subject = Subject::of_instance(region.clone(), &member.id);
        Some(Hint { subject, why: Trigger::Notice(notice) })
    })
}
