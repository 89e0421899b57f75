//! When each group was read, and when each was decided about: what a storm must not put off for ever.
//!
//! This module never asks the product: it notes what passed through the ports.

use std::collections::{BTreeMap, BTreeSet};

use homeostat_core::aws::fleet::Group;
use homeostat_core::id::{GroupName, Subject, TargetGroupArn};
use jiff::Timestamp;

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

impl Progress {
    pub(super) fn described(&mut self, task: TaskId, now: Timestamp, groups: &[Group]) {
        if !self.follows_reads {
            return;
        }
        let reading = self.reading.entry(task).or_default();
        for group in groups {
            let left: BTreeSet<TargetGroupArn> = group.target_groups.iter().cloned().collect();
            self.owners.extend(left.iter().map(|arn| (arn.clone(), group.name.clone())));
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
