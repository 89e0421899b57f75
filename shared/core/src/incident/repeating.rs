//! Whether the next version of an incident says what is stored already.
//!
//! An event that tells of what is known asks for a look, and for no write: of three hundred events about one group, each rewriting the
//! group's one incident would put out of date whoever reads it meanwhile. This module never decides whether a look is taken.

use jiff::{SignedDuration, Timestamp};

use super::{Decision, Incident, Kind};

impl<K: Kind> Incident<K> {
    /// Whether nothing in it is news against what is `stored`: nobody would be told anything, nothing would be decided by it, and the
    /// next look comes no sooner. Figures may differ for so long, as they do with each look while a group fails.
    pub fn repeats(&self, stored: &Self, now: Timestamp, figures_for: SignedDuration) -> bool {
        // A look that answers a wake-up is written: it shows that its owner is alive, and says when the next one is due.
        let is_answered = stored.wakes == 0 && stored.stuck.is_none();
        let comes_later = match (self.wake_at, stored.wake_at) {
            (Some(next), Some(known)) => now < known && known <= next,
            _ => false,
        };
        let is_young = stored.notes.last().is_some_and(|note| now < note.at + figures_for);
        is_answered
            && comes_later
            && self.says_the_same_reason(stored)
            && (is_young || self.decision_in_words() == stored.decision_in_words())
            && self.in_place_of(stored) == *stored
    }

    /// This one, with all that changes with each look as it is stored.
    fn in_place_of(&self, stored: &Self) -> Self {
        let mut timeline = self.timeline.clone();
        if let (Some(last), Some(known)) = (timeline.holds.last_mut(), stored.timeline.holds.last())
            && last.ended.is_none()
            && last.reason == known.reason
        {
            (last.until, last.looks) = (known.until, known.looks);
        }
        Incident {
            timeline,
            version: stored.version,
            wake_at: stored.wake_at,
            deadline: stored.deadline,
            overdue: stored.overdue,
            unhealthy_at: stored.unhealthy_at,
            paged_because: stored.paged_because.clone(),
            decision: stored.decision.clone(),
            notes: stored.notes.clone(),
            ..self.clone()
        }
    }

    fn says_the_same_reason(&self, stored: &Self) -> bool {
        match (&self.decision, &stored.decision) {
            (Some(Decision::Hold { because, .. }), Some(Decision::Hold { because: known, .. })) => {
                because.name() == known.name()
            }
            (Some(Decision::Page(page)), Some(Decision::Page(known))) => {
                page.name() == known.name() && page.is_same(known)
            }
            _ => false,
        }
    }

    /// Without the time of the next look.
    fn decision_in_words(&self) -> Option<String> {
        Some(match self.decision.as_ref()? {
            Decision::Hold { because, .. } => because.to_string(),
            decision => decision.to_string(),
        })
    }
}
