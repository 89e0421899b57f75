//! `ack`: a person knows. It ends the reminders of an incident, closes the breaker of a group and forgives its abandoned launches,
//! and lifts the latches of a zone.
//!
//! This module never closes an incident, and never overwrites what somebody wrote in between.

#[cfg(test)]
mod tests;

use clap::Args;
use homeostat_core::id::{self, Subject};
use homeostat_core::incident::{Acknowledgement, Incident, Kind, State};
use homeostat_core::line::one_of;
use homeostat_core::memory::Remembered;
use homeostat_core::ports::{Control, Ledger, NotWritten, Write};
use homeostat_core::shell;
use homeostat_core::view::Head;
use homeostat_remedies::hook::kind::HookKind;
use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use homeostat_remedies::hosted_zone::memory::Endpoint;
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::registry::{self, AnyIncident, Remembering};
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
        value_name = "SUBJECT",
        value_parser = subject,
        help = format!("i-…, {}; or an incident's whole name", registry::forms().collect::<Vec<_>>().join(", "))
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
    launches_forgiven: usize,
    latches_lifted: Vec<Endpoint>,
    drains_forgiven: usize,
    /// Whether anything was forgiven, whatever it is called.
    #[serde(skip)]
    forgave: bool,
    /// What else is done on this word.
    follows: Vec<String>,
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
    let open: Vec<AnyIncident> = ledger.open_incidents().await?.read;
    if let Some(scope) = word.scope.remembers() {
        forgive(ledger, &scope, &mut done).await?;
    }
    let word_given = Acknowledgement { by, at: now, reason: word.reason };
    for incident in open.iter().filter(|incident| is_meant(&word.scope, incident)) {
        match acknowledge(ledger, incident, &word_given).await.map_err(|failed| done.half(failed))? {
            None => {
                done.incidents.push(incident.head().subject.clone());
                done.follows.extend(incident.view().follows(word.scope.remembers().is_some()));
            }
            Some(why) => done.left.push(format!("{}: {why}", incident.head().subject)),
        }
    }
    let of_it = |incident: &AnyIncident| {
        let Head { subject, scope: of, .. } = incident.head();
        word.scope.is(subject) || word.scope.remembers() == Some(of)
    };
    if !open.iter().any(of_it) && !done.did_something() {
        done.left.push(format!("{} has no open incident", word.scope));
    }
    done.left.extend(open.iter().filter_map(|incident| asks_too(incident, &word.scope)));
    Ok(done)
}

impl Acknowledged {
    fn did_something(&self) -> bool {
        !self.incidents.is_empty() || self.forgave
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

/// To acknowledge a group or zone is to acknowledge whatever was asked about it as a whole, whichever incident asked.
fn is_meant(scope: &Scope, incident: &AnyIncident) -> bool {
    let Head { subject, scope: of, .. } = incident.head();
    scope.is(subject) || (scope.remembers() == Some(of) && incident.view().asks_about_scope())
}

/// Each incident of a member asks for itself: whoever knows of the group may not know of the instance, and who knows of the
/// instance may not know what holds it.
fn asks_too(of: &AnyIncident, scope: &Scope) -> Option<String> {
    let incident = of.head();
    let asks = incident.state == State::Escalated && incident.acknowledged.is_none();
    let is_of_it = scope.is_instance(incident.subject.name()) || scope.remembers().as_ref() == Some(&incident.scope);
    let is_member = is_of_it && !incident.subject.is_whole(&incident.scope);
    let (id, handle) = (incident.subject.name(), shell::word(&incident.subject.handle()));
    (asks && is_member && !is_meant(scope, of))
        .then(|| format!("the incident of {id} asks for a person, too: homeostat ack {handle}"))
}

/// Forgets what failed, and with it what that has closed off: the breaker of a group, the latches of a zone.
async fn forgive(ledger: &impl Control, scope: &id::Scope, done: &mut Acknowledged) -> Result<(), Failed> {
    let Remembering { instances, hosted_zones, hooks } = registry::remembering(scope);
    let mut none_of = Vec::new();
    if instances {
        match forgive_one::<InstanceKind>(ledger, scope).await? {
            Some(failed) => {
                done.forgave = true;
                done.breaker_closed = failed.breaker.is_some();
                done.failures_forgiven = failed.failures.len();
            }
            None => none_of.extend(["open breaker", "failed replacement"]),
        }
    }
    if hooks {
        match forgive_one::<HookKind>(ledger, scope).await.map_err(|failed| done.half(failed))? {
            Some(launches) => {
                done.forgave = true;
                let abandoned = launches.abandoned.values().flatten();
                done.launches_forgiven = abandoned.map(|abandoned| abandoned.instances.len()).sum();
            }
            None => none_of.push("abandoned launch"),
        }
    }
    if hosted_zones {
        match forgive_one::<HostedZoneKind>(ledger, scope).await.map_err(|failed| done.half(failed))? {
            Some(forgiven) => {
                done.forgave = true;
                done.drains_forgiven = forgiven.drains.len();
                done.latches_lifted = forgiven.latched.into_keys().collect();
            }
            None => none_of.extend(["latch", "remembered drain"]),
        }
    }
    if !done.forgave && !none_of.is_empty() {
        done.left.push(format!("{scope} has no {}", one_of(&none_of)));
    }
    Ok(())
}

/// What one remedy remembered, if there was anything to forgive.
async fn forgive_one<K: Kind>(ledger: &impl Control, scope: &id::Scope) -> Result<Option<K::Memory>, Failed> {
    for _ in 0..TRIES {
        let read = ledger.memory::<K>(scope).await?;
        if read.acknowledged() == read {
            return Ok(None);
        }
        match ledger.remember::<K>(scope, &read.acknowledged().over(&read)).await {
            Ok(()) => return Ok(Some(read)),
            Err(NotWritten::Conflict) => {}
            Err(NotWritten::Unavailable(unavailable)) => return Err(unavailable.into()),
        }
    }
    Err(busy(&scope.to_string()))
}

/// Why there was nothing to acknowledge; `None` once it is written.
async fn acknowledge(
    ledger: &impl Ledger,
    listed: &AnyIncident,
    word: &Acknowledgement,
) -> Result<Option<String>, Failed> {
    match listed {
        AnyIncident::Instance(listed) => acknowledge_one(ledger, listed, word).await,
        AnyIncident::Zone(listed) => acknowledge_one(ledger, listed, word).await,
        AnyIncident::Hook(listed) => acknowledge_one(ledger, listed, word).await,
    }
}

async fn acknowledge_one<K: Kind>(
    ledger: &impl Ledger,
    listed: &Incident<K>,
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

fn nothing_to_acknowledge<K: Kind>(incident: &Incident<K>) -> Option<String> {
    match (&incident.acknowledged, incident.state) {
        (Some(word), State::Escalated) => Some(format!("{} did so already: {}", word.by, word.reason)),
        (None, State::Escalated) => None,
        _ => Some("it has not asked for a person, so there is nothing to acknowledge yet".to_owned()),
    }
}

fn busy(what: &str) -> Failed {
    Failed::because(format!("{what} changed {TRIES} times while this tried to write: try again in a minute"))
}

impl Acknowledged {
    fn print_lifted(&self, page: &mut Page) {
        for endpoint in &self.latches_lifted {
            page.line(&format!("lifted the latch of {endpoint}, by {}", self.by));
            page.line("It gets its share back in steps, once it was proven well for the hold time.");
        }
        if self.drains_forgiven > 0 {
            page.line(&format!(
                "forgave {} drain(s) in {}: they count no more, neither for a latch nor for a longer hold",
                self.drains_forgiven, self.scope
            ));
        }
    }
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
        for follows in &self.follows {
            page.line(&format!("Besides, {follows}."));
        }
        self.print_lifted(page);
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
        if self.launches_forgiven > 0 {
            page.line(&format!(
                "forgave {} abandoned launch(es) of {}, by {}",
                self.launches_forgiven, self.scope, self.by
            ));
            page.line("What is launched there is judged again: it is abandoned if it isn't ready in time, and counted from one.");
        }
        let counted =
            self.failures_forgiven + self.launches_forgiven + self.drains_forgiven + self.latches_lifted.len();
        if self.forgave && !self.breaker_closed && counted == 0 {
            page.line(&format!("forgot what was remembered of {}, by {}", self.scope, self.by));
        }
        for why in &self.left {
            page.line(why);
        }
    }

    fn verdict(&self) -> Verdict {
        if self.did_something() { Verdict::Fine } else { Verdict::Amiss }
    }
}
