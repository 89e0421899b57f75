//! AWS as it can be on a bad day: states that are shown late, actions that are not there yet, services that don't answer. And doubles
//! of it that break their promise, for the rules to catch.
//!
//! This module never changes the world but as it is asked to, unless it is such a double.

mod doubles;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use homeostat_core::aws::alarm::AlarmReadings;
use homeostat_core::aws::fleet::{Group, Lifecycle, Machine};
use homeostat_core::aws::lifecycle::{ActionId, ActionResult, Terms};
use homeostat_core::aws::machines::StatusChecks;
use homeostat_core::aws::record::RecordSet;
use homeostat_core::aws::record_name::RecordName;
use homeostat_core::id::{AlarmArn, GroupName, HookName, HostedZoneId, InstanceId, TargetGroupArn};
use homeostat_core::ports::{Outcome, Unavailable};
use homeostat_remedies::hook::observation::{Datapoint, Details, HeldMember, Registration, TargetId};
use homeostat_remedies::hook::policy::BusyMetric;
use homeostat_remedies::hook::reasons::HookStep;
use homeostat_remedies::hook::{CompleteHooks, Held, Machines};
use jiff::{SignedDuration, Timestamp};
use world::Cloud;

use super::deed::{Before, Deed};
use super::truth::Past;
use crate::simulator::note::InvocationId;
use crate::simulator::stage::Stage;

pub use doubles::Double;
pub(super) use doubles::Eager;

/// For how long a description may show what was.
pub(super) const HINDSIGHT: SignedDuration = SignedDuration::from_secs(10);

/// For how long a new action may not be found by a call (PrairieLearn, pull request 15586).
const NOT_YET: SignedDuration = SignedDuration::from_secs(3);

/// In percent of the calls that could, and what doesn't answer at all.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moods {
    pub(super) stale: f64,
    pub(super) not_yet: f64,
    pub(super) no_machines: bool,
    pub(super) no_targets: bool,
    pub(super) no_groups: bool,
    pub(super) no_heartbeats: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Aws {
    pub(super) stage: Arc<Stage>,
    pub(super) cloud: Cloud,
    pub(super) by: InvocationId,
    pub(super) moods: Moods,
    pub(super) double: Double,
    pub(super) past: Arc<Mutex<Past>>,
    pub(super) journal: Arc<Mutex<Vec<Deed>>>,
}

impl Aws {
    fn falls(&self, percent: f64, what: &str) -> bool {
        let falls = percent > 0.0 && self.stage.befalls(percent, || what.to_owned());
        if falls {
            self.stage.count(&format!("fault: {what}"));
        }
        falls
    }

    fn answers(&self, silent: bool, doing: &str) -> Result<(), Unavailable> {
        if silent {
            self.stage.count(&format!("fault: {doing} fails for long"));
            return Err(Unavailable { doing: doing.to_owned(), why: "InternalFailure".to_owned() });
        }
        Ok(())
    }

    /// Where Auto Scaling showed the instance a moment ago, if it was elsewhere: `Some(None)` = nowhere.
    fn shown_late(&self, id: &InstanceId) -> Option<Option<String>> {
        let now = self.stage.now();
        let was = self.past.lock().unwrap_or_else(PoisonError::into_inner).before(id, now - HINDSIGHT)?;
        self.falls(self.moods.stale, "shown late").then_some(was)
    }

    fn is_new(&self, action: &ActionId) -> bool {
        let now = self.stage.now();
        self.cloud.with(|world| {
            let mut actions = world.active_actions();
            actions.any(|one| one.instance == action.instance && one.started_at > now - NOT_YET)
        })
    }

    /// Calls, and writes down what became of it.
    async fn perform(&self, step: HookStep, call: impl Future<Output = Outcome> + Send) -> Outcome {
        let before = self.cloud.with(|world| Before::of(world));
        let outcome = call.await;
        let deed = self.cloud.with(|world| before.deed(self.by, step, world));
        self.stage.log(|| format!("#{} did: {}: {outcome}", self.by, deed.step));
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).push(deed);
        outcome
    }

    fn not_there(&self, action: &ActionId) -> Option<Outcome> {
        let not_yet = self.is_new(action) && self.falls(self.moods.not_yet, "an action that is not there yet");
        not_yet.then(|| Outcome::Lost { why: "No active Lifecycle Action found".to_owned() })
    }
}

impl Held for Aws {
    async fn member(&self, instance: &InstanceId) -> Result<Option<HeldMember>, Unavailable> {
        self.answers(self.moods.no_groups, "read an instance")?;
        self.double.on_read(self, instance).await;
        let member = self.cloud.member(instance).await?.map(|member| self.double.member(self, member));
        Ok(match self.shown_late(instance) {
            None => member,
            Some(was) => was.and_then(|was| Some(HeldMember { lifecycle: Lifecycle(was), ..member? })),
        })
    }
    async fn terms(&self, group: &GroupName, hook: &HookName) -> Result<Option<Terms>, Unavailable> {
        self.answers(self.moods.no_groups, "read a hook")?;
        self.cloud.terms(group, hook).await
    }
    async fn groups(&self, names: &[GroupName]) -> Result<Vec<Group>, Unavailable> {
        self.answers(self.moods.no_groups, "read groups")?;
        Held::groups(&self.cloud, names).await
    }
    async fn registrations(&self, target_group: &TargetGroupArn) -> Result<Option<Vec<Registration>>, Unavailable> {
        self.answers(self.moods.no_targets, "read targets")?;
        let found = self.cloud.registrations(target_group).await?;
        Ok(found.map(|found| self.double.registrations(self, found)))
    }
    async fn target_type(&self, target_group: &TargetGroupArn) -> Result<Option<String>, Unavailable> {
        self.answers(self.moods.no_targets, "read a target group's type")?;
        self.cloud.target_type(target_group).await
    }
    async fn alarms(&self, alarms: &[AlarmArn]) -> Result<AlarmReadings, Unavailable> {
        self.answers(self.moods.no_machines, "read alarms")?;
        Held::alarms(&self.cloud, alarms).await
    }
    async fn newest(&self, metric: &BusyMetric, instance: &InstanceId) -> Result<Option<Datapoint>, Unavailable> {
        self.answers(self.moods.no_machines, "read a metric")?;
        self.cloud.newest(metric, instance).await
    }
    async fn record_sets(&self, zone: &HostedZoneId, name: &RecordName) -> Result<Vec<RecordSet>, Unavailable> {
        Held::record_sets(&self.cloud, zone, name).await
    }
}

impl StatusChecks for Aws {
    async fn machines(&self, instances: &[InstanceId]) -> Result<BTreeMap<InstanceId, Machine>, Unavailable> {
        self.answers(self.moods.no_machines, "read machines")?;
        let found = self.cloud.machines(instances).await?;
        Ok(self.double.machines(found))
    }
    async fn interruption(&self, instance: &InstanceId) -> Result<Option<Timestamp>, Unavailable> {
        self.cloud.interruption(instance).await
    }
}

impl Machines for Aws {
    async fn details(&self, instance: &InstanceId) -> Result<Option<Details>, Unavailable> {
        self.answers(self.moods.no_machines, "read details")?;
        let found = self.cloud.details(instance).await?;
        Ok(found.map(|found| self.double.details(self, found)))
    }
    async fn interrupted_at(&self, spot_request: &str) -> Result<Option<Timestamp>, Unavailable> {
        self.answers(self.moods.no_machines, "read a Spot request")?;
        self.cloud.interrupted_at(spot_request).await
    }
}

impl CompleteHooks for Aws {
    async fn complete(&self, action: &ActionId, result: ActionResult) -> Outcome {
        if let Some(lost) = self.not_there(action) {
            return lost;
        }
        let step = HookStep::Complete { action: action.clone(), result };
        self.perform(step, self.double.complete(self, action, result)).await
    }
    async fn heartbeat(&self, action: &ActionId) -> Outcome {
        if self.moods.no_heartbeats {
            self.stage.count("fault: heartbeats fail for long");
            return Outcome::Unknown { why: "InternalFailure".to_owned() };
        }
        if let Some(lost) = self.not_there(action) {
            return lost;
        }
        let step = HookStep::Heartbeat { action: action.clone() };
        self.perform(step, self.double.heartbeat(self, action)).await
    }
    async fn deregister(&self, target_group: &TargetGroupArn, instance: &InstanceId, targets: &[TargetId]) -> Outcome {
        let step = HookStep::Deregister {
            instance: instance.clone(),
            target_group: target_group.clone(),
            targets: targets.to_vec(),
        };
        self.perform(step, self.double.deregister(self, target_group, instance, targets)).await
    }
    async fn remove_records(&self, zone: &HostedZoneId, sets: &[RecordSet]) -> Outcome {
        let step = HookStep::RemoveRecords { zone: zone.clone(), sets: sets.to_vec() };
        self.perform(step, self.cloud.remove_records(zone, sets)).await
    }
    async fn suspend_launch(&self, group: &GroupName) -> Outcome {
        let step = HookStep::SuspendLaunch { group: group.clone() };
        self.perform(step, self.cloud.suspend_launch(group)).await
    }
}
