//! How an incident's timeline follows from its transitions.
//!
//! This module never changes what is decided by.

use jiff::Timestamp;

use super::{Actor, HoldEnd, Incident, Kind, State};
use crate::incident::{Close, Decision, Effect};
use crate::outcome::Outcome;

impl<K: Kind> Incident<K> {
    /// With the newest decision on its timeline.
    #[must_use]
    pub(super) fn recorded(mut self, now: Timestamp) -> Self {
        let by = match &self.decision {
            Some(Decision::Close(close)) => self.ended_by(close),
            _ => Actor::Unknown,
        };
        let proven = self.verdict.is_proof().then_some(now).into_iter().chain(K::proven_at(&self, now)).min();
        let timeline = &mut self.timeline;
        timeline.detected_at = timeline.detected_at.or(proven);
        // Of an incident that a version without a timeline went on with, the earliest that is still known.
        timeline.paged_at = timeline.paged_at.or(self.paged_at);
        if timeline.acknowledged.is_none() {
            timeline.acknowledged.clone_from(&self.acknowledged);
        }
        match &self.decision {
            Some(Decision::Hold { because, .. }) => {
                timeline.held(now, because.name());
                if timeline.whole.is_none() {
                    timeline.whole = because.own().and_then(|own| self.kind.whole(&self.subject, own));
                }
            }
            Some(Decision::Act { step, .. }) if step.keeps_held() => {}
            Some(Decision::Act { .. }) => timeline.ended(now, HoldEnd::Acted),
            Some(Decision::Page(page)) => timeline.ended(now, HoldEnd::Paged { page: page.name().to_owned() }),
            Some(Decision::Close(close)) => {
                timeline.ended(now, HoldEnd::Closed { close: close.name().to_owned(), by });
            }
            None => {}
        }
        self
    }

    /// The trouble is over, or is not the subject's any more.
    pub(super) fn mitigated(&mut self, now: Timestamp, by: Actor) {
        if self.mitigated_at.is_none() {
            self.mitigated_at = Some(now);
            self.timeline.mitigated_by = Some(by);
        }
    }

    /// Who takes out what is unhealthy while Homeostat holds. Only a group that was seen to be at it is known to be the one.
    pub(super) fn follows_whom(&self) -> Actor {
        match self.state {
            State::Following => Actor::Aws,
            State::Holding | State::Acting | State::Verifying | State::Escalated | State::Closed => Actor::Unknown,
        }
    }

    fn ended_by(&self, close: &Close<K>) -> Actor {
        let mitigated_by = self.timeline.mitigated_by.unwrap_or(Actor::Unknown);
        match close {
            Close::Recovered | Close::NothingWrong { .. } => mitigated_by,
            Close::Own(own) => K::ended_by(own).unwrap_or(mitigated_by),
        }
    }
}

impl Outcome {
    /// Whose work the effect is. What had taken effect before may be an earlier try's, or somebody else's.
    pub(super) fn whose(&self) -> Actor {
        match self {
            Outcome::Done | Outcome::Pending { .. } => Actor::Homeostat,
            Outcome::AlreadyDone | Outcome::Refused { .. } | Outcome::Lost { .. } | Outcome::Unknown { .. } => {
                Actor::Unknown
            }
        }
    }
}
