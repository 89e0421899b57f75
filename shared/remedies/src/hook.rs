//! The remedy for an instance that a lifecycle hook holds: admit it when it is ready, let it go when nothing of it is in use, and
//! complete the hook in any case.
//!
//! This module never holds an instance longer than its hook allows, and never judges one on what could not be read.

mod abandoned;
mod abandoning;
mod claim;
mod course;
mod decide;
mod dependency;
pub mod doctor;
pub mod kind;
mod ladder;
mod launch;
pub mod memory;
mod message;
pub mod observation;
mod observer;
pub mod parameters;
pub mod policy;
pub mod reasons;
mod route;
mod row;
pub mod state;
pub mod subject;
mod survey;
mod targets;
mod terminate;
#[cfg(test)]
mod tests;
mod time;
pub(crate) mod view;

use std::future::Future;

use jiff::{SignedDuration, Timestamp};

use crate::hook::kind::HookKind;
use crate::hook::memory::Memory;
use crate::hook::policy::{BusyMetric, HeldBy};
use crate::hook::reasons::{
    Circumstances, Decision, Evidence, History, Hold, Incident, Limits, Page, PageReason, Reconciled, Step,
};
use crate::hook::subject::HeldInstance;

pub use claim::Claim;
use decide::{Situation, decide};
use homeostat_core::aws::alarm::AlarmReadings;
use homeostat_core::aws::fleet::Group;
use homeostat_core::aws::lifecycle;
use homeostat_core::aws::lifecycle::{ActionId, ActionResult, Terms};
use homeostat_core::aws::machines::StatusChecks;
use homeostat_core::aws::rates::Pacer;
use homeostat_core::aws::record::RecordSet;
use homeostat_core::aws::record_name::RecordName;
use homeostat_core::budget::Purchase;
use homeostat_core::id::{
    AlarmArn, GroupName, HookName, HostedZoneId, InstanceId, Region, Scope, Subject, TargetGroupArn,
};
use homeostat_core::incident::{State, Verdict};
use homeostat_core::ports::{Clock, Ledger, Outcome, Slots, Unavailable};
use homeostat_core::reconcile::{Ignored, NotSurveyed, Remedy, Route, Rung, Surveyed, Times, WakeUp};
use homeostat_core::resync::RESYNC_EVERY;
use homeostat_core::signal::{Hint, NoSignal, Signal, Trigger};
use observation::{Datapoint, Details, HeldMember, Observation, Registration, TargetId};
pub use observer::HookObserver;
use reasons::{Because, HookStep};
pub use route::Resync;
use state::HookState;

/// What this remedy reads of Auto Scaling, load balancing, CloudWatch and Route 53.
pub trait Held {
    /// `None`: Auto Scaling knows no such instance.
    fn member(&self, instance: &InstanceId) -> impl Future<Output = Result<Option<HeldMember>, Unavailable>> + Send;

    /// `None`: the group has no such hook.
    fn terms(
        &self,
        group: &GroupName,
        hook: &HookName,
    ) -> impl Future<Output = Result<Option<Terms>, Unavailable>> + Send;

    /// The groups of these names that exist. An empty answer means that none exists, never "all".
    fn groups(&self, names: &[GroupName]) -> impl Future<Output = Result<Vec<Group>, Unavailable>> + Send;

    /// All targets, of whatever kind. `None`: there is no such target group.
    fn registrations(
        &self,
        target_group: &TargetGroupArn,
    ) -> impl Future<Output = Result<Option<Vec<Registration>>, Unavailable>> + Send;

    /// `TargetType`, as AWS names it. `None`: there is no such target group.
    fn target_type(
        &self,
        target_group: &TargetGroupArn,
    ) -> impl Future<Output = Result<Option<String>, Unavailable>> + Send;

    /// Those of these alarms that exist, each as it is now.
    fn alarms(&self, alarms: &[AlarmArn]) -> impl Future<Output = Result<AlarmReadings, Unavailable>> + Send;

    /// The newest value of the instance's metric, if it has a recent one.
    fn newest(
        &self,
        metric: &BusyMetric,
        instance: &InstanceId,
    ) -> impl Future<Output = Result<Option<Datapoint>, Unavailable>> + Send;

    /// Every record set of this name. None is an answer.
    fn record_sets(
        &self,
        zone: &HostedZoneId,
        name: &RecordName,
    ) -> impl Future<Output = Result<Vec<RecordSet>, Unavailable>> + Send;
}

/// What this remedy reads of EC2 beside the status checks.
pub trait Machines: StatusChecks {
    /// `None`: EC2 knows no such instance.
    fn details(&self, instance: &InstanceId) -> impl Future<Output = Result<Option<Details>, Unavailable>> + Send;

    /// When EC2 gave notice that it takes the Spot Instance back; `None`: it did not.
    fn interrupted_at(&self, spot_request: &str)
    -> impl Future<Output = Result<Option<Timestamp>, Unavailable>> + Send;
}

/// What this remedy changes in AWS. Each is safe to repeat.
pub trait CompleteHooks {
    /// [`Outcome::Lost`] where Auto Scaling knows no such action, now or any more.
    fn complete(&self, action: &ActionId, result: ActionResult) -> impl Future<Output = Outcome> + Send;

    /// [`Outcome::Lost`] as above.
    fn heartbeat(&self, action: &ActionId) -> impl Future<Output = Outcome> + Send;

    fn deregister(
        &self,
        target_group: &TargetGroupArn,
        instance: &InstanceId,
        targets: &[TargetId],
    ) -> impl Future<Output = Outcome> + Send;

    /// Removes all of the sets if each is exactly so; [`Outcome::Lost`] if one is not.
    fn remove_records(&self, zone: &HostedZoneId, sets: &[RecordSet]) -> impl Future<Output = Outcome> + Send;

    fn suspend_launch(&self, group: &GroupName) -> impl Future<Output = Outcome> + Send;
}

/// Completes the hooks that the policy names.
#[derive(Debug, Clone, Copy)]
pub struct LifecycleHook<'a, A, M> {
    pub observer: HookObserver<'a, A, M>,
    /// Of the policy that led to a decision.
    pub hash: &'a str,
    /// The stack's own: the groups whose hooks it completes are there.
    pub region: &'a Region,
}

/// A heartbeat and the drain of a target group take their time after the policy's limit too.
const OVERDUE_AFTER: SignedDuration = SignedDuration::from_mins(10);
/// Of an incident that only waits for a person.
const CHECK_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// What a survey finds waiting again so soon after it was completed is shown late, or held by another hook.
const COMPLETED_LATELY: SignedDuration = SignedDuration::from_mins(2);

/// A replacement is launched within so long of the act that asked for it.
const LAUNCHED_WITHIN: SignedDuration = SignedDuration::from_mins(15);

impl<A, M> Remedy for LifecycleHook<'_, A, M>
where
    A: Held + CompleteHooks + Sync,
    M: Machines + Sync,
{
    type Kind = HookKind;
    type Prefetch = Observation;
    type Observation = Observation;
    type Survey = Resync;
    type Shared = ();

    /// As many as the queue would have looked at, so that AWS sees no more calls.
    const SIDE_BY_SIDE: usize = 5;

    fn route(&self, signal: &Signal) -> Result<Route<Resync>, NoSignal> {
        route::route(self.region, signal)
    }

    /// It is never read in slices.
    fn parts(&self, _: &Resync) -> Vec<String> {
        Vec::new()
    }

    fn part(&self, _: &Resync, _: &[String]) -> Resync {
        Resync
    }

    fn period(&self) -> SignedDuration {
        RESYNC_EVERY
    }

    async fn survey(
        &self,
        ledger: &(impl Ledger + Sync),
        clock: &impl Clock,
        _: &mut Pacer,
        (): &mut (),
        _: &Resync,
    ) -> Result<Surveyed, NotSurveyed> {
        let now = clock.now();
        Ok(survey::survey(self.observer.aws, self.observer.policy, ledger, self.region, now).await?)
    }

    fn follow_up(&self, _: Timestamp, _: &Reconciled) -> Option<Hint> {
        None
    }

    fn wake_after(&self, now: Timestamp, attended: &Reconciled) -> Option<WakeUp> {
        route::wake_after(now, attended)
    }

    async fn prefetch(&self, hint: &Hint) -> Result<Observation, Unavailable> {
        Ok(self.observer.prefetch(hint).await)
    }

    fn open(&self, now: Timestamp, hint: &Hint, seen: &Observation, history: &History) -> Result<Incident, Ignored> {
        let subject = hint.subject.clone();
        let Some(held) = HeldInstance::of(&subject) else { return Err(Ignored::NotOurs { subject }) };
        let HeldInstance { group, hook, instance } = &held;
        let told = match &hint.why {
            Trigger::Action(told) => Some(told.transition),
            _ => None,
        };
        let policy = self.observer.policy.of(group, hook);
        let Some(policy) = policy.filter(|policy| told.is_none_or(|told| told == policy.transition())) else {
            let why = format!(
                "the policy doesn't name this hook, so it is left to whoever else completes it: {}",
                subject.handle()
            );
            return Err(Ignored::OutsidePolicy { subject, why });
        };
        let closed = |after: Timestamp| history.last_closed_at.filter(|closed_at| *closed_at >= after);
        let last = history.last_closed.as_deref().map(|closed| (closed, closed.kind.state()));
        let is_newer =
            |told: &lifecycle::LifecycleEvent| last.is_some_and(|(closed, kept)| kept.is_before(closed, told));
        let is_another = last.is_some_and(|(closed, kept)| kept.came_out_of_the_pool(closed.intent.as_ref(), seen));
        let kept = match &hint.why {
            Trigger::Action(told) => match closed(told.at).filter(|_| !is_newer(told)) {
                Some(closed_at) => return Err(completed(subject, closed_at)),
                None => HookState::told(told),
            },
            Trigger::Found { .. } => match closed(now - COMPLETED_LATELY).filter(|_| !is_another) {
                Some(closed_at) => return Err(completed(subject, closed_at)),
                None => HookState::found(group, hook, instance, policy.transition(), now),
            },
            Trigger::Wake | Trigger::Look { .. } | Trigger::Alarm(_) | Trigger::Silence(_) | Trigger::Notice(_) => {
                return Err(Ignored::NothingOpen { subject });
            }
        };
        let began = kept.began.min(now);
        Ok(Incident::new(subject, HookKind::Hook(Box::new(kept.saw(now, now, seen))), began, now))
    }

    /// A newer action of the same hook takes the older one's place: the instance has been through the warm pool.
    fn join(&self, mut incident: Incident, hint: &Hint) -> Incident {
        let Trigger::Action(told) = &hint.why else { return incident };
        let kept = incident.kind.state_mut();
        let is_over = kept.completed(incident.intent.as_ref()).is_some();
        if !kept.told_again(told, is_over) {
            return incident;
        }
        anew(incident)
    }

    fn scope(&self, subject: &Subject) -> Option<Scope> {
        HeldInstance::of(subject).map(|held| Scope::of_group(&held.group))
    }

    /// Its own wake-up is for one look; the sweep's was counted. Any other is one too many.
    fn is_early(&self, _: Timestamp, incident: &Incident, hint: &Hint) -> bool {
        let Some(next) = incident.kind.state().next_look else { return false };
        match &hint.why {
            Trigger::Look { at } => at.as_millisecond() != next.as_millisecond(),
            Trigger::Wake => incident.wakes == 0,
            Trigger::Action(_)
            | Trigger::Alarm(_)
            | Trigger::Silence(_)
            | Trigger::Found { .. }
            | Trigger::Notice(_) => false,
        }
    }

    async fn observe(
        &self,
        now: Timestamp,
        prefetch: Observation,
        incident: &Incident,
    ) -> Result<Observation, Unavailable> {
        Ok(self.observer.observe(now, prefetch, incident).await)
    }

    fn absorb(&self, now: Timestamp, mut incident: Incident, seen: &Observation, limits: &Limits) -> Incident {
        let subject = incident.subject.clone();
        let is_another = incident.kind.state().came_out_of_the_pool(incident.intent.as_ref(), seen);
        if is_another {
            incident = anew(incident);
        }
        let mut kept = incident.kind.state().clone();
        if is_another {
            kept = kept.again(now);
        }
        let next = kept.saw(incident.opened_at, now, seen);
        let part_of = next.part_of.clone().or_else(|| part_of(now, &subject, &next, &limits.slots));
        *incident.kind.state_mut() = HookState { part_of, ..next };
        incident
    }

    /// A lifecycle action is completed, not begun.
    fn purchase(&self, _: &Incident, _: &Observation) -> Option<Purchase> {
        None
    }

    fn seen_since(&self) -> Option<Timestamp> {
        None
    }

    fn others_not_serving(&self, _: &Incident, _: &Observation) -> Vec<Subject> {
        Vec::new()
    }

    fn verdict(&self, _: Timestamp, _: &Incident, _: &Observation) -> Verdict {
        Verdict::Unknown
    }

    fn took_effect(&self, incident: &Incident, seen: &Observation) -> bool {
        let Some(Step::Hook(step)) = incident.intent.as_ref().map(|intent| &intent.step) else { return false };
        let kept = incident.kind.state();
        match &**step {
            HookStep::Complete { result, .. } => seen.went_on_with(kept.transition, kept.course, *result),
            HookStep::Deregister { target_group, .. } => match seen.targets.get(target_group) {
                Some(Ok(registrations)) => registrations.iter().all(|one| !one.takes_traffic()),
                _ => false,
            },
            HookStep::RemoveRecords { sets, .. } => match &seen.records {
                Some(Ok(there)) => !sets.iter().any(|set| there.contains(set)),
                _ => false,
            },
            HookStep::Heartbeat { .. } | HookStep::SuspendLaunch { .. } => false,
        }
    }

    fn decide(&self, now: Timestamp, incident: &Incident, seen: &Observation, around: &Circumstances) -> Decision {
        decide(&Situation { now, incident, kept: incident.kind.state(), seen, around, policy: self.observer.policy })
    }

    fn not_opened(&self, _: &Hint, _: &Incident, _: &Decision) -> Option<Ignored> {
        None
    }

    fn follows(&self, _: Timestamp, _: &Incident) -> Option<(Timestamp, Hold)> {
        None
    }

    fn rungs(&self, now: Timestamp, incident: &Incident, seen: &Observation, around: &Circumstances) -> Vec<Rung> {
        ladder::rungs(&Situation {
            now,
            incident,
            kept: incident.kind.state(),
            seen,
            around,
            policy: self.observer.policy,
        })
    }

    /// Each launch that AWS abandoned, until one is ready.
    fn remember(
        &self,
        now: Timestamp,
        incident: &Incident,
        seen: &Observation,
        decision: &Decision,
        memory: &Memory,
    ) -> Option<Memory> {
        let kept = incident.kind.state();
        let most = self.most_abandoned(kept);
        let settled = abandoning::settled(now, incident, memory, most);
        let next = match decision {
            Decision::Act { step: Step::Hook(step), because } if step.completes() => {
                let is_for = |which: fn(&Because) -> bool| {
                    because.iter().any(|proof| matches!(proof, Evidence::Hook(why) if which(why)))
                };
                if is_for(|why| matches!(why, Because::NotReady { .. })) {
                    settled.abandoning(now, &kept.hook, &abandoning::launch(kept))
                } else if is_for(|why| matches!(why, Because::Ready { .. })) {
                    settled.admit(&kept.hook, kept.launched_from.as_deref())
                } else {
                    dependency::remembered(now, seen, because, self.observer.policy, kept, settled)
                }
            }
            Decision::Page(Page::Own(PageReason::LaunchesFail(_))) => {
                abandoning::over(now, incident, seen, memory, most)
            }
            Decision::Close(_) => {
                abandoning::over(now, incident, seen, memory, most).spared(&kept.hook, &kept.instance)
            }
            _ => settled,
        };
        (next != *memory).then_some(next)
    }

    fn times(&self, incident: &Incident) -> Times {
        let kept = incident.kind.state();
        let policy = self.observer.policy.of(&kept.group, &kept.hook);
        let within = policy.map(|policy| policy.within()).unwrap_or_default();
        let remind_every = self.observer.policy.remind_every;
        let recover_within = within + OVERDUE_AFTER;
        Times { check_every: CHECK_EVERY, recover_within, max_wait: recover_within, remind_every }
    }

    fn policy_hash(&self) -> &str {
        self.hash
    }

    async fn perform(&self, step: &Step) -> Outcome {
        let Step::Hook(step) = step;
        let aws = self.observer.aws;
        match &**step {
            HookStep::Complete { action, result } => aws.complete(action, *result).await,
            HookStep::Heartbeat { action } => aws.heartbeat(action).await,
            HookStep::Deregister { instance, target_group, targets } => {
                aws.deregister(target_group, instance, targets).await
            }
            HookStep::RemoveRecords { zone, sets } => aws.remove_records(zone, sets).await,
            HookStep::SuspendLaunch { group } => aws.suspend_launch(group).await,
        }
    }
}

impl<A, M> LifecycleHook<'_, A, M> {
    fn most_abandoned(&self, kept: &HookState) -> u32 {
        match self.observer.policy.of(&kept.group, &kept.hook) {
            Some(HeldBy::Launch(policy)) => policy.max_abandoned,
            Some(HeldBy::Termination(_)) | None => u32::MAX,
        }
    }
}

/// The action was completed before, or is over.
fn completed(subject: Subject, closed_at: Timestamp) -> Ignored {
    let why = format!("the hook that held {} was done with at {closed_at:.0}", subject.name());
    Ignored::Handled { subject, closed_at, why }
}

/// The replacement of this instance, or the newest one that a launch can be the second half of: what is acted on holds a slot of the
/// group's budget until the group is at full strength again.
fn part_of(now: Timestamp, subject: &Subject, kept: &HookState, slots: &Slots) -> Option<Subject> {
    let lately = slots.holders.iter().filter(|(_, at)| **at <= now && now < **at + LAUNCHED_WITHIN);
    let of_it = |(holder, at): &(&Subject, &Timestamp)| match kept.transition {
        lifecycle::Transition::Terminating => {
            HeldInstance::of(subject).is_some_and(|held| holder.is_instance(&held.instance))
        }
        lifecycle::Transition::Launching => **at <= kept.began,
    };
    lately.filter(of_it).max_by_key(|(_, at)| **at).map(|(holder, _)| holder.clone())
}

/// What was done about the older action says nothing of this one; what is in flight still is.
fn anew(mut incident: Incident) -> Incident {
    let in_flight = incident.intent.take().filter(|intent| intent.outcome.is_none());
    let (state, acted_at) = match &in_flight {
        Some(_) => (incident.state, incident.acted_at),
        None => (State::Holding, None),
    };
    incident.timeline.mitigated_by = None;
    Incident { intent: in_flight, state, acted_at, mitigated_at: None, paged_because: None, ..incident }
}
