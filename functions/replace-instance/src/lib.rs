//! From an alarm, an announcement of AWS's, a wake-up or the five-minute resync to a replaced instance.
//!
//! This function puts its remedy together and serves. It never judges an instance itself, and answers an event that is none of its
//! own with the reason why.

use homeostat_core::aws::machines::StatusChecks;
use homeostat_core::id::Region;
use homeostat_core::ports::{Clock, Ledger, WakeUps};
use homeostat_core::reconcile::Ports;
use homeostat_lambda::{Failure, serve};
use homeostat_remedies::instance::{Fleet, Observer, Replace, ReplaceInstance};
use homeostat_remedies::policy::Policy;
use serde_json::Value;

#[derive(Debug)]
pub struct Ready<A, S, L, C, W> {
    pub aws: A,
    pub checks: S,
    pub ledger: L,
    pub clock: C,
    /// The function's own queue.
    pub wake_ups: W,
    pub policy: Policy,
    /// The stack's own: what a survey finds is there.
    pub region: Region,
}

/// Handles an alarm's change, what AWS announces, a wake-up or a resync. The answer says what was decided, for `sam local invoke`
/// and for tests.
///
/// # Errors
/// [`Failure::Drop`] for a malformed event; [`Failure::Retry`] if AWS or the ledger could not be read or written.
pub async fn handle<A, S, L, C, W>(ready: &Ready<A, S, L, C, W>, event: Value) -> Result<Value, Failure>
where
    A: Fleet + Replace + Sync,
    S: StatusChecks + Sync,
    L: Ledger + Sync,
    C: Clock,
    W: WakeUps,
{
    let Ready { aws, checks, ledger, clock, wake_ups, policy, region } = ready;
    let remedy =
        ReplaceInstance { observer: Observer { aws, checks, policy: &policy.instances }, hash: &policy.hash, region };
    serve(&remedy, Ports { ledger, clock, wake_ups }, &event).await
}
