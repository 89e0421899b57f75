//! Invocations: how one begins, takes its turns, and answers, fails or crashes.
//!
//! This module never decides which goes next: the dice do.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use homeostat_core::outcome::is_throttle;
use serde_json::Value;

use super::{Engine, Happening, Play};
use crate::simulator::Broken;
use crate::simulator::deliveries::{Delivery, Work};
use crate::simulator::gated::Gated;
use crate::simulator::index::Index;
use crate::simulator::invocation::{Invocation, Progress, Task};
use crate::simulator::note::InvocationId;
use crate::simulator::stage::SkewedClock;
use crate::simulator::toll::Toll;

impl<P: Play> Engine<P> {
    pub(super) fn let_all_run(&mut self) -> Result<(), Broken> {
        let turns = self.stage.turn_of_now("turns");
        loop {
            self.stage.turn_to(turns);
            let can: Vec<usize> =
                self.running.iter().enumerate().filter(|(_, one)| one.can_go_on()).map(|(nth, _)| nth).collect();
            let Some(nth) = self.stage.dice().pick(&can) else { return Ok(()) };
            self.let_run(nth)?;
            self.hold_to_rules()?;
        }
    }

    fn let_run(&mut self, nth: usize) -> Result<(), Broken> {
        let Some(invocation) = self.running.get_mut(nth) else { return Ok(()) };
        self.stage.turn_to(invocation.occasion);
        match invocation.go_on() {
            Progress::Waits => {}
            Progress::Crashed => self.failed(nth, "crashed")?,
            Progress::Answered(Err(failure)) => {
                self.stage.count(&format!("answer: {}", failure.disposition()));
                self.failed(nth, &failure.to_string())?;
            }
            Progress::Answered(Ok(answer)) => {
                let mut invocation = self.running.swap_remove(nth);
                P::gone(self, invocation.id);
                self.stage.log(|| format!("#{} answers {answer}", invocation.id));
                invocation.delivery.is_hurt |= self.stage.has_befallen(invocation.id);
                P::answered(self, &invocation.delivery, &answer)?;
            }
        }
        self.queue.take().into_iter().try_for_each(|(after, message)| self.send(after, &message))
    }

    pub(super) fn failed(&mut self, nth: usize, why: &str) -> Result<(), Broken> {
        let mut invocation = self.running.swap_remove(nth);
        P::gone(self, invocation.id);
        self.stage.log(|| format!("#{} fails: {why}", invocation.id));
        let kind = invocation.delivery.kind();
        invocation.delivery.is_hurt |= self.stage.has_befallen(invocation.id);
        if let Work::Batch(letters) = &invocation.delivery.work {
            self.stage.count("delivery: batch cut short");
            return P::handed_back(self, letters.clone(), invocation.delivery.is_hurt);
        }
        match invocation.delivery.again(&P::LIMITS) {
            Some((after, again)) => {
                self.stage.count(&format!("delivery: {kind} tried again"));
                self.later(after, Happening::Invoke(again));
            }
            None => {
                self.stage.count(&format!("delivery: {kind} given up"));
                // A schedule's own invocation is no hint: that it could do nothing is what people are told by.
                let is_lost = is_throttle(why) && !invocation.delivery.is_hurt && !["sweep", "resync"].contains(&kind);
                return if is_lost { Err(self.dead(&invocation.delivery.name(), why)) } else { Ok(()) };
            }
        }
        Ok(())
    }

    /// What nothing befell but AWS's throttles, and what they made others do.
    pub(in crate::simulator) fn dead(&self, name: &str, why: &str) -> Broken {
        Broken::end("nothing becomes a dead letter by throttles alone", format!("{name}: {why}"), self.now())
    }

    /// What an invocation that is under way was invoked with.
    pub(in crate::simulator) fn delivery_of(&self, id: InvocationId) -> Option<&Delivery> {
        self.running.iter().find(|one| one.id == id).map(|one| &one.delivery)
    }

    pub(in crate::simulator) fn invoke(&mut self, delivery: Delivery) {
        if self.has_nobody {
            return;
        }
        let Some(delivery) = P::admits(self, delivery) else { return };
        self.invoked += 1;
        self.stage.turn(|| delivery.name());
        let (by, crashed) = (self.invoked, Arc::new(AtomicBool::new(false)));
        let stage = Arc::clone(&self.stage);
        let rates = self.storm.rates_now();
        let gate = Toll { stage: Arc::clone(&stage), by, rates, crashed: Arc::clone(&crashed) };
        let skew = stage.dice().between(-self.storm.skew, self.storm.skew);
        let clock = SkewedClock { stage: Arc::clone(&stage), skew };
        stage.log(|| format!("#{by} {}, its clock {skew:#} off", delivery.name()));
        stage.count(&format!("invocation: {}", delivery.kind()));
        let timeout = delivery.timeout(&P::LIMITS);
        let task = match &delivery.work {
            Work::Event(_) | Work::Message(_) | Work::Batch(_) => P::owner(self, gate, clock, delivery.event()),
            Work::Sweep => self.sweeper(gate, clock),
        };
        self.running.push(Invocation::new(by, delivery, self.stage.occasion(), crashed, task));
        self.later(timeout, Happening::Timeout(by));
    }

    fn sweeper(&mut self, gate: Toll, clock: SkewedClock) -> Task {
        let before = P::index_before(self);
        let index = Index { stage: Arc::clone(&self.stage), ledger: self.ledger.clone(), before };
        let ready = sweep::Ready {
            incidents: Gated { port: index, gate: gate.clone() },
            wake_ups: Gated { port: self.queue.clone(), gate },
            clock,
        };
        Box::pin(async move { sweep::handle(&ready, Value::Null).await })
    }
}
