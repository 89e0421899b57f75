//! Reads what a decision about a held instance rests on, all side by side.
//!
//! This module never fails: what could not be read is kept as such, since the hook has to be completed all the same.

use std::collections::BTreeMap;

use futures_util::future::{OptionFuture, join, join_all, join3, join5, try_join_all};
use homeostat_core::aws::fleet::Machine;
use homeostat_core::aws::lifecycle::{Terms, Transition};
use homeostat_core::dependency::Readings;
use homeostat_core::id::{AlarmArn, InstanceId, TargetGroupArn};
use homeostat_core::ports::Unavailable;
use homeostat_core::signal::{Hint, Trigger};
use jiff::Timestamp;

use super::observation::{HeldMember, Observation, Reading, Registration, reading};
use super::state::HookState;
use super::targets::{could_hold, of_instance};
use super::{Held, Machines, dependency, terminate};
use crate::hook::policy::{HeldBy, HookPolicy, Readiness};
use crate::hook::reasons::Incident;
use crate::hook::subject::HeldInstance;

/// What reads AWS, under a policy.
#[derive(Debug)]
pub struct HookObserver<'a, A, M> {
    pub aws: &'a A,
    pub machines: &'a M,
    pub policy: &'a HookPolicy,
}

impl<A, M> Clone for HookObserver<'_, A, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A, M> Copy for HookObserver<'_, A, M> {}

impl<A: Held + Sync, M: Machines + Sync> HookObserver<'_, A, M> {
    /// All that the policy's evidence can be read from; of an instance whose hook the policy doesn't name, nothing.
    pub(super) async fn prefetch(&self, hint: &Hint) -> Observation {
        let Some(held) = HeldInstance::of(&hint.subject) else { return Observation::default() };
        let HeldInstance { group, hook, instance } = &held;
        // An open incident may be about a hook that has left the policy: where its instance stands is asked all the same.
        let policy = self.policy.of(group, hook);
        let is_wake_up = matches!(hint.why, Trigger::Wake | Trigger::Look { .. });
        if policy.is_none() && !is_wake_up {
            return Observation::default();
        }
        // They are kept from the first look on.
        let terms: OptionFuture<_> = (!is_wake_up).then(|| self.aws.terms(group, hook)).into();
        let member = join(self.aws.member(instance), terms);
        // Tags and addresses, and whether it is a Spot Instance, whose time may be short.
        let machine: OptionFuture<_> = policy.filter(wants_status).map(|_| self.machine(instance)).into();
        let details: OptionFuture<_> = policy.map(|_| self.machines.details(instance)).into();
        let reads = join5(member, machine, details, self.targets(policy), self.leaving(instance, policy));
        let ((member, terms), machine, details, all_targets, leaving) = reads.await;
        Observation {
            member: Some(reading::<Option<HeldMember>>(member)),
            terms: terms.map(reading::<Option<Terms>>),
            machine: machine.map(reading),
            details: details.map(reading),
            all_targets,
            ..leaving
        }
    }

    async fn machine(&self, instance: &InstanceId) -> Result<Option<Machine>, Unavailable> {
        Ok(self.machines.machines(std::slice::from_ref(instance)).await?.remove(instance))
    }

    async fn targets(
        &self,
        policy: Option<HeldBy<'_>>,
    ) -> BTreeMap<TargetGroupArn, Reading<Option<Vec<Registration>>>> {
        let arns: Vec<&TargetGroupArn> = policy.iter().flat_map(HeldBy::target_groups).collect();
        let is_launch = matches!(policy, Some(HeldBy::Launch(_)));
        let reads = join_all(arns.iter().map(|arn| self.registrations(arn, is_launch))).await;
        arns.into_iter().cloned().zip(reads).collect()
    }

    /// Nobody is served by an empty target group, whatever its type. That an instance isn't registered there says something of a
    /// launch only if it could be.
    async fn registrations(&self, arn: &TargetGroupArn, is_launch: bool) -> Reading<Option<Vec<Registration>>> {
        let found = reading(self.aws.registrations(arn).await)?;
        if !is_launch || found.as_ref().is_none_or(|all| !all.is_empty()) {
            return Ok(found);
        }
        match reading(self.aws.target_type(arn).await)? {
            None => Ok(None),
            Some(target_type) => could_hold(arn, &target_type).map(|()| found),
        }
    }

    /// What only a leaving instance is asked about.
    async fn leaving(&self, instance: &InstanceId, policy: Option<HeldBy<'_>>) -> Observation {
        let Some(HeldBy::Termination(policy)) = policy else { return Observation::default() };
        let work: OptionFuture<_> = policy.busy_metric.as_ref().map(|metric| self.aws.newest(metric, instance)).into();
        let own = policy.record.as_ref().map(|record| (&record.zone, record.name_of(instance)));
        let records: OptionFuture<_> = own
            .map(|(zone, name)| async move {
                match name {
                    Ok(name) => reading(self.aws.record_sets(zone, &name).await),
                    Err(error) => Err(error.to_string()),
                }
            })
            .into();
        let (work, records) = join(work, records).await;
        Observation { work: work.map(reading), records, ..Observation::default() }
    }

    /// What can be asked only now: a Spot request by its id, and, once nothing is left to be done, whether Auto Scaling has
    /// drained the group's own target groups.
    pub(super) async fn observe(&self, now: Timestamp, mut prefetch: Observation, incident: &Incident) -> Observation {
        let kept = incident.kind.state();
        let addresses = addresses(&prefetch, kept);
        // A launch is judged by what is the machine's own now, and by nothing that may be another host's.
        let addresses = match (kept.transition, terminate::machine(&prefetch)) {
            (Transition::Terminating, _) | (Transition::Launching, terminate::Machine::There) => addresses,
            (Transition::Launching, _) => Vec::new(),
        };
        let of_it = |(arn, read): (TargetGroupArn, Reading<Option<Vec<Registration>>>)| {
            let own = read.and_then(|all| of_instance(&arn, all, &kept.instance, &addresses, kept.transition));
            (arn, own)
        };
        prefetch.targets = std::mem::take(&mut prefetch.all_targets).into_iter().map(of_it).collect();
        let policy = self.policy.of(&kept.group, &kept.hook);
        let terms: OptionFuture<_> =
            (kept.terms.is_none() && prefetch.terms.is_none()).then(|| self.aws.terms(&kept.group, &kept.hook)).into();
        let request =
            prefetch.details.as_ref().and_then(|details| details.as_ref().ok()?.as_ref()?.spot_request.clone());
        let interrupted: OptionFuture<_> = request.as_ref().map(|request| self.machines.interrupted_at(request)).into();
        let to_verify = match policy {
            Some(HeldBy::Termination(policy)) => {
                kept.transition == Transition::Terminating && terminate::step(kept, &prefetch, policy).is_none()
            }
            Some(HeldBy::Launch(_)) | None => false,
        };
        let attached: OptionFuture<_> = to_verify.then(|| self.attached(incident, kept, &addresses)).into();
        let dependencies: OptionFuture<_> = match policy {
            Some(HeldBy::Launch(policy)) => {
                let alarms = dependency::to_read(now, kept, &prefetch, policy, self.policy.check_every);
                alarms.map(|alarms| self.dependencies(alarms)).into()
            }
            Some(HeldBy::Termination(_)) | None => None.into(),
        };
        let ((terms, interrupted), attached, dependencies) =
            join3(join(terms, interrupted), attached, dependencies).await;
        Observation {
            terms: terms.map(reading).or(prefetch.terms),
            interrupted_at: interrupted.map(reading),
            attached: attached.map(reading),
            dependencies,
            ..prefetch
        }
    }

    async fn dependencies(&self, alarms: Vec<AlarmArn>) -> Readings {
        let read = reading(self.aws.alarms(&alarms).await);
        let find = |arn: &AlarmArn| read.as_ref().map_err(Clone::clone)?.get(arn).cloned().transpose();
        alarms.iter().map(|arn| (arn.clone(), find(arn))).collect()
    }

    async fn attached(
        &self,
        incident: &Incident,
        kept: &HookState,
        addresses: &[String],
    ) -> Result<BTreeMap<TargetGroupArn, Vec<Registration>>, Unavailable> {
        let names: Vec<_> = vec![incident.kind.state().group.clone()];
        let groups = self.aws.groups(&names).await?;
        let arns: Vec<TargetGroupArn> = groups.into_iter().flat_map(|group| group.target_groups).collect();
        let registrations = try_join_all(arns.iter().map(|arn| self.aws.registrations(arn))).await?;
        // Auto Scaling registers instances by their ids alone: whatever holds no instances holds none of the group's.
        let of_it = |(arn, all): (TargetGroupArn, _)| {
            let own = of_instance(&arn, all, &kept.instance, addresses, kept.transition).ok()?;
            Some((arn, own))
        };
        Ok(arns.into_iter().zip(registrations).filter_map(of_it).collect())
    }
}

/// As EC2 tells them now, or told them while the machine was there.
fn addresses(seen: &Observation, kept: &HookState) -> Vec<String> {
    let details = seen.details.as_ref().and_then(|details| details.as_ref().ok()?.as_ref());
    let now = details.map(|details| details.addresses.clone()).unwrap_or_default();
    if now.is_empty() { kept.addresses.clone() } else { now }
}

fn wants_status(policy: &HeldBy<'_>) -> bool {
    matches!(policy, HeldBy::Launch(policy) if policy.evidence.contains(&Readiness::InstanceStatus))
}
