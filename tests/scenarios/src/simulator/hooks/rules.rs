//! What must hold of everything that is done for a held instance, each rule in words and as a function of its own.
//!
//! This module never asks the code that decides: it holds what was done against the world's own history, and what was recorded.

mod acting;
mod completing;
mod leaving;
mod waiting;

pub(super) use leaving::let_go;
pub(super) use waiting::{Sent, judge_ended, judge_found, judge_losses, judge_sent, judge_told};

use homeostat_core::id::{GroupName, HookName};
use homeostat_core::ports::Pause;
use homeostat_remedies::hook::policy::{HeldBy, HookPolicy};
use homeostat_remedies::hook::reasons::{Incident, Step};
use jiff::{SignedDuration, Timestamp};
use world::{ActiveAction, LifecycleAction};

use super::annals::Annals;
use super::deed::Deed;
use super::truth::Truth;
use crate::simulator::Broken;
use crate::simulator::hooks::View;
use crate::simulator::storm::MOST_SKEW;

/// From the first read of a look to its effect: as long as the function may run, and a little.
pub(super) const LOOK: SignedDuration = SignedDuration::from_secs(18);

/// Two clocks that are wrong, and an event that tells whole seconds.
pub(super) const SKEWS: SignedDuration = SignedDuration::from_secs(8);

/// One deed, at the moment when it took place.
pub(super) struct Moment<'a> {
    pub(super) deed: &'a Deed,
    pub(super) view: &'a View,
    pub(super) truth: &'a Truth,
    pub(super) policy: &'a HookPolicy,
    pub(super) annals: &'a Annals,
    /// Each with the time at which it began.
    pub(super) pauses: &'a [(Timestamp, Pause)],
    /// Nothing fails in this history.
    pub(super) is_calm: bool,
}

/// An action that the deed ended, what it was, and what the policy says of it.
pub(super) struct Completion<'a> {
    pub(super) ended: &'a LifecycleAction,
    pub(super) was: &'a ActiveAction,
    pub(super) held_by: HeldBy<'a>,
}

impl<'a> Moment<'a> {
    /// The incident that says that exactly this is about to be done.
    pub(super) fn recorded(&self) -> Option<&'a Incident> {
        let step = Step::Hook(Box::new(self.deed.step.clone()));
        let intends = |open: &&Incident| open.intent.as_ref().is_some_and(|intent| intent.step == step);
        // What is done to a group may stand in more than one: in one whose invocation is no more, for instance.
        let newest = |open: &&Incident| {
            let intent = open.intent.as_ref();
            intent.map(|intent| (intent.outcome.is_none(), intent.until))
        };
        self.view.open.values().filter(intends).max_by_key(newest)
    }

    pub(super) fn held_by(&self, group: &GroupName, hook: &str) -> Option<HeldBy<'a>> {
        self.policy.of(group, &hook.parse::<HookName>().ok()?)
    }

    pub(super) fn completions(&self) -> impl Iterator<Item = Completion<'a>> {
        self.deed.ended.iter().filter_map(|ended| {
            let held_by = self.held_by(&ended.group, &ended.hook)?;
            Some(Completion { ended, was: self.deed.was(ended)?, held_by })
        })
    }

    /// A pause that covered it at some time of the look, or at every time.
    pub(super) fn paused(&self, group: &GroupName, instance: &str, always: bool) -> bool {
        let at = self.deed.at;
        let scopes = ["all".to_owned(), format!("group#{group}"), format!("instance#{instance}")];
        self.pauses.iter().filter(|(_, pause)| scopes.contains(&pause.scope)).any(|(began, pause)| match always {
            true => *began + LOOK <= at && pause.until > at + MOST_SKEW,
            false => *began <= at && pause.until + LOOK + MOST_SKEW >= at,
        })
    }
}

type Rule = fn(&Moment<'_>) -> Result<(), String>;

const RULES: &[(&str, Rule)] = &[
    ("under a pause nothing but completions and heartbeats", acting::is_unpaused),
    ("an effect has its own recorded intent, in an unexpired lease", acting::has_its_intent),
    ("never two calls for one action at a time", acting::is_alone),
    ("nothing is touched but what the policy names", acting::is_ours),
    ("Launch is suspended only by a launch whose time is over", acting::suspends_after_its_time),
    ("one call ends one action, and the one that was meant", completing::is_meant),
    ("a termination is never abandoned", completing::abandons_no_termination),
    ("a launch is abandoned only for evidence that is not there, after its time", completing::abandons_the_unready),
    ("no more launches in a row are abandoned than the policy says", completing::ends_the_row),
    ("an instance comes into service when it is ready, or when its time is over", completing::admits_the_ready),
    ("who is not ready in time is abandoned, as long as that may help", completing::abandons_in_time),
    ("who is done draining is not held until its time is over", leaving::is_not_held_for_nothing),
];

pub(super) fn judge(moment: &Moment<'_>) -> Result<(), Broken> {
    for (name, rule) in RULES {
        rule(moment).map_err(|what| Broken::end(name, what, moment.deed.at))?;
    }
    Ok(())
}
