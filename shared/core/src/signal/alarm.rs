//! The alarm's state change as EventBridge delivers it ("CloudWatch Alarm State Change", CloudWatch User Guide, "Alarm
//! events and EventBridge").
//!
//! This module never picks an instance when the alarm names several, and never takes a state that it does not know.

use std::collections::BTreeSet;
use std::str::FromStr;

use super::{GroupAlarm, Hint, NoSignal, Parsed, Signal, Survey, Why};
use crate::id::{AlarmArn, InstanceId, Subject};
use crate::json::{At, Malformed};
use crate::memory::AlarmMemory;

/// The dimension that names an instance in the metrics of EC2 and of the CloudWatch agent.
pub const INSTANCE_DIMENSION: &str = "InstanceId";
/// The dimensions that name a group, and a target group as `targetgroup/<name>/<id>` (EC2 Auto Scaling and Elastic Load
/// Balancing user guides, "CloudWatch metrics").
const GROUP_DIMENSION: &str = "AutoScalingGroupName";
const TARGET_GROUP_DIMENSION: &str = "TargetGroup";

pub(super) fn parse(root: &At<'_>) -> Result<Parsed, Malformed> {
    let arn_at = root.field("resources").item(0);
    let alarm: AlarmArn = arn_at.parse("an alarm's ARN")?;
    let region = alarm.region().map_err(|_| arn_at.malformed("an alarm's ARN with a Region"))?;
    let state = root.field("detail").field("state");
    let changed_at = state.field("timestamp").parse("a time, such as 2026-03-01T02:03:04.567+0000")?;
    let value = state.field("value");
    match value.text() {
        Ok("ALARM") => {}
        Ok(other @ ("OK" | "INSUFFICIENT_DATA")) => {
            return Ok(Parsed::Ignored(NoSignal::AlarmState { alarm, state: other.to_owned() }));
        }
        _ => return Err(value.malformed("ALARM, OK or INSUFFICIENT_DATA")),
    }
    if let Some(by) = silenced(root, &state) {
        return Ok(Parsed::Ignored(NoSignal::Silenced { alarm, by }));
    }
    let configuration = root.field("detail").field("configuration");
    let named: BTreeSet<String> = dimension(&configuration, INSTANCE_DIMENSION, "a text")?;
    // Other services have a dimension of that name too: such an alarm is none of ours, and nothing is wrong with it.
    let mut instances = BTreeSet::new();
    for name in named {
        match name.parse::<InstanceId>() {
            Ok(id) => _ = instances.insert(id),
            Err(_) => return Ok(Parsed::Ignored(NoSignal::NoInstance { alarm, named: name })),
        }
    }
    let change = AlarmMemory { alarm, changed_at };
    let mut instances = instances.into_iter();
    if let (Some(id), None) = (instances.next(), instances.next()) {
        let subject = Subject::Instance { region, id };
        return Ok(Parsed::Signal(Signal::One(Hint { subject, why: Why::Alarm(change) })));
    }
    let named = |name| Ok(dimension::<String>(&configuration, name, "a text")?.into_iter().collect());
    let (groups, target_groups) = (named(GROUP_DIMENSION)?, named(TARGET_GROUP_DIMENSION)?);
    Ok(Parsed::Signal(Signal::Several(Survey::Alarm(GroupAlarm { change, groups, target_groups }))))
}

/// What keeps the alarm's actions back (CloudWatch User Guide, "Suppressing alarms" and "Alarm mute rules"): EventBridge hears
/// of the change all the same, and `DescribeAlarms` doesn't tell of a mute.
fn silenced(root: &At<'_>, state: &At<'_>) -> Option<String> {
    if state.field("actionsSuppressedBy").is_present() {
        return Some("its suppressor".to_owned());
    }
    root.field("detail").field("muteDetail").is_present().then(|| "a mute rule".to_owned())
}

/// Every value that the alarm's metrics have for a dimension, those inside a metric-math alarm included.
fn dimension<T: FromStr + Ord>(configuration: &At<'_>, name: &str, expected: &str) -> Result<BTreeSet<T>, Malformed> {
    let mut found = BTreeSet::new();
    for metric in configuration.field("metrics").items()? {
        let dimension = metric.field("metricStat").field("metric").field("dimensions").field(name);
        if dimension.is_present() {
            found.insert(dimension.parse(expected)?);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use crate::signal::{Hint, NoSignal, Parsed, Signal, Survey, Why, parse};
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
        let Ok(Parsed::Signal(Signal::One(Hint { subject, why: Why::Alarm(change) }))) =
            parse(&event("ALARM", &[metric("i-0123456789abcdef0")]))
        else {
            panic!()
        };
        assert_eq!(subject.to_string(), "eu-west-1#instance#i-0123456789abcdef0");
        assert_eq!(change.changed_at.to_string(), "2026-03-01T02:03:04.567Z");
    }

    #[test]
    fn metric_math_over_the_same_instance_is_one_subject() {
        let math = json!({"id": "e", "expression": "a/b", "returnData": true});
        let metrics = [math, metric("i-0123456789abcdef0"), metric("i-0123456789abcdef0")];
        assert!(matches!(parse(&event("ALARM", &metrics)), Ok(Parsed::Signal(Signal::One(_)))));
    }

    #[test]
    fn an_alarm_over_no_or_several_instances_picks_none() {
        for metrics in [vec![], vec![metric("i-0123456789abcdef0"), metric("i-0123456789abcdef1")]] {
            let Ok(Parsed::Signal(Signal::Several(Survey::Alarm(alarm)))) = parse(&event("ALARM", &metrics)) else {
                panic!()
            };
            assert_eq!((alarm.groups.len(), alarm.target_groups.len()), (0, 0));
        }
    }

    #[test]
    fn an_alarm_over_a_group_or_target_group_says_which() {
        let mut of_group = metric("i-0123456789abcdef0");
        of_group["metricStat"]["metric"]["dimensions"] =
            json!({"AutoScalingGroupName": "web", "TargetGroup": "targetgroup/web/0123456789abcdef"});
        let Ok(Parsed::Signal(Signal::Several(Survey::Alarm(alarm)))) = parse(&event("ALARM", &[of_group])) else {
            panic!()
        };
        assert_eq!(
            (alarm.groups, alarm.target_groups),
            (vec!["web".into()], vec!["targetgroup/web/0123456789abcdef".into()])
        );
    }

    #[test]
    fn no_other_state_is_taken_for_alarm_and_none_for_ok() {
        let one = [metric("i-0123456789abcdef0")];
        for state in ["OK", "INSUFFICIENT_DATA"] {
            assert!(matches!(parse(&event(state, &one)), Ok(Parsed::Ignored(NoSignal::AlarmState { .. }))), "{state}");
        }
        for state in ["", "alarm", "UNKNOWN"] {
            assert!(parse(&event(state, &one)).is_err(), "{state}");
        }
        let mut without = event("ALARM", &one);
        without["detail"]["state"].as_object_mut().unwrap().remove("value");
        assert_eq!(
            parse(&without).unwrap_err().to_string(),
            "malformed event: $.detail.state.value is missing, expected ALARM, OK or INSUFFICIENT_DATA"
        );
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
            assert!(matches!(parse(&silenced), Ok(Parsed::Ignored(NoSignal::Silenced { .. }))), "{silenced}");
        }
    }

    #[test]
    fn an_instance_dimension_that_is_no_instance_id_is_another_services_and_never_a_signal() {
        for foreign in ["*", "", "i-1; drop", "i-0123456789abcdef0#x", "mi-0123456789abcdef0"] {
            let parsed = parse(&event("ALARM", &[metric("i-0123456789abcdef0"), metric(foreign)]));
            assert!(matches!(parsed, Ok(Parsed::Ignored(NoSignal::NoInstance { .. }))), "{foreign}: {parsed:?}");
        }
        let mut number = metric("");
        number["metricStat"]["metric"]["dimensions"]["InstanceId"] = json!(7);
        assert!(parse(&event("ALARM", &[number])).is_err());
    }
}
