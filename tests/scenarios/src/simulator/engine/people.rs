//! What befalls a history and is ended again, and what people do in each: they pause, resume and acknowledge.
//!
//! This module never decides what befalls it; its play does.

use futures_util::FutureExt;
use homeostat_core::incident::{Acknowledgement, State};
use homeostat_core::ports::{Control, Pause};
use jiff::SignedDuration;

use super::{Engine, Happening, Play};
use crate::story::acknowledge;

impl<P: Play> Engine<P> {
    pub(super) fn plan_strikes(&mut self) {
        for _ in 0..self.storm.strikes {
            let after = self.stage.dice().between(SignedDuration::from_secs(1), self.storm.lasts);
            self.later(after, Happening::Strike);
        }
    }

    /// Does it after a while, and in any case once the storm is over.
    pub(in crate::simulator) fn repair_later(&mut self, least: i64, most: i64, repair: P::Repair) {
        let after = self.stage.dice().minutes(least, most);
        self.later(after, Happening::Repair(repair));
    }

    pub(in crate::simulator) fn repair(&mut self, repair: &P::Repair) {
        self.stage.turn(|| format!("{repair:?}"));
        self.stage.log(|| format!("repaired: {repair:?}"));
        P::repair(self, repair);
    }

    /// It takes the place of one of the same scope.
    pub(in crate::simulator) fn add_pause(&mut self, pause: Pause) {
        self.end_pause(&pause.scope);
        self.ledger.add_pause(pause.clone());
        self.pauses.push((self.now(), pause));
    }

    pub(in crate::simulator) fn remove_pause(&mut self, scope: &str) {
        self.ledger.remove_pause(scope);
        self.end_pause(scope);
    }

    fn end_pause(&mut self, scope: &str) {
        let now = self.now();
        for (_, pause) in self.pauses.iter_mut().filter(|(_, pause)| pause.scope == scope) {
            pause.until = pause.until.min(now);
        }
    }

    pub(in crate::simulator) fn pauses_in_force(&self) -> Vec<Pause> {
        self.ledger.pauses().now_or_never().and_then(Result::ok).unwrap_or_default()
    }

    pub(in crate::simulator) fn acknowledgement(&self) -> Acknowledgement {
        Acknowledgement { by: "ana".to_owned(), at: self.now(), reason: "looking".to_owned() }
    }

    /// A person says that they know, of whatever asks for one, and what it remembers is forgiven: `homeostat ack`.
    pub(in crate::simulator) fn acknowledge(&mut self) -> bool {
        let mut acknowledged = false;
        for open in self.ledger.open::<P::Kind>().iter().filter(|open| open.state == State::Escalated) {
            acknowledged |= acknowledge(&self.ledger, open, self.acknowledgement()).is_ok();
        }
        acknowledged
    }
}
