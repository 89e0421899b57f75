//! What the frame has to know of an incident of a held instance.
//!
//! This module never decides whether the hook is completed.

use homeostat_core::id::{Scope, Subject};
use homeostat_core::incident::{Actor, Announce, Call, Decision, Effect, Heals, Incident, Kind, Page};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::memory::Memory;
use super::reasons::{Because, CloseReason, Evidence, HoldReason, PageReason, Step};
use super::state::HookState;
use super::subject;
use crate::hook::subject::HeldInstance;

/// A hook's timeout may be short, and a Spot Instance has two minutes. Longer than its function may run (20 s).
const LEASE: SignedDuration = SignedDuration::from_secs(30);

/// How much later than its function means to wake itself the sweep does. The sweep looks a minute ahead: with less, it would wake
/// each held instance once more every minute.
const SAFETY_NET: SignedDuration = SignedDuration::from_secs(75);

/// A lifecycle hook holds an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookKind {
    Hook(Box<HookState>),
}

impl HookKind {
    pub fn state(&self) -> &HookState {
        let HookKind::Hook(kept) = self;
        kept
    }

    pub fn state_mut(&mut self) -> &mut HookState {
        let HookKind::Hook(kept) = self;
        kept
    }
}

impl Kind for HookKind {
    const REMEDY: &'static str = "lifecycle-hook";
    const SHARES_BUDGET: bool = false;

    type Step = Step;
    type Evidence = Evidence;
    type Hold = HoldReason;
    type Close = CloseReason;
    type Page = PageReason;
    type Memory = Memory;

    fn scope(&self) -> Scope {
        Scope::of_group(&self.state().group)
    }

    fn pause_scopes(subject: &Subject) -> Vec<String> {
        HeldInstance::of(subject).map(|held| subject::pause_of_instance(&held.instance)).into_iter().collect()
    }

    fn lease(&self) -> SignedDuration {
        LEASE
    }

    /// The group counts what a hook holds by itself.
    fn takes_slot(&self) -> bool {
        false
    }

    /// An instance comes or goes many times a day: people hear of it only where it goes wrong, by a page or at the end.
    fn is_announced(&self) -> bool {
        false
    }

    fn announcement(&self) -> Option<String> {
        None
    }

    fn is_more(_: &Step, _: Option<&Step>) -> bool {
        false
    }

    fn intended(&mut self, Step::Hook(step): &Step, because: &[Evidence], _: Option<&Step>) {
        if step.completes() {
            let kept = self.state_mut();
            kept.completed_because = because.first().map(|Evidence::Hook(why)| why.clone());
            kept.completed_on = kept.course;
        }
    }

    fn settled(&mut self, call: &Call<'_, Step>) {
        let Step::Hook(step) = call.step;
        self.state_mut().settled(call.tried_at, call.now, step, call.outcome);
    }

    /// Its function wakes itself.
    fn held(&mut self, until: Timestamp, _: &HoldReason) -> Timestamp {
        self.state_mut().next_look = Some(until);
        until + SAFETY_NET
    }

    fn keeps_waiting(_: &HoldReason) -> bool {
        false
    }

    fn has_a_limit(_: &HoldReason, _: &Incident<Self>) -> bool {
        true
    }

    fn told(_: &HoldReason) -> Announce {
        Announce::First
    }

    fn heals(_: &HoldReason) -> Option<Heals> {
        None
    }

    fn is_untold(_: &Incident<Self>) -> bool {
        false
    }

    fn is_same_page(PageReason::LaunchesFail(_): &PageReason, PageReason::LaunchesFail(_): &PageReason) -> bool {
        true
    }

    fn covers(_: &PageReason, _: &HoldReason) -> bool {
        false
    }

    /// Between two tries of a refused completion the same trouble is no news.
    fn is_news_again(_: &Page<Self>) -> bool {
        false
    }

    fn is_recovery(_: &CloseReason) -> bool {
        false
    }

    fn is_told(CloseReason::Hook(ended): &CloseReason) -> bool {
        ended.is_news()
    }

    /// That a hook holds an instance is nothing wrong; that what is launched is never ready is.
    fn proven_at(incident: &Incident<Self>, now: Timestamp) -> Option<Timestamp> {
        let is_proof = match &incident.decision {
            Some(Decision::Page(Page::Own(PageReason::LaunchesFail(_)))) => true,
            Some(Decision::Act { because, .. }) => {
                because.iter().any(|Evidence::Hook(because)| matches!(because, Because::NotReady { .. }))
            }
            _ => false,
        };
        is_proof.then_some(now)
    }

    fn whole(&self, _: &Subject, _: &HoldReason) -> Option<Subject> {
        None
    }

    /// Whether a person or the hook's timeout let it go on can't be told.
    fn ended_by(CloseReason::Hook(ended): &CloseReason) -> Option<Actor> {
        Some(if ended.result.is_some() { Actor::Homeostat } else { Actor::Unknown })
    }
}

impl Effect for Step {
    fn respects_pauses(&self) -> bool {
        let Step::Hook(step) = self;
        step.respects_pauses()
    }

    /// A hook that was only given more time, or made ready to let go, still holds.
    fn mitigates(&self) -> bool {
        let Step::Hook(step) = self;
        step.completes()
    }

    fn keeps_held(&self) -> bool {
        let Step::Hook(step) = self;
        step.is_heartbeat()
    }
}
