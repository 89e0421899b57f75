//! What may come by which way: one table, and whatever is not in it is ignored by name.
//!
//! This module never reads what an event says. Whoever may publish to a topic of alarms needs no right on Homeostat, so a topic
//! carries alarms and nothing else.

use std::fmt;

use serde_json::Value;

use super::{NoSignal, alarm, health, lifecycle, machine, scaling};
use crate::line::one_line;

/// How an event came to a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// By a call: from a rule of EventBridge, an alarm's own action, a schedule, or anybody who may invoke the function.
    Call,
    /// By one of the stack's own queues.
    Queue,
    /// By a topic, through a queue or not. Whose it is does not matter: no more is taken from the right one.
    Topic(String),
}

/// What an event is by its marks, before anything in it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Homeostat's own: an open incident is due, or marks are.
    Wake,
    /// Homeostat's own schedule.
    Resync,
    /// A function's word to itself.
    ContinueResync,
    /// An alarm's own action.
    AlarmAction,
    /// An alarm as a topic carries it.
    AlarmMessage,
    /// A lifecycle action as Auto Scaling itself sends it.
    HookMessage,
    /// By EventBridge.
    AlarmChange,
    AlarmConfigured,
    HookEvent,
    GroupReport,
    Machine,
    Health,
}

/// Each form, what it is called, and whether a call, a queue and a topic may bring it.
const TABLE: [(Form, &str, [bool; 3]); 12] = [
    (Form::Wake, "a wake-up", [true, true, false]),
    (Form::Resync, "a resync", [true, false, false]),
    (Form::ContinueResync, "the next slice of a resync", [true, true, false]),
    (Form::AlarmAction, "an alarm's own action", [true, true, false]),
    (Form::AlarmMessage, "an alarm's message", [true, true, true]),
    (Form::HookMessage, "a lifecycle action", [true, true, false]),
    (Form::AlarmChange, "an alarm's change of state", [true, true, true]),
    (Form::AlarmConfigured, "an alarm's change of configuration", [true, true, true]),
    (Form::HookEvent, "a lifecycle action", [true, true, false]),
    (Form::GroupReport, "a report of Auto Scaling", [true, true, false]),
    (Form::Machine, "a notice of EC2", [true, true, false]),
    (Form::Health, "an event of AWS Health", [true, true, false]),
];

impl Form {
    /// None: an event of another kind, which each route may bring, since nothing comes of it.
    pub(super) fn of(event: &Value) -> Option<Form> {
        let has = |field| event.get(field).is_some();
        let text = |field: &str| event.get(field).and_then(Value::as_str);
        if has("homeostat") {
            return Some(match text("homeostat") {
                Some("resync") => Form::Resync,
                Some("continue-resync") => Form::ContinueResync,
                _ => Form::Wake,
            });
        }
        if has("alarmData") {
            return Some(Form::AlarmAction);
        }
        if has("AlarmName") && !has("source") {
            return Some(Form::AlarmMessage);
        }
        if lifecycle::is_direct(event) {
            return Some(Form::HookMessage);
        }
        match (text("source")?, text("detail-type")?) {
            ("aws.cloudwatch", alarm::STATE_CHANGE | alarm::CONTRIBUTOR_CHANGE) => Some(Form::AlarmChange),
            ("aws.cloudwatch", alarm::CONFIGURATION_CHANGE) => Some(Form::AlarmConfigured),
            ("aws.autoscaling", lifecycle::LAUNCH | lifecycle::TERMINATE) => Some(Form::HookEvent),
            ("aws.autoscaling", kind) if scaling::is_report(kind) => Some(Form::GroupReport),
            ("aws.ec2", machine::STATE_CHANGE | machine::INTERRUPTION | machine::REBALANCE) => Some(Form::Machine),
            ("aws.health", health::EVENT) => Some(Form::Health),
            _ => None,
        }
    }

    /// Why it is not taken from there, if it is not.
    pub(super) fn refused_by(self, route: &Route) -> Option<NoSignal> {
        let (_, name, taken) = TABLE.iter().find(|(form, ..)| *form == self)?;
        let [by_call, by_queue, by_topic] = *taken;
        let is_taken = match route {
            Route::Call => by_call,
            Route::Queue => by_queue,
            Route::Topic(_) => by_topic,
        };
        (!is_taken).then(|| NoSignal::Route { what: name, route: route.clone() })
    }
}

/// A topic's name is one of 256 characters at most behind its account (API reference, `CreateTopic`).
const LONGEST_TOPIC: usize = 400;

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Route::Call => f.write_str("a call"),
            Route::Queue => f.write_str("a queue"),
            Route::Topic(topic) => write!(f, "topic \"{}\"", one_line(topic, LONGEST_TOPIC)),
        }
    }
}
