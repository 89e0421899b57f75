//! CloudWatch: metric alarms as they are now, and metrics.
//!
//! It never sets a state: an alarm says what its datapoints say.

mod metrics;

pub(super) use metrics::metric_data;
use world::{Alarm, World, state_value};

use super::paging::{page, records};
use super::{only, wanted};
use crate::api::{ApiError, Resource, Tree, make, read};

/// One alarm if one is named, else all (Service Authorization Reference, "Amazon CloudWatch").
pub(super) fn resource(world: &World, action: &str, input: &Tree) -> Resource {
    let names = read::texts(input, "AlarmNames").unwrap_or_default();
    let name = match names.as_slice() {
        [name] => name,
        _ => "*",
    };
    let (region, account) = (&world.place().region, &world.place().account);
    match action {
        "DescribeAlarms" | "SetAlarmState" => {
            Resource { arn: format!("arn:aws:cloudwatch:{region}:{account}:alarm:{name}"), ..Resource::any() }
        }
        _ => Resource::any(),
    }
}

/// API reference, `DescribeAlarms`: up to 100 records, 50 unless told otherwise; metric alarms unless told otherwise.
pub(super) fn alarms(world: &World, input: &Tree) -> Result<Tree, ApiError> {
    let known = ["AlarmNames", "AlarmNamePrefix", "AlarmTypes", "StateValue", "MaxRecords", "NextToken"];
    only(input, "DescribeAlarms", &known)?;
    let prefix = read::maybe_text(input, "AlarmNamePrefix")?;
    if prefix.is_some() && !read::texts(input, "AlarmNames")?.is_empty() {
        let why = "AlarmNames and AlarmNamePrefix can't be given together";
        return Err(ApiError::new(400, "InvalidParameterCombination", why));
    }
    let state = read::maybe_text(input, "StateValue")?;
    if let Some(other) = state.filter(|state| !["OK", "ALARM", "INSUFFICIENT_DATA"].contains(state)) {
        return Err(ApiError::invalid(format!("StateValue is {other:?}, not OK, ALARM or INSUFFICIENT_DATA")));
    }
    let (names, types) = (wanted(input, "AlarmNames")?, wanted(input, "AlarmTypes")?);
    let found = world.alarms().filter(|alarm| {
        let name = alarm.arn.alarm_name();
        types("MetricAlarm")
            && names(name)
            && prefix.is_none_or(|prefix| name.starts_with(prefix))
            && state.is_none_or(|state| state == state_value(alarm.standing.state))
    });
    let (alarms, next) = page(&records(50, 100), input, found, |alarm| alarm.arn.alarm_name().to_owned())?;
    let lists = [("CompositeAlarms", make::list([])), ("MetricAlarms", make::list(alarms.into_iter().map(alarm_tree)))];
    Ok(make::record(lists.into_iter().chain(make::maybe("NextToken", next))))
}

fn alarm_tree(alarm: &Alarm) -> Tree {
    let (rule, standing) = (&alarm.rule, &alarm.standing);
    let dimensions = alarm
        .metric
        .dimensions
        .iter()
        .map(|(name, value)| make::record([("Name", make::text(name)), ("Value", make::text(value))]));
    let fields = [
        ("AlarmName", make::text(alarm.arn.alarm_name())),
        ("AlarmArn", make::text(alarm.arn.as_str())),
        ("AlarmConfigurationUpdatedTimestamp", make::timestamp(alarm.configured_at)),
        ("ActionsEnabled", make::flag(alarm.actions_enabled)),
        ("OKActions", make::list([])),
        ("AlarmActions", make::list([])),
        ("InsufficientDataActions", make::list([])),
        ("StateValue", make::text(state_value(standing.state))),
        ("StateReason", make::text(&standing.reason)),
        ("StateUpdatedTimestamp", make::timestamp(standing.since)),
        ("StateTransitionedTimestamp", make::timestamp(standing.since)),
        ("Namespace", make::text(&alarm.metric.namespace)),
        ("MetricName", make::text(&alarm.metric.name)),
        ("Dimensions", make::list(dimensions)),
        ("Statistic", make::text(rule.statistic.as_str())),
        ("Period", make::integer(rule.period.as_secs())),
        ("EvaluationPeriods", make::integer(rule.evaluation_periods)),
        ("DatapointsToAlarm", make::integer(rule.datapoints_to_alarm)),
        ("Threshold", make::float(rule.threshold)),
        ("ComparisonOperator", make::text(rule.comparison.as_str())),
        ("TreatMissingData", make::text(rule.missing.as_str())),
    ];
    let data = standing.reason_data.as_ref().map(|data| make::text(data.to_string()));
    make::record(fields.into_iter().chain(make::maybe("StateReasonData", data)))
}
