//! Work: the requests and jobs that a load balancer hands to instances, what becomes of them, and what is lost.
//!
//! This module never decides where an instance stands; it only counts what its fate costs.

use std::collections::BTreeMap;
use std::ops::Bound;

use homeostat_core::id::{InstanceId, TargetGroupArn};
use jiff::{SignedDuration, Timestamp};

use crate::agenda::Due;
use crate::refusal::Refusal;
use crate::target_group::{TargetGroup, TargetState};
use crate::world::World;

/// A steady row of pieces of work, all alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// What it is asked for by, and what kind of work it is: `request`, `job`.
    pub name: String,
    pub target_group: TargetGroupArn,
    pub every: SignedDuration,
    /// How long each piece is in flight.
    pub takes: SignedDuration,
}

/// What has become of a stream's work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub served: u64,
    pub lost: u64,
    pub in_flight: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    pub at: Timestamp,
    pub stream: String,
    /// `None` = there was no target to give it to.
    pub instance: Option<InstanceId>,
    pub why: LossReason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossReason {
    NoTarget,
    /// The target was handed the work, and nobody accepted it.
    NotAnswering,
    ApplicationDied,
    MachineFailed,
    /// EC2 shut the machine down, or stopped it, while the work was in flight.
    ShutDown,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Work {
    streams: BTreeMap<String, Flow>,
    /// By the number of the piece.
    in_flight: BTreeMap<u64, Piece>,
    handed: u64,
    losses: Vec<Loss>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Flow {
    stream: Stream,
    tally: Tally,
    /// Who got the last piece.
    last: Option<InstanceId>,
    stopped: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    stream: String,
    instance: InstanceId,
}

impl World {
    /// The first piece comes after `every`.
    ///
    /// # Errors
    /// [`Refusal`]: a target group that isn't there, a name that is taken, or work that never comes to an end.
    pub fn add_stream(&mut self, stream: Stream) -> Result<(), Refusal> {
        if !self.target_groups.contains_key(&stream.target_group) {
            return Err(Refusal::TargetGroupNotFound { arn: stream.target_group.to_string() });
        }
        if self.work.streams.contains_key(&stream.name) || !stream.every.is_positive() || stream.takes.is_negative() {
            return Err(Refusal::Invalid {
                why: format!("the stream {:?} is there already, or makes no sense", stream.name),
            });
        }
        self.agenda.schedule(self.now + stream.every, Due::HandOver(stream.name.clone()));
        let name = stream.name.clone();
        self.work.streams.insert(name, Flow { stream, tally: Tally::default(), last: None, stopped: false });
        Ok(())
    }

    /// No more pieces come; those in flight go on.
    pub fn stop_stream(&mut self, name: &str) {
        if let Some(flow) = self.work.streams.get_mut(name) {
            flow.stopped = true;
        }
    }

    /// Of a stream that nobody added: nothing.
    pub fn tally(&self, name: &str) -> Tally {
        self.work.streams.get(name).map(|flow| flow.tally).unwrap_or_default()
    }

    /// Of all streams, oldest first.
    pub fn losses(&self) -> &[Loss] {
        &self.work.losses
    }

    pub(crate) fn hand_over(&mut self, name: &str) {
        let Some(flow) = self.work.streams.get(name).filter(|flow| !flow.stopped) else { return };
        let (stream, last) = (flow.stream.clone(), flow.last.clone());
        self.agenda.schedule(self.now + stream.every, Due::HandOver(name.to_owned()));
        let next = self.target_groups.get(&stream.target_group).and_then(|targets| next_target(targets, last.as_ref()));
        let Some(id) = next else {
            return self.lose(name, None, LossReason::NoTarget);
        };
        if let Some(flow) = self.work.streams.get_mut(name) {
            flow.last = Some(id.clone());
        }
        let now = self.now;
        let Some(instance) = self.instances.get_mut(&id).filter(|instance| instance.answers(now)) else {
            return self.lose(name, Some(id), LossReason::NotAnswering);
        };
        instance.in_flight += 1;
        self.set_busy(&id);
        self.work.handed += 1;
        let number = self.work.handed;
        self.tally_up(name, |tally| tally.in_flight += 1);
        self.work.in_flight.insert(number, Piece { stream: name.to_owned(), instance: id });
        self.agenda.schedule(now + stream.takes, Due::WorkDone(number));
    }

    pub(crate) fn work_done(&mut self, number: u64) {
        if let Some(piece) = self.take_piece(number) {
            self.tally_up(&piece.stream, |tally| tally.served += 1);
        }
    }

    /// Whatever is in flight on the instance is lost.
    pub(crate) fn lose_work(&mut self, id: &InstanceId, why: LossReason) {
        if self.instances.get(id).is_none_or(|instance| instance.in_flight == 0) {
            return;
        }
        let pieces = self.work.in_flight.iter().filter(|(_, piece)| piece.instance == *id);
        let numbers: Vec<u64> = pieces.map(|(number, _)| *number).collect();
        for number in numbers {
            if let Some(piece) = self.take_piece(number) {
                self.lose(&piece.stream, Some(piece.instance), why);
            }
        }
    }

    fn take_piece(&mut self, number: u64) -> Option<Piece> {
        let piece = self.work.in_flight.remove(&number)?;
        self.tally_up(&piece.stream, |tally| tally.in_flight = tally.in_flight.saturating_sub(1));
        if let Some(instance) = self.instances.get_mut(&piece.instance) {
            instance.in_flight = instance.in_flight.saturating_sub(1);
        }
        self.set_busy(&piece.instance);
        Some(piece)
    }

    fn lose(&mut self, name: &str, instance: Option<InstanceId>, why: LossReason) {
        self.tally_up(name, |tally| tally.lost += 1);
        self.work.losses.push(Loss { at: self.now, stream: name.to_owned(), instance, why });
    }

    fn tally_up(&mut self, name: &str, change: impl FnOnce(&mut Tally)) {
        if let Some(flow) = self.work.streams.get_mut(name) {
            change(&mut flow.tally);
        }
    }
}

/// Round robin over the healthy targets, or where there is none over all that don't drain: "If a target group contains only
/// unhealthy registered targets, the load balancer routes requests to all those targets" (Application Load Balancers,
/// "Health checks for Application Load Balancer target groups").
fn next_target(target_group: &TargetGroup, last: Option<&InstanceId>) -> Option<InstanceId> {
    let any_healthy = target_group.targets.values().any(|target| target.state == TargetState::Healthy);
    let takes = |state: TargetState| {
        if any_healthy {
            state == TargetState::Healthy
        } else {
            !matches!(state, TargetState::Draining | TargetState::Unused)
        }
    };
    let after = last.map_or(Bound::Unbounded, Bound::Excluded);
    let behind = target_group.targets.range::<InstanceId, _>((after, Bound::Unbounded));
    let mut turns = behind.chain(&target_group.targets).filter(|(_, target)| takes(target.state));
    turns.next().map(|(id, _)| id.clone())
}
