//! Adapters behind the core's ports, one page for each AWS service.
//!
//! The SDK's types stop here. This crate never decides: it reads, writes and says truthfully what became of a call.

mod autoscaling;
mod call;
mod cloudwatch;
mod connect;
mod dns;
mod hooks;
mod ledger;
mod load_balancing;
#[cfg(feature = "operator")]
pub mod operator;
mod regional;
mod route53;
mod sns;
mod sqs;

use autoscaling::AutoScaling;

pub use call::unavailable;
use cloudwatch::{Alarms, AlarmsAnywhere};
pub use connect::{connect, connect_briskly};
pub use dns::DnsCloud;
pub use hooks::HookCloud;
pub use ledger::DynamoLedger;
use load_balancing::TargetGroups;
pub use sns::{Attribute, NotSent, Publication, Topic};
pub use sqs::{OwnQueues, QueueUrls, WakeQueues};

use homeostat_core::aws::alarm::{AlarmReading, AlarmReadings};
use homeostat_core::aws::fleet::{Group, Launches, TargetHealths};
use homeostat_core::id::{AlarmArn, GroupName, InstanceId, TargetGroupArn};
use homeostat_core::ports::{Outcome, Unavailable};
use homeostat_remedies::instance::{Fleet, Replace};
use jiff::SignedDuration;

/// All of AWS that replacing an instance needs.
#[derive(Debug, Clone)]
pub struct InstanceCloud {
    groups: AutoScaling,
    alarms: Alarms,
    named: AlarmsAnywhere,
    target_groups: TargetGroups,
}

impl InstanceCloud {
    pub fn new(config: &aws_config::SdkConfig) -> Self {
        let alarms = Alarms::new(config);
        InstanceCloud {
            groups: AutoScaling::new(config),
            named: AlarmsAnywhere::new(config, alarms.clone()),
            alarms,
            target_groups: TargetGroups::new(config),
        }
    }
}

impl Fleet for InstanceCloud {
    async fn groups(&self, names: &[GroupName]) -> Result<Vec<Group>, Unavailable> {
        self.groups.groups(names).await
    }

    async fn group_of(&self, instance: &InstanceId) -> Result<Option<GroupName>, Unavailable> {
        Ok(self.groups.member(instance).await?.map(|member| member.group))
    }

    async fn alarms(&self, alarms: &[AlarmArn]) -> Result<AlarmReadings, Unavailable> {
        some_of(self.named.named(alarms).await)
    }

    async fn alarms_in_alarm(&self) -> Result<Vec<AlarmReading>, Unavailable> {
        self.alarms.in_alarm().await
    }

    async fn target_health(&self, target_group: &TargetGroupArn) -> Result<Option<TargetHealths>, Unavailable> {
        self.target_groups.health(target_group).await
    }

    async fn launches(&self, group: &GroupName, back: SignedDuration) -> Result<Launches, Unavailable> {
        self.groups.launches(group, back).await
    }

    async fn refresh(&self, group: &GroupName) -> Result<Option<String>, Unavailable> {
        self.groups.refresh(group).await
    }
}

/// One that can't be read hides no other, and is not taken for one that doesn't exist. Where none can, the caller's own retries come
/// sooner than the next look.
fn some_of(read: AlarmReadings) -> Result<AlarmReadings, Unavailable> {
    match read.values().find_map(|alarm| alarm.as_ref().err()) {
        Some(why) if read.values().all(Result::is_err) => {
            Err(Unavailable { doing: "read its alarms".to_owned(), why: why.clone() })
        }
        _ => Ok(read),
    }
}

impl Replace for InstanceCloud {
    async fn replace(&self, instance: &InstanceId) -> Outcome {
        self.groups.terminate(instance).await
    }

    async fn mark_unhealthy(&self, instance: &InstanceId) -> Outcome {
        self.groups.mark_unhealthy(instance).await
    }
}
