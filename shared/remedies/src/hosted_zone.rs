//! The remedy for a failing endpoint of a weighted record: move its weight to others that are proven well, and bring it back in
//! steps when it is.
//!
//! This module never leaves a record with all weights zero, never drains the last healthy endpoint, and never overwrites a change
//! that somebody else made.

mod absorb;
mod counted;
mod decide;
mod dependency;
pub mod doctor;
pub mod drift;
mod due;
mod evidence;
pub mod generation;
mod judge;
pub mod kind;
mod ladder;
pub mod memory;
mod message;
pub mod observation;
mod observer;
mod pacing;
pub mod parameters;
mod planning;
pub mod policy;
pub mod reasons;
mod returning;
mod route;
mod row;
mod saying;
pub mod share;
pub mod shift;
mod standing;
pub mod state;
pub mod subject;
mod survey;
mod takeover;
#[cfg(test)]
mod tests;
mod together;
pub(crate) mod view;

use std::future::Future;

use decide::{Situation, decide, on_its_way};
use jiff::{SignedDuration, Timestamp};

use crate::hosted_zone::kind::HostedZoneKind;
use crate::hosted_zone::memory::{Drain, Memory};
use crate::hosted_zone::policy::{DnsPolicy, RecordPolicy};
use crate::hosted_zone::reasons::{
    Circumstances, Decision, History, Hold, HoldReason, Incident, Limits, Reconciled, Step,
};

pub(crate) use evidence::says_nothing;
use homeostat_core::aws::fleet::TargetHealth;
use homeostat_core::aws::rates::Pacer;
use homeostat_core::aws::record::{RecordSet, weights};
use homeostat_core::aws::record_name::RecordName;
use homeostat_core::budget::Purchase;
use homeostat_core::id::{AlarmArn, HealthCheckId, HostedZoneId, Scope, SetIdentifier, Subject, TargetGroupArn};
use homeostat_core::incident::{State, Verdict};
use homeostat_core::ports::{Clock, Ledger, Outcome, Unavailable};
use homeostat_core::reconcile::{Ignored, NotSurveyed, Remedy, Route, Rung, Surveyed, Times, WakeUp};
use homeostat_core::signal::{Hint, NoSignal, Signal, Trigger};
use observation::{AlarmReadings, HealthCheckReading, Observation};
pub use route::Resync;
use shift::Shift;
pub(crate) use standing::{foreign, unfit};
use state::ZoneState;

/// What this remedy reads of Route 53, CloudWatch and load balancing.
pub trait Records {
    /// Every record set of this name and of the names directly under it that Homeostat uses. None is an answer.
    fn record_sets(
        &self,
        zone: &HostedZoneId,
        name: &RecordName,
    ) -> impl Future<Output = Result<Vec<RecordSet>, Unavailable>> + Send;

    /// Whether the change is on all name servers.
    fn is_in_sync(&self, change: &str) -> impl Future<Output = Result<bool, Unavailable>> + Send;

    /// Those of these alarms that exist, or why one can't be understood. All are of one Region.
    fn alarms(&self, alarms: &[AlarmArn]) -> impl Future<Output = Result<AlarmReadings, Unavailable>> + Send;

    /// The health check's settings, and what Route 53's checkers found last. `None`: there is no such health check.
    fn health_check(
        &self,
        health_check: &HealthCheckId,
    ) -> impl Future<Output = Result<Option<HealthCheckReading>, Unavailable>> + Send;

    /// Whether there is such a health check, whatever its checkers find.
    fn has_health_check(&self, health_check: &HealthCheckId) -> impl Future<Output = Result<bool, Unavailable>> + Send;

    /// Every target of the group, of whatever kind.
    fn targets(
        &self,
        target_group: &TargetGroupArn,
    ) -> impl Future<Output = Result<Option<Vec<TargetHealth>>, Unavailable>> + Send;
}

/// What this remedy changes in AWS.
pub trait ShiftWeights {
    /// Sends the shift's batch: all of it applies to what was read, or nothing does.
    fn shift(&self, shift: &Shift) -> impl Future<Output = Outcome> + Send;
}

/// Moves the weights of the policy's records, each zone by itself.
#[derive(Debug, Clone, Copy)]
pub struct ShiftDns<'a, A> {
    pub aws: &'a A,
    /// Of the policy that led to a decision.
    pub hash: &'a str,
    pub dns: &'a DnsPolicy,
}

impl<A: Records + ShiftWeights + Sync> Remedy for ShiftDns<'_, A> {
    type Kind = HostedZoneKind;
    type Prefetch = Observation;
    type Observation = Observation;
    type Survey = Resync;
    type Shared = ();

    const SIDE_BY_SIDE: usize = 1;

    fn route(&self, signal: &Signal) -> Result<Route<Resync>, NoSignal> {
        route::route(self.dns, signal)
    }

    fn parts(&self, Resync(names): &Resync) -> Vec<String> {
        names.clone()
    }

    fn part(&self, _: &Resync, names: &[String]) -> Resync {
        Resync(names.to_vec())
    }

    fn period(&self) -> SignedDuration {
        survey::period(self.dns)
    }

    async fn survey(
        &self,
        ledger: &(impl Ledger + Sync),
        clock: &impl Clock,
        pacer: &mut Pacer,
        (): &mut (),
        names: &Resync,
    ) -> Result<Surveyed, NotSurveyed> {
        Ok(survey::survey(self.aws, self.dns, ledger, clock, pacer, names).await?)
    }

    fn follow_up(&self, _: Timestamp, _: &Reconciled) -> Option<Hint> {
        None
    }

    fn wake_after(&self, now: Timestamp, attended: &Reconciled) -> Option<WakeUp> {
        route::wake_after(now, attended)
    }

    async fn prefetch(&self, hint: &Hint) -> Result<Observation, Unavailable> {
        match subject::zone_of(&hint.subject) {
            Some(zone) => observer::look(self.aws, &self.dns.zone(&zone), hint).await,
            None => Ok(Observation::default()),
        }
    }

    fn open(&self, now: Timestamp, hint: &Hint, _: &Observation, _: &History) -> Result<Incident, Ignored> {
        let subject = hint.subject.clone();
        let Some(zone) = subject::zone_of(&subject) else { return Err(Ignored::NotOurs { subject }) };
        let since = match &hint.why {
            Trigger::Alarm(change) | Trigger::Silence(change) => change.changed_at,
            Trigger::Found { since, .. } => *since,
            Trigger::Wake | Trigger::Look { .. } | Trigger::Action(_) | Trigger::Notice(_) => {
                return Err(Ignored::NothingOpen { subject });
            }
        };
        let kind = HostedZoneKind::HostedZone(ZoneState::new(zone));
        Ok(Incident::new(subject, kind, since, now))
    }

    fn join(&self, incident: Incident, _: &Hint) -> Incident {
        incident
    }

    fn scope(&self, subject: &Subject) -> Option<Scope> {
        subject::zone_of(subject).map(|zone| subject::scope(&zone))
    }

    fn is_early(&self, _: Timestamp, _: &Incident, _: &Hint) -> bool {
        false
    }

    fn verdict(&self, _: Timestamp, _: &Incident, _: &Observation) -> Verdict {
        Verdict::Unknown
    }

    async fn observe(
        &self,
        _: Timestamp,
        prefetch: Observation,
        incident: &Incident,
    ) -> Result<Observation, Unavailable> {
        let change = incident.kind.state().propagating.as_ref().and_then(|propagating| propagating.change.clone());
        let is_in_sync = match change {
            // What can't be told is not known to have arrived; it has a limit of its own.
            Some(change) => self.aws.is_in_sync(&change).await.ok(),
            None => None,
        };
        Ok(Observation { is_in_sync, ..prefetch })
    }

    /// Marks how long each endpoint has been proven well, and lets go of what is no longer Homeostat's to hold.
    fn absorb(&self, now: Timestamp, incident: Incident, seen: &Observation, _: &Limits) -> Incident {
        let zone = incident.kind.state().zone.clone();
        absorb::absorb(now, incident, seen, &self.dns.zone(&zone), self.hash)
    }

    /// Weights are bounded by what serves, and take nothing away from other groups.
    fn purchase(&self, _: &Incident, _: &Observation) -> Option<Purchase> {
        None
    }

    fn seen_since(&self) -> Option<Timestamp> {
        None
    }

    fn others_not_serving(&self, _: &Incident, _: &Observation) -> Vec<Subject> {
        Vec::new()
    }

    /// By its generations, which never repeat: the weights alone may look like it by chance. Where somebody deleted those, by that of
    /// the older one.
    fn took_effect(&self, incident: &Incident, seen: &Observation) -> bool {
        absorb::took_effect(incident, seen)
    }

    fn decide(&self, now: Timestamp, incident: &Incident, seen: &Observation, around: &Circumstances) -> Decision {
        let kept = incident.kind.state();
        decide(Situation { now, incident, kept, seen, around, policy: &self.dns.zone(&kept.zone) })
    }

    /// A change is on its way for seconds, and nothing else is decided meanwhile.
    fn follows(&self, now: Timestamp, settled: &Incident) -> Option<(Timestamp, Hold)> {
        let took_effect = settled.unsettled_intent().is_none() && settled.state == State::Verifying;
        on_its_way(now, settled.kind.state(), self.dns).filter(|_| took_effect)
    }

    fn not_opened(&self, hint: &Hint, incident: &Incident, decision: &Decision) -> Option<Ignored> {
        let Decision::Hold { because: Hold::Own(because), .. } = decision else { return None };
        let is_left = match because {
            // Whoever switched an alarm's actions off doesn't want to hear of it, by whatever route.
            HoldReason::ActionsDisabled { .. } => true,
            // Only some of the evidence calls an endpoint unhealthy, and nobody has asked; or what has too little data proves nothing.
            HoldReason::NotConfirmed { .. } => matches!(hint.why, Trigger::Silence(_) | Trigger::Found { .. }),
            HoldReason::Propagating { .. }
            | HoldReason::Lost { .. }
            | HoldReason::Returning { .. }
            | HoldReason::Drifted(_) => false,
        };
        is_left.then(|| Ignored::nothing_wrong(incident, because))
    }

    fn rungs(&self, now: Timestamp, incident: &Incident, seen: &Observation, around: &Circumstances) -> Vec<Rung> {
        let kept = incident.kind.state();
        ladder::rungs(Situation { now, incident, kept, seen, around, policy: &self.dns.zone(&kept.zone) })
    }

    /// Each drain; the latch, once there were too many; and on what drift people were told.
    fn remember(
        &self,
        now: Timestamp,
        incident: &Incident,
        seen: &Observation,
        decision: &Decision,
        memory: &Memory,
    ) -> Option<Memory> {
        let mut next = memory.clone();
        let kept = incident.kind.state();
        next.dependency = dependency::remembered(now, incident, seen, &self.dns.zone(&kept.zone), memory);
        next.drifts.retain(|told| kept.drifts.iter().any(|noticed| noticed.drift == *told));
        if let Decision::Hold { because: Hold::Own(HoldReason::Drifted(drifted)), .. } = decision {
            next.drifts.extend(drifted.news.iter().cloned());
        }
        let moves = match decision {
            Decision::Act { step: Step::Shift(shift), .. } => shift.moves.as_slice(),
            _ => &[],
        };
        for moved in moves {
            let Some(record) = self.dns.zone(&kept.zone).record(&moved.key).cloned() else { continue };
            let had_less = |id: &SetIdentifier| {
                let held = kept.records.get(&moved.key).and_then(|held| held.reduced.get(id));
                held.is_some_and(|reduced| moved.reduced.get(id) >= Some(&reduced.share))
            };
            let own = kept.records.get(&moved.key).map(|held| share::shares(&weights(&held.saved)));
            let had = share::shares(&weights(&moved.before));
            let had_taken_over = |id: &SetIdentifier| {
                let own = own.as_ref().and_then(|own| own.get(id));
                own.zip(had.get(id)).is_some_and(|(own, had)| had.less(judge::NEARLY) > *own)
            };
            // Nor is it one that an endpoint is no healthier without what it had taken over.
            let had_given_back = |id: &SetIdentifier| {
                let reduced = kept.records.get(&moved.key).and_then(|held| held.reduced.get(id));
                let own = own.as_ref().and_then(|own| own.get(id));
                reduced.zip(own).is_some_and(|(reduced, own)| reduced.share >= *own)
            };
            // More of the same drain is no second one.
            for id in moved.drained().filter(|id| !had_less(id) && !had_given_back(id)) {
                let endpoint = judge::name(&record.key, id);
                let drain = Drain { had_taken_over: had_taken_over(id), ..Drain::of(&endpoint, now) };
                next = next.drained(drain, was_tried(incident, moved, id));
                if next.drains_within(now, record.flaps_within, &endpoint) >= record.flaps {
                    next = next.latch(now, &endpoint);
                }
            }
        }
        (next != *memory).then_some(next)
    }

    fn times(&self, incident: &Incident) -> Times {
        let records = self.dns.zone(&incident.kind.state().zone).records;
        let longest = records.into_iter().map(longest_return).max().unwrap_or_default();
        Times {
            check_every: self.dns.check_every,
            recover_within: self.dns.max_wait + self.dns.dwell + longest,
            max_wait: self.dns.max_wait,
            remind_every: self.dns.remind_every,
        }
    }

    fn policy_hash(&self) -> &str {
        self.hash
    }

    async fn perform(&self, step: &Step) -> Outcome {
        let Step::Shift(shift) = step;
        self.aws.shift(shift).await
    }
}

/// A drain that was on its way when something came between.
fn was_tried(incident: &Incident, moved: &shift::Move, id: &SetIdentifier) -> bool {
    let Some(intent) = &incident.intent else { return false };
    let Step::Shift(tried) = &intent.step;
    let is_tried_apart = incident.kind.state().apart.contains(&moved.key);
    is_tried_apart || (!intent.took_effect() && tried.drained().contains(&(moved.key.clone(), id.clone())))
}

/// From the proof that an endpoint is well to its own share, with every relapse that the latch allows.
fn longest_return(record: &RecordPolicy) -> SignedDuration {
    let steps = i32::try_from(record.steps.len()).unwrap_or(i32::MAX).saturating_add(1);
    let flaps = i32::try_from(record.flaps).unwrap_or(1);
    let once = record.hold.saturating_add(record.pace * steps);
    SignedDuration::from_secs(once.as_secs().saturating_mul(i64::from(flaps)).saturating_mul(2))
}
