//! Metrics as `GetMetricData` shows them.
//!
//! Expressions are not modelled, and a metric of which nothing was published has no values.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use world::{Metric, Statistic, World};

use crate::api::{ApiError, Tree, make, read};
use crate::face::only;

/// API reference, `GetMetricData`: the datapoints of `StartTime` count, those of `EndTime` don't; newest first unless told
/// otherwise. Pages are not modelled.
pub(in crate::face) fn metric_data(world: &World, input: &Tree) -> Result<Tree, ApiError> {
    only(input, "GetMetricData", &["MetricDataQueries", "StartTime", "EndTime", "ScanBy"])?;
    let (start, end) = (time(input, "StartTime")?, time(input, "EndTime")?);
    if start >= end {
        return Err(ApiError::invalid("The parameter StartTime must be less than the parameter EndTime."));
    }
    let newest_first = match read::maybe_text(input, "ScanBy")? {
        None | Some("TimestampDescending") => true,
        Some("TimestampAscending") => false,
        Some(other) => return Err(ApiError::invalid(format!("ScanBy is {other:?}"))),
    };
    let mut results = Vec::new();
    for query in read::items(input, "MetricDataQueries")? {
        only(query, "GetMetricData", &["Id", "MetricStat", "Label", "ReturnData"])?;
        let id = read::text(query, "Id")?;
        let (metric, statistic, period) = asked(query)?;
        if read::flag(query, "ReturnData")? == Some(false) {
            continue;
        }
        let mut points = world.metric_data(&metric, statistic, period, start, end);
        if newest_first {
            points.reverse();
        }
        results.push(make::record([
            ("Id", make::text(id)),
            ("Label", make::text(read::maybe_text(query, "Label")?.unwrap_or(&metric.name))),
            ("Timestamps", make::list(points.iter().map(|point| make::timestamp(point.at)))),
            ("Values", make::list(points.iter().map(|point| make::float(point.value)))),
            ("StatusCode", make::text("Complete")),
        ]));
    }
    Ok(make::record([("MetricDataResults", make::list(results)), ("Messages", make::list([]))]))
}

fn time(input: &Tree, name: &str) -> Result<Timestamp, ApiError> {
    read::timestamp(input, name)?.ok_or_else(|| ApiError::invalid(format!("{name} is required")))
}

fn asked(query: &Tree) -> Result<(Metric, Statistic, SignedDuration), ApiError> {
    let stat = read::field(query, "MetricStat").ok_or_else(|| ApiError::invalid("MetricStat is required"))?;
    only(stat, "GetMetricData", &["Metric", "Period", "Stat"])?;
    let metric = read::field(stat, "Metric").ok_or_else(|| ApiError::invalid("Metric is required"))?;
    only(metric, "GetMetricData", &["Namespace", "MetricName", "Dimensions"])?;
    let mut dimensions = BTreeMap::new();
    for dimension in read::items(metric, "Dimensions")? {
        dimensions.insert(read::text(dimension, "Name")?.to_owned(), read::text(dimension, "Value")?.to_owned());
    }
    let (namespace, name) = (read::text(metric, "Namespace")?.to_owned(), read::text(metric, "MetricName")?.to_owned());
    let statistic = match read::text(stat, "Stat")? {
        "Sum" => Statistic::Sum,
        "Average" => Statistic::Average,
        "Maximum" => Statistic::Maximum,
        "Minimum" => Statistic::Minimum,
        "SampleCount" => Statistic::SampleCount,
        other => return Err(ApiError::new(501, "NotModelled", format!("the sandbox does not model {other:?}"))),
    };
    let seconds = read::integer(stat, "Period")?.filter(|seconds| *seconds > 0);
    let seconds = seconds.ok_or_else(|| ApiError::invalid("Period is required, and more than nothing"))?;
    Ok((Metric { namespace, name, dimensions }, statistic, SignedDuration::from_secs(seconds)))
}
