//! From a lifecycle action, a wake-up or the five-minute resync to a completed hook.
//!
//! This function parses and calls the loop. It never judges an instance itself, never waits, and answers an event that is none of
//! its own with the reason why.

use futures_util::StreamExt;
use homeostat_core::attend::attend;
use homeostat_core::decision::Decision;
use homeostat_core::hook::{CompleteHooks, Held, HookEyes, LifecycleHook, Machines, look_again_at, survey};
use homeostat_core::id::{Region, Subject};
use homeostat_core::incident::{Incident, Kind};
use homeostat_core::policy::{HookPolicy, Policy};
use homeostat_core::ports::{Clock, Ledger, WakeUps};
use homeostat_core::signal::{self, Hint, Lead, NoSignal, Signal, Survey, Why};
use homeostat_lambda::answers::{attended, ignored, not_ours};
use homeostat_lambda::{Answers, Failure};
use jiff::SignedDuration;
use serde_json::{Value, json};

/// Instances that a resync looks at at the same time: as many as the queue would have looked at, so that AWS sees no more calls.
const SIDE_BY_SIDE: usize = 5;

#[derive(Debug)]
pub struct Ready<A, M, L, W, C> {
    pub aws: A,
    pub machines: M,
    pub ledger: L,
    /// This function's own.
    pub wake_ups: W,
    pub clock: C,
    pub policy: Policy,
    /// The stack's own: the groups whose hooks it completes are there.
    pub region: Region,
}

/// Handles a lifecycle action, a wake-up or a resync. The answer says what was decided, for `sam local invoke` and for tests.
///
/// # Errors
/// [`Failure::Drop`] for a malformed event; [`Failure::Retry`] if the ledger could not be read or written.
pub async fn handle<A, M, L, W, C>(ready: &Ready<A, M, L, W, C>, event: Value) -> Result<Value, Failure>
where
    A: Held + CompleteHooks + Sync,
    M: Machines + Sync,
    L: Ledger + Sync,
    W: WakeUps + Sync,
    C: Clock + Sync,
{
    let mut answers = Answers::default();
    for parsed in signal::read(&event, ready.clock.now()) {
        if let Some(signal) = answers.signal(parsed) {
            ready.attend_to(signal, &mut answers).await;
        }
    }
    answers.together()
}

impl<A, M, L, W, C> Ready<A, M, L, W, C>
where
    A: Held + CompleteHooks + Sync,
    M: Machines + Sync,
    L: Ledger + Sync,
    W: WakeUps + Sync,
    C: Clock + Sync,
{
    async fn attend_to(&self, signal: Signal, answers: &mut Answers) {
        tracing::info!(key = %signal.key, "a signal");
        if let Some(region) = signal.region.filter(|region| *region != self.region) {
            answers.add(Ok(not_ours(NoSignal::Elsewhere { region, ours: self.region.clone() })));
            return;
        }
        let without_hooks = HookPolicy::without_hooks();
        let hooks = self.policy.hooks.as_ref().unwrap_or(&without_hooks);
        let hints = match signal.lead {
            Lead::Held(told) => vec![Hint { subject: told.subject(&self.region), why: Why::Action(told) }],
            Lead::Each(hints) => hints,
            Lead::Several(Survey::Resync) => return answers.add(self.resync(hooks).await),
            Lead::Several(Survey::Alarm(alarm)) => {
                let name = alarm.change.alarm.alarm_name();
                return answers.add(Ok(ignored(&format_args!("alarm {name:?} is about no lifecycle hook"))));
            }
        };
        for hint in &hints {
            answers.add(match &hint.subject {
                Subject::Hook { .. } => self.one(hooks, hint).await,
                other => Ok(ignored(&format_args!("{other} is not this function's to look after"))),
            });
        }
    }

    /// Whom no event told of. One that fails keeps no other from being attended to.
    async fn resync(&self, hooks: &HookPolicy) -> Result<Value, Failure> {
        let now = self.clock.now();
        let (mut answers, mut failures) = (Vec::new(), Vec::new());
        let found = survey(&self.aws, hooks, &self.ledger, &self.region, now).await?;
        let looks = found.iter().map(|hint| async move { (hint, self.one(hooks, hint).await) });
        let mut looks = futures_util::stream::iter(looks).buffer_unordered(SIDE_BY_SIDE);
        while let Some((hint, look)) = looks.next().await {
            match look {
                Ok(answer) => answers.push(answer),
                Err(failure) => failures.push(format!("{}: {failure}", hint.subject)),
            }
        }
        if failures.is_empty() { Ok(json!({ "found": answers })) } else { Err(Failure::Retry(failures.join("; "))) }
    }

    async fn one(&self, hooks: &HookPolicy, hint: &Hint) -> Result<Value, Failure> {
        let eyes = HookEyes { aws: &self.aws, machines: &self.machines, policy: hooks };
        let remedy = LifecycleHook { eyes, policy: &self.policy };
        let outcome = attend(&remedy, &self.ledger, &self.clock, hint, log).await?;
        if let Some(at) = look_again_at(&outcome) {
            let after = at.duration_since(self.clock.now()).max(SignedDuration::ZERO);
            // If it gets lost, the sweep comes round all the same.
            if let Err(error) = self.wake_ups.wake_for(&hint.subject, at, after).await {
                tracing::warn!("left to the sweep: {error}");
            }
        }
        Ok(attended(outcome))
    }
}

fn log<K: Kind>(incident: &Incident<K>, decision: &Decision<K>) {
    tracing::info!(subject = %incident.subject, scope = %incident.scope(), "{decision}");
}
