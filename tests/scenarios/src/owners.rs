//! The functions as a story has them: over the world and a ledger in memory, and once more behind a gate.
//!
//! This module never answers for a function.

use std::pin::Pin;

use homeostat_core::incident::Kind;
use homeostat_lambda::Failure;
use homeostat_remedies::hook::kind::HookKind;
use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::policy::Policy;
use serde_json::Value;
use world::{Cloud, MemoryLedger, VirtualClock, WakeUpQueue};

use crate::simulator::gated::{Gate, Gated};

pub type FleetOwner = replace_instance::Ready<Cloud, Cloud, MemoryLedger, WakeUpQueue, VirtualClock>;
pub type DnsOwner = shift_dns::Ready<Cloud, MemoryLedger, WakeUpQueue, VirtualClock>;
pub type HookOwner = lifecycle_hook::Ready<Cloud, Cloud, MemoryLedger, WakeUpQueue, VirtualClock>;

/// One invocation, which goes on when it is polled.
pub type Handling = Pin<Box<dyn Future<Output = Result<Value, Failure>>>>;

/// What an owner is made of.
#[derive(Debug, Clone)]
pub struct Parts {
    pub cloud: Cloud,
    pub ledger: MemoryLedger,
    /// One for all, as in the template.
    pub wake_ups: WakeUpQueue,
    pub policy: Policy,
}

pub trait Owner: Sized {
    /// Its function or its rule in the template, which says which events reach it.
    const RESOURCE: &'static str;

    /// Whether its events come in batches of a queue.
    const TAKES_IN: bool;

    /// Of its incidents.
    type Kind: Kind;

    fn of(parts: Parts) -> Self;

    fn handling(&self, event: Value) -> impl Future<Output = Result<Value, Failure>>;

    /// The same, with this gate before each of its ports.
    fn behind<G: Gate + Clone + 'static>(&self, gate: &G, event: Value) -> Handling;

    /// Who else acts on the same world.
    fn beside(_: &Parts) -> Option<FleetOwner> {
        None
    }

    /// Whether a wake-up is its own, and not for whoever is beside it.
    fn owns(_: &Value) -> bool {
        true
    }
}

fn gated<P: Clone, G: Clone>(port: &P, gate: &G) -> Gated<P, G> {
    Gated { port: port.clone(), gate: gate.clone() }
}

impl Owner for FleetOwner {
    type Kind = InstanceKind;

    const RESOURCE: &'static str = "ReplaceInstance";
    const TAKES_IN: bool = true;

    fn of(Parts { cloud, ledger, wake_ups: queues, policy }: Parts) -> Self {
        let region = cloud.with(|world| world.place().region.clone());
        let clock = cloud.clock().clone();
        FleetOwner { aws: cloud.clone(), checks: cloud, ledger, queues, clock, policy, region, stack: None }
    }

    fn handling(&self, event: Value) -> impl Future<Output = Result<Value, Failure>> {
        replace_instance::handle(self, event)
    }

    fn behind<G: Gate + Clone + 'static>(&self, gate: &G, event: Value) -> Handling {
        let owner = replace_instance::Ready {
            aws: gated(&self.aws, gate),
            checks: gated(&self.checks, gate),
            ledger: gated(&self.ledger, gate),
            queues: gated(&self.queues, gate),
            clock: self.clock.clone(),
            policy: self.policy.clone(),
            region: self.region.clone(),
            stack: None,
        };
        Box::pin(async move { replace_instance::handle(&owner, event).await })
    }
}

impl Owner for DnsOwner {
    type Kind = HostedZoneKind;

    const RESOURCE: &'static str = "ShiftDns";
    const TAKES_IN: bool = true;

    fn of(Parts { cloud, ledger, wake_ups: queues, policy }: Parts) -> Self {
        DnsOwner { aws: cloud.clone(), ledger, queues, clock: cloud.clock().clone(), policy, stack: None }
    }

    fn handling(&self, event: Value) -> impl Future<Output = Result<Value, Failure>> {
        shift_dns::handle(self, event)
    }

    fn behind<G: Gate + Clone + 'static>(&self, gate: &G, event: Value) -> Handling {
        let owner = shift_dns::Ready {
            aws: gated(&self.aws, gate),
            ledger: gated(&self.ledger, gate),
            queues: gated(&self.queues, gate),
            clock: self.clock.clone(),
            policy: self.policy.clone(),
            stack: None,
        };
        Box::pin(async move { shift_dns::handle(&owner, event).await })
    }
}

impl Owner for HookOwner {
    type Kind = HookKind;

    const RESOURCE: &'static str = "LifecycleActions";
    const TAKES_IN: bool = false;

    fn of(Parts { cloud, ledger, wake_ups, policy }: Parts) -> Self {
        let region = cloud.with(|world| world.place().region.clone());
        let clock = cloud.clock().clone();
        HookOwner { aws: cloud.clone(), machines: cloud, ledger, wake_ups, clock, policy, region }
    }

    fn handling(&self, event: Value) -> impl Future<Output = Result<Value, Failure>> {
        lifecycle_hook::handle(self, event)
    }

    fn behind<G: Gate + Clone + 'static>(&self, gate: &G, event: Value) -> Handling {
        let owner = lifecycle_hook::Ready {
            aws: gated(&self.aws, gate),
            machines: gated(&self.machines, gate),
            ledger: gated(&self.ledger, gate),
            wake_ups: gated(&self.wake_ups, gate),
            clock: self.clock.clone(),
            policy: self.policy.clone(),
            region: self.region.clone(),
        };
        Box::pin(async move { lifecycle_hook::handle(&owner, event).await })
    }

    fn beside(parts: &Parts) -> Option<FleetOwner> {
        Some(FleetOwner::of(parts.clone()))
    }

    fn owns(message: &Value) -> bool {
        message.get("subject").and_then(Value::as_str).is_some_and(|subject| subject.contains("#hook#"))
    }
}
