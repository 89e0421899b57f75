//! AWS as one look at a group sees it: what was read is kept for a few seconds, for all members that the look decides about.
//!
//! It forgets all that an effect may have changed as soon as one was tried, so that the next decision rests on a new reading. This
//! module never keeps an error of a reading that somebody needs, and never answers from what is no longer fresh.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use homeostat_core::aws::Read;
use homeostat_core::aws::alarm::{AlarmReading, AlarmReadings};
use homeostat_core::aws::fleet::{Group, Launches, Machine, TargetHealths};
use homeostat_core::aws::machines::StatusChecks;
use homeostat_core::aws::rates::Api;
use homeostat_core::id::{AlarmArn, GroupName, InstanceId, TargetGroupArn};
use homeostat_core::ports::{Clock, Outcome, Unavailable};
use jiff::{SignedDuration, Timestamp};

use super::{Fleet, Replace};

/// Names, ids and alarms of one call.
pub(super) const PAGE: usize = 100;

/// Of alarms, that the adapter asks for before it gives up.
const MOST_PAGES: usize = 20;

/// Half of what an effect's observation may be old: the rest is for what is read and written in between. The loop reckons from the
/// oldest answer.
const FRESH: SignedDuration = SignedDuration::from_secs(5);

pub(super) struct Once<'a, A, S, C> {
    aws: &'a A,
    checks: &'a S,
    clock: &'a C,
    group: GroupName,
    kept: Mutex<Kept>,
    calls: Mutex<Vec<(Api, usize)>>,
    oldest: Mutex<Option<Timestamp>>,
    has_acted: AtomicBool,
}

pub(super) type GroupsKept = BTreeMap<GroupName, (Timestamp, Option<Group>)>;

pub(super) type AlarmsKept = BTreeMap<AlarmArn, (Timestamp, Option<AlarmReading>)>;

/// Each with the time just before it was asked for.
#[derive(Default)]
struct Kept {
    groups: GroupsKept,
    alarms: AlarmsKept,
    /// Where it can't be listed, it can't a second later either: the reason is kept as well.
    in_alarm: Option<(Timestamp, Read<Vec<AlarmReading>>)>,
    targets: BTreeMap<TargetGroupArn, (Timestamp, Option<TargetHealths>)>,
    launches: BTreeMap<GroupName, (Timestamp, Launches)>,
    refreshes: BTreeMap<GroupName, (Timestamp, Option<String>)>,
    machines: BTreeMap<Vec<InstanceId>, (Timestamp, BTreeMap<InstanceId, Machine>)>,
}

impl<'a, A, S, C: Clock> Once<'a, A, S, C> {
    pub(super) fn over(
        aws: &'a A,
        checks: &'a S,
        clock: &'a C,
        group: GroupName,
        groups: GroupsKept,
        alarms: AlarmsKept,
    ) -> Self {
        Once {
            aws,
            checks,
            clock,
            group,
            kept: Mutex::new(Kept { groups, alarms, ..Kept::default() }),
            calls: Mutex::default(),
            oldest: Mutex::default(),
            has_acted: AtomicBool::default(),
        }
    }

    /// Whether an effect was tried, so that what was read of the group is no longer true.
    pub(super) fn has_acted(&self) -> bool {
        self.has_acted.load(Ordering::Relaxed)
    }

    /// All calls so far.
    pub(super) fn calls(&self) -> Vec<(Api, usize)> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Calls that are being made, and the time just before them.
    fn call(&self, calls: &[(Api, usize)]) -> Timestamp {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(calls);
        self.clock.now()
    }

    fn calls_one(&self, api: Api) -> Timestamp {
        self.call(&[(api, 1)])
    }

    /// Nothing panics while it holds this.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fresh<T: Clone>(&self, kept: Option<&(Timestamp, T)>) -> Option<T> {
        let (at, it) = kept.filter(|(at, _)| self.clock.now().duration_since(*at) <= FRESH)?;
        let mut oldest = self.oldest.lock().unwrap_or_else(PoisonError::into_inner);
        *oldest = Some(oldest.map_or(*at, |oldest| oldest.min(*at)));
        Some(it.clone())
    }

    fn stale_alarms(&self) -> Vec<AlarmArn> {
        let now = self.clock.now();
        let kept = self.kept();
        let stale = kept.alarms.iter().filter(|(_, (at, _))| now.duration_since(*at) > FRESH);
        stale.map(|(arn, _)| arn.clone()).collect()
    }

    /// Alarms say what they said: no effect of this remedy changes their state within these seconds.
    fn forget(&self) {
        self.has_acted.store(true, Ordering::Relaxed);
        let mut kept = self.kept();
        *kept = Kept { alarms: std::mem::take(&mut kept.alarms), in_alarm: kept.in_alarm.take(), ..Kept::default() };
    }
}

impl<A: Fleet + Sync, S: Sync, C: Clock + Sync> Fleet for Once<'_, A, S, C> {
    async fn groups(&self, names: &[GroupName]) -> Result<Vec<Group>, Unavailable> {
        let known = |name: &GroupName| self.fresh(self.kept().groups.get(name));
        let (mut found, mut unknown) = (Vec::new(), Vec::new());
        for name in names {
            match known(name) {
                Some(group) => found.extend(group),
                None => unknown.push(name.clone()),
            }
        }
        if !unknown.is_empty() {
            let at = self.call(&[(Api::AutoScaling, unknown.len().div_ceil(PAGE))]);
            let read = self.aws.groups(&unknown).await?;
            let mut kept = self.kept();
            for name in unknown {
                let group = read.iter().find(|group| group.name == name).cloned();
                kept.groups.insert(name, (at, group));
            }
            found.extend(read);
        }
        Ok(found)
    }

    async fn group_of(&self, instance: &InstanceId) -> Result<Option<GroupName>, Unavailable> {
        _ = self.calls_one(Api::AutoScaling);
        self.aws.group_of(instance).await
    }

    async fn alarms(&self, alarms: &[AlarmArn]) -> Result<AlarmReadings, Unavailable> {
        let (mut found, mut unknown) = (AlarmReadings::new(), Vec::new());
        for arn in alarms {
            match self.fresh(self.kept().alarms.get(arn)) {
                Some(alarm) => found.extend(alarm.map(|alarm| (arn.clone(), Ok(alarm)))),
                None => unknown.push(arn.clone()),
            }
        }
        if !unknown.is_empty() {
            // The other members' looks ask for theirs next: they are read by the same call.
            let stale = self.stale_alarms().into_iter().filter(|arn| !unknown.contains(arn)).collect::<Vec<_>>();
            let room = unknown.len().next_multiple_of(PAGE) - unknown.len();
            let asked: Vec<AlarmArn> = unknown.iter().cloned().chain(stale.into_iter().take(room)).collect();
            let at = self.call(&[(Api::Alarms, asked.len().div_ceil(PAGE))]);
            let mut read = self.aws.alarms(&asked).await?;
            let mut kept = self.kept();
            for arn in asked {
                match read.get(&arn) {
                    Some(Ok(alarm)) => _ = kept.alarms.insert(arn, (at, Some(alarm.clone()))),
                    Some(Err(_)) => {}
                    None => _ = kept.alarms.insert(arn, (at, None)),
                }
            }
            read.retain(|arn, _| unknown.contains(arn));
            found.extend(read);
        }
        Ok(found)
    }

    async fn alarms_in_alarm(&self) -> Result<Vec<AlarmReading>, Unavailable> {
        let doing = || "read the alarms in ALARM".to_owned();
        if let Some(known) = self.fresh(self.kept().in_alarm.as_ref()) {
            return known.map_err(|why| Unavailable { doing: doing(), why });
        }
        let at = self.calls_one(Api::Alarms);
        let read = self.aws.alarms_in_alarm().await;
        // Pages, beyond the first.
        _ = self.call(&[(Api::Alarms, read.as_ref().map_or(MOST_PAGES, |all| all.len() / PAGE))]);
        let kept = read.clone().map_err(|unavailable| unavailable.why);
        self.kept().in_alarm = Some((at, kept));
        read
    }

    async fn target_health(&self, target_group: &TargetGroupArn) -> Result<Option<TargetHealths>, Unavailable> {
        if let Some(known) = self.fresh(self.kept().targets.get(target_group)) {
            return Ok(known);
        }
        let at = self.calls_one(Api::LoadBalancing);
        let read = self.aws.target_health(target_group).await?;
        self.kept().targets.insert(target_group.clone(), (at, read.clone()));
        Ok(read)
    }

    /// Of one look: it asks each time as far back.
    async fn launches(&self, group: &GroupName, back: SignedDuration) -> Result<Launches, Unavailable> {
        if let Some(known) = self.fresh(self.kept().launches.get(group)) {
            return Ok(known);
        }
        let at = self.calls_one(Api::AutoScaling);
        let read = self.aws.launches(group, back).await?;
        self.kept().launches.insert(group.clone(), (at, read.clone()));
        Ok(read)
    }

    async fn refresh(&self, group: &GroupName) -> Result<Option<String>, Unavailable> {
        if let Some(known) = self.fresh(self.kept().refreshes.get(group)) {
            return Ok(known);
        }
        let at = self.calls_one(Api::AutoScaling);
        let read = self.aws.refresh(group).await?;
        self.kept().refreshes.insert(group.clone(), (at, read.clone()));
        Ok(read)
    }

    fn only_group(&self) -> Option<&GroupName> {
        Some(&self.group)
    }

    fn oldest_answer(&self) -> Option<Timestamp> {
        self.oldest.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<A: Sync, S: StatusChecks + Sync, C: Clock + Sync> StatusChecks for Once<'_, A, S, C> {
    async fn machines(&self, instances: &[InstanceId]) -> Result<BTreeMap<InstanceId, Machine>, Unavailable> {
        if let Some(known) = self.fresh(self.kept().machines.get(instances)) {
            return Ok(known);
        }
        let pages = instances.len().div_ceil(PAGE);
        let at = self.call(&[(Api::InstanceStatus, pages), (Api::Instances, pages)]);
        let read = self.checks.machines(instances).await?;
        self.kept().machines.insert(instances.to_vec(), (at, read.clone()));
        Ok(read)
    }

    async fn interruption(&self, instance: &InstanceId) -> Result<Option<Timestamp>, Unavailable> {
        self.checks.interruption(instance).await
    }
}

impl<A: Replace + Sync, S: Sync, C: Clock + Sync> Replace for Once<'_, A, S, C> {
    async fn replace(&self, instance: &InstanceId) -> Outcome {
        self.forget();
        _ = self.calls_one(Api::AutoScaling);
        self.aws.replace(instance).await
    }

    async fn mark_unhealthy(&self, instance: &InstanceId) -> Outcome {
        self.forget();
        _ = self.calls_one(Api::AutoScaling);
        self.aws.mark_unhealthy(instance).await
    }
}
