//! A port behind a gate: each call asks it on the way in and on the way out.
//!
//! This module never decides what fails; the gate does. It never answers for the port: what is told comes from behind the gate,
//! or is an error.

mod hooks;
mod marks;

use std::collections::BTreeMap;
use std::future::Future;

use homeostat_core::aws::alarm::{AlarmChange, AlarmReading};
use homeostat_core::aws::fleet::{Group, Launches, Machine, TargetHealth, TargetHealths};
use homeostat_core::aws::lifecycle::ActionResult;
use homeostat_core::aws::machines::StatusChecks;
use homeostat_core::aws::record::RecordSet;
use homeostat_core::aws::record_name::RecordName;
use homeostat_core::id::{
    AlarmArn, GroupName, HealthCheckId, HookName, HostedZoneId, InstanceId, Scope, Subject, TargetGroupArn,
};
use homeostat_core::incident::Kind;
use homeostat_core::ports::{
    Due, DueIncidents, DueList, History, Ledger, Limits, Mark, NotWritten, Outcome, Unavailable, WakeUps, Write,
};
use homeostat_core::resync::Resync;
use homeostat_core::signal::Order;
use homeostat_remedies::hosted_zone::observation::{AlarmReadings, HealthCheckReading};
use homeostat_remedies::hosted_zone::shift::Shift;
use homeostat_remedies::hosted_zone::{Records, ShiftWeights};
use homeostat_remedies::instance::{Fleet, Replace};
use jiff::{SignedDuration, Timestamp};

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub enum Call<'a> {
    Read {
        what: &'static str,
    },
    Write {
        subject: &'a Subject,
        version: u64,
    },
    Postpone {
        subject: &'a Subject,
    },
    Wake {
        subject: &'a Subject,
    },
    /// How far a resync has got.
    Resync,
    /// What is marked as due is written, deleted, claimed or given back.
    Mark,
    /// A message to the owner itself that is about no subject.
    Send {
        what: &'static str,
    },
    Effect {
        instance: &'a InstanceId,
    },
    Shift {
        shift: &'a Shift,
    },
    Hook {
        what: HookCall,
        instance: Option<&'a InstanceId>,
        hook: Option<&'a HookName>,
    },
}

/// What is done for a held instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookCall {
    Complete(ActionResult),
    Heartbeat,
    Deregister,
    RemoveRecord,
    SuspendLaunch,
}

/// The way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    Open,
    /// The call never arrives.
    Lost,
    /// Of a write: somebody else's transaction is under way on the same items.
    Contended,
    /// AWS takes no more of them for now.
    Throttled,
}

/// The way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Told,
    /// What was done is done, and nobody hears of it.
    Lost,
    /// The SDK tried again, and its second attempt met what the first had written.
    Repeated,
}

pub trait Gate: Sync {
    fn before(&self, call: Call<'_>) -> impl Future<Output = Passage> + Send;

    /// `done` = the call changed what it was to change, or read what it was to read.
    fn after(&self, call: Call<'_>, done: bool) -> impl Future<Output = Answer> + Send;
}

#[derive(Debug, Clone)]
pub struct Gated<P, G> {
    pub port: P,
    pub gate: G,
}

const LOST: &str = "the simulator lost it";

/// As the adapters tell AWS's own words.
const THROTTLED: &str = "ThrottlingException: Rate exceeded";

fn unavailable(what: &str) -> Unavailable {
    Unavailable { doing: what.to_owned(), why: LOST.to_owned() }
}

/// Of a call that got no further; `None`: it did.
fn refusal(passage: Passage) -> Option<&'static str> {
    match passage {
        Passage::Open => None,
        Passage::Lost | Passage::Contended => Some(LOST),
        Passage::Throttled => Some(THROTTLED),
    }
}

impl<P: Sync, G: Gate> Gated<P, G> {
    async fn read<T: Send>(
        &self,
        what: &'static str,
        port: impl Future<Output = Result<T, Unavailable>> + Send,
    ) -> Result<T, Unavailable> {
        let call = Call::Read { what };
        if let Some(why) = refusal(self.gate.before(call).await) {
            return Err(Unavailable { doing: what.to_owned(), why: why.to_owned() });
        }
        let answer = port.await;
        match self.gate.after(call, answer.is_ok()).await {
            Answer::Told => answer,
            Answer::Lost | Answer::Repeated => Err(unavailable(what)),
        }
    }

    async fn change<T: Send>(
        &self,
        call: Call<'_>,
        port: impl Future<Output = Result<T, NotWritten>> + Send,
    ) -> Result<T, NotWritten> {
        match self.gate.before(call).await {
            Passage::Open => {}
            Passage::Lost => return Err(unavailable("write").into()),
            Passage::Contended => return Err(NotWritten::Conflict),
            Passage::Throttled => {
                return Err(Unavailable { doing: "write".to_owned(), why: THROTTLED.to_owned() }.into());
            }
        }
        let written = port.await;
        match self.gate.after(call, written.is_ok()).await {
            Answer::Told => written,
            Answer::Lost => Err(unavailable("hear of a write").into()),
            Answer::Repeated => Err(NotWritten::Conflict),
        }
    }

    async fn effect(&self, call: Call<'_>, port: impl Future<Output = Outcome> + Send) -> Outcome {
        let unknown = |why: &str| Outcome::Unknown { why: why.to_owned() };
        match self.gate.before(call).await {
            Passage::Open => {}
            Passage::Lost | Passage::Contended => return unknown("the call was lost"),
            Passage::Throttled => return unknown(THROTTLED),
        }
        let outcome = port.await;
        let done = !matches!(outcome, Outcome::Refused { .. } | Outcome::Lost { .. });
        match self.gate.after(call, done).await {
            Answer::Told => outcome,
            Answer::Repeated if matches!(call, Call::Hook { .. }) => {
                Outcome::Lost { why: "No active Lifecycle Action found".to_owned() }
            }
            Answer::Lost | Answer::Repeated => unknown("the answer was lost"),
        }
    }
}

impl<P: Fleet + Sync, G: Gate> Fleet for Gated<P, G> {
    async fn groups(&self, names: &[GroupName]) -> Result<Vec<Group>, Unavailable> {
        self.read("read groups", self.port.groups(names)).await
    }
    async fn group_of(&self, instance: &InstanceId) -> Result<Option<GroupName>, Unavailable> {
        self.read("read an instance's group", self.port.group_of(instance)).await
    }
    async fn alarms(&self, alarms: &[AlarmArn]) -> Result<AlarmReadings, Unavailable> {
        self.read("read alarms by name", self.port.alarms(alarms)).await
    }
    async fn alarms_in_alarm(&self) -> Result<Vec<AlarmReading>, Unavailable> {
        self.read("read alarms", self.port.alarms_in_alarm()).await
    }
    async fn target_health(&self, target_group: &TargetGroupArn) -> Result<Option<TargetHealths>, Unavailable> {
        self.read("read targets", self.port.target_health(target_group)).await
    }
    async fn launches(&self, group: &GroupName, back: SignedDuration) -> Result<Launches, Unavailable> {
        self.read("read launches", self.port.launches(group, back)).await
    }
    async fn refresh(&self, group: &GroupName) -> Result<Option<String>, Unavailable> {
        self.read("read refreshes", self.port.refresh(group)).await
    }
}

impl<P: StatusChecks + Sync, G: Gate> StatusChecks for Gated<P, G> {
    async fn machines(&self, instances: &[InstanceId]) -> Result<BTreeMap<InstanceId, Machine>, Unavailable> {
        self.read("read machines", self.port.machines(instances)).await
    }
    async fn interruption(&self, instance: &InstanceId) -> Result<Option<Timestamp>, Unavailable> {
        self.read("read a Spot request", self.port.interruption(instance)).await
    }
}

impl<P: Replace + Sync, G: Gate> Replace for Gated<P, G> {
    async fn replace(&self, instance: &InstanceId) -> Outcome {
        self.effect(Call::Effect { instance }, self.port.replace(instance)).await
    }
    async fn mark_unhealthy(&self, instance: &InstanceId) -> Outcome {
        self.effect(Call::Effect { instance }, self.port.mark_unhealthy(instance)).await
    }
}

impl<P: Records + Sync, G: Gate> Records for Gated<P, G> {
    async fn record_sets(&self, zone: &HostedZoneId, name: &RecordName) -> Result<Vec<RecordSet>, Unavailable> {
        self.read("read record sets", self.port.record_sets(zone, name)).await
    }
    async fn is_in_sync(&self, change: &str) -> Result<bool, Unavailable> {
        self.read("read a change", self.port.is_in_sync(change)).await
    }
    async fn alarms(&self, alarms: &[AlarmArn]) -> Result<AlarmReadings, Unavailable> {
        self.read("read alarms", self.port.alarms(alarms)).await
    }
    async fn health_check(&self, health_check: &HealthCheckId) -> Result<Option<HealthCheckReading>, Unavailable> {
        self.read("read a health check", self.port.health_check(health_check)).await
    }
    async fn has_health_check(&self, health_check: &HealthCheckId) -> Result<bool, Unavailable> {
        self.read("look for a health check", self.port.has_health_check(health_check)).await
    }
    async fn targets(&self, target_group: &TargetGroupArn) -> Result<Option<Vec<TargetHealth>>, Unavailable> {
        self.read("read targets", self.port.targets(target_group)).await
    }
}

impl<P: ShiftWeights + Sync, G: Gate> ShiftWeights for Gated<P, G> {
    async fn shift(&self, shift: &Shift) -> Outcome {
        self.effect(Call::Shift { shift }, self.port.shift(shift)).await
    }
}

impl<P: Ledger + Sync, G: Gate> Ledger for Gated<P, G> {
    async fn history<K: Kind>(
        &self,
        subject: &Subject,
        change: Option<&AlarmChange>,
    ) -> Result<History<K>, Unavailable> {
        self.read("read a history", self.port.history(subject, change)).await
    }
    async fn limits<K: Kind>(&self, subject: &Subject, scope: &Scope) -> Result<Limits<K>, Unavailable> {
        self.read("read limits", self.port.limits(subject, scope)).await
    }
    async fn open_among(&self, subjects: &[Subject]) -> Result<Vec<Subject>, Unavailable> {
        self.read("read open incidents", self.port.open_among(subjects)).await
    }
    async fn write<K: Kind>(&self, write: Write<'_, K>) -> Result<(), NotWritten> {
        let (subject, version) = (&write.incident.subject, write.incident.version);
        self.change(Call::Write { subject, version }, self.port.write(write)).await
    }
    async fn resync(&self, remedy: &'static str) -> Result<Resync, Unavailable> {
        self.read("read the resync", self.port.resync(remedy)).await
    }
    async fn write_resync(&self, remedy: &'static str, resync: &Resync) -> Result<(), NotWritten> {
        self.change(Call::Resync, self.port.write_resync(remedy, resync)).await
    }
}

impl<P: DueIncidents + Sync, G: Gate> DueIncidents for Gated<P, G> {
    async fn due(&self, until: Timestamp) -> Result<DueList, Unavailable> {
        self.read("read what is due", self.port.due(until)).await
    }
    async fn postpone(&self, due: &Due, until: Timestamp, marks: &[Mark], now: Timestamp) -> Result<(), NotWritten> {
        self.change(Call::Postpone { subject: &due.subject }, self.port.postpone(due, until, marks, now)).await
    }
}

impl<P: Sync, G: Gate> Gated<P, G> {
    async fn send(
        &self,
        call: Call<'_>,
        port: impl Future<Output = Result<(), Unavailable>> + Send,
    ) -> Result<(), Unavailable> {
        if let Some(why) = refusal(self.gate.before(call).await) {
            return Err(Unavailable { doing: "send a wake-up".to_owned(), why: why.to_owned() });
        }
        let sent = port.await;
        match self.gate.after(call, sent.is_ok()).await {
            Answer::Told => sent,
            Answer::Lost | Answer::Repeated => Err(unavailable("hear of a wake-up")),
        }
    }
}

impl<P: WakeUps + Sync, G: Gate> WakeUps for Gated<P, G> {
    async fn wake(&self, subject: &Subject, after: SignedDuration) -> Result<(), Unavailable> {
        self.send(Call::Wake { subject }, self.port.wake(subject, after)).await
    }
    async fn wake_for(&self, subject: &Subject, look: Timestamp, after: SignedDuration) -> Result<(), Unavailable> {
        self.send(Call::Wake { subject }, self.port.wake_for(subject, look, after)).await
    }
    async fn order(&self, order: &Order, after: SignedDuration) -> Result<(), Unavailable> {
        self.send(Call::Send { what: "an order" }, self.port.order(order, after)).await
    }
}
