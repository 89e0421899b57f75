//! CloudWatch metric alarms: their settings and their state.
//!
//! A state changes only by an evaluation of datapoints: there is no way to set it.

mod evaluate;
mod told;

use homeostat_core::aws::alarm::AlarmState;
use homeostat_core::id::AlarmArn;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::metric::{KEPT, Metric, Metrics, Series, Statistic};
use crate::place::Place;
use crate::refusal::Refusal;

#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    pub arn: AlarmArn,
    pub metric: Metric,
    pub rule: AlarmRule,
    /// Switches the alarm's own actions, not the events that EventBridge gets (API reference, `DisableAlarmActions`).
    pub actions_enabled: bool,
    pub configured_at: Timestamp,
    pub standing: AlarmStanding,
    /// The id that CloudWatch gives the metric in its events.
    pub(crate) metric_id: String,
    /// Of `metric`.
    pub(crate) series: Series,
}

/// What an alarm says, since when, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmStanding {
    pub state: AlarmState,
    pub reason: String,
    /// `StateReasonData`, absent before the first evaluation.
    pub reason_data: Option<Value>,
    /// Both `StateUpdatedTimestamp` and `StateTransitionedTimestamp`: an evaluation that changes nothing moves neither.
    pub since: Timestamp,
}

/// When an alarm goes to ALARM (API reference, `PutMetricAlarm`).
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmRule {
    pub statistic: Statistic,
    pub period: SignedDuration,
    pub evaluation_periods: u32,
    pub datapoints_to_alarm: u32,
    pub threshold: f64,
    pub comparison: Comparison,
    pub missing: TreatMissingData,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    GreaterThanOrEqualToThreshold,
    GreaterThanThreshold,
    LessThanThreshold,
    LessThanOrEqualToThreshold,
}

/// CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TreatMissingData {
    Missing,
    Ignore,
    Breaching,
    NotBreaching,
}

impl Alarm {
    pub(crate) fn new(
        arn: AlarmArn,
        (metric, series): (Metric, Series),
        rule: AlarmRule,
        metric_id: String,
        now: Timestamp,
    ) -> Self {
        let reason = "Unchecked: Initial alarm creation".to_owned();
        let standing = AlarmStanding { state: AlarmState::InsufficientData, reason, reason_data: None, since: now };
        Alarm { arn, metric, rule, actions_enabled: true, configured_at: now, standing, metric_id, series }
    }

    /// One evaluation. `Some` = the state changed: what the alarm said before.
    pub(crate) fn evaluate(&mut self, metrics: &Metrics, now: Timestamp) -> Option<AlarmStanding> {
        let rule = &self.rule;
        let range = evaluate::range(rule);
        let periods = metrics.periods(self.series, rule.statistic, rule.period, range, now);
        let found = evaluate::evaluate(rule, &periods);
        let state = found.state.filter(|state| *state != self.standing.state)?;
        let standing = AlarmStanding {
            state,
            reason: told::reason(rule, state, &found),
            reason_data: Some(told::reason_data(rule, &found, now)),
            since: now,
        };
        Some(std::mem::replace(&mut self.standing, standing))
    }

    /// The event that EventBridge gets on a change of state, whether or not the actions are enabled.
    pub(crate) fn event(&self, place: &Place, previous: &AlarmStanding, event_id: String) -> Value {
        told::event(self, place, previous, event_id)
    }
}

pub(crate) fn is_modelled(rule: &AlarmRule) -> Result<(), Refusal> {
    let whole_seconds = rule.period.subsec_nanos() == 0 && rule.period.is_positive();
    let periods = i32::try_from(rule.evaluation_periods).unwrap_or(i32::MAX).saturating_add(3);
    if !whole_seconds || rule.period.saturating_mul(periods) > KEPT {
        return Err(Refusal::not_modelled(format!("alarms over parts of a second, or over more than {KEPT:#}")));
    }
    if !(1..=rule.evaluation_periods).contains(&rule.datapoints_to_alarm) {
        let why = "DatapointsToAlarm must be at least 1 and at most EvaluationPeriods";
        return Err(Refusal::Invalid { why: why.to_owned() });
    }
    Ok(())
}

/// CloudWatch's name for the state.
pub fn state_value(state: AlarmState) -> &'static str {
    match state {
        AlarmState::Alarm => "ALARM",
        AlarmState::Ok => "OK",
        AlarmState::InsufficientData => "INSUFFICIENT_DATA",
    }
}

impl Comparison {
    pub fn as_str(self) -> &'static str {
        match self {
            Comparison::GreaterThanOrEqualToThreshold => "GreaterThanOrEqualToThreshold",
            Comparison::GreaterThanThreshold => "GreaterThanThreshold",
            Comparison::LessThanThreshold => "LessThanThreshold",
            Comparison::LessThanOrEqualToThreshold => "LessThanOrEqualToThreshold",
        }
    }
}

impl TreatMissingData {
    pub fn as_str(self) -> &'static str {
        match self {
            TreatMissingData::Missing => "missing",
            TreatMissingData::Ignore => "ignore",
            TreatMissingData::Breaching => "breaching",
            TreatMissingData::NotBreaching => "notBreaching",
        }
    }
}
