//! Events as an owner's intake queue delivers them, many at once: few are looked at now, more are marked as due, and each record fails
//! by itself.
//!
//! This module never lets one record send another to the dead letters, and never looks at more than a few subjects in a batch: what
//! comes in a storm waits in marks, one for each scope.

use std::collections::BTreeMap;

use homeostat_core::intake::{Batch, Taken, Wanted};
use homeostat_core::outcome::is_throttle;
use homeostat_core::ports::{Clock, DueMarks, Intake, Ledger, WakeUps};
use homeostat_core::reconcile::{self, Coalesce, MarkedRoutes, Ports, Route, Served, TRY_AGAIN_AFTER, mark_routes};
use homeostat_core::signal::{self, Fact, NoSignal, Order, Parsed, Record, Signal};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::answers::ignored;
use crate::due::{due, remind, unread};
use crate::serve::{answer, found, log, one, take};
use crate::{Answers, Failure};

/// After so much of its 30 s a function begins no other look.
const TIME_TO_BEGIN: SignedDuration = SignedDuration::from_secs(20);

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
    if let Some(records) = signal::records(event, now).filter(|records| records.iter().any(brings_events)) {
        return Taking::begin(remedy, ports, now, records.len()).take_in(records).await;
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

/// Homeostat's own orders come by another queue, and alone.
fn brings_events(record: &Record) -> bool {
    let is_order =
        |parsed: &Result<Parsed, _>| matches!(parsed, Ok(Parsed::Signal(Signal { fact: Fact::Order(_), .. })));
    !record.read.iter().all(is_order)
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

/// One batch on its way in.
struct Taking<'a, R: Coalesce, L, C, W> {
    remedy: &'a R,
    ports: Ports<'a, L, C, W>,
    begun: Timestamp,
    answers: Vec<Value>,
    /// Why a record failed, by its place in the batch.
    failed: BTreeMap<usize, Failure>,
    message_ids: Vec<Option<String>>,
}

impl<'a, R, L, C, W> Taking<'a, R, L, C, W>
where
    R: Coalesce,
    L: Ledger + DueMarks + Sync,
    C: Clock + Sync,
    W: WakeUps,
{
    fn begin(remedy: &'a R, ports: Ports<'a, L, C, W>, begun: Timestamp, records: usize) -> Self {
        let message_ids = Vec::with_capacity(records);
        Taking { remedy, ports, begun, answers: Vec::new(), failed: BTreeMap::new(), message_ids }
    }

    async fn take_in(mut self, records: Vec<Record>) -> Result<Value, Failure> {
        let mut batch = Batch::default();
        for (nth, Record { message_id, read }) in records.into_iter().enumerate() {
            self.message_ids.push(message_id);
            for parsed in read {
                match parsed {
                    Ok(Parsed::Signal(signal)) if matches!(signal.fact, Fact::Order(_)) => {
                        self.order(nth, &signal).await
                    }
                    Ok(Parsed::Signal(signal)) => self.take(&mut batch, nth, signal),
                    Ok(Parsed::Ignored(why)) => self.answers.push(ignored(&why)),
                    Err(malformed) => self.fail(nth, malformed.into()),
                }
            }
        }
        let (is_small, outdated) = (batch.is_small(), batch.outdated);
        let (mut waits, mut after) = (batch.wanted, SignedDuration::ZERO);
        if is_small {
            (waits, after) = (self.look_now(waits).await, TRY_AGAIN_AFTER);
        }
        let marked = self.mark(&waits, after).await;
        let records = self.message_ids.len();
        tracing::info!(records, failed = self.failed.len(), marked = marked.len(), outdated, "took in a batch");
        self.answer(&marked, outdated)
    }

    fn take(&mut self, batch: &mut Batch<R::Survey>, nth: usize, signal: Signal) {
        let key = signal.key.clone();
        match batch.take(self.remedy, self.begun, nth, signal) {
            Taken::Wanted => tracing::info!(%key, "a signal"),
            Taken::Outdated => tracing::info!(%key, "outdated: a resync has looked since"),
            Taken::Nothing(why @ NoSignal::Unreadable { .. }) => self.fail(nth, Failure::Drop(why.to_string())),
            Taken::Nothing(why) => self.answers.push(ignored(&why)),
        }
    }

    /// An order that came among events is served as if it had come alone.
    async fn order(&mut self, nth: usize, signal: &Signal) {
        let mut answers = Answers::default();
        one(self.remedy, self.ports, signal, &mut answers).await;
        match answers.together() {
            Ok(answer) => self.answers.push(answer),
            Err(failure) => self.fail(nth, failure),
        }
    }

    fn fail(&mut self, nth: usize, failure: Failure) {
        let message = self.message_ids.get(nth).and_then(Option::as_deref).unwrap_or("without an id");
        tracing::error!(message, disposition = failure.disposition(), "{failure}");
        self.failed.entry(nth).or_insert(failure);
    }

    /// Looks at once, as if each had come alone. What could not be looked at, which is no failure: it waits.
    async fn look_now(&mut self, wanted: Vec<Wanted<R::Survey>>) -> Vec<Wanted<R::Survey>> {
        let mut left = Vec::new();
        for wanted in wanted {
            let is_late = self.ports.clock.now() >= self.begun + TIME_TO_BEGIN;
            if is_late || !self.look(&wanted.signal).await {
                left.push(wanted);
            }
        }
        left
    }

    /// Whether all of it could be looked at.
    async fn look(&mut self, signal: &Signal) -> bool {
        match reconcile::serve(self.remedy, self.ports, signal, &log).await {
            Ok(Served::Nothing(why)) => self.answers.push(ignored(&why)),
            Ok(Served::Hints(looks)) => {
                let mut is_through = true;
                for look in looks {
                    match answer(look) {
                        Ok(answer) => self.answers.push(answer),
                        Err(failure) => is_through = waits(&failure),
                    }
                }
                return is_through;
            }
            Ok(Served::Survey(surveyed, looks)) => match found(surveyed, looks) {
                Ok(answer) => self.answers.push(answer),
                Err(failure) => return waits(&failure),
            },
            Err(unavailable) => return waits(&unavailable.into()),
        }
        true
    }

    /// The scopes that are marked by now.
    async fn mark(&mut self, waiting: &[Wanted<R::Survey>], after: SignedDuration) -> Vec<String> {
        if waiting.is_empty() {
            return Vec::new();
        }
        let routes: Vec<&Route<R::Survey>> = waiting.iter().map(|wanted| &wanted.route).collect();
        let Ports { ledger, clock, wake_ups } = self.ports;
        let MarkedRoutes { marked, outside, failed } = mark_routes(self.remedy, ledger, clock, &routes).await;
        self.answers.extend(outside.iter().map(|why| ignored(why)));
        for mark in &marked.unreadable {
            tracing::error!(scope = mark.scope, "a mark can't be read, so this is left to the resync: {}", mark.why);
        }
        let records_of = |nth: usize| waiting.get(nth).into_iter().flat_map(|wanted| wanted.records.iter().copied());
        for (nth, why) in &failed {
            records_of(*nth).for_each(|record| self.fail(record, Failure::Retry(why.clone())));
        }
        let scopes: Vec<String> = marked.written.iter().chain(&marked.known).map(ToString::to_string).collect();
        if !scopes.is_empty()
            && let Err(unavailable) = wake_ups.order(&Order::ServeDue, after).await
        {
            // The marks stay; but nobody is on the way to serve them.
            let all = (0..waiting.len()).flat_map(records_of);
            all.for_each(|record| self.fail(record, Failure::Retry(unavailable.to_string())));
        }
        scopes
    }

    /// Lambda deletes all messages but those that failed. Where all did, or one has no id to be handed back by, the whole batch did.
    fn answer(self, marked: &[String], outdated: usize) -> Result<Value, Failure> {
        let id = |nth: &usize| self.message_ids.get(*nth).cloned().flatten();
        let ids: Option<Vec<String>> = self.failed.keys().map(id).collect();
        let all_failed = !self.failed.is_empty() && self.failed.len() == self.message_ids.len();
        let Some(ids) = ids.filter(|_| !all_failed) else {
            let mut answers = Answers::default();
            self.failed.into_values().for_each(|failure| answers.add(Err(failure)));
            return answers.together();
        };
        let failures: Vec<Value> = ids.into_iter().map(|id| json!({ "itemIdentifier": id })).collect();
        Ok(json!({
            "batchItemFailures": failures, "records": self.answers, "marked": marked, "outdated": outdated,
        }))
    }
}

/// `false`: it was not looked at, and waits.
fn waits(failure: &Failure) -> bool {
    tracing::warn!("it waits in a mark: {failure}");
    false
}
