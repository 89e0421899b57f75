//! From an alarm, a wake-up or the five-minute resync to weights that lead to endpoints that are well.
//!
//! This function puts its remedy together and serves. It never judges an endpoint itself, and answers an event that is none of its
//! own with the reason why.

use homeostat_core::ports::{Clock, DueMarks, Intake, Ledger, WakeUps};
use homeostat_core::reconcile::Ports;
use homeostat_lambda::{Failure, serve_intake};
use homeostat_remedies::hosted_zone::policy::DnsPolicy;
use homeostat_remedies::hosted_zone::{Records, ShiftDns, ShiftWeights};
use homeostat_remedies::policy::Policy;
use serde_json::Value;

#[derive(Debug)]
pub struct Ready<A, L, W, C> {
    pub aws: A,
    pub ledger: L,
    /// This function's own: its wake-ups, and what is to be taken in.
    pub queues: W,
    pub clock: C,
    pub policy: Policy,
    /// Under whose name metrics are printed; `None`: nobody reads them.
    pub stack: Option<String>,
}

/// Handles a batch of its intake queue, an alarm's own call, a wake-up, what is marked as due or a resync. The answer says what was
/// decided, for `sam local invoke` and for tests.
///
/// # Errors
/// [`Failure::Drop`] for a malformed event; [`Failure::Retry`] if AWS or the ledger could not be read or written.
pub async fn handle<A, L, W, C>(ready: &Ready<A, L, W, C>, event: Value) -> Result<Value, Failure>
where
    A: Records + ShiftWeights + Sync,
    L: Ledger + DueMarks + Sync,
    W: WakeUps + Intake + Sync,
    C: Clock + Sync,
{
    let Ready { aws, ledger, queues, clock, policy, stack } = ready;
    let without_records = DnsPolicy::without_records();
    let dns = policy.dns.as_ref().unwrap_or(&without_records);
    let remedy = ShiftDns { aws, hash: &policy.hash, dns };
    serve_intake(&remedy, Ports { ledger, clock, wake_ups: queues }, stack.as_deref(), &event).await
}
