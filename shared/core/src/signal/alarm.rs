//! An alarm's state change, by each of its routes: EventBridge ("CloudWatch Alarm State Change" and its counterpart for a contributor;
//! CloudWatch User Guide, "Alarm events and EventBridge"), the alarm's own action ("Invoke a Lambda function from an alarm"), and
//! a topic ("Notifying users on alarm changes").
//!
//! This module never says what the alarm is about to whom, and never takes a state that it does not know.

mod event;

use std::fmt;

use event::AlarmEvent;
use jiff::Timestamp;

use super::moment::{self, Moment};
use super::{AlarmFact, Fact, Key, NoSignal, Parsed, Signal, one_line};
use crate::aws::alarm::{AlarmChange, AlarmState};
use crate::id::AlarmArn;
use crate::json::{JsonCursor, Malformed};

pub(super) const STATE_CHANGE: &str = "CloudWatch Alarm State Change";
pub(super) const CONTRIBUTOR_CHANGE: &str = "CloudWatch Alarm Contributor State Change";
pub(super) const CONFIGURATION_CHANGE: &str = "CloudWatch Alarm Configuration Change";

/// What an alarm watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlarmKind {
    Metric,
    MetricMath,
    AnomalyDetection,
    /// A Metrics Insights query, which may have many contributors.
    Query,
    /// One time series of a query.
    Contributor,
    Composite,
    /// None of those that this version knows.
    Other,
}

impl fmt::Display for AlarmKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AlarmKind::Metric => "a metric's alarm",
            AlarmKind::MetricMath => "an alarm on metric math",
            AlarmKind::AnomalyDetection => "an alarm on an anomaly",
            AlarmKind::Query => "an alarm on a query",
            AlarmKind::Contributor => "a contributor of an alarm on a query",
            AlarmKind::Composite => "a composite alarm",
            AlarmKind::Other => "an alarm of a kind that this version does not know",
        })
    }
}

pub(super) fn configured(root: &JsonCursor<'_>) -> Result<Parsed, Malformed> {
    let detail = root.field("detail");
    let alarm = detail.field("alarmName").text()?.to_owned();
    let operation = detail.field("operation").text().unwrap_or("unknown").to_owned();
    Ok(Parsed::Ignored(NoSignal::AlarmConfigured { alarm, operation }))
}

pub(super) fn by_bus(root: &JsonCursor<'_>, now: Timestamp) -> Result<Parsed, Malformed> {
    parse(&AlarmEvent::by_bus(root), now)
}

pub(super) fn by_action(root: &JsonCursor<'_>, now: Timestamp) -> Result<Parsed, Malformed> {
    parse(&AlarmEvent::by_action(root), now)
}

pub(super) fn by_topic(root: &JsonCursor<'_>, now: Timestamp) -> Result<Parsed, Malformed> {
    parse(&AlarmEvent::by_topic(root), now)
}

fn parse(told: &AlarmEvent<'_>, now: Timestamp) -> Result<Parsed, Malformed> {
    let expected = "an alarm's ARN, arn:aws:cloudwatch:<Region>:<account>:alarm:<name>";
    let alarm: AlarmArn = told.arn.parse(expected)?;
    let (Ok(region), Ok(account)) = (alarm.region(), alarm.account()) else { return Err(told.arn.malformed(expected)) };
    let Moment { told: written, at: changed_at } = moment::past(&told.changed_at, moment::A_TIME, now)?;
    let state = match told.state.one_of(&["ALARM", "OK", "INSUFFICIENT_DATA"])? {
        "ALARM" => AlarmState::Alarm,
        "INSUFFICIENT_DATA" => AlarmState::InsufficientData,
        other => return Ok(Parsed::Ignored(NoSignal::AlarmState { alarm, state: other.to_owned() })),
    };
    if let Some(by) = told.silenced() {
        return Ok(Parsed::Ignored(NoSignal::Silenced { alarm, by }));
    }
    let contributor = told.contributor()?;
    let kind = told.kind()?;
    let dimensions = told.dimensions()?;
    let children = told.children()?;
    let name = |child: &AlarmArn| one_line(&format!("alarm {:?} set it off", child.alarm_name()));
    let evidence = told.reason.text().ok().map(one_line).into_iter().chain(children.iter().map(name)).collect();
    let change = AlarmChange { alarm, contributor, changed_at };
    Ok(Parsed::Signal(Signal {
        key: Key::of(&format!("alarm {} {state} {written}", change.speaker())),
        at: Some(changed_at),
        account: Some(account),
        region: Some(region),
        fact: Fact::Alarm(AlarmFact { change, kind, state, dimensions, children }),
        evidence,
    }))
}

#[cfg(test)]
mod tests {
    use crate::aws::alarm::AlarmState;
    use crate::signal::tests::{alarm, read_one, values};
    use crate::signal::{AlarmKind, NoSignal, Parsed};
    use serde_json::{Value, json};

    fn metric(instance: &str) -> Value {
        json!({"id": "m", "metricStat": {"metric": {"namespace": "Web", "name": "Failed", "dimensions":
            {"InstanceId": instance}}, "period": 86400, "stat": "Sum"}, "returnData": true})
    }

    fn event(state: &str, metrics: &[Value]) -> Value {
        json!({
            "source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change",
            "account": "123456789012", "region": "eu-west-1", "time": "2026-03-01T02:03:05Z",
            "resources": ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-1"],
            "detail": {"alarmName": "web-1", "state": {"value": state, "timestamp": "2026-03-01T02:03:04.567+0000"},
                "configuration": {"metrics": metrics}},
        })
    }

    #[test]
    fn an_alarm_says_when_it_changed_and_what_it_is_about() {
        let fact = alarm(&event("ALARM", &[metric("i-0123456789abcdef0")]));
        assert_eq!((fact.kind, fact.state), (AlarmKind::Metric, AlarmState::Alarm));
        assert_eq!(fact.change.changed_at.to_string(), "2026-03-01T02:03:04.567Z");
        assert_eq!(values(&fact), [("InstanceId", vec!["i-0123456789abcdef0"])]);
    }

    #[test]
    fn each_dimension_is_kept_once_whatever_service_it_is_of() {
        let math = json!({"id": "e", "expression": "a/b", "returnData": true});
        let mut other = metric("i-0123456789abcdef0");
        other["metricStat"]["metric"]["dimensions"] = json!({"DBInstanceIdentifier": "orders", "ClusterName": "web",
            "LoadBalancer": "app/web/0123456789abcdef", "TargetGroup": "targetgroup/web/0123456789abcdef"});
        let metrics = [math, metric("i-0123456789abcdef1"), metric("i-0123456789abcdef0"), metric("mi-0"), other];
        let fact = alarm(&event("ALARM", &[&metrics[..], &metrics[..]].concat()));
        assert_eq!(
            values(&fact),
            [
                ("ClusterName", vec!["web"]),
                ("DBInstanceIdentifier", vec!["orders"]),
                ("InstanceId", vec!["i-0123456789abcdef0", "i-0123456789abcdef1", "mi-0"]),
                ("LoadBalancer", vec!["app/web/0123456789abcdef"]),
                ("TargetGroup", vec!["targetgroup/web/0123456789abcdef"]),
            ]
        );
        assert_eq!(values(&alarm(&event("ALARM", &[]))), []);
    }

    #[test]
    fn no_other_state_is_taken_for_alarm_and_none_for_ok() {
        let one = [metric("i-0123456789abcdef0")];
        assert!(matches!(read_one(&event("OK", &one)), Ok(Parsed::Ignored(NoSignal::AlarmState { .. }))));
        for state in ["", "alarm", "UNKNOWN"] {
            assert!(read_one(&event(state, &one)).is_err(), "{state}");
        }
        let mut without = event("ALARM", &one);
        without["detail"]["state"].as_object_mut().unwrap().remove("value");
        assert_eq!(
            read_one(&without).unwrap_err().to_string(),
            "malformed event: $.detail.state.value is missing, expected ALARM, OK or INSUFFICIENT_DATA"
        );
    }

    #[test]
    fn too_little_data_is_a_reason_to_look_and_says_so() {
        let fact = alarm(&event("INSUFFICIENT_DATA", &[metric("i-0123456789abcdef0")]));
        assert_eq!(fact.state, AlarmState::InsufficientData);
    }

    #[test]
    fn an_alarm_that_is_suppressed_or_muted_is_no_signal() {
        let one = [metric("i-0123456789abcdef0")];
        let mut suppressed = event("ALARM", &one);
        suppressed["detail"]["state"]["actionsSuppressedBy"] = json!("Alarm");
        let mut muted = event("ALARM", &one);
        muted["detail"]["muteDetail"] =
            json!({ "mutedBy": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm-mute-rule:x" });
        for silenced in [suppressed, muted] {
            assert!(matches!(read_one(&silenced), Ok(Parsed::Ignored(NoSignal::Silenced { .. }))), "{silenced}");
        }
    }

    #[test]
    fn a_dimension_that_decides_where_to_look_is_a_text_or_the_event_is_malformed() {
        for name in ["InstanceId", "AutoScalingGroupName", "TargetGroup"] {
            for wrong in [json!(7), json!({"a": 1}), json!([]), json!(false)] {
                let mut odd = metric("");
                odd["metricStat"]["metric"]["dimensions"] = json!({ name: wrong });
                let said = read_one(&event("ALARM", &[odd])).unwrap_err().to_string();
                assert!(
                    said.contains(&format!("metric.dimensions.{name} is ")) && said.ends_with("expected a text"),
                    "{said}"
                );
            }
        }
        let mut odd = metric("i-0123456789abcdef0");
        odd["metricStat"]["metric"]["dimensions"]["Another"] = json!(7);
        assert_eq!(values(&alarm(&event("ALARM", &[odd]))), [("InstanceId", vec!["i-0123456789abcdef0"])]);
    }
}
