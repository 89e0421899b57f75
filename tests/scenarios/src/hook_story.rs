//! A whole Homeostat over groups with lifecycle hooks in virtual time: the functions' own code over the world and a ledger in
//! memory.
//!
//! This driver never decides anything: it carries events and wake-ups to where the template would, and lets time pass.

use homeostat_core::id::{GroupName, InstanceId};
use homeostat_core::policy::Policy;
use homeostat_core::ports::Clock;
use homeostat_lambda::Failure;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use world::{Cloud, LifecycleState, MemoryLedger, VirtualClock, WakeUpQueue, World};

use crate::{RESYNC_EVERY, SWEEP_EVERY, event_rules, ready};

pub type HookOwner = lifecycle_hook::Ready<Cloud, Cloud, MemoryLedger, WakeUpQueue, VirtualClock>;
type Replacer = replace_instance::Ready<Cloud, Cloud, MemoryLedger, VirtualClock>;

type Handler = Box<dyn Fn(Value) -> Result<Value, Failure>>;

pub struct HookStory {
    pub cloud: Cloud,
    pub ledger: MemoryLedger,
    pub owner: HookOwner,
    pub replacer: Replacer,
    sweeper: reconcile::Ready<MemoryLedger, WakeUpQueue, VirtualClock>,
    /// Lifecycle actions that were told of, oldest first.
    pub delivered: Vec<Value>,
    /// What the owner of hooks answered, oldest first.
    pub answers: Vec<Result<Value, Failure>>,
    /// How often each event reaches the owner of hooks: none is left to the resync.
    pub deliveries: usize,
    /// Whether the owner of hooks runs at all.
    pub is_on: bool,
    /// Whoever takes the events instead of the owner, over the same world and ledger.
    stand_in: Option<Handler>,
    swept_at: Timestamp,
    resynced_at: Timestamp,
    /// Wake-ups on the queues, with the time at which they come out.
    queued: Vec<(Timestamp, Value)>,
}

impl HookStory {
    pub fn new(world: World, policy: Policy) -> Self {
        let (now, region) = (world.now(), world.place().region.clone());
        let cloud = Cloud::over(world);
        let clock = cloud.clock().clone();
        let ledger = MemoryLedger::new(clock.clone());
        let owner = HookOwner {
            aws: cloud.clone(),
            machines: cloud.clone(),
            ledger: ledger.clone(),
            wake_ups: WakeUpQueue::default(),
            clock: clock.clone(),
            policy: policy.clone(),
            region: region.clone(),
        };
        let (aws, checks) = (cloud.clone(), cloud.clone());
        let replacer = Replacer { aws, checks, ledger: ledger.clone(), clock: clock.clone(), policy, region };
        // One queue for all: what comes out of it goes to its subject's owner.
        let sweeper = reconcile::Ready { incidents: ledger.clone(), wake_ups: owner.wake_ups.clone(), clock };
        HookStory {
            cloud,
            ledger,
            owner,
            replacer,
            sweeper,
            delivered: Vec::new(),
            answers: Vec::new(),
            deliveries: 1,
            is_on: true,
            stand_in: None,
            swept_at: now,
            resynced_at: now,
            queued: Vec::new(),
        }
    }

    /// Lets time pass, with events, sweeps and wake-ups delivered as they come.
    pub fn pass(&mut self, duration: SignedDuration) {
        let end = self.now() + duration;
        while self.now() < end {
            let next_sweep = self.swept_at + SWEEP_EVERY;
            let next_resync = self.resynced_at + RESYNC_EVERY;
            let next_wake_up = self.queued.iter().map(|(at, _)| *at).min().unwrap_or(end);
            let next = next_sweep.min(next_resync).min(next_wake_up).min(end);
            self.cloud.pass_until(next, |world| world.has_events());
            self.deliver_events();
            if self.now() >= next_resync {
                self.resynced_at = self.now();
                _ = self.deliver(json!({ "homeostat": "resync" }));
                _ = self.replace(json!({ "homeostat": "resync" }));
            }
            self.deliver_wake_ups();
            if self.now() >= next_sweep {
                self.sweep();
            }
        }
    }

    /// One event to the owner of hooks.
    ///
    /// # Errors
    /// [`Failure`], as the owner answers.
    pub fn deliver(&mut self, event: Value) -> Result<Value, Failure> {
        if !self.is_on {
            return Ok(Value::Null);
        }
        let answer = match &self.stand_in {
            Some(handler) => handler(event),
            None => ready(lifecycle_hook::handle(&self.owner, event)),
        };
        self.answers.push(answer.clone());
        self.take_wake_ups();
        answer
    }

    /// From now on somebody else takes the events: an owner behind a gate, say.
    pub fn deliver_with(&mut self, handler: impl Fn(Value) -> Result<Value, Failure> + 'static) {
        self.stand_in = Some(Box::new(handler));
    }

    fn replace(&mut self, event: Value) -> Result<Value, Failure> {
        ready(replace_instance::handle(&self.replacer, event))
    }

    pub fn now(&self) -> Timestamp {
        self.cloud.clock().now()
    }

    /// The group's instances in service, by id.
    pub fn in_service(&self, group: &GroupName) -> Vec<InstanceId> {
        self.cloud.with(|world| {
            let members = world.members(group).filter(|member| member.lifecycle == LifecycleState::InService);
            members.map(|member| member.id.clone()).collect()
        })
    }

    fn deliver_events(&mut self) {
        for event in self.cloud.with(|world| world.take_events()) {
            if event_rules::let_through("LifecycleActions", &event) {
                self.delivered.push(event.clone());
                for _ in 0..self.deliveries {
                    _ = self.deliver(event.clone());
                }
            } else if event_rules::let_through("ReplaceInstance", &event) {
                _ = self.replace(event);
            }
        }
    }

    fn sweep(&mut self) {
        self.swept_at = self.now();
        _ = ready(reconcile::handle(&self.sweeper, Value::Null));
        self.take_wake_ups();
    }

    /// SQS delays by whole seconds.
    fn take_wake_ups(&mut self) {
        let now = self.now();
        let whole =
            |after: SignedDuration| SignedDuration::from_secs(after.as_secs() + i64::from(after.subsec_nanos() > 0));
        let sent = self.owner.wake_ups.take().into_iter();
        self.queued.extend(sent.map(|(after, message)| (now + whole(after), message)));
    }

    fn deliver_wake_ups(&mut self) {
        let now = self.now();
        let (ripe, queued) = std::mem::take(&mut self.queued).into_iter().partition(|(at, _)| *at <= now);
        self.queued = queued;
        let ripe: Vec<(Timestamp, Value)> = ripe;
        for (_, message) in ripe {
            let is_hook =
                message.get("subject").and_then(Value::as_str).is_some_and(|subject| subject.contains("#hook#"));
            _ = if is_hook { self.deliver(message) } else { self.replace(message) };
        }
    }
}
