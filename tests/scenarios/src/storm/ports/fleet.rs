//! The fleet over the wire: `shared/aws/src/{autoscaling,cloudwatch,load_balancing}.rs` and `shared/aws-ec2/src/lib.rs`, call by call.
//!
//! This module never decides what is read together: the adapters do, and it follows them.

use std::collections::BTreeMap;

use futures_util::future::{join, join_all};
use homeostat_core::aws::alarm::{AlarmReading, AlarmReadings, AlarmState};
use homeostat_core::aws::fleet::{Group, Launches, Machine, TargetHealths};
use homeostat_core::aws::machines::StatusChecks;
use homeostat_core::id::{AlarmArn, GroupName, InstanceId, TargetGroupArn};
use homeostat_core::ports::{Outcome, Unavailable};
use homeostat_remedies::instance::{Fleet, Replace};
use jiff::{SignedDuration, Timestamp};

use super::super::api::{ALARMS_A_CALL, Api, GROUPS_A_CALL, INSTANCES_A_CALL, PAGES_OF_ALARMS};
use super::super::lock;
use super::WiredCloud;

impl WiredCloud {
    fn failed<T>(&self, group: &GroupName, unavailable: Unavailable) -> Result<T, Unavailable> {
        lock(&self.progress).failed(self.wire.task(), group);
        Err(unavailable)
    }

    /// A call about one group alone.
    async fn about(&self, group: &GroupName, api: Api) -> Result<(), Unavailable> {
        lock(&self.progress).asks(group);
        self.wire.call(api).await
    }

    fn known_group(&self, id: &InstanceId) -> Option<GroupName> {
        self.cloud.see(|world| Some(world.instance(id)?.group.clone()))
    }

    /// One about an instance, which may be gone.
    async fn about_instance(&self, id: &InstanceId, api: Api) -> Result<(), Unavailable> {
        match self.known_group(id) {
            Some(group) => self.about(&group, api).await,
            None => self.wire.call(api).await,
        }
    }

    async fn all(&self, api: Api, calls: usize) -> Result<(), Unavailable> {
        let calls = join_all((0..calls).map(|_| self.wire.call(api))).await;
        calls.into_iter().collect()
    }
}

impl Fleet for WiredCloud {
    /// One page after the other.
    async fn groups(&self, names: &[GroupName]) -> Result<Vec<Group>, Unavailable> {
        for _ in names.chunks(GROUPS_A_CALL) {
            self.wire.call(Api::DescribeAutoScalingGroups).await?;
        }
        let groups = self.cloud.groups(names).await?;
        lock(&self.progress).described(self.wire.task(), self.wire.timers.now(), &groups);
        Ok(groups)
    }

    async fn group_of(&self, instance: &InstanceId) -> Result<Option<GroupName>, Unavailable> {
        self.about_instance(instance, Api::DescribeAutoScalingInstances).await?;
        self.cloud.group_of(instance).await
    }

    /// A hundred at a time, side by side; an error only if none could be read.
    async fn alarms(&self, alarms: &[AlarmArn]) -> Result<AlarmReadings, Unavailable> {
        let hundreds = alarms.chunks(ALARMS_A_CALL).map(|hundred| async move {
            match self.wire.call(Api::DescribeAlarms).await {
                Ok(()) => self.cloud.alarms(hundred).await,
                Err(unavailable) => {
                    let why = unavailable.to_string();
                    Ok(hundred.iter().map(|alarm| (alarm.clone(), Err(why.clone()))).collect())
                }
            }
        });
        let read: Result<Vec<AlarmReadings>, Unavailable> = join_all(hundreds).await.into_iter().collect();
        let read: AlarmReadings = read?.into_iter().flatten().collect();
        match read.values().find_map(|alarm| alarm.as_ref().err()) {
            Some(why) if read.values().all(Result::is_err) => {
                Err(Unavailable { doing: "read its alarms".to_owned(), why: why.clone() })
            }
            _ => Ok(read),
        }
    }

    /// One page after the other, and not more than so many.
    async fn alarms_in_alarm(&self) -> Result<Vec<AlarmReading>, Unavailable> {
        let count = self.cloud.see(|world| world.alarms_in(AlarmState::Alarm).count());
        let pages = count.div_ceil(ALARMS_A_CALL).max(1);
        for _ in 0..pages.min(PAGES_OF_ALARMS) {
            self.wire.call(Api::DescribeAlarms).await?;
        }
        if pages > PAGES_OF_ALARMS {
            let why = format!("there are more than {PAGES_OF_ALARMS} pages of them");
            return Err(Unavailable { doing: "read the alarms in ALARM".to_owned(), why });
        }
        self.cloud.alarms_in_alarm().await
    }

    async fn target_health(&self, arn: &TargetGroupArn) -> Result<Option<TargetHealths>, Unavailable> {
        lock(&self.progress).asks_for_targets(arn);
        let called = self.wire.call(Api::DescribeTargetHealth).await;
        lock(&self.progress).health_read(self.wire.task(), self.wire.timers.now(), arn, called.is_ok());
        called?;
        self.cloud.target_health(arn).await
    }

    /// One page: none of these groups has more activities within its grace period.
    async fn launches(&self, group: &GroupName, back: SignedDuration) -> Result<Launches, Unavailable> {
        match self.about(group, Api::DescribeScalingActivities).await {
            Ok(()) => self.cloud.launches(group, back).await,
            Err(unavailable) => self.failed(group, unavailable),
        }
    }

    async fn refresh(&self, group: &GroupName) -> Result<Option<String>, Unavailable> {
        match self.about(group, Api::DescribeInstanceRefreshes).await {
            Ok(()) => self.cloud.refresh(group).await,
            Err(unavailable) => self.failed(group, unavailable),
        }
    }
}

impl StatusChecks for WiredCloud {
    /// Two questions for each hundred, all side by side. Whoever asks does so for one group at a time.
    async fn machines(&self, ids: &[InstanceId]) -> Result<BTreeMap<InstanceId, Machine>, Unavailable> {
        let (calls, group) = (ids.len().div_ceil(INSTANCES_A_CALL), ids.first().and_then(|id| self.known_group(id)));
        if let Some(group) = &group {
            (0..2 * calls).for_each(|_| lock(&self.progress).asks(group));
        }
        let both = join(self.all(Api::DescribeInstanceStatus, calls), self.all(Api::DescribeInstances, calls)).await;
        match (both.0.and(both.1), group) {
            (Ok(()), _) => self.cloud.machines(ids).await,
            (Err(unavailable), Some(group)) => self.failed(&group, unavailable),
            (Err(unavailable), None) => Err(unavailable),
        }
    }

    async fn interruption(&self, id: &InstanceId) -> Result<Option<Timestamp>, Unavailable> {
        self.about_instance(id, Api::DescribeSpotInstanceRequests).await?;
        self.cloud.interruption(id).await
    }
}

impl Replace for WiredCloud {
    async fn replace(&self, id: &InstanceId) -> Outcome {
        match self.about_instance(id, Api::TerminateInstanceInAutoScalingGroup).await {
            Ok(()) => self.cloud.replace(id).await,
            Err(unavailable) => Outcome::Unknown { why: unavailable.why },
        }
    }

    async fn mark_unhealthy(&self, id: &InstanceId) -> Outcome {
        match self.about_instance(id, Api::SetInstanceHealth).await {
            Ok(()) => self.cloud.mark_unhealthy(id).await,
            Err(unavailable) => Outcome::Unknown { why: unavailable.why },
        }
    }
}
