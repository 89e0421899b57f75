//! What becomes of events, wake-ups and schedules on their way: lost, late, twice, or as it should be.
//!
//! This module never looks into an event.

use jiff::SignedDuration;
use serde_json::Value;

use super::{Engine, Happening, Play};
use crate::simulator::Broken;
use crate::simulator::deliveries::{Delivery, Work};

impl<P: Play> Engine<P> {
    /// As long as the storm lasts.
    pub(in crate::simulator) fn befalls(&self, percent: f64, what: impl FnOnce() -> String) -> bool {
        !self.storm.is_over && self.stage.befalls(percent, what)
    }

    pub(in crate::simulator) fn is_lost(&self, delivery: &Delivery) -> bool {
        let lost = self.befalls(self.storm.losses, || format!("{} lost", delivery.name()));
        if lost {
            self.stage.count(&format!("delivery: {} lost", delivery.kind()));
        }
        lost
    }

    pub(in crate::simulator) fn comes_twice(&self, delivery: &Delivery) -> bool {
        self.befalls(self.storm.duplicates, || format!("{} twice", delivery.name()))
    }

    /// In time or late. Whether one of its copies is late.
    pub(in crate::simulator) fn carry(&mut self, delivery: &Delivery, twice: bool) -> bool {
        let (arrivals, is_any_late) = self.arrivals(delivery, twice);
        for after in arrivals {
            self.later(after, Happening::Invoke(delivery.clone()));
        }
        is_any_late
    }

    /// After how long each of its copies arrives, and whether one is late.
    pub(in crate::simulator) fn arrivals(&mut self, delivery: &Delivery, twice: bool) -> (Vec<SignedDuration>, bool) {
        let kind = delivery.kind();
        if twice {
            self.stage.count(&format!("delivery: {kind} twice"));
        }
        let (mut arrivals, mut is_any_late) = (Vec::new(), false);
        for _ in 0..=u32::from(twice) {
            let late = self.befalls(self.storm.delays, || format!("{} late", delivery.name()));
            if late {
                self.stage.count(&format!("delivery: {kind} late"));
            }
            is_any_late |= late;
            arrivals.push(self.stage.dice().seconds(0, if late { 240 } else { 1 }));
        }
        (arrivals, is_any_late)
    }

    /// At least once, and a little later than asked for.
    pub(super) fn send(&mut self, after: SignedDuration, message: &Value) -> Result<(), Broken> {
        let after = P::sends(self, after, message)?;
        let delivery = Delivery::first(Work::Message(message.clone()));
        let twice = self.befalls(self.storm.duplicates, || "a wake-up twice".to_owned());
        if twice {
            self.stage.count("delivery: wake-up twice");
        }
        for _ in 0..=u32::from(twice) {
            let late = self.stage.dice().seconds(0, 2);
            self.later(after + late, Happening::Invoke(delivery.clone()));
        }
        Ok(())
    }

    /// A schedule is missed now and then, or fires twice.
    pub(super) fn fire(&mut self, schedule: &str, work: &Work) {
        self.stage.turn_of_now(&format!("the {schedule}'s schedule"));
        if self.befalls(self.storm.losses, || format!("{schedule} missed")) {
            self.stage.count(&format!("delivery: {schedule} missed"));
            return P::missed(self);
        }
        let twice = self.befalls(self.storm.duplicates, || format!("{schedule} twice"));
        if twice {
            self.stage.count(&format!("delivery: {schedule} twice"));
        }
        for _ in 0..=u32::from(twice) {
            self.invoke(Delivery::first(work.clone()));
        }
    }
}
