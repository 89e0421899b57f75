//! Where a remedy looks, and why.
//!
//! This module never says what to do: what is done there, the world as it is then decides.

use jiff::Timestamp;

use super::notice::Notice;
use crate::aws::alarm::AlarmChange;
use crate::aws::lifecycle::Told;
use crate::id::{AlarmArn, Subject};

/// Where to look, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    pub subject: Subject,
    pub why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// An alarm that names this instance alone changed to a state that calls for a look.
    Alarm(AlarmChange),
    /// Such an alarm has too little data to tell: a reason to look, and none to forget what another one said.
    Silence(AlarmChange),
    /// Homeostat's own wake-up: an open incident is due.
    Wake,
    /// An owner's wake-up for itself, for the look that it meant to take then.
    Look { at: Timestamp },
    /// Auto Scaling said that a lifecycle action began.
    Action(Told),
    /// AWS said what became, or is going to become, of it.
    Notice(Notice),
    /// A survey found it sick.
    Found {
        since: Timestamp,
        /// All alarms in ALARM that each speak for this instance alone.
        alarms: Vec<AlarmArn>,
        /// The change of the group's alarm that led to the survey.
        told_by: Option<AlarmChange>,
    },
}

impl Hint {
    pub fn wake(subject: Subject) -> Self {
        Hint { subject, why: Why::Wake }
    }

    /// The alarm's change that brought this about.
    pub fn change(&self) -> Option<&AlarmChange> {
        match &self.why {
            Why::Alarm(change) | Why::Silence(change) => Some(change),
            Why::Found { told_by, .. } => told_by.as_ref(),
            Why::Wake | Why::Look { .. } | Why::Action(_) | Why::Notice(_) => None,
        }
    }

    /// What AWS announced of it.
    pub fn notice(&self) -> Option<&Notice> {
        match &self.why {
            Why::Notice(notice) => Some(notice),
            Why::Alarm(_) | Why::Silence(_) | Why::Found { .. } | Why::Wake | Why::Look { .. } | Why::Action(_) => None,
        }
    }

    /// The alarms that each speak for the subject alone.
    pub fn alarms(&self) -> &[AlarmArn] {
        match &self.why {
            Why::Alarm(change) | Why::Silence(change) => std::slice::from_ref(&change.alarm),
            Why::Found { alarms, .. } => alarms,
            Why::Wake | Why::Look { .. } | Why::Action(_) | Why::Notice(_) => &[],
        }
    }
}
