//! A whole Homeostat in virtual time: the functions' own code over the world and a ledger in memory.
//!
//! This driver never decides anything: it carries events and wake-ups to where the template would, and lets time pass.

mod announcement;
mod dns_story;
pub mod event_rules;
mod hook_story;
pub mod seeds;
pub mod simulator;
mod site_policy;

pub use announcement::Announcement;
pub use dns_story::{DnsOwner, DnsStory};
pub use hook_story::{HookOwner, HookStory};
pub use site_policy::{record_section, section_of_types};

use futures_util::FutureExt;
use homeostat_core::id::{GroupName, InstanceId};
use homeostat_core::policy::Policy;
use homeostat_lambda::Failure;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use world::{App, Cloud, Demo, LifecycleState, MemoryLedger, Refusal, VirtualClock, WakeUpQueue};

/// A simulated history is mostly small allocations: with this one it takes a seventh less time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The template's schedules.
const SWEEP_EVERY: SignedDuration = SignedDuration::from_mins(1);
const RESYNC_EVERY: SignedDuration = SignedDuration::from_mins(5);

pub struct Story {
    pub cloud: Cloud,
    pub ledger: MemoryLedger,
    pub owner: replace_instance::Ready<Cloud, Cloud, MemoryLedger, VirtualClock>,
    sweeper: reconcile::Ready<MemoryLedger, WakeUpQueue, VirtualClock>,
    /// Every event that the rule let through, oldest first.
    pub delivered: Vec<Value>,
    /// What the owner answered to events and wake-ups, oldest first.
    pub answers: Vec<Result<Value, Failure>>,
    /// Whether alarms reach the owner. What no event tells is left to the resync.
    pub events_are_delivered: bool,
    /// Whether the owner's five-minute schedule runs.
    pub resyncs: bool,
    swept_at: Timestamp,
    resynced_at: Timestamp,
    /// Wake-ups on the queue, with the time at which they come out.
    queued: Vec<(Timestamp, Value)>,
}

impl Story {
    /// The demo's fleet at AWS's own pace, under a policy.
    ///
    /// # Errors
    /// [`Refusal`] if the world can't be built.
    pub fn new(demo: Demo, policy: Policy, now: Timestamp) -> Result<Self, Refusal> {
        let (world, _) = demo.build(now)?;
        let cloud = Cloud::over(world);
        let clock = cloud.clock().clone();
        let ledger = MemoryLedger::new(clock.clone());
        let owner = replace_instance::Ready {
            aws: cloud.clone(),
            checks: cloud.clone(),
            ledger: ledger.clone(),
            clock: clock.clone(),
            policy,
            region: cloud.with(|world| world.place().region.clone()),
        };
        let sweeper = reconcile::Ready { incidents: ledger.clone(), wake_ups: WakeUpQueue::default(), clock };
        Ok(Story {
            cloud,
            ledger,
            owner,
            sweeper,
            delivered: Vec::new(),
            answers: Vec::new(),
            events_are_delivered: true,
            resyncs: true,
            swept_at: now,
            resynced_at: now,
            queued: Vec::new(),
        })
    }

    /// Lets time pass, with alarms, sweeps and wake-ups delivered as they come.
    pub fn pass(&mut self, duration: SignedDuration) {
        let end = self.now() + duration;
        while self.now() < end {
            let next_sweep = self.swept_at + SWEEP_EVERY;
            let next_resync = self.resynced_at + RESYNC_EVERY;
            let next_wake_up = self.queued.iter().map(|(at, _)| *at).min().unwrap_or(end);
            let next = next_sweep.min(next_resync).min(next_wake_up).min(end);
            self.cloud.pass_until(next, |world| world.has_events());
            self.deliver_alarms();
            if self.now() >= next_resync {
                self.resync();
            }
            self.deliver_wake_ups();
            if self.now() >= next_sweep {
                self.sweep();
            }
        }
    }

    /// One event to the owner, as its rule or its queue would deliver it.
    pub fn deliver(&mut self, event: Value) -> Result<Value, Failure> {
        let answer = ready(replace_instance::handle(&self.owner, event));
        self.answers.push(answer.clone());
        answer
    }

    pub fn break_app(&self, id: &InstanceId) -> Result<(), Refusal> {
        self.cloud.with(|world| world.break_app(id, App::Dead))
    }

    pub fn now(&self) -> Timestamp {
        use homeostat_core::ports::Clock;
        self.cloud.clock().now()
    }

    /// The group's instances in service, by id.
    pub fn in_service(&self, group: &GroupName) -> Vec<InstanceId> {
        self.cloud.with(|world| {
            let members = world.members(group).filter(|member| member.lifecycle == LifecycleState::InService);
            members.map(|member| member.id.clone()).collect()
        })
    }

    fn deliver_alarms(&mut self) {
        for event in self.cloud.with(|world| world.take_events()) {
            if event_rules::let_through("ReplaceInstance", &event) && self.events_are_delivered {
                self.delivered.push(event.clone());
                _ = self.deliver(event);
            }
        }
    }

    fn resync(&mut self) {
        self.resynced_at = self.now();
        if self.resyncs {
            _ = self.deliver(serde_json::json!({ "homeostat": "resync" }));
        }
    }

    fn sweep(&mut self) {
        self.swept_at = self.now();
        _ = ready(reconcile::handle(&self.sweeper, Value::Null));
        let sent = self.sweeper.wake_ups.take().into_iter();
        self.queued.extend(sent.map(|(after, message)| (self.swept_at + after, message)));
    }

    fn deliver_wake_ups(&mut self) {
        let now = self.now();
        let (ripe, queued) = std::mem::take(&mut self.queued).into_iter().partition(|(at, _)| *at <= now);
        self.queued = queued;
        let ripe: Vec<(Timestamp, Value)> = ripe;
        for (_, message) in ripe {
            _ = self.deliver(message);
        }
    }
}

/// The ports of the world answer at once, so there is nothing to wait for.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match future.now_or_never() {
        Some(answer) => answer,
        #[expect(clippy::panic, reason = "a port that waits is a bug of the world, which every story must show")]
        None => panic!("a port of the world made its caller wait"),
    }
}
