//! CloudWatch: every alarm of the account in this Region, by what it could speak for.
//!
//! This module never judges an alarm's state: that is read anew for each decision.

use aws_sdk_cloudwatch::types::{AlarmType, MetricAlarm};
use homeostat_core::aws::alarm::INSTANCE_DIMENSION;
use homeostat_core::id::InstanceId;
use homeostat_core::ports::Unavailable;
use homeostat_remedies::instance::doctor::Alarm;

use super::Account;
use crate::call::unavailable;

impl Account {
    /// # Errors
    /// [`Unavailable`]: the alarms could not be read, or only a part of them.
    pub async fn alarms(&self) -> Result<Vec<Alarm>, Unavailable> {
        let types = vec![AlarmType::MetricAlarm, AlarmType::CompositeAlarm];
        let request = self.cloudwatch.describe_alarms().set_alarm_types(Some(types));
        let mut pages = request.into_paginator().send();
        let mut alarms = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| unavailable("read the account's alarms", &error))?;
            for alarm in page.metric_alarms() {
                alarms.push(named(alarm.alarm_name(), alarm.actions_enabled(), instances(alarm))?);
            }
            for alarm in page.composite_alarms() {
                alarms.push(named(alarm.alarm_name(), alarm.actions_enabled(), Vec::new())?);
            }
        }
        Ok(alarms)
    }
}

fn named(name: Option<&str>, enabled: Option<bool>, instances: Vec<InstanceId>) -> Result<Alarm, Unavailable> {
    let (Some(name), Some(actions_enabled)) = (name, enabled) else {
        let why = format!("the alarm {name:?} lacks a field that every alarm has");
        return Err(Unavailable { doing: "understand CloudWatch's answer".to_owned(), why });
    };
    Ok(Alarm { name: name.to_owned(), actions_enabled, instances })
}

/// Every instance that its metrics name, once each. Other people's alarms may name anything: what is no instance id is none.
fn instances(alarm: &MetricAlarm) -> Vec<InstanceId> {
    let inside = alarm.metrics().iter().filter_map(|query| query.metric_stat()?.metric());
    let dimensions = alarm.dimensions().iter().chain(inside.flat_map(|metric| metric.dimensions()));
    let named = dimensions.filter(|dimension| dimension.name() == Some(INSTANCE_DIMENSION));
    let mut ids: Vec<InstanceId> = named.filter_map(|dimension| dimension.value()?.parse().ok()).collect();
    ids.sort();
    ids.dedup();
    ids
}
