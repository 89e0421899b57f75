//! What others put into CloudWatch: AWS's services their metrics, whoever deploys a template its alarms.
//!
//! This module never evaluates an alarm, and never sets the state of one.

use homeostat_core::id::AlarmArn;

use crate::alarm::{AlarmRule, is_modelled};
use crate::metric::Metric;
use crate::refusal::Refusal;
use crate::world::World;

impl World {
    /// A datapoint of something that the world has no part of: a function, a queue.
    pub fn put_metric(&mut self, metric: Metric, value: f64) {
        self.metrics.publish(&metric, self.now, value);
    }

    /// `PutMetricAlarm`: an alarm that is there gets the new settings and keeps its state (API reference).
    ///
    /// # Errors
    /// [`Refusal`]: a name that is none, or an alarm that looks back further than datapoints are kept.
    pub fn put_alarm(&mut self, name: &str, metric: Metric, rule: AlarmRule) -> Result<AlarmArn, Refusal> {
        let Some(alarm) = self.alarms.get_mut(name) else { return self.add_alarm(name, metric, rule) };
        is_modelled(&rule)?;
        if (&alarm.metric, &alarm.rule) != (&metric, &rule) {
            alarm.series = self.metrics.series(&metric);
            (alarm.metric, alarm.rule, alarm.configured_at) = (metric, rule, self.now);
        }
        Ok(alarm.arn.clone())
    }

    /// `DeleteAlarms`: a name that doesn't exist is passed over, and nothing is told.
    pub fn delete_alarm(&mut self, name: &str) {
        self.alarms.remove(name);
    }
}
