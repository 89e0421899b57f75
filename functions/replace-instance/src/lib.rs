//! From an alarm that names an instance to a replaced instance.
//!
//! This function parses and calls the loop. It never judges an instance itself, and answers an event that is none of its
//! own with the reason why.

use homeostat_core::attend::{Attended, attend};
use homeostat_core::decision::Decision;
use homeostat_core::incident::Incident;
use homeostat_core::instance::{Fleet, Replace, ReplaceInstance};
use homeostat_core::policy::Policy;
use homeostat_core::ports::{Clock, Ledger};
use homeostat_core::signal::{self, Parsed};
use homeostat_lambda::{Failure, envelope};
use serde_json::{Value, json};

#[derive(Debug)]
pub struct Ready<A, L, C> {
    pub aws: A,
    pub ledger: L,
    pub clock: C,
    pub policy: Policy,
}

/// Handles an alarm's change or a wake-up. The answer says what was decided, for `sam local invoke` and for tests.
///
/// # Errors
/// [`Failure::Drop`] for a malformed event; [`Failure::Retry`] if AWS or the ledger could not be read or written.
pub async fn handle<A, L, C>(ready: &Ready<A, L, C>, event: Value) -> Result<Value, Failure>
where
    A: Fleet + Replace + Sync,
    L: Ledger + Sync,
    C: Clock + Sync,
{
    let signal = match signal::parse(&envelope::open(event)?)? {
        Parsed::Signal(signal) => signal,
        Parsed::Ignored(why) => return Ok(ignored(&why.to_string())),
    };
    let remedy = ReplaceInstance { aws: &ready.aws, policy: &ready.policy };

    Ok(match attend(&remedy, &ready.ledger, &ready.clock, &signal, log).await? {
        Attended::Ignored(why) => ignored(&why.to_string()),
        Attended::Decided { decision, incident } => json!({
            "subject": incident.subject,
            "decision": decision.to_string(),
            "state": incident.state,
            "version": incident.version,
        }),
    })
}

fn ignored(why: &str) -> Value {
    tracing::info!(ignored = why, "ignored: {why}");
    json!({ "ignored": why })
}

fn log(incident: &Incident, decision: &Decision) {
    tracing::info!(subject = %incident.subject, group = %incident.kind.group(), "{decision}");
}
