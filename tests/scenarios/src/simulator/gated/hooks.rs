//! The ports of the remedy for held instances, behind a gate.
//!
//! This module never answers for the port.

use homeostat_core::aws::alarm::AlarmReadings;
use homeostat_core::aws::fleet::Group;
use homeostat_core::aws::lifecycle::{ActionId, ActionResult, Terms};
use homeostat_core::aws::record::RecordSet;
use homeostat_core::aws::record_name::RecordName;
use homeostat_core::id::{AlarmArn, GroupName, HookName, HostedZoneId, InstanceId, TargetGroupArn};
use homeostat_core::ports::{Outcome, Unavailable};
use homeostat_remedies::hook::observation::{Datapoint, Details, HeldMember, Registration, TargetId};
use homeostat_remedies::hook::policy::BusyMetric;
use homeostat_remedies::hook::{CompleteHooks, Held, Machines};
use jiff::Timestamp;

use super::{Call, Gate, Gated, HookCall};

impl<P: Held + Sync, G: Gate> Held for Gated<P, G> {
    async fn member(&self, instance: &InstanceId) -> Result<Option<HeldMember>, Unavailable> {
        self.read("read an instance", self.port.member(instance)).await
    }
    async fn terms(&self, group: &GroupName, hook: &HookName) -> Result<Option<Terms>, Unavailable> {
        self.read("read a hook", self.port.terms(group, hook)).await
    }
    async fn groups(&self, names: &[GroupName]) -> Result<Vec<Group>, Unavailable> {
        self.read("read groups", self.port.groups(names)).await
    }
    async fn registrations(&self, target_group: &TargetGroupArn) -> Result<Option<Vec<Registration>>, Unavailable> {
        self.read("read targets", self.port.registrations(target_group)).await
    }
    async fn target_type(&self, target_group: &TargetGroupArn) -> Result<Option<String>, Unavailable> {
        self.read("read a target group's type", self.port.target_type(target_group)).await
    }
    async fn alarms(&self, alarms: &[AlarmArn]) -> Result<AlarmReadings, Unavailable> {
        self.read("read alarms", self.port.alarms(alarms)).await
    }
    async fn newest(&self, metric: &BusyMetric, instance: &InstanceId) -> Result<Option<Datapoint>, Unavailable> {
        self.read("read a metric", self.port.newest(metric, instance)).await
    }
    async fn record_sets(&self, zone: &HostedZoneId, name: &RecordName) -> Result<Vec<RecordSet>, Unavailable> {
        self.read("read record sets", self.port.record_sets(zone, name)).await
    }
}

impl<P: Machines + Sync, G: Gate> Machines for Gated<P, G> {
    async fn details(&self, instance: &InstanceId) -> Result<Option<Details>, Unavailable> {
        self.read("read details", self.port.details(instance)).await
    }
    async fn interrupted_at(&self, spot_request: &str) -> Result<Option<Timestamp>, Unavailable> {
        self.read("read a Spot request", self.port.interrupted_at(spot_request)).await
    }
}

impl<P: CompleteHooks + Sync, G: Gate> CompleteHooks for Gated<P, G> {
    async fn complete(&self, action: &ActionId, result: ActionResult) -> Outcome {
        let call =
            Call::Hook { what: HookCall::Complete(result), instance: Some(&action.instance), hook: Some(&action.hook) };
        self.effect(call, self.port.complete(action, result)).await
    }
    async fn heartbeat(&self, action: &ActionId) -> Outcome {
        let call = Call::Hook { what: HookCall::Heartbeat, instance: Some(&action.instance), hook: Some(&action.hook) };
        self.effect(call, self.port.heartbeat(action)).await
    }
    async fn deregister(&self, target_group: &TargetGroupArn, instance: &InstanceId, targets: &[TargetId]) -> Outcome {
        let call = Call::Hook { what: HookCall::Deregister, instance: Some(instance), hook: None };
        self.effect(call, self.port.deregister(target_group, instance, targets)).await
    }
    async fn remove_records(&self, zone: &HostedZoneId, sets: &[RecordSet]) -> Outcome {
        let call = Call::Hook { what: HookCall::RemoveRecord, instance: None, hook: None };
        self.effect(call, self.port.remove_records(zone, sets)).await
    }
    async fn suspend_launch(&self, group: &GroupName) -> Outcome {
        let call = Call::Hook { what: HookCall::SuspendLaunch, instance: None, hook: None };
        self.effect(call, self.port.suspend_launch(group)).await
    }
}
