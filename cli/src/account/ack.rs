//! `ack`: a person knows. It ends the reminders of an incident, and closes the breaker of a group.
//!
//! This module never closes an incident, and never overwrites what somebody wrote in between.

#[cfg(test)]
mod tests;

use clap::Args;
use homeostat_core::id::{GroupName, Subject};
use homeostat_core::incident::{Acknowledgement, Incident, State};
use homeostat_core::ports::{Control, Ledger, NotWritten, Write};
use jiff::Timestamp;
use serde::Serialize;

use super::scope::{Scope, subject, words};
use crate::page::Page;
use crate::report::{Failed, Report, Verdict};

/// Each conflict means that somebody else wrote: a function does so a few times in a second, and then not for a minute.
const TRIES: u32 = 5;

#[derive(Args)]
pub(crate) struct Word {
    #[arg(
        value_name = "INCIDENT OR GROUP",
        value_parser = subject,
        help = "i-…, instance#<id>, group#<name>, or an incident's whole name"
    )]
    scope: Scope,
    /// What you know or do about it
    #[arg(long, value_parser = words)]
    reason: String,
    /// Who says so [default: whose credentials these are]
    #[arg(long, value_parser = words)]
    pub(super) by: Option<String>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Acknowledged {
    scope: String,
    by: String,
    incidents: Vec<Subject>,
    breaker_closed: bool,
    failures_forgiven: usize,
    /// Why the rest was left as it is.
    left: Vec<String>,
}

pub(super) async fn ack(
    ledger: &(impl Ledger + Control),
    now: Timestamp,
    word: Word,
    by: String,
) -> Result<Acknowledged, Failed> {
    let mut done = Acknowledged { scope: word.scope.to_string(), by: by.clone(), ..Acknowledged::default() };
    // One that can't be read keeps nobody from saying that they know of the others.
    let open = ledger.open_incidents().await?.read;
    if let Some(group) = word.scope.group() {
        close_breaker(ledger, group, &mut done).await?;
    }
    let word_given = Acknowledgement { by, at: now, reason: word.reason };
    for incident in open.iter().filter(|incident| word.scope.is(&incident.subject)) {
        match acknowledge(ledger, incident, &word_given).await.map_err(|failed| done.half(failed))? {
            None => done.incidents.push(incident.subject.clone()),
            Some(why) => done.left.push(format!("{}: {why}", incident.subject)),
        }
    }
    if !open.iter().any(|incident| word.scope.is(&incident.subject)) && word.scope.group().is_none() {
        done.left.push(format!("{} has no open incident", word.scope));
    }
    done.left.extend(open.iter().filter_map(|incident| of_a_member(incident, word.scope.group()?)));
    Ok(done)
}

impl Acknowledged {
    fn did_something(&self) -> bool {
        !self.incidents.is_empty() || self.breaker_closed || self.failures_forgiven > 0
    }

    /// A failure in the middle must not hide what was written before it.
    fn half(&self, failed: Failed) -> Failed {
        if self.did_something() {
            failed.after(&format!("only a part of {} was acknowledged; do it again, which is harmless", self.scope))
        } else {
            failed
        }
    }
}

/// Each incident of a member asks for itself: whoever knows of the group may not know of the instance.
fn of_a_member(incident: &Incident, group: &GroupName) -> Option<String> {
    let asks = incident.state == State::Escalated && incident.acknowledged.is_none();
    let is_member = incident.subject.instance().is_some() && incident.kind.group() == group;
    let id = incident.subject.name();
    (asks && is_member).then(|| format!("the incident of {id} asks for a person, too: homeostat ack {id}"))
}

async fn close_breaker(ledger: &impl Control, group: &GroupName, done: &mut Acknowledged) -> Result<(), Failed> {
    for _ in 0..TRIES {
        let read = ledger.memory(group).await?;
        if read.breaker.is_none() && read.failures.is_empty() {
            done.left.push(format!("group {group} has no open breaker and no failed replacements"));
            return Ok(());
        }
        match ledger.remember(group, &read.acknowledged().over(&read)).await {
            Ok(()) => {
                done.breaker_closed = read.breaker.is_some();
                done.failures_forgiven = read.failures.len();
                return Ok(());
            }
            Err(NotWritten::Conflict) => {}
            Err(NotWritten::Unavailable(unavailable)) => return Err(unavailable.into()),
        }
    }
    Err(busy(&format!("group {group}")))
}

/// Why there was nothing to acknowledge; `None` once it is written.
async fn acknowledge(
    ledger: &impl Ledger,
    listed: &Incident,
    word: &Acknowledgement,
) -> Result<Option<String>, Failed> {
    let mut incident = listed.clone();
    for _ in 0..TRIES {
        if let Some(why) = nothing_to_acknowledge(&incident) {
            return Ok(Some(why));
        }
        match ledger.write(Write::of(&incident.acknowledge(word.clone()))).await {
            Ok(()) => return Ok(None),
            Err(NotWritten::Conflict) => {}
            Err(NotWritten::Unavailable(unavailable)) => return Err(unavailable.into()),
        }
        match ledger.history(&listed.subject, None).await?.open {
            Some(newer) => incident = newer,
            None => return Ok(Some("it was closed meanwhile".to_owned())),
        }
    }
    Err(busy(&listed.subject.to_string()))
}

fn nothing_to_acknowledge(incident: &Incident) -> Option<String> {
    match (&incident.acknowledged, incident.state) {
        (Some(word), State::Escalated) => Some(format!("{} did so already: {}", word.by, word.reason)),
        (None, State::Escalated) => None,
        _ => Some("it has not asked for a person, so there is nothing to acknowledge yet".to_owned()),
    }
}

fn busy(what: &str) -> Failed {
    Failed::because(format!("{what} changed {TRIES} times while this tried to write: try again in a minute"))
}

impl Report for Acknowledged {
    fn print(&self, page: &mut Page) {
        if self.verdict() == Verdict::Amiss {
            page.line("nothing to acknowledge:");
        }
        for subject in &self.incidents {
            page.line(&format!("acknowledged {subject}, by {}", self.by));
            page.line("No more reminders. It is looked at within a minute, stays open, and closes by itself once nothing is wrong any more.");
        }
        if self.breaker_closed {
            page.line(&format!(
                "closed the breaker of {}, and forgave {} failed replacement(s), by {}",
                self.scope, self.failures_forgiven, self.by
            ));
            page.line("What is sick there is replaced again at its next look. If that fails as often as before, the breaker opens again.");
        } else if self.failures_forgiven > 0 {
            page.line(&format!(
                "forgave {} failed replacement(s) of {}; its breaker was not open",
                self.failures_forgiven, self.scope
            ));
        }
        for why in &self.left {
            page.line(why);
        }
    }

    fn verdict(&self) -> Verdict {
        if self.did_something() { Verdict::Fine } else { Verdict::Amiss }
    }
}
