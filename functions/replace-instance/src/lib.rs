//! From an alarm, an announcement of AWS's, a wake-up or the five-minute resync to a replaced instance.
//!
//! This function parses and calls the loop. It never judges an instance itself, and answers an event that is none of its
//! own with the reason why.

use homeostat_core::attend::{Attended, Ignored, Trouble, attend};
use homeostat_core::decision::Decision;
use homeostat_core::id::{GroupName, Region, Subject};
use homeostat_core::incident::{Incident, Kind};
use homeostat_core::instance::kind::InstanceKind;
use homeostat_core::instance::{
    Eyes, Fleet, Replace, ReplaceInstance, StatusChecks, WholeGroup, survey, troubled_group,
};
use homeostat_core::policy::Policy;
use homeostat_core::ports::{Clock, Ledger};
use homeostat_core::signal::{self, Hint, Lead, NoSignal, Signal, Survey, Why};
use homeostat_lambda::answers::{attended, ignored, not_ours};
use homeostat_lambda::{Answers, Failure};
use serde_json::{Value, json};

#[derive(Debug)]
pub struct Ready<A, S, L, C> {
    pub aws: A,
    pub checks: S,
    pub ledger: L,
    pub clock: C,
    pub policy: Policy,
    /// The stack's own: what a survey finds is there.
    pub region: Region,
}

/// Handles an alarm's change, what AWS announces, a wake-up or a resync. The answer says what was decided, for `sam local invoke`
/// and for tests.
///
/// # Errors
/// [`Failure::Drop`] for a malformed event; [`Failure::Retry`] if AWS or the ledger could not be read or written.
pub async fn handle<A, S, L, C>(ready: &Ready<A, S, L, C>, event: Value) -> Result<Value, Failure>
where
    A: Fleet + Replace + Sync,
    S: StatusChecks + Sync,
    L: Ledger + Sync,
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

impl<A, S, L, C> Ready<A, S, L, C>
where
    A: Fleet + Replace + Sync,
    S: StatusChecks + Sync,
    L: Ledger + Sync,
    C: Clock + Sync,
{
    async fn attend_to(&self, signal: Signal, answers: &mut Answers) {
        tracing::info!(key = %signal.key, "a signal");
        if let Some(region) = signal.region.filter(|region| *region != self.region) {
            answers.add(Ok(not_ours(NoSignal::Elsewhere { region, ours: self.region.clone() })));
            return;
        }
        match signal.lead {
            Lead::Each(hints) => {
                for hint in &hints {
                    answers.add(self.one(hint).await);
                }
            }
            Lead::Several(about) => answers.add(self.several(&about).await),
            Lead::Held(told) => answers.add(Ok(not_ours(told))),
        }
    }

    /// One subject; and its group, if too much of that is sick.
    async fn one(&self, hint: &Hint) -> Result<Value, Failure> {
        let outcome = self.attend(hint).await?;
        if let Some(group) = troubled_group(&outcome) {
            let group = self.whole(group, hint);
            self.attend(&group).await?;
        }
        Ok(attended(outcome))
    }

    /// Whoever of the policy's groups is sick and has no incident. One that fails keeps no other from being attended to.
    async fn several(&self, about: &Survey) -> Result<Value, Failure> {
        let surveyed = survey(&self.eyes(), &self.ledger, self.clock.now(), &self.region, about).await?;
        if surveyed.groups.is_empty() {
            return Ok(ignored(&nothing_of_ours(about)));
        }
        let (mut answers, mut failures) = (Vec::new(), surveyed.failed);
        for hint in &surveyed.hints {
            match self.one(hint).await {
                Ok(answer) => answers.push(answer),
                Err(failure) => failures.push(format!("{}: {failure}", hint.subject)),
            }
        }
        if failures.is_empty() {
            Ok(json!({ "looked_at": surveyed.groups, "found": answers }))
        } else {
            Err(Failure::Retry(failures.join("; ")))
        }
    }

    async fn attend(&self, hint: &Hint) -> Result<Attended<InstanceKind>, Trouble> {
        let eyes = self.eyes();
        match hint.subject {
            Subject::Instance { .. } => attend(&ReplaceInstance { eyes }, &self.ledger, &self.clock, hint, log).await,
            Subject::Group { .. } => attend(&WholeGroup { eyes }, &self.ledger, &self.clock, hint, log).await,
            Subject::Zone { .. } | Subject::Hook { .. } => {
                Ok(Attended::Ignored(Ignored::NotOurs { subject: hint.subject.clone() }))
            }
        }
    }

    fn whole(&self, group: &GroupName, member: &Hint) -> Hint {
        let subject = Subject::Group { region: member.subject.region().clone(), name: group.clone() };
        Hint { subject, why: Why::Found { since: self.clock.now(), alarms: Vec::new(), told_by: None } }
    }

    fn eyes(&self) -> Eyes<'_, A, S> {
        Eyes { aws: &self.aws, checks: &self.checks, policy: &self.policy }
    }
}

fn nothing_of_ours(about: &Survey) -> String {
    match about {
        Survey::Resync => "none of the policy's groups exists".to_owned(),
        Survey::Alarm(alarm) => format!(
            "alarm {:?} names neither an instance nor a group of the policy, so there is nobody to look at",
            alarm.change.alarm.alarm_name()
        ),
    }
}

fn log<K: Kind>(incident: &Incident<K>, decision: &Decision<K>) {
    tracing::info!(subject = %incident.subject, scope = %incident.scope(), "{decision}");
}
