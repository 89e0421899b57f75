//! The crash drill on real parts, for every remedy: the deployed binary is killed right before each of its calls, and right after each
//! took effect, for a subject of its own each time.
//!
//! This module never judges what comes of it; each remedy's drill does.

use std::time::Duration;

use anyhow::{Result, ensure};
use sandbox::proxy::faults::FaultId;
use sandbox::relay::Label;
use sandbox::stage::Stage;
use serde_json::Value;

/// The lease of an intent is up to a minute of real time, also here; what waits for it out takes that longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(240);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Situation {
    nth: u32,
    /// Else after it took effect.
    before: bool,
    /// Else only the schedules go on.
    event_again: bool,
}

impl Situation {
    /// Of so many calls. More should be drilled than there are: the surplus is seen not to crash.
    pub(crate) fn all(calls: u32) -> Vec<Situation> {
        let next = [(true, true), (true, false), (false, true), (false, false)];
        let of = |nth| next.map(|(before, event_again)| Situation { nth, before, event_again });
        (1..=calls).flat_map(of).collect()
    }

    /// Half of them with the event again, and the others with the schedules alone.
    pub(crate) fn half(calls: u32) -> Vec<Situation> {
        Situation::all(calls)
            .into_iter()
            .filter(|case| case.event_again == (case.nth.is_multiple_of(2) == case.before))
            .collect()
    }

    /// Short, since the parameter that lists all names has a limit.
    pub(crate) fn suffix(self) -> String {
        format!("-{}{}{}", if self.before { 'b' } else { 'a' }, self.nth, if self.event_again { 'e' } else { 's' })
    }

    /// Of the invocation with that label.
    pub(crate) fn plan(self, stage: &Stage, label: &str) -> Kill {
        let faults = stage.sandbox().faults();
        let fault = if self.before { faults.kill_before(label, self.nth) } else { faults.kill_after(label, self.nth) };
        Kill { case: self, label: label.to_owned(), fault }
    }
}

/// A planned one.
#[derive(Debug, Clone)]
pub(crate) struct Kill {
    case: Situation,
    label: String,
    fault: FaultId,
}

impl Kill {
    pub(crate) fn label(&self) -> Label {
        Label::new(&self.label).without_retries()
    }

    pub(crate) fn happened(&self, stage: &Stage) -> bool {
        !stage.sandbox().faults().hits(self.fault).is_empty()
    }

    /// Of calls side by side, one may be abandoned before its turn to be killed comes.
    pub(crate) fn was_missed(&self, stage: &Stage) -> bool {
        self.was_called(stage) && !self.happened(stage)
    }

    fn was_called(&self, stage: &Stage) -> bool {
        stage.sandbox().journal().calls_labelled(&self.label).iter().any(|call| call.nth == Some(self.case.nth))
    }

    /// Until the invocation has ended, by the kill or without; then what comes next is brought about.
    pub(crate) async fn go_on_after(&self, stage: &Stage, event: Value) -> Result<()> {
        let ended = stage.sandbox().relay().end_of(&self.label, PATIENCE).await?;
        let (crashed, why) = (self.happened(stage), ended.failure.unwrap_or_default());
        // A hit means that the process is gone, and is what counts; MiniStack has been seen to answer for it all the same.
        let is_as_planned = why.is_empty() || (crashed && why.contains("Runtime.ExitError"));
        ensure!(is_as_planned, "crashed: {crashed}, ended with {why:?}");
        if self.case.event_again {
            stage.sandbox().relay().publish(event).await?;
        }
        Ok(())
    }

    /// There is no call that the drill passed over, of those that there are at least.
    pub(crate) fn was_drilled(&self, stage: &Stage, least_calls: u32) -> Result<()> {
        let was_drilled = self.happened(stage) || self.was_called(stage) || self.case.nth > least_calls;
        ensure!(was_drilled, "{:?} was neither called nor killed", self.case);
        Ok(())
    }
}
