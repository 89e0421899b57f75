//! Alarms as CloudWatch shows them, and the changes that it reports.
//!
//! This module never says what a state means for whatever the alarm watches.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Read;
use crate::id::{AlarmArn, ContributorId, InstanceId};
use crate::outcome::Unavailable;

/// The dimension that names an instance in the metrics of EC2 and of the CloudWatch agent. Other services have one of that name too.
pub const INSTANCE_DIMENSION: &str = "InstanceId";
/// The dimensions that name a group, and a target group as `targetgroup/<name>/<id>` (EC2 Auto Scaling and Elastic Load
/// Balancing user guides, "CloudWatch metrics").
pub const GROUP_DIMENSION: &str = "AutoScalingGroupName";
pub const TARGET_GROUP_DIMENSION: &str = "TargetGroup";

/// The newest change of an alarm that led to an incident. An older one that arrives late says nothing any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmChange {
    pub alarm: AlarmArn,
    /// Which of the alarm's time series changed, where it is not the alarm as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contributor: Option<ContributorId>,
    /// In milliseconds since 1970: the ledger compares it.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub changed_at: Timestamp,
}

impl AlarmChange {
    /// Of which an older change says nothing once a newer one is known: the alarm, or one of its contributors, each on its own.
    /// An alarm's name may hold `#`, which is escaped: no alarm is named like a contributor of another one.
    pub fn speaker(&self) -> String {
        let alarm = self.alarm.as_str().replace('%', "%25").replace('#', "%23");
        match &self.contributor {
            None => alarm,
            Some(contributor) => format!("{alarm}#{contributor}"),
        }
    }
}

/// Those of the alarms that were asked for, each as read. One that is not there doesn't exist: that is an answer.
pub type AlarmReadings = BTreeMap<AlarmArn, Read<AlarmReading>>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmReading {
    pub arn: AlarmArn,
    pub state: AlarmState,
    pub since: Timestamp,
    pub reason: String,
    pub actions_enabled: bool,
    /// The instances that its metrics name.
    pub instances: Vec<InstanceId>,
}

impl AlarmReading {
    /// The one instance that it speaks for.
    pub fn instance(&self) -> Option<&InstanceId> {
        match self.instances.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }

    /// In ALARM, and nobody has switched off what it does.
    pub fn may_act(&self) -> bool {
        self.state == AlarmState::Alarm && self.actions_enabled
    }

    /// A reading from before the change knows nothing of it: to believe it would be to lose the event.
    ///
    /// # Errors
    /// [`Unavailable`]: CloudWatch does not show the change yet.
    pub fn is_not_older(&self, change: &AlarmChange) -> Result<(), Unavailable> {
        let knows_of_it = self.state == AlarmState::Alarm || self.since + ROUNDING >= change.changed_at;
        knows_of_it.then_some(()).ok_or_else(|| Unavailable {
            doing: format!("read alarm {:?}", change.alarm.alarm_name()),
            why: format!(
                "CloudWatch still shows its state of {:.0}, and the event is of {:.0}",
                self.since, change.changed_at
            ),
        })
    }
}

/// CloudWatch's times are read with whole seconds.
const ROUNDING: SignedDuration = SignedDuration::from_secs(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlarmState {
    Alarm,
    Ok,
    InsufficientData,
}

impl std::fmt::Display for AlarmState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            AlarmState::Alarm => "ALARM",
            AlarmState::Ok => "OK",
            AlarmState::InsufficientData => "INSUFFICIENT_DATA",
        })
    }
}
