//! Where an event leads: whom to look at, and why.
//!
//! This module never says what to do.

use std::fmt;

use jiff::Timestamp;

use super::notice::Notice;
use super::one_line;
use crate::aws::alarm::AlarmChange;
use crate::aws::lifecycle::Told;
use crate::id::{AlarmArn, InstanceId, Subject};

/// Where to look first. What is done there, the world as it is then decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lead {
    /// Something may be wrong with each of these; there is at least one.
    Each(Vec<Hint>),
    /// Something may be wrong with some of these.
    Several(Survey),
    /// A lifecycle hook holds an instance.
    Held(Told),
}

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

/// A look at whole groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Survey {
    /// Homeostat's own, every few minutes: what no event told is found all the same.
    Resync,
    /// An alarm that picks no instance.
    Alarm(GroupAlarm),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupAlarm {
    pub change: AlarmChange,
    /// What its metrics are about: the values of `AutoScalingGroupName` and `TargetGroup`.
    pub groups: Vec<String>,
    pub target_groups: Vec<String>,
    /// The instances that its metrics, or its contributor, name. None of them is picked.
    pub instances: Vec<InstanceId>,
    /// The alarms that set a composite one off.
    pub children: Vec<AlarmArn>,
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

impl fmt::Display for Lead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lead::Each(hints) => {
                let subjects: Vec<String> = hints.iter().map(|hint| one_line(&hint.subject.to_string())).collect();
                write!(f, "look at {}", subjects.join(" and "))
            }
            Lead::Several(Survey::Resync) => f.write_str("look at all that the policy names"),
            Lead::Several(Survey::Alarm(alarm)) => write!(f, "look at {alarm}"),
            Lead::Held(told) => {
                let whither = told.course.map_or_else(|| "somewhere".to_owned(), |course| course.to_string());
                write!(
                    f,
                    "hook {} of {:?} holds {} on its way {whither}",
                    told.hook,
                    told.group.as_str(),
                    told.instance
                )
            }
        }
    }
}

impl fmt::Display for GroupAlarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |names: &[String]| names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
        let instances: Vec<&str> = self.instances.iter().map(InstanceId::as_str).collect();
        let children: Vec<String> = self.children.iter().map(|child| child.alarm_name().to_owned()).collect();
        write!(f, "the groups for which alarm {:?} speaks", self.change.alarm.alarm_name())?;
        for (what, which) in [
            ("groups", quoted(&self.groups)),
            ("target groups", quoted(&self.target_groups)),
            ("those with", instances.join(", ")),
            ("those of alarms", quoted(&children)),
        ] {
            if !which.is_empty() {
                write!(f, ", {what} {which}")?;
            }
        }
        Ok(())
    }
}
