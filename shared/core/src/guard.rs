//! What keeps any remedy from acting, whatever it is about: a call that may be under way, a refusal, a pause, something that it
//! depends on, a policy that only watches.
//!
//! This module never decides whether a remedy has something to do, and never knows which remedy asks.

use jiff::{SignedDuration, Timestamp};

use crate::budget::{SharedBudget, Shortage};
use crate::dependency::Dependent;
use crate::incident::{Decision, Hold, Incident, Kind, Page, State};
use crate::outcome::Outcome;
use crate::ports::{Limits, Pause};

/// An intent whose effect is not known: somebody may be acting on it until its lease ends.
pub fn unsettled<K: Kind>(now: Timestamp, incident: &Incident<K>) -> Option<Decision<K>> {
    let intent = incident.unsettled_intent().filter(|intent| now < intent.until)?;
    let because = match &intent.outcome {
        Some(Outcome::Unknown { why }) => Hold::OutcomeUnknown { why: why.clone() },
        _ => Hold::InFlight,
    };
    Some(Decision::Hold { until: intent.until, because })
}

/// Nobody else may be acting on it: only this much of [`unsettled`] bears on a remedy that asks AWS again by itself.
pub fn in_flight<K: Kind>(now: Timestamp, incident: &Incident<K>) -> Option<Timestamp> {
    let intent = incident.intent.as_ref()?;
    (intent.outcome.is_none() && now < intent.until).then_some(intent.until)
}

/// Trying again would be refused again.
pub fn refused<K: Kind>(incident: &Incident<K>) -> Option<Decision<K>> {
    match incident.intent.as_ref()?.outcome.as_ref()? {
        Outcome::Refused { why } if incident.state != State::Escalated => {
            Some(Decision::Page(Page::Refused { why: why.clone() }))
        }
        _ => None,
    }
}

/// A person's word that is in force.
pub fn pause<K: Kind>(now: Timestamp, limits: &Limits<K>) -> Option<&Pause> {
    limits.pauses.iter().find(|pause| now < pause.until)
}

pub fn paused<K: Kind>(now: Timestamp, limits: &Limits<K>) -> Option<Hold<K>> {
    let Pause { scope, by, reason, .. } = pause(now, limits)?;
    Some(Hold::Paused { scope: scope.clone(), by: by.clone(), reason: reason.clone() })
}

/// Turns take minutes as a rule. What waits for the shared budget for longer has a person asked.
pub const PAGED_AFTER: SignedDuration = SignedDuration::from_mins(15);

/// What waits for the shared budget holds, and the first that has waited for long asks a person for all of them, if it `asks` anybody.
///
/// # Errors
/// The page.
pub fn short<K: Kind>(
    now: Timestamp,
    incident: &Incident<K>,
    budget: &SharedBudget,
    shortage: Shortage,
    max_wait: SignedDuration,
    asks: bool,
) -> Result<Hold<K>, Page<K>> {
    let since = match &incident.decision {
        Some(Decision::Hold { because: Hold::SharedBudget(last), .. } | Decision::Page(Page::SharedBudget(last))) => {
            last.since
        }
        _ => now,
    };
    let shortage = Shortage { since, ..shortage };
    let has_waited = now.duration_since(since) >= PAGED_AFTER.min(max_wait)
        || incident.unhealthy_since.is_some_and(|since| now.duration_since(since) >= max_wait);
    if asks && has_waited && !budget.is_paged_by_another(now, &incident.subject) {
        return Err(Page::SharedBudget(shortage));
    }
    Ok(Hold::SharedBudget(shortage))
}

/// What it depends on moves: to do something about it would help nobody. What has evidence of its own is its remedy's to say.
pub fn dependency<K: Kind>(dependent: &Dependent<'_>) -> Option<Hold<K>> {
    dependent.moves().map(Hold::Dependency)
}

/// What a check of the pauses goes by.
pub fn pauses<K: Kind>(now: Timestamp, limits: &Limits<K>) -> String {
    let pauses = limits.pauses.iter().filter(|pause| now < pause.until);
    let named: Vec<String> = pauses.map(|pause| format!("{} until {:.0}", pause.scope, pause.until)).collect();
    if named.is_empty() { "no pause covers it".to_owned() } else { named.join(", ") }
}

/// What a check that stopped decided, or that there is nothing of the kind.
pub fn or_none<K: Kind>(stopped: Option<Decision<K>>, none: &str) -> String {
    stopped.map_or_else(|| none.to_owned(), |decision| decision.to_string())
}
