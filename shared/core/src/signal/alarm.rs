//! An alarm's state change, by each of its routes: EventBridge ("CloudWatch Alarm State Change" and its counterpart for a contributor;
//! CloudWatch User Guide, "Alarm events and EventBridge"), the alarm's own action ("Invoke a Lambda function from an alarm"), and
//! a topic ("Notifying users on alarm changes").
//!
//! This module never picks an instance when the alarm names several, and never takes a state that it does not know.

mod told;

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use told::{Dimensions, Told};

use super::moment::{self, Moment};
use super::{Condition, GroupAlarm, Hint, Key, Lead, NoSignal, Parsed, Signal, Survey, Why, one_line};
use crate::aws::alarm::{AlarmChange, AlarmState};
use crate::id::{AlarmArn, InstanceId, Subject};
use crate::json::{At, Malformed};

pub(super) const STATE_CHANGE: &str = "CloudWatch Alarm State Change";
pub(super) const CONTRIBUTOR_CHANGE: &str = "CloudWatch Alarm Contributor State Change";
pub(super) const CONFIGURATION_CHANGE: &str = "CloudWatch Alarm Configuration Change";

/// The dimension that names an instance in the metrics of EC2 and of the CloudWatch agent.
pub const INSTANCE_DIMENSION: &str = "InstanceId";
/// The dimensions that name a group, and a target group as `targetgroup/<name>/<id>` (EC2 Auto Scaling and Elastic Load
/// Balancing user guides, "CloudWatch metrics").
const GROUP_DIMENSION: &str = "AutoScalingGroupName";
const TARGET_GROUP_DIMENSION: &str = "TargetGroup";

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

pub(super) fn configured(root: &At<'_>) -> Result<Parsed, Malformed> {
    let detail = root.field("detail");
    let alarm = detail.field("alarmName").text()?.to_owned();
    let operation = detail.field("operation").text().unwrap_or("unknown").to_owned();
    Ok(Parsed::Ignored(NoSignal::AlarmConfigured { alarm, operation }))
}

pub(super) fn by_bus(root: &At<'_>, now: Timestamp) -> Result<Parsed, Malformed> {
    parse(&Told::by_bus(root), now)
}

pub(super) fn by_action(root: &At<'_>, now: Timestamp) -> Result<Parsed, Malformed> {
    parse(&Told::by_action(root), now)
}

pub(super) fn by_topic(root: &At<'_>, now: Timestamp) -> Result<Parsed, Malformed> {
    parse(&Told::by_topic(root), now)
}

fn parse(told: &Told<'_>, now: Timestamp) -> Result<Parsed, Malformed> {
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
    let instances = match instances(&dimensions)? {
        Ok(instances) => instances,
        Err(named) => return Ok(Parsed::Ignored(NoSignal::NoInstance { alarm, named })),
    };
    let children = told.children()?;
    let name = |child: &AlarmArn| one_line(&format!("alarm {:?} set it off", child.alarm_name()));
    let evidence = told.reason.text().ok().map(one_line).into_iter().chain(children.iter().map(name)).collect();
    let change = AlarmChange { alarm, contributor, changed_at };
    let lead = match (kind, instances.as_slice()) {
        (AlarmKind::Contributor, _) | (_, [] | [_, _, ..]) => Lead::Several(Survey::Alarm(GroupAlarm {
            groups: named(&dimensions, GROUP_DIMENSION)?,
            target_groups: named(&dimensions, TARGET_GROUP_DIMENSION)?,
            instances,
            children,
            change: change.clone(),
        })),
        (_, [id]) => {
            let subject = Subject::Instance { region: region.clone(), id: id.clone() };
            let why = match state {
                AlarmState::InsufficientData => Why::Silence(change.clone()),
                AlarmState::Alarm | AlarmState::Ok => Why::Alarm(change.clone()),
            };
            Lead::Each(vec![Hint { subject, why }])
        }
    };
    Ok(Parsed::Signal(Signal {
        key: Key::of(&format!("alarm {} {state} {written}", change.speaker())),
        at: Some(changed_at),
        account: Some(account),
        region: Some(region),
        condition: Condition::Alarm { kind, state },
        evidence,
        lead,
    }))
}

/// The instances that are named. Other services have a dimension of that name too: such an alarm is none of ours, and nothing is
/// wrong with it. `Err` is then what it names.
fn instances(dimensions: &Dimensions<'_>) -> Result<Result<Vec<InstanceId>, String>, Malformed> {
    let mut instances = BTreeSet::new();
    for name in named(dimensions, INSTANCE_DIMENSION)? {
        match name.parse() {
            Ok(id) => _ = instances.insert(id),
            Err(_) => return Ok(Err(name)),
        }
    }
    Ok(Ok(instances.into_iter().collect()))
}

fn named(dimensions: &Dimensions<'_>, name: &str) -> Result<Vec<String>, Malformed> {
    Ok(dimensions.values_of(name)?.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use crate::signal::tests::{group_alarm, hint, read_one};
    use crate::signal::{Hint, NoSignal, Parsed, Why};
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
    fn an_alarm_on_one_instance_is_a_signal_about_it() {
        let Hint { subject, why: Why::Alarm(change) } = hint(&event("ALARM", &[metric("i-0123456789abcdef0")])) else {
            panic!()
        };
        assert_eq!(subject.to_string(), "eu-west-1#instance#i-0123456789abcdef0");
        assert_eq!(change.changed_at.to_string(), "2026-03-01T02:03:04.567Z");
    }

    #[test]
    fn metric_math_over_the_same_instance_is_one_subject() {
        let math = json!({"id": "e", "expression": "a/b", "returnData": true});
        let metrics = [math, metric("i-0123456789abcdef0"), metric("i-0123456789abcdef0")];
        assert!(matches!(hint(&event("ALARM", &metrics)).why, Why::Alarm(_)));
    }

    #[test]
    fn an_alarm_over_no_or_several_instances_picks_none() {
        for metrics in [vec![], vec![metric("i-0123456789abcdef0"), metric("i-0123456789abcdef1")]] {
            let alarm = group_alarm(&event("ALARM", &metrics));
            assert_eq!((alarm.groups.len(), alarm.target_groups.len(), alarm.instances.len()), (0, 0, metrics.len()));
        }
    }

    #[test]
    fn an_alarm_over_a_group_or_target_group_says_which() {
        let mut of_group = metric("i-0123456789abcdef0");
        of_group["metricStat"]["metric"]["dimensions"] =
            json!({"AutoScalingGroupName": "web", "TargetGroup": "targetgroup/web/0123456789abcdef"});
        let alarm = group_alarm(&event("ALARM", &[of_group]));
        assert_eq!(
            (alarm.groups, alarm.target_groups),
            (vec!["web".into()], vec!["targetgroup/web/0123456789abcdef".into()])
        );
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
        let Why::Silence(_) = hint(&event("INSUFFICIENT_DATA", &[metric("i-0123456789abcdef0")])).why else { panic!() };
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
    fn an_instance_dimension_that_is_no_instance_id_is_another_services_and_never_a_signal() {
        for foreign in ["*", "", "i-1; drop", "i-0123456789abcdef0#x", "mi-0123456789abcdef0"] {
            let parsed = read_one(&event("ALARM", &[metric("i-0123456789abcdef0"), metric(foreign)]));
            assert!(matches!(parsed, Ok(Parsed::Ignored(NoSignal::NoInstance { .. }))), "{foreign}: {parsed:?}");
        }
        let mut number = metric("");
        number["metricStat"]["metric"]["dimensions"]["InstanceId"] = json!(7);
        assert!(read_one(&event("ALARM", &[number])).is_err());
    }
}
