//! What happens by itself, and when.
//!
//! This module never lets two things that are due at the same time swap places: they happen in the order in which they
//! were scheduled, however time is cut into steps.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use homeostat_core::id::{GroupName, HostedZoneId, InstanceId, TargetGroupArn};
use homeostat_remedies::hosted_zone::shift::Batch;
use jiff::Timestamp;

use crate::group::Shortage;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Due {
    /// EC2 runs the instance.
    Running(InstanceId),
    /// The instance publishes its metric.
    Publish(InstanceId),
    /// The load balancer checks a target.
    CheckTarget(TargetGroupArn, InstanceId),
    /// The application on the instance answers, unless the machine has started again since it was to do so from then on.
    AppAnswers(InstanceId, Timestamp),
    /// The deregistration delay of one target is over.
    Deregistered(TargetGroupArn, InstanceId),
    /// Elastic Load Balancing lets go of a target whose instance is gone.
    TargetGone(TargetGroupArn, InstanceId),
    /// A stream's next piece of work.
    HandOver(String),
    /// A piece of work is done.
    WorkDone(u64),
    /// The deregistration delay is over.
    Drained(InstanceId),
    Terminated(InstanceId),
    /// Somebody else's hook lets a termination go on.
    HookDone(InstanceId),
    /// The end of a lifecycle action, unless a heartbeat moved it.
    ActionEnds(String),
    /// No hook holds the instance any more.
    Proceeded(InstanceId),
    /// The instance is in Standby, out of its target groups.
    Standby(InstanceId),
    /// The notice of a Spot Instance is over.
    SpotEnds(InstanceId),
    /// EC2 has stopped an instance for the warm pool.
    Pooled(InstanceId),
    /// EC2 has stopped the machine.
    Stopped(InstanceId),
    /// EC2 does what it announced.
    EventStarts(InstanceId),
    /// The application dies of a flaw of its version.
    AppDies(InstanceId),
    /// Auto Scaling asks EC2 about a machine.
    AskEc2(InstanceId),
    /// Auto Scaling replaces a member that is marked unhealthy, if it may.
    ReplaceMarked(InstanceId),
    /// The group tries again to launch what it could not.
    RetryLaunch(GroupName, Shortage),
    /// Elastic Load Balancing publishes how many targets are well.
    PublishTargets(TargetGroupArn),
    /// Auto Scaling asks the load balancer about an instance that was unhealthy there.
    AskLoadBalancer(InstanceId),
    /// The group holds its members against its desired capacity.
    Replenish(GroupName, Shortage),
    /// What became of the traffic to an endpoint, and of its canary, is published.
    PublishEndpoint(String),
    /// The health checker of that number checks an endpoint.
    CheckEndpoint(String, usize),
    /// CloudWatch evaluates an alarm.
    Evaluate(String),
    /// A batch for Route 53 arrives late.
    ChangeRecords(HostedZoneId, Box<Batch>),
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Agenda {
    scheduled: u64,
    entries: BinaryHeap<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    at: Timestamp,
    /// In the order of scheduling, from 1.
    number: u64,
    due: Due,
}

impl Agenda {
    pub(crate) fn schedule(&mut self, at: Timestamp, due: Due) {
        self.scheduled += 1;
        self.entries.push(Entry { at, number: self.scheduled, due });
    }

    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        self.entries.peek().map(|entry| entry.at)
    }

    pub(crate) fn take_until(&mut self, until: Timestamp) -> Option<(Timestamp, Due)> {
        let entry = self.entries.peek_mut().filter(|entry| entry.at <= until)?;
        let Entry { at, due, .. } = PeekMut::pop(entry);
        Some((at, due))
    }

    fn in_order(&self) -> Vec<(Timestamp, u64, &Due)> {
        let mut entries: Vec<_> = self.entries.iter().map(|entry| (entry.at, entry.number, &entry.due)).collect();
        entries.sort_unstable_by_key(|(at, number, _)| (*at, *number));
        entries
    }
}

impl PartialEq for Agenda {
    fn eq(&self, other: &Self) -> bool {
        self.scheduled == other.scheduled && self.in_order() == other.in_order()
    }
}

/// Reversed, since a heap gives its greatest first.
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// No two have one number.
impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Entry {}
