//! Why an event is nothing to act on.
//!
//! This module never hides what the event was: each reason names it, with what AWS wrote in quotes and escaped.

use std::fmt;

use super::Route;
use crate::aws::lifecycle::LifecycleEvent;
use crate::id::{AlarmArn, GroupName, HookName, InstanceId, Region};

/// Why an event is nothing to act on. Logged and counted, never recorded, never told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoSignal {
    /// A change to OK proves nothing and asks for nothing.
    AlarmState { alarm: AlarmArn, state: String },
    /// The alarm was made, changed or deleted: its state did not change.
    AlarmConfigured { alarm: String, operation: String },
    /// Somebody keeps the alarm's actions back: a suppressor alarm, or a mute rule. Only the event tells of it.
    Silenced { alarm: AlarmArn, by: String },
    /// It is about nothing that the remedy looks after, which says why.
    NotAbout { alarm: AlarmArn, why: String },
    /// What it is about is another remedy's.
    NotOurs { about: String },
    /// An order about a subject whose id can't be read. Disposition: drop, to the dead-letter queue.
    Unreadable { about: String, why: String },
    /// There is nothing of what the policy names.
    NothingThere { what: String },
    /// Another function completes hooks.
    Held { hook: HookName, instance: InstanceId },
    /// What Auto Scaling sends to a target when a hook is made to notify it.
    Test { group: String },
    /// Something that a group does as it should, or tries again by itself.
    GroupsWork { group: GroupName, what: String },
    /// An instance that starts or runs.
    Runs { instance: InstanceId, state: String },
    /// A Health event that no instance has to be replaced for.
    HealthNews { code: String, why: String },
    /// A whole zone is moved away from, or back to: no remedy takes it.
    ZonalShift { what: String, away_from: String },
    /// An event of a known service that no remedy takes.
    OtherService { service: String, what: String },
    /// A topic carried a text that is no JSON document.
    Message { topic: String },
    /// It came by a way by which nothing of the kind is taken.
    Route { what: &'static str, route: Route },
    /// It comes from a Region that another stack looks after.
    Elsewhere { region: Region, ours: Region },
    /// A kind of event that this version does not take.
    Kind { source: String, detail_type: String },
}

impl fmt::Display for NoSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoSignal::AlarmState { alarm, state } => {
                write!(f, "alarm {:?} changed to {state}, which calls for no look", alarm.alarm_name())
            }
            NoSignal::AlarmConfigured { alarm, operation } => {
                write!(f, "alarm {alarm:?} was configured ({operation:?}), and its state did not change")
            }
            NoSignal::Silenced { alarm, by } => {
                write!(f, "alarm {:?} is kept from acting by {by}", alarm.alarm_name())
            }
            NoSignal::NotAbout { alarm, why } => write!(f, "alarm {:?} {why}", alarm.alarm_name()),
            NoSignal::Unreadable { about, why } => write!(f, "{about} can't be looked after: {why}"),
            NoSignal::NotOurs { about } => write!(f, "{about} is not this function's to look after"),
            NoSignal::NothingThere { what } => f.write_str(what),
            NoSignal::Held { hook, instance } => {
                write!(f, "hook {hook} holds {instance}, which is not this function's to complete")
            }
            NoSignal::Test { group } => write!(f, "Auto Scaling's test notification for group {group:?}"),
            NoSignal::GroupsWork { group, what } => {
                write!(f, "{what:?} reports of group {:?} what the group sees to by itself", group.as_str())
            }
            NoSignal::Runs { instance, state } => write!(f, "{instance} is {state}, and nothing is wrong with that"),
            NoSignal::HealthNews { code, why } => write!(f, "AWS Health's {code:?}: {why}"),
            NoSignal::ZonalShift { what, away_from } => {
                write!(f, "{what:?} away from {away_from:?}: Homeostat does nothing about zonal shifts")
            }
            NoSignal::OtherService { service, what } => {
                write!(f, "{what:?} of {service}: Homeostat does nothing about it")
            }
            NoSignal::Message { topic } => write!(f, "a message for people, by topic {topic:?}, is no event"),
            NoSignal::Route { what, route: route @ Route::Topic(_) } => {
                write!(f, "{what} came by {route}, and from a topic only alarms are taken")
            }
            NoSignal::Route { what, route } => write!(f, "{what} came by {route}, by which none is taken"),
            NoSignal::Elsewhere { region, ours } => {
                write!(f, "it is about {region}, and this stack looks after {ours}")
            }
            NoSignal::Kind { source, detail_type } => {
                write!(f, "events of source {source:?} and detail-type {detail_type:?} are none of this function's")
            }
        }
    }
}

impl From<&LifecycleEvent> for NoSignal {
    fn from(told: &LifecycleEvent) -> Self {
        NoSignal::Held { hook: told.hook.clone(), instance: told.instance.clone() }
    }
}
