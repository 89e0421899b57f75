//! What `status` shows of an instance that a lifecycle hook holds, as a value and in words.
//!
//! This module never says that an instance will be let go at a moment: it says when it is held no longer, whatever happens.

use homeostat_core::aws::lifecycle::{ActionResult, Course, Transition};
use homeostat_core::id::{GroupName, HookName, InstanceId, Subject};
use homeostat_core::view::{Cell, at};
use jiff::Timestamp;
use serde::Serialize;

use super::state::HookState;
use crate::hook::reasons::HoldReason;
use crate::hook::reasons::{Decision, Hold, Incident};

pub(super) const HEADERS: [&str; 6] = ["group", "hook", "instance", "held", "state", "since"];

#[derive(Debug, Serialize)]
pub(super) struct Held {
    group: GroupName,
    hook: HookName,
    instance: InstanceId,
    transition: Transition,
    course: Option<Course>,
    held_since: Timestamp,
    /// When the hook's timeout is over, unless a heartbeat restarts it.
    times_out_at: Option<Timestamp>,
    /// Whatever the heartbeats.
    ends_at: Option<Timestamp>,
    heartbeats: u32,
    /// It is not held any more; what is open is what came of it.
    completed_with: Option<ActionResult>,
    waits_for: Option<String>,
    launched_from: Option<String>,
    /// The incident whose replacement brought it about.
    part_of: Option<Subject>,
    /// What could not be done before it is let go.
    undone: Vec<String>,
}

impl Held {
    pub(super) fn of(incident: &Incident, kept: &HookState) -> Held {
        let waits_for = match &incident.decision {
            Some(Decision::Hold { because: Hold::Own(HoldReason::Hook(waits)), .. }) => Some(waits.to_string()),
            _ => None,
        };
        Held {
            group: kept.group.clone(),
            hook: kept.hook.clone(),
            instance: kept.instance.clone(),
            transition: kept.transition,
            course: kept.course,
            held_since: kept.began,
            times_out_at: kept.expires(),
            ends_at: kept.ends(),
            heartbeats: kept.heartbeats,
            completed_with: kept.completed(incident.intent.as_ref()),
            waits_for,
            launched_from: kept.launched_from.clone(),
            part_of: kept.part_of.clone(),
            undone: kept.not_done.clone(),
        }
    }

    /// Group by group, hook by hook, and by how long each is held.
    pub(super) fn place(&self) -> Vec<String> {
        let since = format!("{:020}", self.held_since.as_millisecond());
        vec![self.group.to_string(), self.hook.to_string(), since, self.instance.to_string()]
    }

    pub(super) fn cells(&self, state: &str) -> Vec<Cell> {
        let transition = match self.transition {
            Transition::Launching => "launching",
            Transition::Terminating => "terminating",
        };
        let words = [self.group.as_str(), self.hook.as_str(), self.instance.as_str(), transition, state];
        words.map(|word| Cell::Text(word.to_owned())).into_iter().chain([Cell::Since(self.held_since)]).collect()
    }

    pub(super) fn sentences(&self) -> Vec<String> {
        let course = self.course.filter(|_| self.completed_with.is_none());
        let course = course.map(|course| format!("on its way {course}"));
        let from = self.launched_from.as_ref().map(|source| format!("launched from {source}"));
        let way = [course, from].into_iter().flatten().collect::<Vec<_>>().join(", ");
        let times_out = self.times_out_at.map_or_else(
            || "its hook's timeout is not known yet".to_owned(),
            |moment| format!("its hook times out at {} unless it is given more time", at(moment)),
        );
        let ends = self.ends_at.map(|moment| format!(", and at {} at the latest", at(moment))).unwrap_or_default();
        let terms = match self.completed_with {
            Some(result) => format!("held no more: its hook was completed with {result}"),
            None => format!("{times_out}{ends}; {} heartbeat(s) so far", self.heartbeats),
        };
        let part_of = self.part_of.as_ref().map(|subject| format!("part of the replacement of {}", subject.handle()));
        let undone = self.undone.iter().map(|undone| format!("could not be done: {undone}"));
        let way = Some(way).filter(|way| !way.is_empty());
        way.into_iter().chain([terms]).chain(part_of).chain(undone).collect()
    }
}
