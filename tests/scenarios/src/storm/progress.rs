//! When each group was read, when each was decided about, and how many calls were made for each: what a storm must not put off for
//! ever, and what must not grow with its events.
//!
//! This module never asks the product: it notes what passed through the ports.

use std::collections::{BTreeMap, BTreeSet};

use homeostat_core::aws::fleet::Group;
use homeostat_core::id::{GroupName, Subject, TargetGroupArn};
use jiff::Timestamp;
use world::World;

use super::executor::TaskId;

#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Only where a scene asks for it: it costs a note for each group and look.
    pub(super) follows_reads: bool,
    /// When each group was first read whole in one invocation: its description, and the health of each of its target groups.
    pub(super) read: BTreeMap<GroupName, Timestamp>,
    /// When the first decision about it or about one of its members was written.
    pub(super) decided: BTreeMap<GroupName, Timestamp>,
    pub(super) subjects: BTreeMap<Subject, Timestamp>,
    /// Calls that were about one group alone.
    calls: BTreeMap<GroupName, u64>,
    reading: BTreeMap<TaskId, BTreeMap<GroupName, Reading>>,
    owners: BTreeMap<TargetGroupArn, GroupName>,
}

#[derive(Debug)]
struct Reading {
    left: BTreeSet<TargetGroupArn>,
    read_at: Timestamp,
    /// Something about it could not be read.
    failed: bool,
}

/// Calls for the group that most were made for, and for one group on average.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CallsByGroup {
    pub most: u64,
    pub mean: f64,
}

impl Progress {
    pub(super) fn of(world: &World) -> Self {
        let pairs = world.groups().flat_map(|group| {
            let settings = &group.settings;
            settings.target_groups.iter().map(|arn| (arn.clone(), settings.name.clone()))
        });
        Progress { owners: pairs.collect(), ..Progress::default() }
    }

    pub(super) fn asks(&mut self, group: &GroupName) {
        *self.calls.entry(group.clone()).or_default() += 1;
    }

    pub(super) fn asks_for_targets(&mut self, arn: &TargetGroupArn) {
        if let Some(group) = self.owners.get(arn).cloned() {
            self.asks(&group);
        }
    }

    pub(super) fn calls_by_group(&self) -> CallsByGroup {
        let all = || self.calls.values().copied();
        let groups = u32::try_from(self.calls.len()).unwrap_or(u32::MAX).max(1);
        let sum = u32::try_from(all().sum::<u64>()).unwrap_or(u32::MAX);
        CallsByGroup { most: all().max().unwrap_or_default(), mean: f64::from(sum) / f64::from(groups) }
    }

    pub(super) fn described(&mut self, task: TaskId, now: Timestamp, groups: &[Group]) {
        if !self.follows_reads {
            return;
        }
        let reading = self.reading.entry(task).or_default();
        for group in groups {
            let left: BTreeSet<TargetGroupArn> = group.target_groups.iter().cloned().collect();
            reading.insert(group.name.clone(), Reading { left, read_at: now, failed: false });
        }
    }

    pub(super) fn health_read(&mut self, task: TaskId, now: Timestamp, arn: &TargetGroupArn, is_read: bool) {
        let Some(group) = self.owners.get(arn).cloned() else { return };
        if !is_read {
            return self.failed(task, &group);
        }
        if let Some(reading) = self.reading.get_mut(&task).and_then(|groups| groups.get_mut(&group)) {
            reading.left.remove(arn);
            reading.read_at = now;
        }
    }

    pub(super) fn failed(&mut self, task: TaskId, group: &GroupName) {
        if let Some(reading) = self.reading.get_mut(&task).and_then(|groups| groups.get_mut(group)) {
            reading.failed = true;
        }
    }

    /// What an invocation read counts once it has ended by itself.
    pub(super) fn ended(&mut self, task: TaskId, by_itself: bool) {
        let reading = self.reading.remove(&task).filter(|_| by_itself).unwrap_or_default();
        for (group, reading) in reading {
            if reading.left.is_empty() && !reading.failed {
                self.read.entry(group).or_insert(reading.read_at);
            }
        }
    }

    pub(super) fn decided(&mut self, subject: &Subject, group: Option<GroupName>, now: Timestamp) {
        self.subjects.entry(subject.clone()).or_insert(now);
        if let Some(group) = group {
            self.decided.entry(group).or_insert(now);
        }
    }
}
