//! What must hold of a fleet after every step, each rule in words and as a function of its own.
//!
//! This module never changes anything; a rule that is broken ends its history.

mod acting;
mod counting;
mod recording;
mod waiting;

pub(super) use acting::is_plainly_sick;

use homeostat_remedies::policy::Policy;
use jiff::Timestamp;

use super::proven::Proven;
use super::tally::Tally;
use super::truth::Truth;
use crate::simulator::fleet::View;
use crate::simulator::note::Note;
use crate::simulator::rules::Broken;

/// One moment between two steps.
pub(super) struct Scene<'a> {
    pub(super) now: Timestamp,
    /// The ledger before the step, if the step changed it.
    pub(super) before: Option<&'a View>,
    pub(super) after: &'a View,
    pub(super) truth: &'a Truth,
    pub(super) policy: &'a Policy,
    pub(super) notes: &'a [Note],
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
    ("no hint is lost for longer than a resync and its time", waiting::nobody_is_unheard),
    ("nobody is proven unhealthy for long without an act or a page", waiting::nobody_waits_for_ever),
    ("slots held stay within the budget", counting::slots_are_within_the_budget),
    ("who holds a slot has acted, and who has acted holds a slot", counting::slots_are_of_those_who_acted),
    (
        "who holds of the account's budget has acted, and who has acted holds of it",
        counting::shared_budget_is_of_those_who_acted,
    ),
    ("what is out of the account's budget stays within it", counting::shared_budget_is_kept),
    ("no more are out because of us than the budget allows", counting::out_is_within_the_budget),
];

pub(super) fn judge(scene: &Scene<'_>) -> Result<(), Broken> {
    for (name, rule) in RULES {
        rule(scene).map_err(|what| Broken::end(name, what, scene.now))?;
    }
    Ok(())
}
