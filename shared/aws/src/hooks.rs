//! All of AWS that completing lifecycle hooks needs, but for EC2.
//!
//! This module never decides; it puts the services side by side.

use aws_config::SdkConfig;
use homeostat_core::aws::alarm::AlarmReadings;
use homeostat_core::aws::fleet::Group;
use homeostat_core::aws::lifecycle::{ActionId, ActionResult, Terms};
use homeostat_core::aws::record::RecordSet;
use homeostat_core::aws::record_name::RecordName;
use homeostat_core::id::{AlarmArn, GroupName, HookName, HostedZoneId, InstanceId, TargetGroupArn};
use homeostat_core::ports::{Outcome, Unavailable};
use homeostat_remedies::hook::observation::{Datapoint, HeldMember, Registration, TargetId};
use homeostat_remedies::hook::policy::BusyMetric;
use homeostat_remedies::hook::{CompleteHooks, Held};

use crate::autoscaling::AutoScaling;
use crate::cloudwatch::{Alarms, AlarmsAnywhere};
use crate::load_balancing::TargetGroups;
use crate::route53::Zones;

#[derive(Debug, Clone)]
pub struct HookCloud {
    groups: AutoScaling,
    metrics: Alarms,
    alarms: AlarmsAnywhere,
    target_groups: TargetGroups,
    zones: Zones,
}

impl HookCloud {
    pub fn new(config: &SdkConfig) -> Self {
        let metrics = Alarms::new(config);
        HookCloud {
            groups: AutoScaling::new(config),
            alarms: AlarmsAnywhere::new(config, metrics.clone()),
            metrics,
            target_groups: TargetGroups::new(config),
            zones: Zones::new(config),
        }
    }
}

impl Held for HookCloud {
    async fn member(&self, instance: &InstanceId) -> Result<Option<HeldMember>, Unavailable> {
        self.groups.member(instance).await
    }

    async fn terms(&self, group: &GroupName, hook: &HookName) -> Result<Option<Terms>, Unavailable> {
        self.groups.terms(group, hook).await
    }

    async fn groups(&self, names: &[GroupName]) -> Result<Vec<Group>, Unavailable> {
        self.groups.groups(names).await
    }

    async fn registrations(&self, target_group: &TargetGroupArn) -> Result<Option<Vec<Registration>>, Unavailable> {
        self.target_groups.registrations(target_group).await
    }

    async fn target_type(&self, target_group: &TargetGroupArn) -> Result<Option<String>, Unavailable> {
        self.target_groups.target_type(target_group).await
    }

    async fn alarms(&self, alarms: &[AlarmArn]) -> Result<AlarmReadings, Unavailable> {
        Ok(self.alarms.named(alarms).await)
    }

    async fn newest(&self, metric: &BusyMetric, instance: &InstanceId) -> Result<Option<Datapoint>, Unavailable> {
        self.metrics.newest(metric, instance).await
    }

    async fn record_sets(&self, zone: &HostedZoneId, name: &RecordName) -> Result<Vec<RecordSet>, Unavailable> {
        self.zones.sets_of(zone, name).await
    }
}

impl CompleteHooks for HookCloud {
    async fn complete(&self, action: &ActionId, result: ActionResult) -> Outcome {
        self.groups.complete(action, result).await
    }

    async fn heartbeat(&self, action: &ActionId) -> Outcome {
        self.groups.heartbeat(action).await
    }

    async fn deregister(&self, target_group: &TargetGroupArn, _: &InstanceId, targets: &[TargetId]) -> Outcome {
        self.target_groups.deregister(target_group, targets).await
    }

    async fn remove_records(&self, zone: &HostedZoneId, sets: &[RecordSet]) -> Outcome {
        self.zones.remove(zone, sets).await
    }

    async fn suspend_launch(&self, group: &GroupName) -> Outcome {
        self.groups.suspend_launch(group).await
    }
}
