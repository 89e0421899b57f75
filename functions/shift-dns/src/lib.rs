//! From an alarm, a wake-up or the five-minute resync to weights that lead to endpoints that are well.
//!
//! This function parses and calls the loop. It never judges an endpoint itself, and answers an event that is none of its own with
//! the reason why.

use homeostat_core::attend::attend;
use homeostat_core::aws::alarm::AlarmChange;
use homeostat_core::decision::Decision;
use homeostat_core::id::{HostedZoneId, Subject};
use homeostat_core::incident::{Incident, Kind};
use homeostat_core::policy::{DnsPolicy, Policy};
use homeostat_core::ports::{Clock, Ledger, WakeUps};
use homeostat_core::signal::{self, Hint, Lead, Signal, Survey, Why};
use homeostat_core::zone::{Records, ShiftDns, ShiftWeights, Surveyed, look_again_after, survey};
use homeostat_lambda::answers::{attended, ignored, not_ours};
use homeostat_lambda::{Answers, Failure};
use serde_json::{Value, json};

#[derive(Debug)]
pub struct Ready<A, L, W, C> {
    pub aws: A,
    pub ledger: L,
    /// This function's own.
    pub wake_ups: W,
    pub clock: C,
    pub policy: Policy,
}

/// Handles an alarm's change, a wake-up or a resync. The answer says what was decided, for `sam local invoke` and for tests.
///
/// # Errors
/// [`Failure::Drop`] for a malformed event; [`Failure::Retry`] if AWS or the ledger could not be read or written.
pub async fn handle<A, L, W, C>(ready: &Ready<A, L, W, C>, event: Value) -> Result<Value, Failure>
where
    A: Records + ShiftWeights + Sync,
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

impl<A, L, W, C> Ready<A, L, W, C>
where
    A: Records + ShiftWeights + Sync,
    L: Ledger + Sync,
    W: WakeUps + Sync,
    C: Clock + Sync,
{
    async fn attend_to(&self, signal: Signal, answers: &mut Answers) {
        tracing::info!(key = %signal.key, "a signal");
        let without_records = DnsPolicy::without_records();
        let dns = self.policy.dns.as_ref().unwrap_or(&without_records);
        let hints = match signal.lead {
            Lead::Several(Survey::Alarm(alarm)) => return answers.add(self.told(dns, &alarm.change).await),
            Lead::Several(Survey::Resync) => return answers.add(self.resync(dns).await),
            Lead::Held(told) => return answers.add(Ok(not_ours(told))),
            Lead::Each(hints) => hints,
        };
        for hint in &hints {
            answers.add(match (&hint.why, &hint.subject) {
                (Why::Alarm(change) | Why::Silence(change), _) => self.told(dns, change).await,
                (_, Subject::Zone { id, .. }) => self.one(dns, id, hint).await,
                (_, other) => Ok(ignored(&format_args!("{other} is not this function's to look after"))),
            });
        }
    }

    /// An alarm that speaks for endpoints of the policy. Any other costs no call at all.
    async fn told(&self, dns: &DnsPolicy, change: &AlarmChange) -> Result<Value, Failure> {
        let zones = dns.zones_of(&change.alarm);
        if zones.is_empty() {
            let name = change.alarm.alarm_name();
            return Ok(ignored(&format_args!("alarm {name:?} speaks for no endpoint that the policy names")));
        }
        let hint = |zone: &HostedZoneId| Hint { subject: Subject::zone(zone.clone()), why: Why::Alarm(change.clone()) };
        self.each(dns, zones.into_iter().map(|zone| (zone, hint(zone))).collect()).await
    }

    /// What no event told of is found all the same.
    async fn resync(&self, dns: &DnsPolicy) -> Result<Value, Failure> {
        let since = self.clock.now();
        let Surveyed { zones, unread } = survey(&self.aws, dns, &self.ledger, since).await?;
        if !unread.is_empty() {
            tracing::warn!("could not ask all that tells of endpoints: {}", unread.join("; "));
        }
        let why = || Why::Found { since, alarms: Vec::new(), told_by: None };
        let hints = zones.iter().map(|zone| (zone, Hint { subject: Subject::zone(zone.clone()), why: why() }));
        self.each(dns, hints.collect()).await
    }

    /// One that fails keeps no other from being attended to.
    async fn each(&self, dns: &DnsPolicy, hints: Vec<(&HostedZoneId, Hint)>) -> Result<Value, Failure> {
        let (mut answers, mut failures) = (Vec::new(), Vec::new());
        for (zone, hint) in hints {
            match self.one(dns, zone, &hint).await {
                Ok(answer) => answers.push(answer),
                Err(failure) => failures.push(format!("{}: {failure}", hint.subject)),
            }
        }
        match (failures.is_empty(), answers.as_slice()) {
            (false, _) => Err(Failure::Retry(failures.join("; "))),
            (true, [only]) => Ok(only.clone()),
            (true, _) => Ok(json!({ "looked_at": answers })),
        }
    }

    async fn one(&self, dns: &DnsPolicy, zone: &HostedZoneId, hint: &Hint) -> Result<Value, Failure> {
        let remedy = ShiftDns { aws: &self.aws, policy: &self.policy, dns, zone };
        let outcome = attend(&remedy, &self.ledger, &self.clock, hint, log).await?;
        if let Some(after) = look_again_after(&outcome, self.clock.now()) {
            // If it gets lost, the sweep comes round all the same.
            if let Err(error) = self.wake_ups.wake(&hint.subject, after).await {
                tracing::warn!("left to the sweep: {error}");
            }
        }
        Ok(attended(outcome))
    }
}

fn log<K: Kind>(incident: &Incident<K>, decision: &Decision<K>) {
    tracing::info!(subject = %incident.subject, "{decision}");
}
