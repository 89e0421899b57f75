//! What must hold of everything that is written into the ledger, whatever its incident is about.
//!
//! This module never changes anything, and knows nothing of fleets, zones or hooks; a rule that is broken ends its history.

use homeostat_core::incident::{Close, Decision, Hold, Incident, Kind, Page};
use homeostat_core::ports::{Pause, pause_scopes};
use jiff::Timestamp;

use super::census::variant;
use super::engine::Play;
use super::stage::Stage;
use super::storm::MOST_SKEW;
use super::view::View;

/// A rule that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub rule: String,
    pub what: String,
    pub at: Option<Timestamp>,
}

impl Broken {
    /// The simulator itself could not draw a history.
    pub(super) fn drawn(why: &str) -> Self {
        Broken { rule: "every seed makes a history".to_owned(), what: why.to_owned(), at: None }
    }

    pub(super) fn end(rule: &str, what: String, at: Timestamp) -> Self {
        Broken { rule: rule.to_owned(), what, at: Some(at) }
    }
}

/// One step that wrote.
pub(super) struct Writes<'a, P: Play> {
    pub(super) now: Timestamp,
    pub(super) before: &'a View<P::Kind>,
    pub(super) after: &'a View<P::Kind>,
    /// In force.
    pub(super) pauses: &'a [Pause],
}

type Rule<P> = fn(&Writes<'_, P>) -> Result<(), String>;

fn rules<P: Play>() -> [(&'static str, Rule<P>); 4] {
    [
        ("what is stored is read back as it was", reads_back),
        ("no intent is written while a pause covers it", is_unpaused),
        ("versions grow by one, and the sweep changes only its own", versions_grow_by_one),
        ("every open incident is looked at again", has_a_wake_up),
    ]
}

pub(super) fn judge_writes<P: Play>(writes: &Writes<'_, P>) -> Result<(), Broken> {
    for (name, rule) in rules() {
        rule(writes).map_err(|what| Broken::end(name, what, writes.now))?;
    }
    Ok(())
}

/// What changed from an open incident, or from none.
pub(super) fn changes<'a, K: Kind>(
    before: &'a View<K>,
    after: &'a View<K>,
) -> impl Iterator<Item = (Option<&'a Incident<K>>, &'a Incident<K>)> {
    let now = after.open.values().chain(&after.newly_closed);
    now.map(move |incident| (before.open.get(&incident.subject), incident))
}

fn reads_back<P: Play>(writes: &Writes<'_, P>) -> Result<(), String> {
    writes.after.flaw.clone().map_or(Ok(()), Err)
}

/// The true time, give or take how wrong a clock may be: whoever is ahead takes a pause for over a little early.
fn is_unpaused<P: Play>(writes: &Writes<'_, P>) -> Result<(), String> {
    for (was, incident) in changes(writes.before, writes.after) {
        let until = |incident: &Incident<P::Kind>| incident.intent.as_ref().map(|intent| intent.until);
        let is_new = until(incident).is_some() && was.and_then(until) != until(incident);
        let scopes = pause_scopes::<P::Kind>(&incident.subject, &incident.scope());
        let covers = |scope: &String| scopes.contains(scope);
        let in_force = writes.pauses.iter().find(|pause| covers(&pause.scope) && pause.until > writes.now + MOST_SKEW);
        if let (true, false, Some(pause)) = (is_new, holds_nobody_up::<P>(incident), in_force) {
            return Err(format!("{} is to be replaced, and {pause:?} is in force", incident.subject));
        }
    }
    Ok(())
}

/// What no pause keeps from being done.
fn holds_nobody_up<P: Play>(incident: &Incident<P::Kind>) -> bool {
    incident.intent.as_ref().is_some_and(|intent| P::holds_nobody_up(&intent.step))
}

fn versions_grow_by_one<P: Play>(writes: &Writes<'_, P>) -> Result<(), String> {
    for (was, incident) in changes(writes.before, writes.after) {
        let version = was.map_or(0, |was| was.version);
        let swept = |was: &Incident<P::Kind>| Incident {
            wake_at: incident.wake_at,
            wakes: incident.wakes,
            stuck: incident.stuck,
            overdue: incident.overdue,
            ..was.clone()
        };
        let is_sweeps = |was: &Incident<P::Kind>| was == incident || swept(was) == *incident;
        if incident.version != version + 1 && !was.is_some_and(is_sweeps) {
            return Err(format!("{} went from {version} to {}", incident.subject, incident.version));
        }
    }
    Ok(())
}

fn has_a_wake_up<P: Play>(writes: &Writes<'_, P>) -> Result<(), String> {
    let silent = writes.after.open.values().find(|open| open.wake_at.is_none());
    silent.map_or(Ok(()), |open| Err(format!("{} has no wake_at", open.subject)))
}

/// Counts and logs what the step wrote.
pub(super) fn tell<K: Kind>(stage: &Stage, before: &View<K>, after: &View<K>) {
    let written = after.open.values().filter(|open| {
        before.open.get(&open.subject).is_none_or(|was| (was.version, was.wake_at) != (open.version, open.wake_at))
    });
    for incident in written.chain(&after.newly_closed) {
        let is_new = before.open.get(&incident.subject).is_none_or(|was| was.version != incident.version);
        stage.log(|| {
            let decision = incident.decision.as_ref().map(ToString::to_string).unwrap_or_default();
            let (name, version, state) = (incident.subject.name(), incident.version, incident.state);
            let by = if is_new { "" } else { " (swept)" };
            format!("  ledger: {name} v{version} {state:?}{by}, told {}: {decision}", incident.notify_seq)
        });
        if let (true, Some(decision)) = (is_new, &incident.decision) {
            stage.count(&format!("decision: {}", name(decision)));
        }
        let was = before.open.get(&incident.subject);
        let (stuck, overdue) = (was.and_then(|was| was.stuck), was.and_then(|was| was.overdue));
        for (what, mark, before) in [("stuck", incident.stuck, stuck), ("overdue", incident.overdue, overdue)] {
            if mark.is_some() && mark != before {
                stage.count(&format!("mark: {what}"));
            }
        }
    }
}

fn name<K: Kind>(decision: &Decision<K>) -> String {
    match decision {
        Decision::Act { step, .. } => format!("Act {}", variant(step)),
        Decision::Hold { because: Hold::Own(own), .. } => format!("Hold {}", own_name(own)),
        Decision::Hold { because, .. } => format!("Hold {}", variant(because)),
        Decision::Close(Close::Own(own)) => format!("Close {}", variant(own)),
        Decision::Close(close) => format!("Close {}", variant(close)),
        Decision::Page(Page::Own(own)) => format!("Page {}", variant(own)),
        Decision::Page(page) => format!("Page {}", variant(page)),
    }
}

/// What a group is like has a name of its own.
fn own_name(own: &impl std::fmt::Debug) -> String {
    let name = variant(own);
    match format!("{own:?}").strip_prefix("GroupState(") {
        Some(state) => format!("{name} {}", state.chars().take_while(|c| c.is_alphanumeric()).collect::<String>()),
        None => name,
    }
}
