//! One held instance, looked at again and again: what the loop does with a decision, without a ledger or a world.

use std::collections::BTreeMap;

use homeostat_core::aws::fleet::{Checks, Lifecycle, Machine, TargetHealth};
use homeostat_core::aws::lifecycle::{ActionResult, Course, LifecycleEvent, Place, Terms, Transition};
use homeostat_core::id::TargetGroupArn;
use homeostat_core::ports::{Outcome, Pause};
use homeostat_core::reconcile::{Ignored, Remedy};
use homeostat_core::signal::{Hint, Trigger};
use jiff::{SignedDuration, Timestamp};

use crate::hook::memory::Memory;
use crate::hook::observation::{Details, HeldMember, Observation, Registration, TargetId};
use crate::hook::reasons::{
    Because, Circumstances, Close, CloseReason, Decision, Ended, Evidence, History, Hold, HoldReason, HookStep,
    Incident, Limits, Step, Waits,
};
use crate::hook::state::HookState;
use crate::hook::{HookObserver, LifecycleHook};
use crate::policy::{self, Policy};

pub(super) const INSTANCE: &str = "i-0123456789abcdef0";
pub(super) const TOKEN: &str = "87654321-4321-4321-4321-210987654321";
pub(super) const POOL: &str = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/jobs/0123456789abcdef";

pub(super) const LAUNCH: &str = "schema = 1\n[[lifecycle-hook.launch]]\ngroup = \"web\"\nhook = \"ready\"\ntimeout = \"5m\"\n\
    max-abandoned = 2\nevidence = [\"instance-status\", \"tag\", \"target-health\"]\ntag = \"app:ready\"\ntarget-groups = \
    [\"arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/jobs/0123456789abcdef\"]\n";
pub(super) const LEAVE: &str = "schema = 1\n[[lifecycle-hook.terminate]]\ngroup = \"web\"\nhook = \"ready\"\ntimeout = \"5m\"\n\
    busy-tag = \"app:busy\"\ntarget-groups = \
    [\"arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/jobs/0123456789abcdef\"]\n\
    record = { hosted-zone = \"Z0123456789ABCDEFGHIJ\", name = \"{instance}.example.com\" }\n";

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(super) fn secs(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

pub(super) struct Scene {
    pub(super) now: i64,
    pub(super) policy: Policy,
    pub(super) incident: Incident,
    pub(super) seen: Observation,
    pub(super) memory: Memory,
    pub(super) pauses: Vec<Pause>,
    /// The next answers to calls; when they are used up, each is done.
    pub(super) answers: Vec<Outcome>,
    /// What every call is answered, if not by the above.
    pub(super) answer: fn(&HookStep) -> Outcome,
    /// What was done, oldest first.
    pub(super) done: Vec<HookStep>,
    /// Another hook of the group holds the instance, too.
    pub(super) is_held_by_others: bool,
}

pub(super) fn told(transition: Transition, second: i64) -> LifecycleEvent {
    LifecycleEvent {
        group: "web".parse().unwrap(),
        hook: "ready".parse().unwrap(),
        instance: INSTANCE.parse().unwrap(),
        token: TOKEN.parse().unwrap(),
        at: at(second),
        transition,
        origin: Some(Place::Ec2),
        course: Some(match transition {
            Transition::Launching => Course::IntoService,
            Transition::Terminating => Course::OutForGood,
        }),
    }
}

pub(super) fn hint(told: &LifecycleEvent) -> Hint {
    Hint {
        subject: crate::hook::subject::HeldInstance::told(told).subject("eu-west-1".parse().unwrap()),
        why: Trigger::Action(told.clone()),
    }
}

pub(super) fn registered(health: TargetHealth) -> BTreeMap<TargetGroupArn, Result<Vec<Registration>, String>> {
    BTreeMap::from([(POOL.parse().unwrap(), Ok(vec![Registration { target: own_target(), health }]))])
}

pub(super) fn own_target() -> TargetId {
    TargetId { id: INSTANCE.to_owned(), port: Some(8080) }
}

pub(super) fn details() -> Details {
    Details {
        state: "running".into(),
        started_at: Some(at(-20)),
        tags: BTreeMap::new(),
        addresses: vec!["10.0.0.7".into(), "ip-10-0-0-7.eu-west-1.compute.internal".into()],
        spot_request: None,
    }
}

impl Scene {
    /// A launch that has shown nothing yet.
    pub(super) fn launching(policy: &str) -> Scene {
        let machine = Machine {
            state: "running".into(),
            checks: Checks::Unknown { status: "initializing".into() },
            started_at: None,
            ends_at: None,
        };
        let seen = Observation { machine: Some(Ok(Some(machine))), ..Observation::default() };
        let pool = BTreeMap::from([(POOL.parse().unwrap(), Ok(Vec::new()))]);
        Scene::new(policy, Transition::Launching, Observation { targets: pool, ..seen })
    }

    /// An instance that serves in a target group of the policy.
    pub(super) fn leaving(policy: &str) -> Scene {
        let seen = Observation {
            targets: registered(TargetHealth::Healthy),
            attached: Some(Ok(BTreeMap::new())),
            records: Some(Ok(Vec::new())),
            ..Observation::default()
        };
        Scene::new(policy, Transition::Terminating, seen)
    }

    fn new(policy: &str, transition: Transition, seen: Observation) -> Scene {
        let policy = policy::parse(policy).unwrap();
        let terms = Terms { timeout: secs(300), global: secs(30_000), default: ActionResult::Abandon, transition };
        let waits = match transition {
            Transition::Launching => "Pending:Wait",
            Transition::Terminating => "Terminating:Wait",
        };
        let seen = Observation { terms: Some(Ok(Some(terms))), details: Some(Ok(Some(details()))), ..seen };
        let told = told(transition, 0);
        let incident = Incident::new(
            hint(&told).subject,
            crate::hook::kind::HookKind::Hook(Box::new(HookState::told(&told))),
            at(0),
            at(0),
        );
        let (memory, pauses, answers, done) = (Memory::default(), Vec::new(), Vec::new(), Vec::new());
        let mut scene = Scene {
            now: 0,
            policy,
            incident,
            seen,
            memory,
            pauses,
            answers,
            answer: |_| Outcome::Done,
            done,
            is_held_by_others: false,
        };
        scene.is(waits);
        scene
    }

    /// As the event told.
    pub(super) fn comes_from(&mut self, origin: Option<Place>) {
        let kept = self.incident.kind.state_mut();
        kept.origin = origin;
    }

    /// The event says so.
    pub(super) fn goes(&mut self, course: Course) {
        let kept = self.incident.kind.state_mut();
        kept.course = Some(course);
    }

    /// Auto Scaling shows this state.
    pub(super) fn is(&mut self, lifecycle: &str) {
        let launched_from = Some("lt-1:7".to_owned());
        let member =
            HeldMember { group: "web".parse().unwrap(), lifecycle: Lifecycle(lifecycle.into()), launched_from };
        self.seen.member = Some(Ok(Some(member)));
    }

    /// As Auto Scaling shows an instance whose last hook was completed. Any ABANDON of a launch ends it.
    fn goes_on(&mut self, result: ActionResult) {
        let Some(Ok(Some(member))) = &self.seen.member else { return };
        let shown = member.lifecycle.0.clone();
        match result {
            ActionResult::Abandon if shown.starts_with("Pending") => self.is("Terminating"),
            _ if self.is_held_by_others => {}
            _ => self.is(&shown.replace(":Wait", ":Proceed")),
        }
    }

    /// All the evidence is there.
    pub(super) fn is_ready(&mut self) {
        self.seen.machine = Some(Ok(Some(Machine {
            state: "running".into(),
            checks: Checks::Passed,
            started_at: None,
            ends_at: None,
        })));
        self.tag("app:ready", &at(self.now).to_string());
        self.seen.targets = registered(TargetHealth::Healthy);
    }

    pub(super) fn tag(&mut self, key: &str, value: &str) {
        let Some(Ok(Some(details))) = &mut self.seen.details else { panic!() };
        details.tags.insert(key.into(), value.into());
    }

    pub(super) fn drained(&mut self) {
        self.seen.targets = BTreeMap::from([(POOL.parse().unwrap(), Ok(Vec::new()))]);
    }

    pub(super) fn state(&self) -> &HookState {
        self.incident.kind.state()
    }

    fn remedy<T>(&self, ask: impl FnOnce(&LifecycleHook<'_, Nowhere, Nowhere>) -> T) -> T {
        let hooks = self.policy.hooks.as_ref().unwrap();
        let observer = HookObserver { aws: &Nowhere, machines: &Nowhere, policy: hooks };
        let region = "eu-west-1".parse().unwrap();
        ask(&LifecycleHook { observer, hash: &self.policy.hash, region: &region })
    }

    pub(super) fn open(&self, why: Trigger, history: &History) -> Result<Incident, Ignored> {
        let hint = Hint { subject: self.incident.subject.clone(), why };
        self.remedy(|remedy| remedy.open(at(self.now), &hint, &self.seen, history))
    }

    pub(super) fn is_early(&self, hint: &Hint) -> bool {
        self.remedy(|remedy| remedy.is_early(at(self.now), &self.incident, hint))
    }

    pub(super) fn took_effect(&self, incident: &Incident) -> bool {
        self.remedy(|remedy| remedy.took_effect(incident, &self.seen))
    }

    pub(super) fn join(&mut self, told: &LifecycleEvent) {
        self.incident = self.remedy(|remedy| remedy.join(self.incident.clone(), &hint(told)));
    }

    /// As the loop does, until there is nothing to do now; gives the last decision.
    pub(super) fn look(&mut self) -> Decision {
        for _ in 0..8 {
            let decision = self.once();
            if !matches!(decision, Decision::Act { .. }) {
                return decision;
            }
        }
        panic!("it went on acting: {:?}", self.done);
    }

    /// The rung that doesn't let pass, as `homeostat explain` names it.
    pub(super) fn stopped_by(&self) -> Option<&'static str> {
        let (now, around) = (at(self.now), Circumstances::default());
        let rungs = self.remedy(|remedy| remedy.rungs(now, &self.incident, &self.seen, &around));
        rungs.iter().find(|rung| rung.passed == Some(false)).map(|rung| rung.name)
    }

    fn once(&mut self) -> Decision {
        let limits = Limits { pauses: self.pauses.clone(), memory: self.memory.clone(), ..Limits::default() };
        let around = Circumstances { limits, ..Circumstances::default() };
        let now = at(self.now);
        let incident = self.remedy(|remedy| remedy.absorb(now, self.incident.clone(), &self.seen, &around.limits));
        let decision = self.remedy(|remedy| remedy.decide(now, &incident, &self.seen, &around));
        let rungs = self.remedy(|remedy| remedy.rungs(now, &incident, &self.seen, &around));
        // While a call settles, the ladder has been left already.
        if !matches!(&decision, Decision::Hold { because: Hold::Own(HoldReason::Hook(Waits::Settling { .. })), .. }) {
            let is_at_the_top = rungs.iter().all(|rung| rung.passed == Some(true));
            assert_eq!(is_at_the_top, is_as_wished(&decision), "{decision}: {rungs:?}");
        }
        let memory = self.remedy(|remedy| remedy.remember(now, &incident, &self.seen, &decision, &self.memory));
        self.memory = memory.unwrap_or(self.memory.clone());
        self.incident = match &decision {
            Decision::Act { step, .. } => self.act(&incident.intend(now, step, &decision), step),
            Decision::Hold { until, because } => incident.hold(now, *until, because),
            Decision::Page(page) => incident.page(now, now + secs(300), page),
            Decision::Close(close) => incident.close(now, close),
        };
        decision
    }

    fn act(&mut self, intended: &Incident, step: &Step) -> Incident {
        let Step::Hook(step) = step;
        self.done.push((**step).clone());
        let outcome = if self.answers.is_empty() { (self.answer)(step) } else { self.answers.remove(0) };
        if let (HookStep::Complete { result, .. }, Outcome::Done) = (&**step, &outcome) {
            self.goes_on(*result);
        }
        intended.settle(at(self.now), outcome)
    }

    /// Looks every so many seconds until then, as long as the incident is open and nobody is paged.
    pub(super) fn pass(&mut self, until: i64, every: i64) -> Decision {
        loop {
            let decision = self.look();
            if !matches!(decision, Decision::Hold { .. }) || self.now >= until {
                return decision;
            }
            self.now = (self.now + every).min(until);
        }
    }

    pub(super) fn completions(&self) -> Vec<ActionResult> {
        let result = |step: &HookStep| match step {
            HookStep::Complete { result, .. } => Some(*result),
            _ => None,
        };
        self.done.iter().filter_map(result).collect()
    }

    pub(super) fn heartbeats(&self) -> usize {
        self.done.iter().filter(|step| matches!(step, HookStep::Heartbeat { .. })).count()
    }

    /// What the hook was completed for.
    pub(super) fn ended(&self) -> Ended {
        let Some(Decision::Close(Close::Own(CloseReason::Hook(ended)))) = &self.incident.decision else {
            panic!("{:?}", self.incident.decision)
        };
        ended.clone()
    }

    pub(super) fn because(&self) -> Because {
        self.ended().because.unwrap()
    }
}

pub(super) fn course(course: Course) -> String {
    course.to_string()
}

/// Nobody is asked: what is seen is given.
struct Nowhere;

mod nowhere {
    use super::*;
    use crate::hook::observation::Datapoint;
    use crate::hook::policy::BusyMetric;
    use crate::hook::{CompleteHooks, Held, Machines};
    use homeostat_core::aws::alarm::AlarmReadings;
    use homeostat_core::aws::fleet::Group;
    use homeostat_core::aws::lifecycle::ActionId;
    use homeostat_core::aws::machines::StatusChecks;
    use homeostat_core::aws::record::RecordSet;
    use homeostat_core::aws::record_name::RecordName;
    use homeostat_core::id::{AlarmArn, GroupName, HookName, HostedZoneId, InstanceId};
    use homeostat_core::ports::Unavailable;

    type Read<T> = Result<T, Unavailable>;

    impl Held for Nowhere {
        async fn member(&self, _: &InstanceId) -> Read<Option<HeldMember>> {
            panic!()
        }
        async fn terms(&self, _: &GroupName, _: &HookName) -> Read<Option<Terms>> {
            panic!()
        }
        async fn groups(&self, _: &[GroupName]) -> Read<Vec<Group>> {
            panic!()
        }
        async fn registrations(&self, _: &TargetGroupArn) -> Read<Option<Vec<Registration>>> {
            panic!()
        }
        async fn target_type(&self, _: &TargetGroupArn) -> Read<Option<String>> {
            panic!()
        }
        async fn alarms(&self, _: &[AlarmArn]) -> Read<AlarmReadings> {
            panic!()
        }
        async fn newest(&self, _: &BusyMetric, _: &InstanceId) -> Read<Option<Datapoint>> {
            panic!()
        }
        async fn record_sets(&self, _: &HostedZoneId, _: &RecordName) -> Read<Vec<RecordSet>> {
            panic!()
        }
    }

    impl StatusChecks for Nowhere {
        async fn machines(&self, _: &[InstanceId]) -> Read<BTreeMap<InstanceId, Machine>> {
            panic!()
        }
        async fn interruption(&self, _: &InstanceId) -> Read<Option<Timestamp>> {
            panic!()
        }
    }

    impl Machines for Nowhere {
        async fn details(&self, _: &InstanceId) -> Read<Option<Details>> {
            panic!()
        }
        async fn interrupted_at(&self, _: &str) -> Read<Option<Timestamp>> {
            panic!()
        }
    }

    impl CompleteHooks for Nowhere {
        async fn complete(&self, _: &ActionId, _: ActionResult) -> Outcome {
            panic!()
        }
        async fn heartbeat(&self, _: &ActionId) -> Outcome {
            panic!()
        }
        async fn deregister(&self, _: &TargetGroupArn, _: &InstanceId, _: &[TargetId]) -> Outcome {
            panic!()
        }
        async fn remove_records(&self, _: &HostedZoneId, _: &[RecordSet]) -> Outcome {
            panic!()
        }
        async fn suspend_launch(&self, _: &GroupName) -> Outcome {
            panic!()
        }
    }
}

/// The one end of the ladder that every rung leads up to: ready, or drained.
fn is_as_wished(decision: &Decision) -> bool {
    let is_met = |proof: &Evidence| matches!(proof, Evidence::Hook(Because::Ready { .. } | Because::Drained));
    matches!(decision, Decision::Act { because, .. } if because.iter().any(is_met))
}
