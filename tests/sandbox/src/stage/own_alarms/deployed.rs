//! The alarms as they are deployed: with all references resolved, as MiniStack's CloudWatch describes them.
//!
//! MiniStack only keeps them: it never evaluates one here. Nothing of what is read is passed over in silence.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;
use world::{AlarmRule, Comparison, Metric, Statistic, TreatMissingData};

use super::metrics;
use crate::account::Account;

/// Of `DescribeAlarms` (API reference, `MetricAlarm`).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::stage) struct Deployed {
    #[serde(rename = "AlarmName")]
    pub name: String,
    #[serde(rename = "AlarmArn")]
    pub arn: String,
    #[serde(rename = "AlarmDescription", default)]
    pub description: Option<String>,
    /// Seconds since 1970.
    #[serde(rename = "AlarmConfigurationUpdatedTimestamp")]
    pub configured_at: i64,
    pub actions_enabled: bool,
    #[serde(default)]
    pub alarm_actions: Vec<String>,
    #[serde(rename = "OKActions", default)]
    pub ok_actions: Vec<String>,
    #[serde(default)]
    pub insufficient_data_actions: Vec<String>,
    pub namespace: String,
    pub metric_name: String,
    #[serde(default)]
    pub dimensions: Vec<Dimension>,
    #[serde(default)]
    pub unit: Option<String>,
    #[serde(default)]
    pub statistic: Option<String>,
    #[serde(default)]
    extended_statistic: Option<String>,
    pub period: u32,
    pub evaluation_periods: u32,
    #[serde(default)]
    pub datapoints_to_alarm: Option<u32>,
    pub threshold: f64,
    pub comparison_operator: String,
    #[serde(default)]
    pub treat_missing_data: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::stage) struct Dimension {
    pub name: String,
    pub value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    metric_alarms: Vec<Deployed>,
    composite_alarms: Vec<serde_json::Value>,
    #[serde(default)]
    next_token: Option<String>,
}

pub(super) async fn read(account: &Account) -> Result<Vec<Deployed>> {
    let (mut alarms, mut token) = (Vec::new(), None);
    loop {
        let mut input = json!({ "AlarmTypes": ["MetricAlarm", "CompositeAlarm"], "MaxRecords": 100 });
        if let (Some(token), Some(fields)) = (token, input.as_object_mut()) {
            fields.insert("NextToken".to_owned(), serde_json::Value::String(token));
        }
        let answer = account.json("monitoring", "GraniteServiceVersion20100801.DescribeAlarms", &input).await?;
        let page: Page = serde_json::from_value(answer).context("the deployed alarms")?;
        ensure!(page.composite_alarms.is_empty(), "the sandbox evaluates no composite alarms, and one is deployed");
        alarms.extend(page.metric_alarms);
        token = page.next_token;
        if token.is_none() {
            return Ok(alarms);
        }
    }
}

impl Deployed {
    pub(super) fn metric(&self) -> Metric {
        let dimensions = self.dimensions.iter().map(|dimension| (dimension.name.clone(), dimension.value.clone()));
        Metric { namespace: self.namespace.clone(), name: self.metric_name.clone(), dimensions: dimensions.collect() }
    }

    /// When it goes off, in compressed time.
    pub(super) fn rule(&self, minute: Duration) -> Result<AlarmRule> {
        let metric = self.metric();
        ensure!(metrics::is_fed(&metric), "nobody feeds {} {} {:?}", metric.namespace, metric.name, metric.dimensions);
        if let Some(unit) = &self.unit {
            bail!("datapoints have no units here, and it asks for {unit}");
        }
        let all = [&self.alarm_actions, &self.ok_actions, &self.insufficient_data_actions];
        if let Some(other) = all.into_iter().flatten().find(|action| !action.starts_with("arn:aws:sns:")) {
            bail!("its action {other} is no topic");
        }
        Ok(AlarmRule {
            statistic: self.statistic()?,
            period: compressed(self.period, minute)?,
            evaluation_periods: self.evaluation_periods,
            datapoints_to_alarm: self.datapoints_to_alarm.unwrap_or(self.evaluation_periods),
            threshold: self.threshold,
            comparison: self.comparison()?,
            missing: self.missing()?,
        })
    }

    /// Whom it notifies when it goes to a state, its actions switched on or off.
    pub(super) fn actions(&self, state: &str) -> &[String] {
        match state {
            _ if !self.actions_enabled => &[],
            "ALARM" => &self.alarm_actions,
            "OK" => &self.ok_actions,
            _ => &self.insufficient_data_actions,
        }
    }

    fn statistic(&self) -> Result<Statistic> {
        if let Some(extended) = &self.extended_statistic {
            bail!("it asks for {extended}");
        }
        let known =
            [Statistic::Sum, Statistic::Average, Statistic::Maximum, Statistic::Minimum, Statistic::SampleCount];
        let named = self.statistic.as_deref().context("it has no statistic")?;
        known.into_iter().find(|known| known.as_str() == named).with_context(|| format!("its statistic is {named}"))
    }

    fn comparison(&self) -> Result<Comparison> {
        let known = [
            Comparison::GreaterThanOrEqualToThreshold,
            Comparison::GreaterThanThreshold,
            Comparison::LessThanThreshold,
            Comparison::LessThanOrEqualToThreshold,
        ];
        let named = &self.comparison_operator;
        known.into_iter().find(|known| known.as_str() == named).with_context(|| format!("it compares by {named}"))
    }

    fn missing(&self) -> Result<TreatMissingData> {
        let known = [
            TreatMissingData::Missing,
            TreatMissingData::Ignore,
            TreatMissingData::Breaching,
            TreatMissingData::NotBreaching,
        ];
        let Some(named) = self.treat_missing_data.as_deref() else { return Ok(TreatMissingData::Missing) };
        known.into_iter().find(|known| known.as_str() == named).with_context(|| format!("missing data is {named}"))
    }
}

/// The world's alarms know whole seconds.
fn compressed(period: u32, minute: Duration) -> Result<SignedDuration> {
    let milliseconds = u128::from(period) * minute.as_millis() / 60;
    ensure!(
        milliseconds > 0 && milliseconds.is_multiple_of(1000),
        "its period of {period} s lasts {milliseconds} ms here, which are no whole seconds"
    );
    Ok(SignedDuration::from_secs(i64::try_from(milliseconds / 1000)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(2);

    /// As MiniStack describes it.
    fn described() -> serde_json::Value {
        json!({
            "AlarmName": "homeostat-sweep-stopped", "AlarmArn": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:homeostat-sweep-stopped",
            "AlarmDescription": "No sweep.", "MetricName": "Invocations", "Namespace": "AWS/Lambda", "Statistic": "Sum",
            "ExtendedStatistic": null, "Period": 300, "EvaluationPeriods": 3, "Threshold": 1.0,
            "ComparisonOperator": "LessThanThreshold", "TreatMissingData": "breaching", "StateValue": "INSUFFICIENT_DATA",
            "StateReason": "Unchecked: Initial alarm creation", "StateUpdatedTimestamp": 1_795_219_200, "ActionsEnabled": true,
            "AlarmActions": ["arn:aws:sns:us-east-1:000000000000:homeostat"], "OKActions": [], "InsufficientDataActions": [],
            "Dimensions": [{ "Name": "FunctionName", "Value": "sweep" }], "Unit": null,
            "AlarmConfigurationUpdatedTimestamp": 1_795_219_200,
        })
    }

    fn with(field: &str, value: serde_json::Value) -> Deployed {
        let mut described = described();
        described[field] = value;
        serde_json::from_value(described).unwrap()
    }

    #[test]
    fn five_minutes_last_ten_seconds_and_all_else_is_as_deployed() {
        let alarm: Deployed = serde_json::from_value(described()).unwrap();
        let expected = AlarmRule {
            statistic: Statistic::Sum,
            period: SignedDuration::from_secs(10),
            evaluation_periods: 3,
            datapoints_to_alarm: 3,
            threshold: 1.0,
            comparison: Comparison::LessThanThreshold,
            missing: TreatMissingData::Breaching,
        };
        assert_eq!(alarm.rule(MINUTE).unwrap(), expected);
        assert_eq!(with("DatapointsToAlarm", 2.into()).rule(MINUTE).unwrap().datapoints_to_alarm, 2);
    }

    #[test]
    fn what_the_sandbox_does_not_model_should_not_be_taken_for_something_else() {
        for (field, value, told) in [
            ("Statistic", json!("p99"), "p99"),
            ("ExtendedStatistic", json!("tm90"), "tm90"),
            ("Unit", json!("Count"), "Count"),
            ("Period", json!(10), "333 ms"),
            ("ComparisonOperator", json!("GreaterThanUpperThreshold"), "GreaterThanUpperThreshold"),
            ("TreatMissingData", json!("perhaps"), "perhaps"),
            ("MetricName", json!("ConcurrentExecutions"), "nobody feeds AWS/Lambda ConcurrentExecutions"),
            ("Namespace", json!("AWS/DynamoDB"), "nobody feeds AWS/DynamoDB"),
            ("Dimensions", json!([]), "nobody feeds"),
            ("OKActions", json!(["arn:aws:lambda:us-east-1:000000000000:function:f"]), "no topic"),
        ] {
            let why = with(field, value).rule(MINUTE).unwrap_err().to_string();
            assert!(why.contains(told), "{field}: {why}");
        }
    }

    #[test]
    fn an_alarm_acts_by_its_new_state_unless_its_actions_are_off() {
        let alarm = with("OKActions", json!(["arn:aws:sns:us-east-1:000000000000:other"]));
        let ends =
            |state| alarm.actions(state).iter().map(|topic| topic.rsplit(':').next().unwrap()).collect::<Vec<_>>();
        assert_eq!((ends("ALARM"), ends("OK"), ends("INSUFFICIENT_DATA")), (vec!["homeostat"], vec!["other"], vec![]));
        assert!(with("ActionsEnabled", false.into()).actions("ALARM").is_empty());
    }
}
