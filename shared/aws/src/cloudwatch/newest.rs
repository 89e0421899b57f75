//! The newest value of one metric.
//!
//! This module never takes a metric that has no value for one that is zero.

use std::time::{Duration, SystemTime};

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};
use homeostat_core::id::InstanceId;
use homeostat_core::ports::Unavailable;
use homeostat_remedies::hook::observation::Datapoint;
use homeostat_remedies::hook::policy::BusyMetric;
use jiff::Timestamp;

use super::Alarms;
use crate::call::unavailable;

/// A value that is older says nothing of now. Metrics of AWS's own services come a few minutes late.
const RECENT: Duration = Duration::from_secs(15 * 60);

impl Alarms {
    pub(crate) async fn newest(
        &self,
        metric: &BusyMetric,
        instance: &InstanceId,
    ) -> Result<Option<Datapoint>, Unavailable> {
        let now = SystemTime::now();
        let from = now.checked_sub(RECENT).unwrap_or(now);
        let request = self
            .client
            .get_metric_data()
            .metric_data_queries(query(metric, instance))
            .start_time(DateTime::from(from))
            .end_time(DateTime::from(now));
        let answer = request.send().await.map_err(|error| unavailable("read the instance's metric", &error))?;
        let found = answer.metric_data_results().first();
        let points = found.map(|result| result.timestamps().iter().zip(result.values())).into_iter().flatten();
        let newest = points.max_by_key(|(at, _)| at.secs());
        Ok(newest
            .and_then(|(at, value)| Some(Datapoint { at: Timestamp::from_second(at.secs()).ok()?, value: *value })))
    }
}

fn query(metric: &BusyMetric, instance: &InstanceId) -> MetricDataQuery {
    let dimensions = metric.dimensions_of(instance).into_iter();
    let dimensions = dimensions.map(|(name, value)| Dimension::builder().name(name).value(value).build()).collect();
    let named = Metric::builder().namespace(&metric.namespace).metric_name(&metric.name);
    let statistic = MetricStat::builder()
        .metric(named.set_dimensions(Some(dimensions)).build())
        .period(i32::try_from(metric.period.as_secs()).unwrap_or(i32::MAX))
        .stat(&metric.statistic);
    MetricDataQuery::builder().id("work").metric_stat(statistic.build()).build()
}
