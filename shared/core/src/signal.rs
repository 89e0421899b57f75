//! Turns an event into what it means: a signal, nothing of ours, or malformed with the place named.
//!
//! This module never trusts an event to say what to do: a [`Signal`] says only where to look. It never reads a missing
//! state as a healthy one.

mod alarm;

pub use alarm::INSTANCE_DIMENSION;
use jiff::Timestamp;
use serde_json::Value;

use crate::id::{AlarmArn, Subject};
use crate::json::{At, Malformed};

/// An event that concerns Homeostat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// An alarm that names one instance changed to a state that calls for a look.
    Alarm(AlarmChange),
    /// Homeostat's own wake-up: an open incident is due.
    Wake(Subject),
}

impl Signal {
    /// What to look at.
    pub fn subject(&self) -> &Subject {
        match self {
            Signal::Alarm(change) => &change.subject,
            Signal::Wake(subject) => subject,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmChange {
    pub alarm: AlarmArn,
    pub subject: Subject,
    /// When CloudWatch changed the alarm's state: the zero of time to mitigate and time to recover.
    pub changed_at: Timestamp,
}

/// Why an event is nothing to act on. Logged and counted, never recorded, never told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoSignal {
    /// Only a change *to* ALARM starts a look: the other states mean well, or too little data to tell.
    AlarmState { alarm: AlarmArn, state: String },
    /// Somebody keeps the alarm's actions back: a suppressor alarm, or a mute rule. Only the event tells of it.
    Silenced { alarm: AlarmArn, by: String },
    /// An alarm that names no instance, or several, picks none.
    Instances { alarm: AlarmArn, named: usize },
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
            NoSignal::Instances { alarm, named: 0 } => {
                write!(
                    f,
                    "alarm {:?} has no InstanceId among its dimensions, so it picks no instance",
                    alarm.alarm_name()
                )
            }
            NoSignal::Instances { alarm, named } => {
                write!(f, "alarm {:?} names {named} instances, so it picks none", alarm.alarm_name())
            }
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

/// Reads an alarm's state change as EventBridge delivers it, or a wake-up.
///
/// # Errors
/// [`Malformed`], naming path, value and expectation, for everything that is neither a known nor a foreign event.
pub fn parse(event: &Value) -> Result<Parsed, Malformed> {
    let root = At::root(event);
    if event.get("homeostat").is_some() {
        return parse_wake(&root);
    }
    let source = root.field("source");
    let detail_type = root.field("detail-type");
    match (source.text()?, detail_type.text()?) {
        ("aws.cloudwatch", "CloudWatch Alarm State Change") => alarm::parse(&root),
        (source, detail_type) => {
            Ok(Parsed::Ignored(NoSignal::Kind { source: source.to_owned(), detail_type: detail_type.to_owned() }))
        }
    }
}

/// The message that makes an owner look at an incident of its own: `{"homeostat":"wake","subject":…}`.
pub fn wake(subject: &Subject) -> Value {
    serde_json::json!({ "homeostat": "wake", "subject": subject.to_string() })
}

fn parse_wake(root: &At<'_>) -> Result<Parsed, Malformed> {
    let kind = root.field("homeostat");
    if kind.text()? != "wake" {
        return Err(kind.malformed("\"wake\""));
    }
    let subject = root.field("subject").parse("a subject, such as eu-west-1#instance#i-0123456789abcdef0")?;
    Ok(Parsed::Signal(Signal::Wake(subject)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_wake_up_is_read_back_as_sent() {
        let subject: Subject = "eu-west-1#instance#i-0123456789abcdef0".parse().unwrap();
        assert_eq!(parse(&wake(&subject)), Ok(Parsed::Signal(Signal::Wake(subject))));
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
            json!({"homeostat": "resync"}),
            json!({"homeostat": "wake"}),
            json!({"homeostat": "wake", "subject": "i-0123456789abcdef0"}),
            json!({"source": "aws.cloudwatch"}),
            json!({"source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change"}),
        ] {
            assert!(parse(&event).is_err(), "{event}");
        }
    }
}
