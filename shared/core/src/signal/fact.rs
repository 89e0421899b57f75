//! What an event says, with nothing left out that a remedy may go by.
//!
//! This module never says whose business it is, nor what to do about it: each remedy decides that by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

use super::alarm::AlarmKind;
use super::notice::Notice;
use super::{Hint, Trigger};
use crate::aws::alarm::{AlarmChange, AlarmState};
use crate::aws::lifecycle::LifecycleEvent;
use crate::id::{AlarmArn, GroupName, InstanceId, Subject};
use crate::line;

/// What an event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// An alarm's state changed.
    Alarm(AlarmFact),
    /// AWS says what became, or is going to become, of something of its own.
    Notice { about: About, notice: Notice },
    /// A lifecycle hook holds an instance.
    Action(LifecycleEvent),
    /// Homeostat's own.
    Order(Order),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmFact {
    pub change: AlarmChange,
    pub kind: AlarmKind,
    pub state: AlarmState,
    pub dimensions: Dimensions,
    /// The alarms that set a composite one off.
    pub children: Vec<AlarmArn>,
}

/// What an alarm's metrics are about, those inside metric math included, or its contributor: each dimension with all of its values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dimensions(pub BTreeMap<String, BTreeSet<String>>);

impl Dimensions {
    pub fn values_of(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.get(name).into_iter().flatten().map(String::as_str)
    }
}

/// What a notice is about. There is at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    Instances(Vec<InstanceId>),
    Group(GroupName),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// An open incident is due.
    Wake(Subject),
    /// An owner's wake-up for itself, for the look that it meant to take then.
    Look { subject: Subject, at: Timestamp },
    /// What no event told is found all the same, every few minutes.
    Resync,
    /// The next slice of the resync that is under way.
    ContinueResync,
    /// What events told waits in marks of what is due.
    ServeDue,
}

impl Order {
    /// Where to look; a resync and what is marked lead to nobody yet.
    pub fn hint(&self) -> Option<Hint> {
        match self {
            Order::Wake(subject) => Some(Hint::wake(subject.clone())),
            Order::Look { subject, at } => Some(Hint { subject: subject.clone(), why: Trigger::Look { at: *at } }),
            Order::Resync | Order::ContinueResync | Order::ServeDue => None,
        }
    }
}

impl Fact {
    /// What it is about, on one line.
    pub fn about(&self) -> String {
        let about = match self {
            Fact::Alarm(alarm) => alarm.about(),
            Fact::Notice { about, .. } => about.to_string(),
            Fact::Action(told) => held(told),
            Fact::Order(Order::Wake(subject) | Order::Look { subject, .. }) => subject.to_string(),
            Fact::Order(Order::Resync) => "all that the policy names".to_owned(),
            Fact::Order(Order::ContinueResync) => "what the resync has not read yet".to_owned(),
            Fact::Order(Order::ServeDue) => "all that is marked as due".to_owned(),
        };
        line::one_line(&about, usize::MAX)
    }
}

impl AlarmFact {
    fn about(&self) -> String {
        let mut about = format!("alarm {:?}", self.change.alarm.alarm_name());
        for (name, values) in &self.dimensions.0 {
            about += &format!(", {name} {}", quoted(values.iter().map(String::as_str)));
        }
        if !self.children.is_empty() {
            about += &format!(", set off by {}", quoted(self.children.iter().map(AlarmArn::alarm_name)));
        }
        about
    }
}

fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

fn held(told: &LifecycleEvent) -> String {
    let whither = told.course.map_or_else(|| "somewhere".to_owned(), |course| course.to_string());
    format!("hook {} of {:?} holds {} on its way {whither}", told.hook, told.group.as_str(), told.instance)
}

/// What the matter is.
impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fact::Alarm(AlarmFact { kind, state, .. }) => write!(f, "{kind} is in {state}"),
            Fact::Notice { notice, .. } => write!(f, "{}", notice.what),
            Fact::Action(told) => f.write_str(told.transition.as_str()),
            Fact::Order(Order::Wake(_) | Order::Look { .. }) => f.write_str("an open incident is due"),
            Fact::Order(Order::Resync) => f.write_str("the five minutes are over"),
            Fact::Order(Order::ContinueResync) => f.write_str("the last slice of the resync is over"),
            Fact::Order(Order::ServeDue) => f.write_str("events wait in marks"),
        }
    }
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            About::Instances(ids) => f.write_str(&ids.iter().map(InstanceId::as_str).collect::<Vec<_>>().join(" and ")),
            About::Group(name) => write!(f, "group {:?}", name.as_str()),
        }
    }
}
