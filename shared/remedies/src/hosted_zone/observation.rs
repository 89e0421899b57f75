//! What was observed of a zone's records and of the endpoints behind them.
//!
//! This module never holds a vendor's type. What could not be read says so, and is never a default.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::hosted_zone::generation::Generation;

pub use homeostat_core::aws::Read;
use homeostat_core::aws::alarm::AlarmReading;
/// One endpoint's Region may be down, and with it whatever tells of that endpoint.
pub use homeostat_core::aws::alarm::AlarmReadings;
use homeostat_core::aws::fleet::TargetHealth;
use homeostat_core::aws::record::{RecordKey, RecordSet, Weights, weights};
use homeostat_core::aws::record_name::RecordName;
use homeostat_core::id::{AlarmArn, HealthCheckId, TargetGroupArn};

#[derive(Debug, Clone, Default)]
pub struct Observation {
    /// Every record set of the names that the policy has in this zone, but for those that could not be read.
    pub sets: Vec<RecordSet>,
    /// Names whose record sets could not be read, and why.
    pub unread: BTreeMap<RecordName, String>,
    /// `None`: there is no such alarm.
    pub alarms: BTreeMap<AlarmArn, Read<Option<AlarmReading>>>,
    /// `None`: there is no such health check.
    pub health_checks: BTreeMap<HealthCheckId, Read<Option<HealthCheckReading>>>,
    /// `None`: there is no such target group.
    pub targets: BTreeMap<TargetGroupArn, Read<Option<Vec<TargetHealth>>>>,
    /// Whether the change that was awaited is on all name servers; `None` if none was awaited or it could not be told.
    pub is_in_sync: Option<bool>,
}

/// A health check: what Route 53 makes of what its checkers found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthCheckReading {
    pub of: Checked,
    /// Route 53 takes what its checkers find healthy for unhealthy, and the other way round.
    pub inverted: bool,
    /// Route 53 doesn't check, and routes as if it were healthy.
    pub disabled: bool,
    pub reports: Vec<CheckerReport>,
}

/// What a health check looks at (API reference, `HealthCheckConfig`, `Type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    Endpoint,
    /// `CALCULATED`: other health checks.
    HealthChecks,
    /// `CLOUDWATCH_METRIC`: the data of an alarm.
    Alarm,
    /// `RECOVERY_CONTROL`: a routing control, which people switch.
    RoutingControl,
}

/// What one of Route 53's checkers found. Whether that is inverted is the health check's affair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckerReport {
    pub at: Timestamp,
    pub is_well: bool,
    /// In Route 53's words.
    pub status: String,
}

impl Observation {
    pub fn record(&self, key: &RecordKey) -> Vec<RecordSet> {
        self.sets.iter().filter(|set| set.is_of(key)).cloned().collect()
    }

    pub fn weights(&self, key: &RecordKey) -> Weights {
        weights(self.sets.iter().filter(|set| set.is_of(key)))
    }

    /// The record under which the generation of this name stands.
    pub fn fence(&self, name: &RecordName) -> Option<&RecordSet> {
        self.sets.iter().find(|set| set.kind == "TXT" && set.name.is_under(super::generation::FENCE_LABEL, name))
    }

    pub fn generation(&self, name: &RecordName) -> Option<Generation> {
        Generation::of(self.fence(name)?)
    }
}
