//! From an alarm, an announcement of AWS's, a wake-up or the five-minute resync to a replaced instance.
//!
//! This function puts its remedy together and serves. It never judges an instance itself, and answers an event that is none of its
//! own with the reason why.

use homeostat_core::aws::machines::StatusChecks;
use homeostat_core::id::Region;
use homeostat_core::ports::{Clock, DueMarks, Intake, Ledger, WakeUps};
use homeostat_core::reconcile::Ports;
use homeostat_lambda::{Failure, serve_intake};
use homeostat_remedies::instance::{Fleet, Observer, Replace, ReplaceInstance};
use homeostat_remedies::policy::Policy;
use serde_json::Value;

#[derive(Debug)]
pub struct Ready<A, S, L, W, C> {
    pub aws: A,
    pub checks: S,
    pub ledger: L,
    /// This function's own: its wake-ups, and what is to be taken in.
    pub queues: W,
    pub clock: C,
    pub policy: Policy,
    /// The stack's own: what a survey finds is there.
    pub region: Region,
    /// Under whose name metrics are printed; `None`: nobody reads them.
    pub stack: Option<String>,
}

/// Handles a batch of its intake queue, what AWS announces, a wake-up, what is marked as due or a resync. The answer says what was decided, for `sam local invoke`
/// and for tests.
///
/// # Errors
/// [`Failure::Drop`] for a malformed event; [`Failure::Retry`] if AWS or the ledger could not be read or written.
pub async fn handle<A, S, L, W, C>(ready: &Ready<A, S, L, W, C>, event: Value) -> Result<Value, Failure>
where
    A: Fleet + Replace + Sync,
    S: StatusChecks + Sync,
    L: Ledger + DueMarks + Sync,
    W: WakeUps + Intake + Sync,
    C: Clock,
{
    let Ready { aws, checks, ledger, queues, clock, policy, region, stack } = ready;
    let observer = Observer { aws, checks, policy: &policy.instances };
    let remedy = ReplaceInstance { observer, hash: &policy.hash, region, checks_later: false };
    serve_intake(&remedy, Ports { ledger, clock, wake_ups: queues }, stack.as_deref(), &event).await
}
