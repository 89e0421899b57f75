//! An alarm's change of state in CloudWatch's words, as people and EventBridge get it.
//!
//! This module never decides a state.

use homeostat_core::aws::alarm::AlarmState;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::evaluate::Found;
use super::{Alarm, AlarmRule, AlarmStanding, Comparison, TreatMissingData, state_value};
use crate::metric::Datapoint;
use crate::place::Place;

/// Worded like the samples of the CloudWatch User Guide, "Alarm events and EventBridge".
pub(super) fn reason(rule: &AlarmRule, state: AlarmState, found: &Found) -> String {
    let to_alarm = rule.datapoints_to_alarm;
    let to_ok = (rule.evaluation_periods + 1).saturating_sub(to_alarm);
    let (breaching, negation, least, transition) = match state {
        AlarmState::InsufficientData => {
            let unknown = number(found.filled, "datapoint");
            return format!("Insufficient Data: {unknown} {} unknown.", was(found.filled));
        }
        AlarmState::Alarm => (true, "", to_alarm, "OK -> ALARM"),
        AlarmState::Ok => (false, "not ", to_ok, "ALARM -> OK"),
    };
    let missing = match rule.missing {
        TreatMissingData::Breaching if found.filled > 0 => Some("Breaching"),
        TreatMissingData::NotBreaching if found.filled > 0 => Some("NonBreaching"),
        _ => None,
    };
    let filled = missing.map_or_else(String::new, |treated| {
        let missing = number(found.filled, "missing datapoint");
        format!(" and {missing} {} treated as [{treated}]", was(found.filled))
    });
    let telling: Vec<&Datapoint> =
        found.considered.iter().filter(|point| rule.breaches(point.value) == breaching).collect();
    if telling.is_empty() {
        let periods = number(found.filled, "period");
        return format!("Threshold Crossed: no datapoints were received for {periods}{filled}.");
    }
    let shown: Vec<String> =
        telling.iter().map(|point| format!("{:?} ({})", point.value, point.at.strftime("%d/%m/%y %H:%M:%S"))).collect();
    let count = u32::try_from(telling.len()).unwrap_or(u32::MAX);
    format!(
        "Threshold Crossed: {count} out of the last {} datapoints [{}] {} {negation}{} the threshold ({:?}){filled} \
         (minimum {} for {transition} transition).",
        found.considered.len(),
        shown.join(", "),
        was(count),
        words(rule.comparison),
        rule.threshold,
        number(least, "datapoint"),
    )
}

/// The keys of `reasonData` as in the same samples.
pub(super) fn reason_data(rule: &AlarmRule, found: &Found, now: Timestamp) -> Value {
    let oldest_first = || found.considered.iter().rev();
    let mut data = json!({
        "version": "1.0",
        "queryDate": cloudwatch_time(now),
        "statistic": rule.statistic.as_str(),
        "period": rule.period.as_secs(),
        "recentDatapoints": oldest_first().map(|point| point.value).collect::<Vec<_>>(),
        "threshold": rule.threshold,
        "evaluatedDatapoints": found.considered.iter().map(|point| json!({
            "timestamp": cloudwatch_time(point.at), "sampleCount": f64::from(point.samples), "value": point.value,
        })).collect::<Vec<_>>(),
    });
    if let (Some(oldest), Some(fields)) = (oldest_first().next(), data.as_object_mut()) {
        fields.insert("startDate".to_owned(), cloudwatch_time(oldest.at).into());
    }
    data
}

pub(super) fn event(alarm: &Alarm, place: &Place, previous: &AlarmStanding, event_id: String) -> Value {
    json!({
        "version": "0",
        "id": event_id,
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": place.account,
        "time": alarm.standing.since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "region": place.region.as_str(),
        "resources": [alarm.arn.as_str()],
        "detail": {
            "alarmName": alarm.arn.alarm_name(),
            "state": standing(&alarm.standing),
            "previousState": standing(previous),
            "configuration": {
                "metrics": [{
                    "id": alarm.metric_id,
                    "metricStat": {
                        "metric": {
                            "namespace": alarm.metric.namespace,
                            "name": alarm.metric.name,
                            "dimensions": alarm.metric.dimensions,
                        },
                        "period": alarm.rule.period.as_secs(),
                        "stat": alarm.rule.statistic.as_str(),
                    },
                    "returnData": true,
                }],
            },
        },
    })
}

fn standing(standing: &AlarmStanding) -> Value {
    let mut told = json!({
        "value": state_value(standing.state),
        "reason": standing.reason,
        "timestamp": cloudwatch_time(standing.since),
    });
    if let (Some(data), Some(fields)) = (&standing.reason_data, told.as_object_mut()) {
        fields.insert("reasonData".to_owned(), data.to_string().into());
    }
    told
}

/// `2026-03-01T02:03:04.567+0000`.
fn cloudwatch_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string()
}

fn words(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::GreaterThanOrEqualToThreshold => "greater than or equal to",
        Comparison::GreaterThanThreshold => "greater than",
        Comparison::LessThanThreshold => "less than",
        Comparison::LessThanOrEqualToThreshold => "less than or equal to",
    }
}

fn number(count: u32, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

fn was(count: u32) -> &'static str {
    if count == 1 { "was" } else { "were" }
}
