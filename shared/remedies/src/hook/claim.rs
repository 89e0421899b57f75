//! Another action of the same hook and instance that an event reported: whose word counts, and when.
//!
//! This module never lets an event displace an action that Auto Scaling is known to hold: its token is tried first.

use homeostat_core::aws::lifecycle::{ActionId, Course, LifecycleEvent, Place};
use homeostat_core::id::ActionToken;
use homeostat_core::ports::Outcome;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::reasons::HookStep;
use super::state::{HookState, LOST_TOKENS};

/// What an event said of another action, until Auto Scaling has answered whether there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    pub token: ActionToken,
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Place>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub course: Option<Course>,
    /// Answers that there is no such action.
    #[serde(default)]
    pub lost: u32,
}

impl Claim {
    fn of(told: &LifecycleEvent) -> Claim {
        Claim { token: told.token.clone(), at: told.at, origin: told.origin, course: told.course, lost: 0 }
    }

    /// As the event said it.
    fn told(&self, kept: &HookState) -> LifecycleEvent {
        let (group, hook, instance) = (kept.group.clone(), kept.hook.clone(), kept.instance.clone());
        let (token, at, origin, course) = (self.token.clone(), self.at, self.origin, self.course);
        LifecycleEvent { group, hook, instance, token, at, transition: kept.transition, origin, course }
    }
}

impl HookState {
    /// An event about the same hook and instance: the same again, an older one that comes late, the first word about what a survey
    /// found, or another action. Whether another action is to be looked after from now on; `is_over`: this one is completed.
    pub(super) fn told_again(&mut self, told: &LifecycleEvent, is_over: bool) -> bool {
        let is_late = self.token.is_some() && told.at <= self.began;
        if self.token.as_ref() == Some(&told.token) || is_late {
            return false;
        }
        // Auto Scaling knows this action, or denied the last that an event reported: the next is tried before it is believed.
        if (self.accepted || self.lost > 0) && !is_over {
            self.claim = Some(Claim::of(told));
            return false;
        }
        if self.token.is_none() && told.at <= self.began {
            self.adopt(told);
            return false;
        }
        self.replace(told);
        // Two tokens, and only Auto Scaling knows which is right: it is asked before the timeout is taken to run from the later event.
        self.last_heartbeat = self.last_heartbeat.filter(|_| is_over);
        true
    }

    /// The first word about what a survey found.
    fn adopt(&mut self, told: &LifecycleEvent) {
        self.token = Some(told.token.clone());
        self.origin = told.origin;
        self.began = told.at;
        self.last_heartbeat = self.last_heartbeat.or(Some(told.at));
        self.course = told.course.or(self.course);
    }

    fn replace(&mut self, told: &LifecycleEvent) {
        let (addresses, started_at) = (std::mem::take(&mut self.addresses), self.started_at);
        *self = HookState { addresses, started_at, ..HookState::told(told) };
    }

    /// A heartbeat that shows whether there is such an action.
    pub(super) fn ask_for_claimed(&self) -> Option<HookStep> {
        let token = Some(self.claim.as_ref()?.token.clone());
        Some(HookStep::Heartbeat { action: ActionId { token, ..self.action() } })
    }

    /// What came of a call about another action.
    pub(super) fn answered(&mut self, tried_at: Timestamp, now: Timestamp, step: &HookStep, outcome: &Outcome) {
        let HookStep::Heartbeat { action } = step else { return };
        let Some(mut claim) = self.claim.take_if(|claim| action.token.as_ref() == Some(&claim.token)) else { return };
        match outcome {
            Outcome::Done => {
                let told = claim.told(self);
                if self.token.is_none() && told.at <= self.began {
                    self.adopt(&told)
                } else {
                    self.replace(&told)
                }
                self.settled(tried_at, now, step, outcome);
            }
            Outcome::Refused { .. } => {}
            Outcome::Lost { .. } if claim.lost + 1 >= LOST_TOKENS => {}
            Outcome::Lost { .. } => {
                claim.lost += 1;
                self.claim = Some(claim);
            }
            _ => self.claim = Some(claim),
        }
    }
}
