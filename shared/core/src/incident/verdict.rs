//! What all of the evidence together said of a subject at the last look.
//!
//! This module never decides what follows from it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Incident, Kind};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing that tells, or nobody that may be judged yet.
    #[default]
    Unknown,
    /// All that the policy asks for calls it unhealthy.
    Unhealthy,
    /// AWS is going to end it, and that is its group's own business no more.
    Ending,
    /// Some of it does, and what is left can't tell.
    Suspected,
    /// Some of it does, and some calls it healthy.
    Disputed,
    /// An alarm does, and what else there is calls it healthy: a disk that fills up, say.
    OnlyAlarm,
    /// Some calls it healthy, and what is left can't tell.
    Unclear,
    /// All of it does.
    Healthy,
}

impl Verdict {
    /// Nobody is woken for it.
    pub fn is_no_news(self) -> bool {
        self == Verdict::OnlyAlarm
    }

    /// Whether it is proven that something is wrong.
    pub(super) fn is_proof(self) -> bool {
        match self {
            Verdict::Unhealthy | Verdict::Ending => true,
            Verdict::Unknown
            | Verdict::Suspected
            | Verdict::Disputed
            | Verdict::OnlyAlarm
            | Verdict::Unclear
            | Verdict::Healthy => false,
        }
    }

    /// Whether any of it calls the subject unhealthy.
    fn is_against(self) -> bool {
        match self {
            Verdict::Unhealthy | Verdict::Ending | Verdict::Suspected | Verdict::Disputed | Verdict::OnlyAlarm => true,
            Verdict::Unknown | Verdict::Unclear | Verdict::Healthy => false,
        }
    }

    /// Since when it has been unhealthy, as far as this says anything new. Only the opposite ends it: an alarm that loses its data does
    /// not, nor one that goes to OK while a target is unhealthy still.
    fn unhealthy_since(self, before: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        match self {
            Verdict::Unhealthy | Verdict::Ending | Verdict::Suspected => before.or(Some(now)),
            Verdict::Unknown | Verdict::Disputed | Verdict::Unclear => before,
            Verdict::OnlyAlarm | Verdict::Healthy => None,
        }
    }
}

impl<K: Kind> Incident<K> {
    /// As the evidence has it now.
    #[must_use]
    pub fn judged(self, now: Timestamp, verdict: Verdict) -> Self {
        let unhealthy_since = verdict.unhealthy_since(self.unhealthy_since, now);
        let unhealthy_at = if verdict.is_against() { Some(now) } else { self.unhealthy_at };
        Incident { verdict, unhealthy_since, unhealthy_at, ..self }
    }
}
