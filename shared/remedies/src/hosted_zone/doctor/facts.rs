//! What was read of an account for shift-dns, or why it was not.
//!
//! This module never holds an empty list in place of one that could not be read.

use std::collections::BTreeMap;

use homeostat_core::aws::alarm::AlarmReading;
use homeostat_core::aws::fleet::TargetHealth;
use homeostat_core::aws::record::RecordSet;
use homeostat_core::aws::record_name::RecordName;
use homeostat_core::doctor::{Read, Unread};
use homeostat_core::id::{AlarmArn, HealthCheckId, HostedZoneId, Region, TargetGroupArn};

use crate::hosted_zone::memory::Memory;
use crate::hosted_zone::observation::HealthCheckReading;
use crate::hosted_zone::policy::RecordPolicy;

/// What the policy names for weighted records.
#[derive(Debug, Clone, Default)]
pub struct DnsFacts {
    /// Where Homeostat runs.
    pub region: Option<Region>,
    pub sets: BTreeMap<(HostedZoneId, RecordName), Read<Vec<RecordSet>>>,
    /// `None`: there is no such alarm.
    pub alarms: BTreeMap<AlarmArn, Read<Option<AlarmReading>>>,
    /// `None`: there is no such health check.
    pub health_checks: BTreeMap<HealthCheckId, Read<Option<HealthCheckReading>>>,
    pub targets: BTreeMap<TargetGroupArn, Read<Option<Vec<TargetHealth>>>>,
    pub memories: BTreeMap<HostedZoneId, Read<Memory>>,
}

impl DnsFacts {
    pub(crate) fn read(&self, record: &RecordPolicy) -> Option<&Read<Vec<RecordSet>>> {
        self.sets.get(&(record.zone.clone(), record.key.name.clone()))
    }

    /// The sets of the record, if they were read.
    pub(crate) fn record(&self, record: &RecordPolicy) -> Option<Vec<RecordSet>> {
        let sets = self.read(record)?.as_ref().ok()?;
        Some(sets.iter().filter(|set| set.is_of(&record.key)).cloned().collect())
    }

    pub(crate) fn unread(&self) -> impl Iterator<Item = &Unread> {
        self.memories.values().filter_map(|read| read.as_ref().err())
    }
}
