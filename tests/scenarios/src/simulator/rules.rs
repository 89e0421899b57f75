//! What must hold after every step, each rule in words and as a function of its own.
//!
//! This module never changes anything; a rule that is broken ends its history.

mod acting;
mod counting;
mod recording;
mod waiting;

pub(super) use acting::is_plainly_sick;

use homeostat_core::policy::Policy;
use homeostat_core::ports::Pause;
use jiff::Timestamp;

use super::census::variant;
use super::note::Note;
use super::proven::Proven;
use super::stage::Stage;
use super::tally::Tally;
use super::truth::Truth;
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

/// One moment between two steps.
pub(super) struct Scene<'a> {
    pub(super) now: Timestamp,
    /// The ledger before the step, if the step changed it.
    pub(super) before: Option<&'a View>,
    pub(super) after: &'a View,
    pub(super) truth: &'a Truth,
    pub(super) policy: &'a Policy,
    pub(super) notes: &'a [Note],
    pub(super) pauses: &'a [Pause],
    pub(super) tally: &'a Tally,
    pub(super) proven: &'a Proven,
}

type Rule = fn(&Scene<'_>) -> Result<(), String>;

const RULES: &[(&str, Rule)] = &[
    ("an effect starts only while its own recorded intent stands, in time and with a slot", acting::has_its_intent),
    ("never two effects on one subject at a time", acting::is_alone),
    ("nothing is done to a group that is only watched, or that the policy doesn't name", acting::is_allowed),
    ("a healthy instance is never replaced for an alarm that is not a verdict", waiting::disk_is_no_reason),
    ("nobody is acted on who was not sick in the last minutes", acting::is_sick),
    ("nobody is acted on who is protected, in Standby or leaving", acting::is_touchable),
    ("nobody is acted on who may still be booting", acting::is_past_its_grace),
    ("nothing is done while too many are sick", acting::is_no_outage),
    ("nothing is taken out that would not come back and get traffic", acting::comes_back),
    ("what is launched and fails is not replaced again and again", acting::is_within_the_breaker),
    ("people are told little", recording::tells_little),
    ("nobody is asked about a group that is parked", recording::parked_is_quiet),
    ("what is closed as recovered is whole", recording::recovered_is_whole),
    ("an alarm that is not a verdict, or has its actions off, opens nothing", waiting::others_open_nothing),
    ("nobody is left to a group that does not look", waiting::is_left_to_who_looks),
    ("nobody is proven unhealthy for long without an act or a page", waiting::nobody_waits_for_ever),
    ("slots held stay within the budget", counting::slots_are_within_the_budget),
    ("who holds a slot has acted, and who has acted holds a slot", counting::slots_are_of_those_who_acted),
    ("no more are out because of us than the budget allows", counting::out_is_within_the_budget),
];

/// Of whatever an incident is about.
const LEDGER_RULES: &[(&str, Rule)] = &[
    ("what is stored is read back as it was", recording::reads_back),
    ("no intent is written while a pause covers it", recording::is_unpaused),
    ("versions grow by one, and the sweep changes only its own", recording::versions_grow_by_one),
    ("every open incident is looked at again", recording::has_a_wake_up),
];

pub(super) fn judge(scene: &Scene<'_>) -> Result<(), Broken> {
    judge_ledger(scene)?;
    hold(RULES, scene)
}

/// The rules that know nothing of fleets.
pub(super) fn judge_ledger(scene: &Scene<'_>) -> Result<(), Broken> {
    hold(LEDGER_RULES, scene)
}

fn hold(rules: &[(&str, Rule)], scene: &Scene<'_>) -> Result<(), Broken> {
    for (name, rule) in rules {
        rule(scene).map_err(|what| Broken { rule: (*name).to_owned(), what, at: Some(scene.now) })?;
    }
    Ok(())
}

/// Counts and logs what the step wrote.
pub(super) fn tell(stage: &Stage, before: &View, after: &View) {
    let written = after.open.values().filter(|open| {
        before.open.get(&open.subject).is_none_or(|was| (was.version, was.wake_at) != (open.version, open.wake_at))
    });
    for incident in written.chain(&after.newly_closed) {
        let is_new = before.open.get(&incident.subject).is_none_or(|was| was.version != incident.version);
        stage.log(|| {
            let decision = incident.decision.as_ref().map(ToString::to_string).unwrap_or_default();
            let (name, version, state) = (incident.subject.name(), incident.version, incident.state);
            let by = if is_new { "" } else { " (swept)" };
            format!("  ledger: {name} v{version} {state:?}{by}, told {}: {decision}", incident.tell)
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

fn name(decision: &homeostat_core::decision::Decision) -> String {
    use homeostat_core::decision::{Decision, Hold};
    match decision {
        Decision::Hold { because: Hold::GroupState(state), .. } => format!("Hold GroupState {}", variant(state)),
        Decision::Act { step, .. } => format!("Act {}", variant(step)),
        Decision::Hold { because, .. } => format!("Hold {}", variant(because)),
        Decision::Close(close) => format!("Close {}", variant(close)),
        Decision::Page(page) => format!("Page {}", variant(page)),
    }
}
