//! Holds what happened between two steps against the rules.
//!
//! This module never judges by itself, and changes nothing but what the rules remember.

use super::History;
use super::rules::{self, Scene};
use crate::simulator::Broken;

impl History {
    pub(super) fn note_truth(&mut self) {
        let truth = &mut self.own.truth;
        self.cloud.see(|world| truth.note(world));
        self.own.judged_at = None;
    }

    pub(super) fn judge(&mut self) -> Result<(), Broken> {
        let now = self.now();
        let is_silent = !self.stage.has_notes() && self.ledger.revision() == self.view.revision;
        // Nothing to see, and no time has passed: judged already.
        if is_silent && self.own.judged_at == Some(now) {
            return Ok(());
        }
        let notes = self.stage.take_notes();
        let before = self.renew_view();
        self.own.tally.take_in(&notes, &self.own.truth, before.as_ref(), &self.view);
        if !notes.is_empty() {
            self.note_truth();
        }
        self.own.proven.note(&self.own.truth, &self.policy, now, self.own.faultless_since);
        self.own.judged_at = Some(now);
        before.as_ref().map_or(Ok(()), |before| self.judge_writes(before))?;
        rules::judge(&Scene {
            now,
            before: before.as_ref(),
            after: &self.view,
            truth: &self.own.truth,
            policy: &self.policy,
            notes: &notes,
            tally: &self.own.tally,
            proven: &self.own.proven,
        })
    }
}
