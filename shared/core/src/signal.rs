//! Turns an event into what it means: a signal, nothing of ours, or malformed with the place named.
//!
//! This module never trusts an event to say what to do: a [`Signal`] says only where to look. It never reads a missing
//! state as a healthy one.

mod alarm;
mod lifecycle;

pub use alarm::INSTANCE_DIMENSION;
use jiff::Timestamp;
use serde_json::Value;

use crate::hook::action::Told;
use crate::id::{AlarmArn, HookName, InstanceId, Subject};
use crate::json::{At, Malformed};
use crate::memory::AlarmMemory;

/// An event that concerns Homeostat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// Something may be wrong with this one.
    One(Hint),
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
    Alarm(AlarmMemory),
    /// Homeostat's own wake-up: an open incident is due.
    Wake,
    /// An owner's wake-up for itself, for the look that it meant to take then.
    Look { at: Timestamp },
    /// Auto Scaling said that a lifecycle action began.
    Action(Told),
    /// A survey found it sick.
    Found {
        since: Timestamp,
        /// The alarm in ALARM that speaks for this instance alone.
        alarm: Option<AlarmArn>,
        /// The change of the group's alarm that led to the survey.
        told_by: Option<AlarmMemory>,
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
    pub change: AlarmMemory,
    /// What its metrics are about: the values of `AutoScalingGroupName` and `TargetGroup`.
    pub groups: Vec<String>,
    pub target_groups: Vec<String>,
}

impl Hint {
    pub fn wake(subject: Subject) -> Self {
        Hint { subject, why: Why::Wake }
    }

    /// The alarm's change that brought this about.
    pub fn change(&self) -> Option<&AlarmMemory> {
        match &self.why {
            Why::Alarm(change) => Some(change),
            Why::Found { told_by, .. } => told_by.as_ref(),
            Why::Wake | Why::Look { .. } | Why::Action(_) => None,
        }
    }

    /// The alarm that speaks for the subject alone.
    pub fn alarm(&self) -> Option<&AlarmArn> {
        match &self.why {
            Why::Alarm(change) => Some(&change.alarm),
            Why::Found { alarm, .. } => alarm.as_ref(),
            Why::Wake | Why::Look { .. } | Why::Action(_) => None,
        }
    }
}

/// Why an event is nothing to act on. Logged and counted, never recorded, never told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoSignal {
    /// Only a change *to* ALARM starts a look: the other states mean well, or too little data to tell.
    AlarmState { alarm: AlarmArn, state: String },
    /// Somebody keeps the alarm's actions back: a suppressor alarm, or a mute rule. Only the event tells of it.
    Silenced { alarm: AlarmArn, by: String },
    /// Its dimension `InstanceId` is not one of EC2's.
    NoInstance { alarm: AlarmArn, named: String },
    /// Another function completes hooks.
    Held { hook: HookName, instance: InstanceId },
    /// What Auto Scaling sends to a target when a hook is made to notify it.
    Test { group: String },
    /// A kind of event that this version does not take.
    Kind { source: String, detail_type: String },
}

impl std::fmt::Display for NoSignal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NoSignal::AlarmState { alarm, state } => {
                write!(f, "alarm {:?} changed to {state}, and only ALARM calls for a look", alarm.alarm_name())
            }
            NoSignal::Silenced { alarm, by } => {
                write!(f, "alarm {:?} is kept from acting by {by}", alarm.alarm_name())
            }
            NoSignal::NoInstance { alarm, named } => {
                write!(f, "alarm {:?} is about {named:?}, which is no EC2 instance", alarm.alarm_name())
            }
            NoSignal::Held { hook, instance } => {
                write!(f, "hook {hook} holds {instance}, which is not this function's to complete")
            }
            NoSignal::Test { group } => write!(f, "Auto Scaling's test notification for group {group}"),
            NoSignal::Kind { source, detail_type } => {
                write!(f, "events of source {source:?} and detail-type {detail_type:?} are none of this function's")
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    Signal(Signal),
    Ignored(NoSignal),
}

impl From<Told> for NoSignal {
    fn from(told: Told) -> Self {
        NoSignal::Held { hook: told.hook, instance: told.instance }
    }
}

/// Reads an alarm's state change or a lifecycle action as EventBridge delivers it, an action as Auto Scaling sends it to a queue
/// or a topic, a wake-up, or the order to resync.
///
/// # Errors
/// [`Malformed`], naming path, value and expectation, for everything that is neither a known nor a foreign event.
pub fn parse(event: &Value) -> Result<Parsed, Malformed> {
    let root = At::root(event);
    if event.get("homeostat").is_some() {
        return parse_own(&root);
    }
    if lifecycle::is_direct(event) {
        return lifecycle::parse_direct(&root);
    }
    let source = root.field("source");
    let detail_type = root.field("detail-type");
    match (source.text()?, detail_type.text()?) {
        ("aws.cloudwatch", "CloudWatch Alarm State Change") => alarm::parse(&root),
        ("aws.autoscaling", lifecycle::LAUNCH | lifecycle::TERMINATE) => lifecycle::parse(&root),
        (source, detail_type) => {
            Ok(Parsed::Ignored(NoSignal::Kind { source: source.to_owned(), detail_type: detail_type.to_owned() }))
        }
    }
}

/// The message that makes an owner look at an incident of its own: `{"homeostat":"wake","subject":…}`.
pub fn wake(subject: &Subject) -> Value {
    serde_json::json!({ "homeostat": "wake", "subject": subject.to_string() })
}

/// The message by which an owner wakes itself for one look: `{"homeostat":"wake","subject":…,"look":<ms>}`.
pub fn look(subject: &Subject, at: Timestamp) -> Value {
    serde_json::json!({ "homeostat": "wake", "subject": subject.to_string(), "look": at.as_millisecond() })
}

fn parse_own(root: &At<'_>) -> Result<Parsed, Malformed> {
    let kind = root.field("homeostat");
    match kind.text()? {
        "wake" => {
            let subject = root.field("subject").parse("a subject, such as eu-west-1#instance#i-0123456789abcdef0")?;
            let look = root.field("look");
            if !look.is_present() {
                return Ok(Parsed::Signal(Signal::One(Hint::wake(subject))));
            }
            let at =
                Timestamp::from_millisecond(look.integer()?).map_err(|_| look.malformed("milliseconds since 1970"))?;
            Ok(Parsed::Signal(Signal::One(Hint { subject, why: Why::Look { at } })))
        }
        "resync" => Ok(Parsed::Signal(Signal::Several(Survey::Resync))),
        _ => Err(kind.malformed("\"wake\" or \"resync\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_wake_up_is_read_back_as_sent() {
        let subject: Subject = "eu-west-1#instance#i-0123456789abcdef0".parse().unwrap();
        assert_eq!(parse(&wake(&subject)), Ok(Parsed::Signal(Signal::One(Hint::wake(subject)))));
        let at = Timestamp::from_millisecond(1_800_000_000_123).unwrap();
        let subject: Subject = "eu-west-1#hook#web:ready:i-0123456789abcdef0".parse().unwrap();
        let hint = Hint { subject: subject.clone(), why: Why::Look { at } };
        assert_eq!(parse(&look(&subject, at)), Ok(Parsed::Signal(Signal::One(hint))));
        assert_eq!(parse(&json!({"homeostat": "resync"})), Ok(Parsed::Signal(Signal::Several(Survey::Resync))));
    }

    #[test]
    fn a_foreign_event_is_ignored_by_name() {
        let event = json!({"source": "aws.rds", "detail-type": "RDS DB Instance Event", "detail": {}});
        let Ok(Parsed::Ignored(why)) = parse(&event) else { panic!("{:?}", parse(&event)) };
        assert!(why.to_string().contains("aws.rds"), "{why}");
    }

    #[test]
    fn garbage_is_malformed_and_never_a_signal() {
        for event in [
            json!(null),
            json!([]),
            json!({}),
            json!({"homeostat": 1}),
            json!({"homeostat": "sync"}),
            json!({"homeostat": "wake"}),
            json!({"homeostat": "wake", "subject": "eu-west-1#instance#i-0123456789abcdef0", "look": "now"}),
            json!({"homeostat": "wake", "subject": "i-0123456789abcdef0"}),
            json!({"source": "aws.cloudwatch"}),
            json!({"source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change"}),
        ] {
            assert!(parse(&event).is_err(), "{event}");
        }
    }
}
