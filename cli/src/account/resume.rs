//! `resume`: ends a pause.
//!
//! This module never ends a pause of another scope than the one that was named.

use homeostat_core::ports::Control;
use jiff::Timestamp;
use serde::Serialize;

use super::pause::Shown;
use super::scope::Scope;
use crate::page::Page;
use crate::report::{Failed, Report, Verdict};

#[derive(Debug, Serialize)]
pub(super) struct Resumed {
    scope: String,
    was_paused: bool,
    /// The others that are in force: one of them may cover the same.
    still_in_force: Vec<Shown>,
    #[serde(skip)]
    now: Timestamp,
}

pub(super) async fn resume(ledger: &impl Control, now: Timestamp, scope: &Scope) -> Result<Resumed, Failed> {
    let scope = scope.to_string();
    let was_paused = ledger.resume(&scope).await?;
    let others = ledger.pauses().await?.into_iter().filter(|pause| pause.until > now && pause.scope != scope);
    Ok(Resumed { still_in_force: others.map(Shown::from).collect(), scope, was_paused, now })
}

impl Report for Resumed {
    fn print(&self, page: &mut Page) {
        if self.was_paused {
            page.line(&format!(
                "resumed {}: what waits is acted on at its next look, if it is still true then",
                self.scope
            ));
        } else {
            page.line(&format!("{} was not paused, so nothing was changed", self.scope));
        }
        for pause in &self.still_in_force {
            page.line(&format!("still paused: {} {}", pause.scope, pause.words(self.now)));
        }
    }

    /// A slip of the pen would leave a pause in force.
    fn verdict(&self) -> Verdict {
        if self.was_paused { Verdict::Fine } else { Verdict::Amiss }
    }
}
