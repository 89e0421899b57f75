//! Where a remedy looks, and why.
//!
//! This module never says what to do: what is done there, the world as it is then decides.

use jiff::Timestamp;

use super::notice::Notice;
use crate::aws::alarm::AlarmChange;
use crate::aws::lifecycle::LifecycleEvent;
use crate::id::{AlarmArn, Subject};

/// Where to look, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    pub subject: Subject,
    pub why: Trigger,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// An alarm that names this instance alone changed to a state that calls for a look.
    Alarm(AlarmChange),
    /// Such an alarm has too little data to tell: a reason to look, and none to forget what another one said.
    Silence(AlarmChange),
    /// Homeostat's own wake-up: an open incident is due.
    Wake,
    /// An owner's wake-up for itself, for the look that it meant to take then.
    Look { at: Timestamp },
    /// Auto Scaling said that a lifecycle action began.
    Action(LifecycleEvent),
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
        Hint { subject, why: Trigger::Wake }
    }

    /// Whether somebody told of something, rather than that it is time to look.
    pub fn is_of_an_event(&self) -> bool {
        match self.why {
            Trigger::Wake | Trigger::Look { .. } => false,
            Trigger::Alarm(_)
            | Trigger::Silence(_)
            | Trigger::Action(_)
            | Trigger::Notice(_)
            | Trigger::Found { .. } => true,
        }
    }

    /// The alarm's change that brought this about.
    pub fn change(&self) -> Option<&AlarmChange> {
        match &self.why {
            Trigger::Alarm(change) | Trigger::Silence(change) => Some(change),
            Trigger::Found { told_by, .. } => told_by.as_ref(),
            Trigger::Wake | Trigger::Look { .. } | Trigger::Action(_) | Trigger::Notice(_) => None,
        }
    }

    /// What AWS announced of it.
    pub fn notice(&self) -> Option<&Notice> {
        match &self.why {
            Trigger::Notice(notice) => Some(notice),
            Trigger::Alarm(_)
            | Trigger::Silence(_)
            | Trigger::Found { .. }
            | Trigger::Wake
            | Trigger::Look { .. }
            | Trigger::Action(_) => None,
        }
    }

    /// The alarms that each speak for the subject alone.
    pub fn alarms(&self) -> &[AlarmArn] {
        match &self.why {
            Trigger::Alarm(change) | Trigger::Silence(change) => std::slice::from_ref(&change.alarm),
            Trigger::Found { alarms, .. } => alarms,
            Trigger::Wake | Trigger::Look { .. } | Trigger::Action(_) | Trigger::Notice(_) => &[],
        }
    }
}
