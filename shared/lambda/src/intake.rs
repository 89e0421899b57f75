//! Whatever reaches an owner with an intake queue: a batch of events, an alarm's own action, an order of its own.
//!
//! This module never lets what is urgent wait behind a batch.

mod portions;
mod taking;

use homeostat_core::outcome::is_throttle;
use homeostat_core::ports::{Clock, DueMarks, Intake, Ledger, WakeUps};
use homeostat_core::reconcile::{self, Coalesce, MarkedRoutes, Ports, TRY_AGAIN_AFTER, mark_routes};
use homeostat_core::signal::{self, Fact, Message, Order, Parsed, Signal};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::answers::ignored;
use crate::due::{due, remind, unread};
use crate::serve::{log, one, take};
use crate::{Answers, Failure};
use taking::Taking;

/// Serves an event of whatever kind for an owner with an intake queue. `stack`: whose metrics are printed, if anybody's.
///
/// # Errors
/// [`Failure`], where nothing of the event could be served. Of a batch, the records that failed are in the answer.
pub async fn serve_intake<R, L, C, W>(
    remedy: &R,
    ports: Ports<'_, L, C, W>,
    stack: Option<&str>,
    event: &Value,
) -> Result<Value, Failure>
where
    R: Coalesce,
    L: Ledger + DueMarks + Sync,
    C: Clock + Sync,
    W: WakeUps + Intake,
{
    let now = ports.clock.now();
    if let Some(messages) = signal::messages(event).filter(|messages| brings_events(messages, now)) {
        return Taking::begin(remedy, ports, now, &messages).take_in().await;
    }
    let mut answers = Answers::default();
    for parsed in signal::read(event, now) {
        let Some(signal) = answers.signal(parsed) else { continue };
        match &signal.fact {
            Fact::Order(Order::ServeDue) => answers.add(due(remedy, ports, stack).await),
            Fact::Alarm(_) if event.get("alarmData").is_some() => {
                answers.add(forward(remedy, ports.wake_ups, &signal, event).await);
            }
            Fact::Order(Order::Wake(_) | Order::Look { .. }) => answers.add(woken(remedy, ports, &signal).await),
            Fact::Notice { .. } => answers.add(noticed(remedy, ports, &signal).await),
            Fact::Order(order @ (Order::Resync | Order::ContinueResync)) => {
                tracing::info!(key = %signal.key, "a signal");
                take(reconcile::serve_by_marks(remedy, ports, &signal, &log).await, &mut answers);
                if matches!(order, Order::Resync) {
                    let unread = look_back(remedy, ports, stack).await;
                    if !unread.is_empty() {
                        answers.add(Ok(json!({ "unread": unread })));
                    }
                }
            }
            _ => one(remedy, ports, &signal, &mut answers).await,
        }
    }
    answers.together()
}

/// What earlier resyncs and servers left. What can't be read is left to the next resync.
async fn look_back<R, L, C, W>(remedy: &R, ports: Ports<'_, L, C, W>, stack: Option<&str>) -> Vec<String>
where
    R: Coalesce,
    L: Ledger + DueMarks + Sync,
    C: Clock,
    W: WakeUps,
{
    let unread = unread(remedy, ports, stack).await.unwrap_or_else(|unavailable| {
        tracing::warn!("left to the next resync: {unavailable}");
        Vec::new()
    });
    if let Err(unavailable) = remind::<R::Kind>(ports, stack).await {
        tracing::warn!("left to the next resync: {unavailable}");
    }
    unread
}

/// A wake-up that AWS throttles is no failure of the message: the sweep sends the next, and calls the incident stuck where none is answered.
/// Received again, it would only be one look more.
async fn woken<R, L, C, W>(remedy: &R, ports: Ports<'_, L, C, W>, signal: &Signal) -> Result<Value, Failure>
where
    R: Coalesce,
    L: Ledger + Sync,
    C: Clock,
    W: WakeUps,
{
    let mut answers = Answers::default();
    one(remedy, ports, signal, &mut answers).await;
    match answers.together() {
        Err(Failure::Retry(why)) if is_throttle(&why) => {
            tracing::warn!("left to the sweep: {why}");
            Ok(json!({ "throttled": why }))
        }
        answer => answer,
    }
}

/// What comes past the queue, since it is urgent, is looked at at once. Where AWS throttles that, it waits in a mark as all else does:
/// Lambda's two retries may be over before the throttle is.
async fn noticed<R, L, C, W>(remedy: &R, ports: Ports<'_, L, C, W>, signal: &Signal) -> Result<Value, Failure>
where
    R: Coalesce,
    L: Ledger + DueMarks + Sync,
    C: Clock + Sync,
    W: WakeUps,
{
    let mut answers = Answers::default();
    one(remedy, ports, signal, &mut answers).await;
    let why = match answers.together() {
        Err(Failure::Retry(why)) if is_throttle(&why) => why,
        answer => return answer,
    };
    let Ok(route) = remedy.route(signal) else { return Err(Failure::Retry(why)) };
    let MarkedRoutes { marked, outside, .. } =
        mark_routes(remedy, ports.ledger, ports.clock, &[&route], &mut R::Reading::default()).await;
    if let Some(outside) = outside.first() {
        return Ok(ignored(outside));
    }
    if marked.written.is_empty() && marked.known.is_empty() {
        return Err(Failure::Retry(why));
    }
    ports.wake_ups.order(&Order::ServeDue, TRY_AGAIN_AFTER).await?;
    tracing::warn!("it waits in a mark: {why}");
    let scopes: Vec<String> = marked.written.iter().chain(&marked.known).map(ToString::to_string).collect();
    Ok(json!({ "throttled": why, "marked": scopes }))
}

/// Homeostat's own orders come by another queue, and alone: of several, none is read before its turn.
fn brings_events(messages: &[Message<'_>], now: Timestamp) -> bool {
    let is_order =
        |parsed: &Result<Parsed, _>| matches!(parsed, Ok(Parsed::Signal(Signal { fact: Fact::Order(_), .. })));
    match messages {
        [alone] => !alone.read(now).iter().all(is_order),
        _ => true,
    }
}

/// An alarm's own action calls the function past the queue: there it waits with all the others.
async fn forward<R: Coalesce>(
    remedy: &R,
    queue: &impl Intake,
    signal: &Signal,
    event: &Value,
) -> Result<Value, Failure> {
    if let Err(why) = remedy.route(signal) {
        return Ok(ignored(&why));
    }
    queue.put(&event.to_string()).await?;
    tracing::info!(key = %signal.key, "put on the intake queue");
    Ok(json!({ "queued": signal.key.to_string() }))
}
