//! What an incident is about, as far as its remedy alone knows: the questions that the frame asks of it.
//!
//! This module never answers for a remedy: nothing here has a default, so that an author answers each question.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::{Actor, Incident};
use crate::id::{Scope, Subject};
use crate::incident::{Close, Hold, Page};
use crate::memory::{Remembered, Stored};
use crate::outcome::Outcome;

/// What is particular to the incidents of one remedy. It is stored with the incident.
pub trait Kind: Stored {
    /// The function that owns such incidents, as in the template.
    const REMEDY: &'static str;
    /// Whether an act is bought of the budget above its scope: [`crate::budget`].
    const SHARES_BUDGET: bool;

    /// One effect on the world. Every step can be repeated without a second effect.
    type Step: Effect;
    /// One piece of evidence that the policy asks for, as found.
    type Evidence: Stored + fmt::Display;
    /// Reasons to hold, to close and to page that no other remedy has.
    type Hold: Reason;
    type Close: Reason;
    type Page: Reason;
    /// What outlives its incidents, of one scope.
    type Memory: Remembered;

    /// Whose budget, memory and pauses bear on it.
    fn scope(&self) -> Scope;

    /// The pauses that cover the subject beside those of its scope and of all, as they are written.
    fn pause_scopes(subject: &Subject) -> Vec<String>;

    /// How long an intent keeps others off.
    fn lease(&self) -> SignedDuration;

    /// Whether an act takes a slot of the scope's budget.
    fn takes_slot(&self) -> bool;

    /// Whether people hear of it from its first act or hold on. Else only of pages and of some ends.
    fn is_announced(&self) -> bool;

    /// AWS's own announcement, where that alone is what it is about.
    fn announcement(&self) -> Option<String>;

    /// Whether people hear of the step, after `tried`, which did not take effect as far as is known.
    fn is_more(step: &Self::Step, tried: Option<&Self::Step>) -> bool;

    /// The step is about to be tried. `unsettled`: the last one, whose fate is unknown.
    fn intended(&mut self, step: &Self::Step, because: &[Self::Evidence], unsettled: Option<&Self::Step>);

    /// The step was tried, and this came of it.
    fn settled(&mut self, call: &Call<'_, Self::Step>);

    /// It is held; the sweep looks at it at the time that this gives.
    fn held(&mut self, until: Timestamp, because: &Self::Hold) -> Timestamp;

    /// Whether an unhealthy subject waits for this to end, so that a person is asked in time.
    fn keeps_waiting(hold: &Self::Hold) -> bool;

    /// Whether the hold ends by itself, or people were asked for just that: nobody is asked about it after `max-wait`.
    fn has_a_limit(hold: &Self::Hold, incident: &Incident<Self>) -> bool;

    /// Which of the looks that find this hold people hear of.
    fn told(hold: &Self::Hold) -> Announce;

    /// What heals while it holds, without an act of Homeostat's.
    fn heals(hold: &Self::Hold) -> Option<Heals>;

    /// Whether what people heard so far counts as nothing, should the incident become serious.
    fn is_untold(incident: &Incident<Self>) -> bool;

    /// Whether people who heard of the last page know all of this one.
    fn is_same_page(page: &Self::Page, last: &Self::Page) -> bool;

    /// Whether who read the page knows of the hold, too.
    fn covers(page: &Self::Page, hold: &Self::Hold) -> bool;

    /// Whether the same page is news again after Homeostat went on in between.
    fn is_news_again(page: &Page<Self>) -> bool;

    /// Whether all is well at this end, and since when it was counts.
    fn is_recovery(close: &Self::Close) -> bool;

    /// Whether people hear of this end although they heard of nothing before.
    fn is_told(close: &Self::Close) -> bool;

    /// When something was proven to be wrong, as far as the incident and its newest decision tell beside its verdict.
    fn proven_at(incident: &Incident<Self>, now: Timestamp) -> Option<Timestamp>;

    /// The incident of the whole that counts this one among its own while it is held for that.
    fn whole(&self, subject: &Subject, hold: &Self::Hold) -> Option<Subject>;

    /// Who brought about this end, if it says more than who mitigated.
    fn ended_by(close: &Self::Close) -> Option<Actor>;
}

/// A typed reason, in words and by name.
pub trait Reason: Stored + fmt::Display {
    /// Short and fixed: see [`Hold::name`].
    fn name(&self) -> &'static str;
}

/// A step, in words.
pub trait Effect: Stored + fmt::Display {
    /// Whether a pause keeps it from being done.
    fn respects_pauses(&self) -> bool;

    /// Whether the trouble ends with it; else it only leads there.
    fn mitigates(&self) -> bool;

    /// Whether it only keeps things as they are: whatever was held is still held.
    fn keeps_held(&self) -> bool;
}

/// A call and its answer.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a, S> {
    pub step: &'a S,
    pub outcome: &'a Outcome,
    /// When the intent was recorded.
    pub tried_at: Timestamp,
    pub now: Timestamp,
    /// The hash of the policy by which it was made.
    pub policy: &'a str,
}

/// Which of the looks that find a hold people hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announce {
    /// If it is the first thing that is found.
    First,
    /// Then, and the first time that it follows something else.
    Once,
    /// Told when it is certain, or not at all.
    If(bool),
}

/// What heals by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heals {
    /// What is unhealthy is being taken out.
    Underway,
    /// It is out, and what replaces it is on its way.
    Mitigated,
}

impl<K: Kind> Hold<K> {
    pub(super) fn heals(&self) -> Option<Heals> {
        match self {
            Hold::Proving { .. } => Some(Heals::Mitigated),
            Hold::Own(own) => K::heals(own),
            Hold::InFlight
            | Hold::OutcomeUnknown { .. }
            | Hold::Paused { .. }
            | Hold::Budget { .. }
            | Hold::SharedBudget(_)
            | Hold::BudgetUnread { .. }
            | Hold::Dependency(_)
            | Hold::OutOfDate { .. }
            | Hold::Watching { .. } => None,
        }
    }
}

impl<K: Kind> Close<K> {
    pub(super) fn is_recovery(&self) -> bool {
        match self {
            Close::Recovered => true,
            Close::NothingWrong { .. } => false,
            Close::Own(own) => K::is_recovery(own),
        }
    }

    pub(super) fn is_told(&self) -> bool {
        match self {
            Close::Recovered | Close::NothingWrong { .. } => false,
            Close::Own(own) => K::is_told(own),
        }
    }
}
