//! Every minute: wakes the owners of the incidents that are due.
//!
//! This function never touches AWS beyond the table and the queue of wake-ups, and never decides about an incident.

use homeostat_core::ports::{Clock, DueIncidents, WakeUps};
use homeostat_core::sweep::{Swept, sweep};
use homeostat_lambda::Failure;
use serde_json::{Value, json};

#[derive(Debug)]
pub struct Ready<I, W, C> {
    pub incidents: I,
    pub wake_ups: W,
    pub clock: C,
}

/// Sweeps once. The event's content doesn't matter: whatever woke the function, what is due is due.
///
/// # Errors
/// [`Failure::Retry`] if the table could not be read, or if some wake-up failed: the rest was sent all the same.
pub async fn handle<I, W, C>(ready: &Ready<I, W, C>, _event: Value) -> Result<Value, Failure>
where
    I: DueIncidents + Sync,
    W: WakeUps + Sync,
    C: Clock + Sync,
{
    let swept = sweep(&ready.incidents, &ready.wake_ups, &ready.clock).await?;
    let Swept { woken, moved_on, left, marked, .. } = swept;
    tracing::info!(woken, moved_on, left, marked, failed = swept.failed.len(), "swept");
    if swept.failed.is_empty() {
        Ok(json!({ "woken": woken, "moved_on": moved_on, "left": left, "marked": marked }))
    } else {
        Err(Failure::Retry(format!("woke {}, but not all: {}", swept.woken, swept.failed.join("; "))))
    }
}
