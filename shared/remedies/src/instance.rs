//! The remedy for a sick instance of an Auto Scaling group: have the group replace it.
//!
//! This module never lowers a group's capacity, and never touches an instance of a group that the policy doesn't name.

mod ahead;
mod breaker;
mod crowd;
mod decide;
mod dependency;
pub mod doctor;
mod due;
mod evidence;
mod explained;
mod figures;
mod group_state;
mod group_states;
pub mod kind;
mod ladder;
pub mod memory;
mod message;
mod notice;
mod observation;
mod observer;
mod once;
mod opening;
pub mod policy;
mod processes;
mod prospects;
pub mod reasons;
mod remembering;
mod route;
mod shared_budget;
mod shrunk;
pub mod subject;
mod survey;
mod tally;
#[cfg(test)]
mod tests;
pub(crate) mod view;
mod whole_group;

use std::future::Future;

use jiff::{SignedDuration, Timestamp};

use crate::instance::reasons::PageReason;

pub use decide::decide;
pub use observation::{Observation, Prefetch};
pub use observer::Observer;
pub use processes::Promise;
pub use route::Survey;
pub use tally::{Limit, Tally};

use crate::instance::kind::InstanceKind;
use crate::instance::memory::{Act, Breaker, Memory};
use crate::instance::reasons::{
    Circumstances, Decision, Evidence, History, Hold, HoldReason, Incident, Limits, Page, Reconciled, Step,
};
use homeostat_core::aws::alarm::{AlarmReading, AlarmReadings};
use homeostat_core::aws::fleet::{Group, Launches, TargetHealths};
use homeostat_core::aws::machines::StatusChecks;
use homeostat_core::aws::rates::Pacer;
use homeostat_core::budget::Purchase;
use homeostat_core::id::{AlarmArn, GroupName, InstanceId, Region, Scope, Subject, TargetGroupArn};
use homeostat_core::incident::{Alarms, Gone, State, Verdict};
use homeostat_core::ports::{Clock, Ledger, Outcome, Unavailable};
use homeostat_core::reconcile::{Ignored, NotSurveyed, Remedy, Route, Rung, Surveyed, Times, WakeUp};
use homeostat_core::signal::{Hint, NoSignal, Signal, Trigger};

/// What this remedy reads of Auto Scaling, load balancing and CloudWatch.
pub trait Fleet {
    /// The groups of these names that exist, by one call for a hundred. An empty answer means that none exists, never "all".
    fn groups(&self, names: &[GroupName]) -> impl Future<Output = Result<Vec<Group>, Unavailable>> + Send;

    /// The name of the group that the instance is in, the policy's or not; `None` = it is in no group.
    fn group_of(&self, instance: &InstanceId) -> impl Future<Output = Result<Option<GroupName>, Unavailable>> + Send;

    /// These alarms as they are now, by one call for a hundred. One that doesn't exist is left out, and nothing else is. An error if
    /// none can be read.
    fn alarms(&self, alarms: &[AlarmArn]) -> impl Future<Output = Result<AlarmReadings, Unavailable>> + Send;

    /// Every alarm that is in ALARM and names an instance.
    fn alarms_in_alarm(&self) -> impl Future<Output = Result<Vec<AlarmReading>, Unavailable>> + Send;

    /// `None` = there is no such target group: that is an answer, and passes for none of the others.
    fn target_health(
        &self,
        target_group: &TargetGroupArn,
    ) -> impl Future<Output = Result<Option<TargetHealths>, Unavailable>> + Send;

    /// When the group's newest members were launched: by its records of at least so long before the newest one, as far as there is room
    /// for them in one look. An error if there is no such group.
    fn launches(
        &self,
        group: &GroupName,
        back: SignedDuration,
    ) -> impl Future<Output = Result<Launches, Unavailable>> + Send;

    /// The id of the group's instance refresh that has not ended, if there is one.
    fn refresh(&self, group: &GroupName) -> impl Future<Output = Result<Option<String>, Unavailable>> + Send;

    /// The only group that is looked at through this, if that is so: where an event leads need not be asked.
    fn only_group(&self) -> Option<&GroupName> {
        None
    }

    /// When the oldest answer was asked for that was given from memory since this was last called, if any was.
    fn oldest_answer(&self) -> Option<Timestamp> {
        None
    }
}

/// What this remedy changes in AWS.
pub trait Replace {
    /// Terminates the instance and leaves its group's desired capacity as it is. Safe to repeat.
    fn replace(&self, instance: &InstanceId) -> impl Future<Output = Outcome> + Send;

    /// Marks the instance as unhealthy, with the group's grace period respected. Safe to repeat. Inside that period nothing
    /// happens and AWS says so to nobody: it is done only when it is read back.
    fn mark_unhealthy(&self, instance: &InstanceId) -> impl Future<Output = Outcome> + Send;
}

/// Looks after instances, each with an incident of its own, and after groups as a whole, whose incidents never act.
pub struct ReplaceInstance<'a, A, S> {
    pub observer: Observer<'a, A, S>,
    /// Of the policy that led to a decision.
    pub hash: &'a str,
    /// The stack's own: what a survey finds is there.
    pub region: &'a Region,
    /// Whether a look ends with the call that it made, so that the next group's turn comes: what the call led to is looked at later.
    pub checks_later: bool,
}

impl<A, S> ReplaceInstance<'_, A, S> {
    /// Of the alarms that led here, those that the policy takes for verdicts on an instance's health.
    fn verdicts<'h>(&self, group: &GroupName, hint: &'h Hint) -> impl Iterator<Item = &'h AlarmArn> {
        let policy = self.observer.policy.group(group).cloned();
        hint.alarms().iter().filter(move |alarm| policy.as_ref().is_none_or(|policy| policy.is_verdict(alarm)))
    }
}

impl<A: Fleet + Replace + Sync, S: StatusChecks + Sync> Remedy for ReplaceInstance<'_, A, S> {
    type Kind = InstanceKind;
    type Prefetch = Prefetch;
    type Observation = Observation;
    type Survey = Survey;
    type Shared = survey::Shared;

    const SIDE_BY_SIDE: usize = 1;

    fn route(&self, signal: &Signal) -> Result<Route<Survey>, NoSignal> {
        route::route(self.observer.policy, self.region, signal)
    }

    fn parts(&self, survey: &Survey) -> Vec<String> {
        match survey {
            Survey::Resync(groups) => groups.iter().map(GroupName::to_string).collect(),
            Survey::Alarm(_) => Vec::new(),
        }
    }

    fn part(&self, survey: &Survey, names: &[String]) -> Survey {
        match survey {
            Survey::Resync(groups) => {
                let is_named = |group: &&GroupName| names.iter().any(|name| name == group.as_str());
                Survey::Resync(groups.iter().filter(is_named).cloned().collect())
            }
            Survey::Alarm(_) => survey.clone(),
        }
    }

    fn period(&self) -> SignedDuration {
        self.observer.policy.resync_period()
    }

    async fn survey(
        &self,
        ledger: &(impl Ledger + Sync),
        clock: &impl Clock,
        pacer: &mut Pacer,
        shared: &mut survey::Shared,
        about: &Survey,
    ) -> Result<Surveyed, NotSurveyed> {
        let mut pace = survey::Pace { clock, pacer, shared };
        survey::survey(&self.observer, ledger, &mut pace, self.region, about).await
    }

    fn follow_up(&self, now: Timestamp, attended: &Reconciled) -> Option<Hint> {
        route::whole_group(now, attended)
    }

    /// It is left to the sweep.
    fn wake_after(&self, _: Timestamp, _: &Reconciled) -> Option<WakeUp> {
        None
    }

    async fn prefetch(&self, hint: &Hint) -> Result<Prefetch, Unavailable> {
        self.observer.prefetch(hint).await
    }

    fn open(&self, now: Timestamp, hint: &Hint, prefetch: &Prefetch, history: &History) -> Result<Incident, Ignored> {
        let subject = hint.subject.clone();
        if let Some(name) = subject.group() {
            return whole_group::open(now, &name, hint, prefetch, self.observer.policy);
        }
        let since = match &hint.why {
            Trigger::Alarm(change) | Trigger::Silence(change) => change.changed_at,
            Trigger::Found { since, .. } => *since,
            Trigger::Notice(notice) => notice.at,
            Trigger::Wake | Trigger::Look { .. } | Trigger::Action(_) => {
                return Err(Ignored::NothingOpen { subject });
            }
        };
        let is_member = |group: &&Group| subject.instance().is_some_and(|id| group.member(&id).is_some());
        if let Some(group) = prefetch.groups.iter().find(is_member) {
            let alarms: Alarms = self.verdicts(&group.name, hint).cloned().collect();
            if let (true, Some(alarm)) = (alarms.is_empty(), hint.alarms().first()) {
                let alarm = alarm.alarm_name();
                let why = format!(
                    "alarm {alarm:?} is not among the group's health-alarms, so it says nothing of the instance's health"
                );
                return Err(Ignored::NothingWrong { subject, why });
            }
            let kind = InstanceKind::Instance {
                group: group.name.clone(),
                alarms,
                notice: hint.notice().cloned(),
                gone: Gone::default(),
            };
            return Ok(Incident::new(subject, kind, since, now));
        }
        Err(match history.last_closed_at {
            Some(closed_at) => opening::handled(subject, closed_at),
            None => opening::outside_policy(subject, self.observer.policy),
        })
    }

    /// Each alarm that speaks while nothing was done yet is judged by, beside all before it (one that has too little data doesn't speak),
    /// and so is what AWS announces; after an act only recovery counts.
    fn join(&self, mut incident: Incident, hint: &Hint) -> Incident {
        if incident.kind.is_group() {
            return whole_group::join(incident, hint);
        }
        if let (InstanceKind::Instance { group, alarms, notice, .. }, None) = (&mut incident.kind, incident.acted_at) {
            let is_silent = matches!(hint.why, Trigger::Silence(_));
            self.verdicts(group, hint).filter(|_| !is_silent).for_each(|alarm| alarms.hear(alarm));
            *notice = hint.notice().filter(|new| new.outweighs(notice.as_ref())).or(notice.as_ref()).cloned();
        }
        incident
    }

    fn scope(&self, _: &Subject) -> Option<Scope> {
        None
    }

    /// The events of each of a group's members lead to the group, and one look shows them all.
    fn is_early(&self, now: Timestamp, incident: &Incident, hint: &Hint) -> bool {
        let is_of_a_member = matches!(&hint.why, Trigger::Found { told_by: None, .. }) && incident.kind.is_group();
        is_of_a_member && whole_group::was_just_paged_for(now, incident, &self.times(incident))
    }

    async fn observe(&self, _: Timestamp, prefetch: Prefetch, incident: &Incident) -> Result<Observation, Unavailable> {
        self.observer.observe(prefetch, incident).await
    }

    fn absorb(&self, now: Timestamp, incident: Incident, seen: &Observation, _: &Limits) -> Incident {
        let policy = self.observer.group_policy(&incident);
        match incident.kind.is_group() {
            true => remembering::absorb_group(now, incident, seen, policy),
            false => remembering::absorb(now, incident, seen, policy),
        }
    }

    fn verdict(&self, now: Timestamp, incident: &Incident, seen: &Observation) -> Verdict {
        match (incident.kind.is_group(), self.observer.group_policy(incident)) {
            (true, policy) => whole_group::verdict(now, seen, policy),
            (false, Some(policy)) => decide::verdict(now, incident, seen, policy),
            (false, None) => Verdict::Unknown,
        }
    }

    fn purchase(&self, incident: &Incident, seen: &Observation) -> Option<Purchase> {
        let (policy, id) = (self.observer.group_policy(incident)?, incident.subject.instance()?);
        Some(shared_budget::purchase(seen.group.as_ref()?, &id, policy))
    }

    fn seen_since(&self) -> Option<Timestamp> {
        self.observer.aws.oldest_answer()
    }

    fn others_not_serving(&self, incident: &Incident, seen: &Observation) -> Vec<Subject> {
        if incident.kind.is_group() {
            return Vec::new();
        }
        let others = seen.group.iter().flat_map(|group| &group.members);
        others
            .filter(|member| !incident.subject.is_instance(&member.id))
            .filter(|member| member.lifecycle.is_in_service() && !seen.serves(member))
            .map(|member| Subject::of_instance(incident.subject.region().clone(), &member.id))
            .collect()
    }

    fn took_effect(&self, incident: &Incident, seen: &Observation) -> bool {
        let (Some(group), Some(id)) = (&seen.group, incident.subject.instance()) else { return false };
        let marked = matches!(&incident.intent, Some(intent) if matches!(intent.step, Step::MarkUnhealthy { .. }));
        group.member(&id).is_none_or(|member| member.lifecycle.is_leaving() || (marked && !member.healthy))
    }

    fn decide(
        &self,
        now: Timestamp,
        incident: &Incident,
        seen: &Observation,
        circumstances: &Circumstances,
    ) -> Decision {
        match (incident.kind.is_group(), self.observer.group_policy(incident)) {
            (true, policy) => whole_group::decide(now, incident, seen, circumstances, policy),
            (false, policy) => decide(now, incident, seen, circumstances, policy),
        }
    }

    fn follows(&self, now: Timestamp, settled: &Incident) -> Option<(Timestamp, Hold)> {
        let is_requested = settled.state == State::Verifying
            && settled.intent.as_ref().is_some_and(|intent| matches!(intent.step, Step::Replace { .. }));
        let until = now + self.times(settled).check_every;
        (self.checks_later && is_requested).then_some((until, Hold::Own(HoldReason::Requested)))
    }

    fn rungs(
        &self,
        now: Timestamp,
        incident: &Incident,
        seen: &Observation,
        circumstances: &Circumstances,
    ) -> Vec<Rung> {
        match (incident.kind.is_group(), self.observer.group_policy(incident)) {
            (true, policy) => whole_group::rungs(now, incident, seen, circumstances, policy),
            (false, policy) => decide::rungs(now, incident, seen, circumstances, policy),
        }
    }

    /// Each act, each replacement that failed, and the breaker when it opens.
    fn remember(
        &self,
        now: Timestamp,
        incident: &Incident,
        seen: &Observation,
        decision: &Decision,
        memory: &Memory,
    ) -> Option<Memory> {
        let policy = self.observer.group_policy(incident)?;
        if incident.kind.is_group() {
            return shrunk::remembered(now, seen, memory);
        }
        let source = seen.launching().source;
        match decision {
            Decision::Act { because, .. } => {
                let foretold = because.iter().all(Evidence::is_foretold);
                let relapse = !foretold && breaker::is_relapse(now, incident, seen, memory, policy);
                let memory = if relapse { memory.failed(now, &incident.subject, &source) } else { memory.clone() };
                let reach = now - policy.cooldown.max(policy.breaker_within);
                Some(memory.acted(Act { at: now, subject: incident.subject.clone(), announced: foretold }).since(reach))
            }
            // One shortage is one failure, however many incidents wait for its end.
            Decision::Page(Page::NotRecovered { within, .. })
                if incident.state != State::Escalated
                    && incident.mitigated_at.is_some()
                    && !memory.failures.iter().any(|failure| failure.at + *within > now) =>
            {
                Some(memory.failed(now, &incident.subject, &source))
            }
            Decision::Hold { because: Hold::Dependency(moves), .. } => {
                let on = dependency::dependent(now, seen, memory, policy);
                let dependency = on.remembered(moves)?;
                Some(Memory { dependency, ..memory.clone() })
            }
            Decision::Page(Page::Own(PageReason::ReplacementsFail { failures, .. })) => {
                Some(memory.broken(Breaker { since: now, failures: *failures, launched_from: source }))
            }
            _ => None,
        }
    }

    fn not_opened(&self, hint: &Hint, incident: &Incident, decision: &Decision) -> Option<Ignored> {
        opening::not_opened(hint, incident, decision)
    }

    fn times(&self, incident: &Incident) -> Times {
        self.observer.times(incident)
    }

    fn policy_hash(&self) -> &str {
        self.hash
    }

    async fn perform(&self, step: &Step) -> Outcome {
        match step {
            Step::Replace { instance, .. } => self.observer.aws.replace(instance).await,
            Step::MarkUnhealthy { instance, .. } => self.observer.aws.mark_unhealthy(instance).await,
        }
    }
}
