//! Metrics: the datapoints that instances and load balancers publish, gathered into periods.
//!
//! This module never makes up a value for a period in which nothing was published.

use std::collections::{BTreeMap, VecDeque};

use homeostat_core::aws::alarm::INSTANCE_DIMENSION;
use homeostat_core::id::{GroupName, InstanceId};
use jiff::{SignedDuration, Timestamp};

use crate::target_group::TargetGroup;

/// How long datapoints are kept: longer than any modelled alarm looks back.
pub(crate) const KEPT: SignedDuration = SignedDuration::from_mins(15);

const GROUP_DIMENSION: &str = "AutoScalingGroupName";
pub(crate) const TARGET_GROUP_DIMENSION: &str = "TargetGroup";
const LOAD_BALANCER_DIMENSION: &str = "LoadBalancer";
const UNHEALTHY_HOSTS: &str = "UnHealthyHostCount";
const HEALTHY_HOSTS: &str = "HealthyHostCount";

/// A metric is its namespace, its name and its dimensions together (CloudWatch User Guide, "Metrics concepts").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Metric {
    pub namespace: String,
    pub name: String,
    pub dimensions: BTreeMap<String, String>,
}

impl Metric {
    pub fn of_instance(namespace: &str, name: &str, id: &InstanceId) -> Self {
        let dimensions = BTreeMap::from([(INSTANCE_DIMENSION.to_owned(), id.to_string())]);
        Metric { namespace: namespace.to_owned(), name: name.to_owned(), dimensions }
    }

    /// Whether it is what [`Metric::of_instance`] makes of these.
    pub fn is_of_instance(&self, namespace: &str, name: &str, id: &InstanceId) -> bool {
        let of = self.dimensions.get(INSTANCE_DIMENSION).filter(|_| self.dimensions.len() == 1);
        self.namespace == namespace && self.name == name && of.is_some_and(|of| of == id.as_str())
    }

    /// What the instances of a group publish, taken together, as the CloudWatch agent does with `aggregation_dimensions`
    /// (CloudWatch User Guide, "Manually create or edit the CloudWatch agent configuration file").
    pub fn of_group(namespace: &str, name: &str, group: &GroupName) -> Self {
        let dimensions = BTreeMap::from([(GROUP_DIMENSION.to_owned(), group.to_string())]);
        Metric { namespace: namespace.to_owned(), name: name.to_owned(), dimensions }
    }

    /// `UnHealthyHostCount` of a target group (Application Load Balancers, "CloudWatch metrics for your Application Load
    /// Balancer").
    pub fn unhealthy_hosts(target_group: &TargetGroup) -> Self {
        Metric::of_target_group(UNHEALTHY_HOSTS, target_group)
    }

    /// `HealthyHostCount` of a target group.
    pub fn healthy_hosts(target_group: &TargetGroup) -> Self {
        Metric::of_target_group(HEALTHY_HOSTS, target_group)
    }

    fn of_target_group(name: &str, target_group: &TargetGroup) -> Self {
        let dimensions = BTreeMap::from([
            (TARGET_GROUP_DIMENSION.to_owned(), target_group.dimension().to_owned()),
            (LOAD_BALANCER_DIMENSION.to_owned(), target_group.load_balancer_dimension()),
        ]);
        Metric { namespace: "AWS/ApplicationELB".to_owned(), name: name.to_owned(), dimensions }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    Sum,
    Average,
    Maximum,
    Minimum,
    SampleCount,
}

impl Statistic {
    pub fn as_str(self) -> &'static str {
        match self {
            Statistic::Sum => "Sum",
            Statistic::Average => "Average",
            Statistic::Maximum => "Maximum",
            Statistic::Minimum => "Minimum",
            Statistic::SampleCount => "SampleCount",
        }
    }

    fn over(self, values: &[f64]) -> f64 {
        let sum: f64 = values.iter().sum();
        let count: f64 = values.iter().map(|_| 1.0).sum();
        match self {
            Statistic::Sum => sum,
            Statistic::Average => sum / count,
            Statistic::Maximum => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Statistic::Minimum => values.iter().copied().fold(f64::INFINITY, f64::min),
            Statistic::SampleCount => count,
        }
    }
}

/// One period's value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Datapoint {
    /// The start of the period, as CloudWatch stamps it.
    pub at: Timestamp,
    pub value: f64,
    pub samples: u32,
}

/// A metric that has been looked up: half of what a simulated history spends on metrics would be their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Series(usize);

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Metrics {
    #[expect(clippy::disallowed_types, reason = "looked up and never iterated, so its order shows nowhere")]
    known: std::collections::HashMap<Metric, Series>,
    /// In the order in which their metrics were first looked up.
    published: Vec<VecDeque<(Timestamp, f64)>>,
}

impl Metrics {
    pub(crate) fn series(&mut self, metric: &Metric) -> Series {
        if let Some(series) = self.known.get(metric) {
            return *series;
        }
        let series = Series(self.published.len());
        self.published.push(VecDeque::new());
        self.known.insert(metric.clone(), series);
        series
    }

    pub(crate) fn publish(&mut self, metric: &Metric, now: Timestamp, value: f64) {
        let series = self.series(metric);
        self.publish_to(series, now, value);
    }

    pub(crate) fn publish_to(&mut self, series: Series, now: Timestamp, value: f64) {
        let Some(points) = self.published.get_mut(series.0) else { return };
        points.push_back((now, value));
        while points.front().is_some_and(|(at, _)| *at + KEPT < now) {
            points.pop_front();
        }
    }

    /// The periods that hold datapoints from `start` on and before `end`, oldest first, the running one included
    /// (`GetMetricData`: the datapoints of `StartTime` count, those of `EndTime` don't).
    pub(crate) fn between(
        &self,
        metric: &Metric,
        statistic: Statistic,
        period: SignedDuration,
        start: Timestamp,
        end: Timestamp,
    ) -> Vec<Datapoint> {
        let length = period.as_millis().max(1);
        let mut periods: BTreeMap<i128, Vec<f64>> = BTreeMap::new();
        let kept = self.known.get(metric).and_then(|series| self.published.get(series.0)).into_iter().flatten();
        for (at, value) in kept.filter(|(at, _)| (start..end).contains(at)) {
            let number = i128::from(at.as_millisecond()).div_euclid(length);
            periods.entry(number).or_default().push(*value);
        }
        let point = |(number, values): (i128, Vec<f64>)| {
            let at = Timestamp::from_millisecond(i64::try_from(number * length).ok()?).ok()?;
            let samples = u32::try_from(values.len()).unwrap_or(u32::MAX);
            Some(Datapoint { at, value: statistic.over(&values), samples })
        };
        periods.into_iter().filter_map(point).collect()
    }

    /// The newest `count` periods that are over at `now`, oldest first. Periods start at whole multiples of their length
    /// since 1970.
    pub(crate) fn periods(
        &self,
        series: Series,
        statistic: Statistic,
        period: SignedDuration,
        count: u32,
        now: Timestamp,
    ) -> Vec<Option<Datapoint>> {
        let length = i64::try_from(period.as_millis()).unwrap_or(i64::MAX).max(1);
        let running = now.as_millisecond().div_euclid(length);
        let newest_first = self.published.get(series.0).into_iter().flatten().rev();
        let mut points = newest_first
            .map(|(at, value)| (at.as_millisecond(), *value))
            .skip_while(|(at, _)| *at >= running * length)
            .peekable();
        let mut values = Vec::new();
        let mut period = |back: u32| {
            let start = (running - i64::from(back)) * length;
            values.clear();
            while let Some((_, value)) = points.next_if(|(at, _)| *at >= start) {
                values.push(value);
            }
            let at = Timestamp::from_millisecond(start).ok()?;
            let samples = u32::try_from(values.len()).unwrap_or(u32::MAX);
            (samples > 0).then(|| Datapoint { at, value: statistic.over(&values), samples })
        };
        let mut periods: Vec<Option<Datapoint>> = (1..=count).map(&mut period).collect();
        periods.reverse();
        periods
    }
}
