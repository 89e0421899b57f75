//! From a lifecycle action, a wake-up or the five-minute resync to a completed hook.
//!
//! This function puts its remedy together and serves. It never judges an instance itself, never waits, and answers an event that is
//! none of its own with the reason why.

use homeostat_core::id::Region;
use homeostat_core::ports::{Clock, Ledger, WakeUps};
use homeostat_core::reconcile::Ports;
use homeostat_lambda::{Failure, serve};
use homeostat_remedies::hook::policy::HookPolicy;
use homeostat_remedies::hook::{CompleteHooks, Held, HookObserver, LifecycleHook, Machines};
use homeostat_remedies::policy::Policy;
use serde_json::Value;

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
    let Ready { aws, machines, ledger, wake_ups, clock, policy, region } = ready;
    let without_hooks = HookPolicy::without_hooks();
    let hooks = policy.hooks.as_ref().unwrap_or(&without_hooks);
    let remedy = LifecycleHook { observer: HookObserver { aws, machines, policy: hooks }, hash: &policy.hash, region };
    serve(&remedy, Ports { ledger, clock, wake_ups }, &event).await
}
