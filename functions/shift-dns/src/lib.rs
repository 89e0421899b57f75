//! From an alarm, a wake-up or the five-minute resync to weights that lead to endpoints that are well.
//!
//! This function puts its remedy together and serves. It never judges an endpoint itself, and answers an event that is none of its
//! own with the reason why.

use homeostat_core::ports::{Clock, Ledger, WakeUps};
use homeostat_core::reconcile::Ports;
use homeostat_lambda::{Failure, serve};
use homeostat_remedies::hosted_zone::policy::DnsPolicy;
use homeostat_remedies::hosted_zone::{Records, ShiftDns, ShiftWeights};
use homeostat_remedies::policy::Policy;
use serde_json::Value;

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
    let Ready { aws, ledger, wake_ups, clock, policy } = ready;
    let without_records = DnsPolicy::without_records();
    let dns = policy.dns.as_ref().unwrap_or(&without_records);
    serve(&ShiftDns { aws, hash: &policy.hash, dns }, Ports { ledger, clock, wake_ups }, &event).await
}
