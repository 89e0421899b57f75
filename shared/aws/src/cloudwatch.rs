//! CloudWatch: an alarm as it is now.
//!
//! This module never believes an event about an alarm, and never changes one.

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{AlarmType, MetricAlarm, StateValue};
use homeostat_core::id::{AlarmArn, InstanceId};
use homeostat_core::instance::{AlarmSeen, AlarmState};
use homeostat_core::ports::Unavailable;
use homeostat_core::signal::INSTANCE_DIMENSION;
use jiff::Timestamp;

use crate::call::unavailable;

#[derive(Debug, Clone)]
pub(crate) struct Alarms {
    client: Client,
}

impl Alarms {
    pub(crate) fn new(config: &aws_config::SdkConfig) -> Self {
        Alarms { client: Client::new(config) }
    }

    pub(crate) async fn alarm(&self, arn: &AlarmArn) -> Result<Option<AlarmSeen>, Unavailable> {
        let request = self.client.describe_alarms().alarm_names(arn.alarm_name()).alarm_types(AlarmType::MetricAlarm);
        let answer = request.send().await.map_err(|error| unavailable("read the alarm", &error))?;
        // An alarm of the same name in another account or Region is another alarm.
        let same = answer.metric_alarms().iter().find(|alarm| alarm.alarm_arn() == Some(arn.as_str()));
        same.map(seen).transpose()
    }
}

fn seen(alarm: &MetricAlarm) -> Result<AlarmSeen, Unavailable> {
    let state = match alarm.state_value() {
        Some(StateValue::Alarm) => AlarmState::Alarm,
        Some(StateValue::Ok) => AlarmState::Ok,
        Some(StateValue::InsufficientData) => AlarmState::InsufficientData,
        other => return Err(unreadable(&format!("an alarm in state {other:?}"))),
    };
    let changed = alarm.state_transitioned_timestamp().or(alarm.state_updated_timestamp());
    let since = changed.and_then(|changed| Timestamp::from_second(changed.secs()).ok());
    Ok(AlarmSeen {
        state,
        since: since.ok_or_else(|| unreadable("an alarm without the time of its last change"))?,
        reason: alarm.state_reason().unwrap_or("no reason given").to_owned(),
        actions_enabled: alarm.actions_enabled().ok_or_else(|| unreadable("an alarm without ActionsEnabled"))?,
        instances: instances(alarm)?,
    })
}

/// Every instance that the alarm's metrics name, once each, those inside a metric-math alarm included.
fn instances(alarm: &MetricAlarm) -> Result<Vec<InstanceId>, Unavailable> {
    let inside = alarm.metrics().iter().filter_map(|query| query.metric_stat()?.metric());
    let dimensions = alarm.dimensions().iter().chain(inside.flat_map(|metric| metric.dimensions()));
    let mut ids = Vec::new();
    for dimension in dimensions.filter(|dimension| dimension.name() == Some(INSTANCE_DIMENSION)) {
        let id = dimension.value().unwrap_or_default();
        ids.push(id.parse().map_err(|_| unreadable(&format!("an alarm on the instance {id:?}")))?);
    }
    ids.sort();
    ids.dedup();
    Ok(ids)
}

fn unreadable(what: &str) -> Unavailable {
    Unavailable { doing: "understand CloudWatch's answer".to_owned(), why: what.to_owned() }
}
