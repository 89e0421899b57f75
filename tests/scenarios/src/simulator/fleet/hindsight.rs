//! Reads that answer as of a few seconds ago, now and then: AWS's describe calls are eventually consistent.
//!
//! This module never changes what is read, only when it was so.

use std::collections::BTreeMap;
use std::sync::Arc;

use homeostat_core::aws::alarm::{AlarmReading, AlarmReadings};
use homeostat_core::aws::fleet::{Group, Launches, Machine, TargetHealths};
use homeostat_core::aws::machines::StatusChecks;
use homeostat_core::id::{AlarmArn, GroupName, InstanceId, TargetGroupArn};
use homeostat_core::ports::{Outcome, Unavailable};
use homeostat_remedies::instance::{Fleet, Replace};
use jiff::{SignedDuration, Timestamp};
use world::Cloud;

use crate::simulator::stage::Stage;

/// How many of the reads that could be stale are, in percent.
const STALE: f64 = 30.0;

/// The world, with a memory of how it was.
#[derive(Debug, Clone)]
pub(super) struct Hindsight {
    pub(super) stage: Arc<Stage>,
    pub(super) now: Cloud,
    pub(super) before: Option<Cloud>,
}

impl Hindsight {
    fn cloud(&self) -> &Cloud {
        match &self.before {
            Some(before) if self.stage.befalls(STALE, || "a description of what was".to_owned()) => {
                self.stage.count("fault: stale, describe");
                before
            }
            _ => &self.now,
        }
    }
}

impl Fleet for Hindsight {
    async fn groups(&self, names: &[GroupName]) -> Result<Vec<Group>, Unavailable> {
        self.cloud().groups(names).await
    }
    async fn group_of(&self, instance: &InstanceId) -> Result<Option<GroupName>, Unavailable> {
        self.cloud().group_of(instance).await
    }
    async fn alarms(&self, alarms: &[AlarmArn]) -> Result<AlarmReadings, Unavailable> {
        Fleet::alarms(self.cloud(), alarms).await
    }
    async fn alarms_in_alarm(&self) -> Result<Vec<AlarmReading>, Unavailable> {
        self.cloud().alarms_in_alarm().await
    }
    async fn target_health(&self, target_group: &TargetGroupArn) -> Result<Option<TargetHealths>, Unavailable> {
        self.cloud().target_health(target_group).await
    }
    async fn launches(&self, group: &GroupName, back: SignedDuration) -> Result<Launches, Unavailable> {
        self.cloud().launches(group, back).await
    }
    async fn refresh(&self, group: &GroupName) -> Result<Option<String>, Unavailable> {
        self.cloud().refresh(group).await
    }
}

impl StatusChecks for Hindsight {
    async fn machines(&self, instances: &[InstanceId]) -> Result<BTreeMap<InstanceId, Machine>, Unavailable> {
        self.cloud().machines(instances).await
    }
    async fn interruption(&self, instance: &InstanceId) -> Result<Option<Timestamp>, Unavailable> {
        self.cloud().interruption(instance).await
    }
}

impl Replace for Hindsight {
    async fn replace(&self, instance: &InstanceId) -> Outcome {
        self.now.replace(instance).await
    }
    async fn mark_unhealthy(&self, instance: &InstanceId) -> Outcome {
        self.now.mark_unhealthy(instance).await
    }
}
