//! What the looks at several marked groups begin with, read for all of them at once: a call for each hundred groups, and for each hundred
//! alarms.
//!
//! This module never judges what it read, and what it could not read is left to each look.

use std::collections::BTreeSet;

use futures_util::future::{OptionFuture, join, join_all};
use homeostat_core::aws::fleet::Group;
use homeostat_core::aws::rates::Api;
use homeostat_core::id::{AlarmArn, GroupName};
use homeostat_core::ports::{Clock, DueHint, DueMark};

use super::once::{AlarmsKept, GroupsKept, Once, PAGE};
use super::{Fleet, Observer};

#[derive(Debug, Default)]
pub struct Ahead {
    groups: GroupsKept,
    alarms: AlarmsKept,
}

impl Ahead {
    /// AWS as the look at this mark sees it.
    pub(super) fn over<'a, A, S, C: Clock>(
        &self,
        aws: &'a A,
        checks: &'a S,
        clock: &'a C,
        name: &GroupName,
        mark: &DueMark,
    ) -> Once<'a, A, S, C> {
        let groups = self.groups.get_key_value(name);
        let groups = groups.map(|(name, read)| (name.clone(), read.clone())).into_iter().collect();
        let alarms = spoke(mark).into_iter().filter_map(|arn| self.alarms.get(&arn).cloned().map(|read| (arn, read)));
        Once::over(aws, checks, clock, name.clone(), groups, alarms.collect())
    }
}

/// Reads, and what it cost of AWS's rates.
pub(super) async fn read<A: Fleet, S>(
    observer: &Observer<'_, A, S>,
    clock: &impl Clock,
    marks: &[DueMark],
) -> (Ahead, Vec<(Api, usize)>) {
    let Observer { aws, policy, .. } = observer;
    let named = |mark: &DueMark| mark.scope.group().filter(|name| policy.group(name).is_some());
    let (mut names, mut arns) = (Vec::new(), BTreeSet::new());
    for (name, mark) in marks.iter().filter_map(|mark| Some((named(mark)?, mark))) {
        names.push(name);
        arns.extend(spoke(mark));
    }
    let arns: Vec<AlarmArn> = arns.into_iter().collect();
    let at = clock.now();
    let groups: OptionFuture<_> = (!names.is_empty()).then(|| aws.groups(&names)).into();
    let (groups, alarms) = join(groups, join_all(arns.chunks(PAGE).map(|some| aws.alarms(some)))).await;
    let mut ahead = Ahead::default();
    if let Some(Ok(groups)) = groups {
        let of = |name: &GroupName| groups.iter().find(|group: &&Group| group.name == *name).cloned();
        ahead.groups = names.iter().map(|name| (name.clone(), (at, of(name)))).collect();
    }
    for (some, read) in arns.chunks(PAGE).zip(alarms) {
        let Ok(read) = read else { continue };
        for arn in some {
            match read.get(arn) {
                Some(Ok(alarm)) => _ = ahead.alarms.insert(arn.clone(), (at, Some(alarm.clone()))),
                Some(Err(_)) => {}
                None => _ = ahead.alarms.insert(arn.clone(), (at, None)),
            }
        }
    }
    let calls = [(Api::AutoScaling, names.len().div_ceil(PAGE)), (Api::Alarms, arns.len().div_ceil(PAGE))];
    (ahead, calls.to_vec())
}

/// The alarms that the mark's hints are about.
pub(super) fn spoke(mark: &DueMark) -> BTreeSet<AlarmArn> {
    mark.hints.iter().filter_map(DueHint::hint).flat_map(|hint| hint.alarms().to_vec()).collect()
}
