//! All of AWS that moving weights needs.
//!
//! This module never asks one Region about another's alarms or targets.

use aws_config::SdkConfig;
use homeostat_core::aws::fleet::TargetHealth;
use homeostat_core::aws::record::RecordSet;
use homeostat_core::aws::record_name::RecordName;
use homeostat_core::id::{AlarmArn, HealthCheckId, HostedZoneId, TargetGroupArn};
use homeostat_core::ports::{Outcome, Unavailable};
use homeostat_remedies::hosted_zone::observation::{AlarmReadings, HealthCheckReading};
use homeostat_remedies::hosted_zone::shift::Shift;
use homeostat_remedies::hosted_zone::{Records, ShiftWeights};

use crate::cloudwatch::Alarms;
use crate::load_balancing::TargetGroups;
use crate::regional::Regional;
use crate::route53::Zones;

#[derive(Debug)]
pub struct DnsCloud {
    zones: Zones,
    /// Alarms and target groups are where their endpoints are.
    alarms: Regional<Alarms>,
    /// Few policies ask for them.
    target_groups: Regional<TargetGroups>,
}

impl DnsCloud {
    pub fn new(config: &SdkConfig) -> Self {
        DnsCloud {
            zones: Zones::new(config),
            alarms: Regional::ready(config, Alarms::new),
            target_groups: Regional::new(config, TargetGroups::new),
        }
    }
}

impl Records for DnsCloud {
    async fn record_sets(&self, zone: &HostedZoneId, name: &RecordName) -> Result<Vec<RecordSet>, Unavailable> {
        self.zones.record_sets(zone, name).await
    }

    async fn is_in_sync(&self, change: &str) -> Result<bool, Unavailable> {
        self.zones.is_in_sync(change).await
    }

    async fn alarms(&self, alarms: &[AlarmArn]) -> Result<AlarmReadings, Unavailable> {
        let Some(first) = alarms.first() else { return Ok(AlarmReadings::new()) };
        Ok(self.alarms.of(first.as_str()).named(alarms).await)
    }

    async fn health_check(&self, health_check: &HealthCheckId) -> Result<Option<HealthCheckReading>, Unavailable> {
        self.zones.health_check(health_check).await
    }

    async fn has_health_check(&self, health_check: &HealthCheckId) -> Result<bool, Unavailable> {
        self.zones.has_health_check(health_check).await
    }

    async fn targets(&self, target_group: &TargetGroupArn) -> Result<Option<Vec<TargetHealth>>, Unavailable> {
        self.target_groups.of(target_group.as_str()).targets(target_group).await
    }
}

impl ShiftWeights for DnsCloud {
    async fn shift(&self, shift: &Shift) -> Outcome {
        self.zones.shift(shift).await
    }
}
