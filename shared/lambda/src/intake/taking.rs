//! Events as an owner's intake queue delivers them, many at once: few are looked at now, more are marked as due, and each record fails
//! by itself.
//!
//! A batch may be cut short by one of its records. So what was received before is taken in by portions, and what was taken in is deleted
//! before the next begins. This module never lets a record that fails send another to the dead letters, and never looks at more than a few subjects
//! in a batch: what comes in a storm waits in marks, one for each scope.

use std::collections::{BTreeMap, BTreeSet};

use homeostat_core::intake::{Batch, FEW, Taken, Wanted};
use homeostat_core::ports::{Clock, DueMarks, Intake, Ledger, WakeUps};
use homeostat_core::reconcile::{self, Coalesce, MarkedRoutes, Ports, Route, Served, TRY_AGAIN_AFTER, mark_routes};
use homeostat_core::signal::{Fact, Message, NoSignal, Order, Parsed, Signal};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::portions;
use crate::answers::ignored;
use crate::serve::{answer, found, log, one};
use crate::{Answers, Failure};

/// After so much of its 30 s a function begins no other look, and no other portion.
const TIME_TO_BEGIN: SignedDuration = SignedDuration::from_secs(20);

/// After so many portions in a row that all failed, AWS throttles: the others would fare no better.
const MOST_IN_VAIN: usize = 3;

/// Marks that are written later than this after the order to serve them may be missed by who serves.
const ORDER_EVERY: SignedDuration = SignedDuration::from_secs(5);

/// One batch on its way in.
pub(super) struct Taking<'a, R: Coalesce, L, C, W> {
    remedy: &'a R,
    ports: Ports<'a, L, C, W>,
    begun: Timestamp,
    messages: &'a [Message<'a>],
    answers: Vec<Value>,
    marked: BTreeSet<String>,
    outdated: usize,
    /// Why a record failed, by its place in the batch.
    failed: BTreeMap<usize, Failure>,
    /// What was not begun, and is handed back.
    left: Vec<usize>,
    reading: R::Reading,
    /// In the last portion AWS could not be asked whose its hints are.
    is_unasked: bool,
    /// When what is marked was ordered to be served, and whether more was marked since.
    ordered_at: Option<Timestamp>,
    marks_wait: bool,
}

impl<'a, R, L, C, W> Taking<'a, R, L, C, W>
where
    R: Coalesce,
    L: Ledger + DueMarks + Sync,
    C: Clock + Sync,
    W: WakeUps + Intake,
{
    pub(super) fn begin(
        remedy: &'a R,
        ports: Ports<'a, L, C, W>,
        begun: Timestamp,
        messages: &'a [Message<'a>],
    ) -> Self {
        Taking {
            remedy,
            ports,
            begun,
            messages,
            answers: Vec::new(),
            marked: BTreeSet::new(),
            outdated: 0,
            failed: BTreeMap::new(),
            left: Vec::new(),
            reading: R::Reading::default(),
            is_unasked: false,
            ordered_at: None,
            marks_wait: false,
        }
    }

    pub(super) async fn take_in(mut self) -> Result<Value, Failure> {
        let (mut portions, mut in_vain) = (portions::of(self.messages).into_iter().peekable(), 0);
        while let Some(portion) = portions.next() {
            self.is_unasked = false;
            self.portion(&portion, portions.peek().is_none()).await;
            let has_failed = |nth: &usize| matches!(self.failed.get(nth), Some(Failure::Retry(_)));
            in_vain = if self.is_unasked || portion.iter().all(has_failed) { in_vain + 1 } else { 0 };
            if in_vain == MOST_IN_VAIN || self.is_late() {
                self.left = portions.flatten().collect();
                break;
            }
            if portions.peek().is_some() {
                self.delete(&portion).await;
            }
        }
        self.order_to_serve(SignedDuration::ZERO, &[]).await;
        let (records, failed, marked) = (self.messages.len(), self.failed.len(), self.marked.len());
        let (left, outdated) = (self.left.len(), self.outdated);
        tracing::info!(records, failed, left, marked, outdated, "took in a batch");
        self.answer()
    }

    fn is_late(&self) -> bool {
        self.ports.clock.now() >= self.begun + TIME_TO_BEGIN
    }

    async fn portion(&mut self, portion: &[usize], is_last: bool) {
        let mut batch = Batch::default();
        for nth in portion {
            let Some(message) = self.messages.get(*nth) else { continue };
            for parsed in message.read(self.begun) {
                match parsed {
                    Ok(Parsed::Signal(signal)) if matches!(signal.fact, Fact::Order(_)) => {
                        self.order(*nth, &signal).await
                    }
                    Ok(Parsed::Signal(signal)) => self.take(&mut batch, *nth, signal),
                    Ok(Parsed::Ignored(why)) => self.answers.push(ignored(&why)),
                    Err(malformed) => self.fail(*nth, malformed.into()),
                }
            }
        }
        self.outdated += batch.outdated;
        // Of a batch in many portions, each would be small.
        let many = self.messages.len();
        let is_small = batch.is_small() && (portion.len() == many || many <= FEW);
        let (mut waits, mut after) = (batch.wanted, SignedDuration::ZERO);
        if is_small {
            (waits, after) = (self.look_now(waits).await, TRY_AGAIN_AFTER);
        }
        self.mark(&waits, after, is_last).await;
    }

    /// What was taken in, so that it comes back no more, whatever the next portion does to this invocation.
    async fn delete(&self, portion: &[usize]) {
        let taken_in = portion.iter().filter(|nth| !self.failed.contains_key(nth));
        let receipts: Vec<String> = taken_in.filter_map(|nth| self.messages.get(*nth)?.receipt.clone()).collect();
        if let Err(unavailable) = self.ports.wake_ups.delete(&receipts).await {
            tracing::warn!("left to Lambda: {unavailable}");
        }
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
        let message = self.messages.get(nth).and_then(|message| message.message_id.as_deref());
        let message = message.unwrap_or("without an id");
        tracing::error!(message, disposition = failure.disposition(), "{failure}");
        self.failed.entry(nth).or_insert(failure);
    }

    /// Looks at once, as if each had come alone. What could not be looked at, which is no failure: it waits.
    async fn look_now(&mut self, wanted: Vec<Wanted<R::Survey>>) -> Vec<Wanted<R::Survey>> {
        let mut left = Vec::new();
        for wanted in wanted {
            if self.is_late() || !self.look(&wanted.signal).await {
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

    async fn mark(&mut self, waiting: &[Wanted<R::Survey>], after: SignedDuration, is_last: bool) {
        if waiting.is_empty() {
            return;
        }
        let routes: Vec<&Route<R::Survey>> = waiting.iter().map(|wanted| &wanted.route).collect();
        let Ports { ledger, clock, .. } = self.ports;
        let placed = mark_routes(self.remedy, ledger, clock, &routes, &mut self.reading).await;
        let MarkedRoutes { marked, outside, failed, is_unasked } = placed;
        self.is_unasked = is_unasked;
        self.answers.extend(outside.iter().map(|why| ignored(why)));
        for mark in &marked.unreadable {
            tracing::error!(scope = mark.scope, "a mark can't be read, so this is left to the resync: {}", mark.why);
        }
        let records_of = |nth: usize| waiting.get(nth).into_iter().flat_map(|wanted| wanted.records.iter().copied());
        for (nth, why) in &failed {
            records_of(*nth).for_each(|record| self.fail(record, Failure::Retry(why.clone())));
        }
        let scopes = marked.written.iter().chain(&marked.known).map(ToString::to_string);
        let before = self.marked.len();
        self.marked.extend(scopes);
        self.marks_wait |= self.marked.len() > before || !marked.written.is_empty();
        let is_time = self.ordered_at.is_none_or(|at| clock.now().duration_since(at) >= ORDER_EVERY);
        if is_last || is_time {
            let all: Vec<usize> = (0..waiting.len()).flat_map(records_of).collect();
            self.order_to_serve(after, &all).await;
        }
    }

    /// Has what is marked served. Where it can't, these records come again.
    async fn order_to_serve(&mut self, after: SignedDuration, records: &[usize]) {
        if !self.marks_wait {
            return;
        }
        match self.ports.wake_ups.order(&Order::ServeDue, after).await {
            Ok(()) => (self.ordered_at, self.marks_wait) = (Some(self.ports.clock.now()), false),
            // The marks stay; but nobody is on the way to serve them.
            Err(unavailable) if records.is_empty() => tracing::error!("left to the resync: {unavailable}"),
            Err(unavailable) => {
                records.iter().for_each(|record| self.fail(*record, Failure::Retry(unavailable.to_string())));
            }
        }
    }

    /// Lambda deletes all messages but those that failed or were left. Where all failed, or one has no id to be handed back by, the whole
    /// batch did.
    fn answer(self) -> Result<Value, Failure> {
        let id = |nth: &usize| self.messages.get(*nth)?.message_id.clone();
        let ids: Option<Vec<String>> = self.failed.keys().chain(&self.left).map(id).collect();
        let all_failed = !self.failed.is_empty() && self.failed.len() + self.left.len() == self.messages.len();
        let Some(ids) = ids.filter(|_| !all_failed) else {
            let mut answers = Answers::default();
            self.failed.into_values().for_each(|failure| answers.add(Err(failure)));
            return answers.together();
        };
        let failures: Vec<Value> = ids.into_iter().map(|id| json!({ "itemIdentifier": id })).collect();
        Ok(json!({
            "batchItemFailures": failures, "records": self.answers, "marked": self.marked, "outdated": self.outdated,
        }))
    }
}

/// `false`: it was not looked at, and waits.
fn waits(failure: &Failure) -> bool {
    tracing::warn!("it waits in a mark: {failure}");
    false
}
