//! The world as the remedy for weighted records sees AWS: the ports that read zones and what tells of endpoints, and move
//! weights.
//!
//! It never shows what AWS's API would not, and changes nothing but through an action of the world.

use homeostat_core::aws::fleet::TargetHealth;
use homeostat_core::aws::record::RecordSet;
use homeostat_core::aws::record_name::RecordName;
use homeostat_core::id::{AlarmArn, HealthCheckId, HostedZoneId, TargetGroupArn};
use homeostat_core::ports::{Outcome, Unavailable};
use homeostat_remedies::hosted_zone::observation::{AlarmReadings, Checked, CheckerReport, HealthCheckReading};
use homeostat_remedies::hosted_zone::shift::Shift;
use homeostat_remedies::hosted_zone::{Records, ShiftWeights};

use super::cloud::{Cloud, alarm_seen, target_seen};
use crate::refusal::Refusal;
use crate::zones::Author;

fn unavailable(doing: &str, why: String) -> Unavailable {
    Unavailable { doing: doing.to_owned(), why }
}

impl Records for Cloud {
    async fn record_sets(&self, zone: &HostedZoneId, name: &RecordName) -> Result<Vec<RecordSet>, Unavailable> {
        let world = self.call();
        let zone = world.zone(zone).ok_or_else(|| {
            unavailable(
                "read the zone's record sets",
                format!("NoSuchHostedZone: No hosted zone found with ID: {zone}"),
            )
        })?;
        Ok(zone.listed(name))
    }

    async fn is_in_sync(&self, change: &str) -> Result<bool, Unavailable> {
        let known = self.call().is_in_sync(change);
        known.ok_or_else(|| {
            unavailable("ask after the last change", format!("NoSuchChange: Could not find resource with ID: {change}"))
        })
    }

    async fn alarms(&self, alarms: &[AlarmArn]) -> Result<AlarmReadings, Unavailable> {
        let world = self.call();
        let find = |arn: &AlarmArn| {
            let alarm = world.alarm(arn.alarm_name()).filter(|alarm| alarm.arn == *arn).map(alarm_seen)?;
            Some((arn.clone(), Ok(alarm)))
        };
        Ok(alarms.iter().filter_map(find).collect())
    }

    async fn health_check(&self, health_check: &HealthCheckId) -> Result<Option<HealthCheckReading>, Unavailable> {
        let world = self.call();
        let Some(check) = world.health_check(health_check.as_str()) else { return Ok(None) };
        let reports = check.checkers.iter().filter_map(|checker| checker.report);
        let reports = reports.map(|report| CheckerReport {
            at: report.checked_at,
            is_well: report.passed,
            status: report.status().to_owned(),
        });
        Ok(Some(HealthCheckReading {
            of: Checked::Endpoint,
            inverted: check.inverted,
            disabled: check.disabled,
            reports: reports.collect(),
        }))
    }

    async fn has_health_check(&self, health_check: &HealthCheckId) -> Result<bool, Unavailable> {
        Ok(self.call().health_check(health_check.as_str()).is_some())
    }

    async fn targets(&self, arn: &TargetGroupArn) -> Result<Option<Vec<TargetHealth>>, Unavailable> {
        let world = self.call();
        let target_group = world.target_group(arn);
        Ok(target_group.map(|target_group| target_group.targets.values().map(target_seen).collect()))
    }
}

impl ShiftWeights for Cloud {
    async fn shift(&self, shift: &Shift) -> Outcome {
        let batch = match shift.batch() {
            Ok(batch) => batch,
            Err(why) => return Outcome::Refused { why: why.to_string() },
        };
        match self.act().change_records(&shift.zone, &batch, Author::Homeostat) {
            Ok(change) => Outcome::Pending { change },
            Err(refusal @ Refusal::InvalidChangeBatch { .. }) => {
                Outcome::Lost { why: format!("{}: {refusal}", refusal.code()) }
            }
            Err(refusal) => Outcome::Refused { why: format!("{}: {refusal}", refusal.code()) },
        }
    }
}
