//! CloudWatch: an alarm as it is now, all that are in ALARM, and the newest value of a metric.
//!
//! This module never believes an event about an alarm, and never changes one.

mod newest;

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::operation::describe_alarms::DescribeAlarmsOutput;
use aws_sdk_cloudwatch::types::{AlarmType, CompositeAlarm, MetricAlarm, StateValue};
use futures_util::future::{join, join_all};
use homeostat_core::aws::alarm::{AlarmReading, AlarmState, INSTANCE_DIMENSION};
use homeostat_core::id::{AlarmArn, InstanceId};
use homeostat_core::ports::Unavailable;
use homeostat_remedies::hosted_zone::observation::AlarmReadings;
use jiff::Timestamp;

use crate::call::unavailable;
use crate::regional::Regional;

/// `MaxRecords` of `DescribeAlarms` is 100 at most (API reference).
const PAGE: i32 = 100;
const MOST_NAMES: usize = 100;

/// Pages of alarms in ALARM that are read: 2,000 alarms in about 20 × 0.2 s, a part of the function's 30 s. Scaling policies
/// keep alarms in ALARM in good health, but so many together mean that something else is wrong.
const MOST_PAGES: usize = 20;

#[derive(Debug, Clone)]
pub(crate) struct Alarms {
    client: Client,
}

impl Alarms {
    pub(crate) fn new(config: &aws_config::SdkConfig) -> Self {
        Alarms { client: Client::new(config) }
    }

    /// Those of these names that exist, composite ones too. `AlarmNames` takes 100 (API reference, `DescribeAlarms`). One that can't
    /// be understood, and a hundred that can't be read, hide no others.
    pub(crate) async fn named(&self, arns: &[AlarmArn]) -> AlarmReadings {
        join_all(arns.chunks(MOST_NAMES).map(|arns| self.hundred(arns))).await.into_iter().flatten().collect()
    }

    async fn hundred(&self, arns: &[AlarmArn]) -> AlarmReadings {
        let names = arns.iter().map(|arn| arn.alarm_name().to_owned()).collect();
        let request = self.client.describe_alarms().set_alarm_names(Some(names)).max_records(PAGE);
        let kinds = request.alarm_types(AlarmType::MetricAlarm).alarm_types(AlarmType::CompositeAlarm);
        let answer = match kinds.send().await {
            Ok(answer) => answer,
            Err(error) => {
                let why = unavailable("read alarms by name", &error).to_string();
                return arns.iter().map(|arn| (arn.clone(), Err(why.clone()))).collect();
            }
        };
        of_those_asked_for(arns, &answer)
    }

    /// Those that name an instance. One that can't be understood is left out: it must not hide the others.
    ///
    /// More than fit the pages that are read are an error: to know only a part of who is sick would be to take a group that is
    /// sick as a whole for one with a few sick members, and to replace those.
    pub(crate) async fn in_alarm(&self) -> Result<Vec<AlarmReading>, Unavailable> {
        let doing = "read the alarms in ALARM";
        let request = self.client.describe_alarms().state_value(StateValue::Alarm).alarm_types(AlarmType::MetricAlarm);
        let mut pages = request.into_paginator().page_size(PAGE).send();
        let mut alarms = Vec::new();
        for _ in 0..MOST_PAGES {
            let Some(page) = pages.next().await else { return Ok(alarms) };
            let page = page.map_err(|error| unavailable(doing, &error))?;
            alarms.extend(page.metric_alarms().iter().filter_map(about_instances));
            if page.next_token().is_none() {
                return Ok(alarms);
            }
        }
        Err(Unavailable { doing: doing.to_owned(), why: format!("there are more than {MOST_PAGES} pages of them") })
    }
}

/// Alarms in whatever Region they are. As a rule that is the function's own: a client for another is made when it is asked for.
#[derive(Debug, Clone)]
pub(crate) struct AlarmsAnywhere {
    own: Alarms,
    region: Option<String>,
    elsewhere: Arc<Regional<Alarms>>,
}

impl AlarmsAnywhere {
    pub(crate) fn new(config: &aws_config::SdkConfig, own: Alarms) -> Self {
        let region = config.region().map(ToString::to_string);
        AlarmsAnywhere { own, region, elsewhere: Arc::new(Regional::new(config, Alarms::new)) }
    }

    pub(crate) async fn named(&self, arns: &[AlarmArn]) -> AlarmReadings {
        let (here, elsewhere) = by_place(self.region.as_deref(), arns);
        let elsewhere = elsewhere.into_iter().map(|arns| async move {
            let Some(first) = arns.first() else { return AlarmReadings::new() };
            self.elsewhere.of(first.as_str()).named(&arns).await
        });
        let (here, elsewhere) = join(self.own.named(&here), join_all(elsewhere)).await;
        elsewhere.into_iter().flatten().chain(here).collect()
    }
}

/// Those of the function's own Region, and those of each other one.
fn by_place(own: Option<&str>, arns: &[AlarmArn]) -> (Vec<AlarmArn>, Vec<Vec<AlarmArn>>) {
    let (mut here, mut elsewhere) = (Vec::new(), BTreeMap::<String, Vec<AlarmArn>>::new());
    for arn in arns {
        match (own, arn.region()) {
            (Some(own), Ok(region)) if region.as_str() != own => {
                elsewhere.entry(region.to_string()).or_default().push(arn.clone());
            }
            _ => here.push(arn.clone()),
        }
    }
    (here, elsewhere.into_values().collect())
}

/// An alarm of the same name in another account or Region is another alarm. One whose ARN can't be read is there all the same.
fn of_those_asked_for(arns: &[AlarmArn], answer: &DescribeAlarmsOutput) -> AlarmReadings {
    let metric = answer.metric_alarms().iter().map(|alarm| (alarm.alarm_arn(), alarm.alarm_name(), seen(alarm)));
    let composites = answer.composite_alarms().iter();
    let composites = composites.map(|alarm| (alarm.alarm_arn(), alarm.alarm_name(), composite(alarm)));
    let ours = |arn: Option<&str>, name: Option<&str>| {
        let read = arn.and_then(|arn| arn.parse::<AlarmArn>().ok());
        arns.iter().find(|asked| match &read {
            Some(arn) => arn == *asked,
            None => Some(asked.alarm_name()) == name,
        })
    };
    let found = metric.chain(composites).filter_map(|(arn, name, alarm)| Some((ours(arn, name)?.clone(), alarm)));
    found.map(|(arn, alarm)| (arn, alarm.map_err(|unreadable| unreadable.to_string()))).collect()
}

fn about_instances(alarm: &MetricAlarm) -> Option<AlarmReading> {
    seen(alarm).ok().filter(|seen| !seen.instances.is_empty())
}

fn state(state: Option<&StateValue>) -> Result<AlarmState, Unavailable> {
    match state {
        Some(StateValue::Alarm) => Ok(AlarmState::Alarm),
        Some(StateValue::Ok) => Ok(AlarmState::Ok),
        Some(StateValue::InsufficientData) => Ok(AlarmState::InsufficientData),
        other => Err(unreadable(&format!("an alarm in state {other:?}"))),
    }
}

/// A composite alarm names no instance. One that a suppressor keeps from acting is read as one whose actions are off.
fn composite(alarm: &CompositeAlarm) -> Result<AlarmReading, Unavailable> {
    let changed = alarm.state_transitioned_timestamp().or(alarm.state_updated_timestamp());
    let since = changed.and_then(|changed| Timestamp::from_second(changed.secs()).ok());
    let arn = alarm.alarm_arn().and_then(|arn| arn.parse().ok());
    let enabled = alarm.actions_enabled().ok_or_else(|| unreadable("an alarm without ActionsEnabled"))?;
    Ok(AlarmReading {
        arn: arn.ok_or_else(|| unreadable(&format!("an alarm with the ARN {:?}", alarm.alarm_arn())))?,
        state: state(alarm.state_value())?,
        since: since.ok_or_else(|| unreadable("an alarm without the time of its last change"))?,
        reason: alarm.state_reason().unwrap_or("no reason given").to_owned(),
        actions_enabled: enabled && alarm.actions_suppressed_by().is_none(),
        instances: Vec::new(),
    })
}

fn seen(alarm: &MetricAlarm) -> Result<AlarmReading, Unavailable> {
    let state = state(alarm.state_value())?;
    let changed = alarm.state_transitioned_timestamp().or(alarm.state_updated_timestamp());
    let since = changed.and_then(|changed| Timestamp::from_second(changed.secs()).ok());
    let arn = alarm.alarm_arn().and_then(|arn| arn.parse().ok());
    Ok(AlarmReading {
        arn: arn.ok_or_else(|| unreadable(&format!("an alarm with the ARN {:?}", alarm.alarm_arn())))?,
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

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudwatch::primitives::DateTime;
    use aws_sdk_cloudwatch::types::Dimension;
    use aws_sdk_cloudwatch::types::builders::MetricAlarmBuilder;

    fn alarm() -> MetricAlarmBuilder {
        MetricAlarm::builder()
            .alarm_arn("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-1")
            .state_value(StateValue::Alarm)
            .state_transitioned_timestamp(DateTime::from_secs(1_800_000_000))
            .actions_enabled(true)
    }

    fn on(instance: &str) -> MetricAlarmBuilder {
        alarm().dimensions(Dimension::builder().name(INSTANCE_DIMENSION).value(instance).build())
    }

    #[test]
    fn each_alarm_is_asked_for_in_its_own_region() {
        let arn = |region: &str| -> AlarmArn {
            format!("arn:aws:cloudwatch:{region}:123456789012:alarm:orders-db").parse().unwrap()
        };
        let all = ["eu-west-1", "us-east-1", "eu-west-1", "ap-south-1"].map(arn);
        let others = vec![vec![arn("ap-south-1")], vec![arn("us-east-1")]];
        assert_eq!(by_place(Some("eu-west-1"), &all), (vec![arn("eu-west-1"); 2], others));
        assert_eq!(by_place(None, &all), (all.to_vec(), Vec::new()), "nobody said which is the function's own");
    }

    #[test]
    fn of_all_alarms_those_count_that_name_an_instance_and_can_be_understood() {
        let instance = "i-0123456789abcdef0";
        let told = about_instances(&on(instance).build()).unwrap();
        assert_eq!(told.instance().map(InstanceId::as_str), Some(instance));
        assert_eq!(told.arn.alarm_name(), "web-1");
        for other in [alarm(), on("web"), on(instance).set_alarm_arn(None), on(instance).set_actions_enabled(None)] {
            assert_eq!(about_instances(&other.build()), None);
        }
    }

    #[test]
    fn an_alarm_that_cannot_be_understood_is_not_taken_for_one_that_does_not_exist() {
        let instance = "i-0123456789abcdef0";
        let arn = |name: &str| format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}").parse().unwrap();
        let named = |name: &str, alarm: MetricAlarmBuilder| {
            let arn: AlarmArn = arn(name);
            alarm.alarm_name(name).set_alarm_arn(Some(arn.as_str().to_owned()))
        };
        let of_another_region =
            on(instance).alarm_name("elsewhere").alarm_arn("arn:aws:cloudwatch:eu-west-3:123456789012:alarm:elsewhere");
        let answer = DescribeAlarmsOutput::builder()
            .metric_alarms(named("well", on(instance)).build())
            .metric_alarms(named("stateless", on(instance)).set_state_value(None).build())
            .metric_alarms(on(instance).alarm_name("nameless").set_alarm_arn(Some("web".to_owned())).build())
            .metric_alarms(of_another_region.build())
            .build();
        let asked = ["well", "stateless", "nameless", "elsewhere", "deleted"].map(arn);
        let read = crate::some_of(of_those_asked_for(&asked, &answer)).unwrap();
        let said = |name: &str| read.get(&arn(name)).map(Result::is_ok);
        assert_eq!([said("well"), said("stateless"), said("nameless")], [Some(true), Some(false), Some(false)]);
        assert_eq!([said("elsewhere"), said("deleted")], [None, None]);
    }
}
