//! The sweep: finds the open incidents whose time has come and wakes their owners. What no event tells is found by it.
//!
//! This module never decides about an incident, and never changes anything of it but `wake_at` and `wakes`.

use jiff::SignedDuration;

use crate::ports::{Clock, Due, DueIncidents, NotWritten, Unavailable, WakeUps};

/// The sweep's own pace. What falls due before the next one is woken by this one, with a delay: else every look would come up
/// to a minute late. An owner that was woken but wrote nothing is woken again this much later.
const PACE: SignedDuration = SignedDuration::from_mins(1);

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Swept {
    pub woken: u32,
    /// Somebody wrote since the index was read: not due any more.
    pub moved_on: u32,
    /// What went wrong, one sentence each. All of it is due again at the next sweep.
    pub failed: Vec<String>,
}

/// Wakes every owner whose incident is due. One that fails keeps no other from being woken.
///
/// `wake_at` moves before the wake-up is sent: a crash in between costs one round, never a flood of wake-ups.
///
/// # Errors
/// [`Unavailable`]: what is due could not be read at all.
pub async fn sweep(
    incidents: &impl DueIncidents,
    wake_ups: &impl WakeUps,
    clock: &impl Clock,
) -> Result<Swept, Unavailable> {
    let listed = incidents.due(clock.now() + PACE).await?;
    let mut swept = Swept { failed: listed.unreadable, ..Swept::default() };
    for due in listed.due {
        match wake(incidents, wake_ups, clock, &due).await {
            Ok(()) => swept.woken += 1,
            Err(NotWritten::Conflict) => swept.moved_on += 1,
            Err(NotWritten::Unavailable(unavailable)) => swept.failed.push(format!("{}: {unavailable}", due.subject)),
        }
    }
    Ok(swept)
}

async fn wake(
    incidents: &impl DueIncidents,
    wake_ups: &impl WakeUps,
    clock: &impl Clock,
    due: &Due,
) -> Result<(), NotWritten> {
    let now = clock.now();
    let after = due.wake_at.duration_since(now).max(SignedDuration::ZERO);
    incidents.postpone(due, now + after + PACE).await?;
    wake_ups.wake(&due.subject, after).await?;
    Ok(())
}
