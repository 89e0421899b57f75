//! What the frame has to know of an incident of a hosted zone.
//!
//! This module never decides where weight goes.

use homeostat_core::id::{Scope, Subject};
use homeostat_core::incident::{Actor, Announce, Call, Heals, Incident, Kind, LEASE, Page};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::drift::has_only_drifted;
use super::memory::Memory;
use super::reasons::{CloseReason, Evidence, HoldReason, PageReason, Step};
use super::state::ZoneState;
use super::subject;

/// Endpoints of a zone's weighted records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostedZoneKind {
    HostedZone(ZoneState),
}

impl HostedZoneKind {
    pub fn state(&self) -> &ZoneState {
        let HostedZoneKind::HostedZone(kept) = self;
        kept
    }

    pub fn state_mut(&mut self) -> &mut ZoneState {
        let HostedZoneKind::HostedZone(kept) = self;
        kept
    }
}

impl Kind for HostedZoneKind {
    const REMEDY: &'static str = "shift-dns";
    const SHARES_BUDGET: bool = false;

    type Step = Step;
    type Evidence = Evidence;
    type Hold = HoldReason;
    type Close = CloseReason;
    type Page = PageReason;
    type Memory = Memory;

    fn scope(&self) -> Scope {
        subject::scope(&self.state().zone)
    }

    fn pause_scopes(_: &Subject) -> Vec<String> {
        Vec::new()
    }

    fn lease(&self) -> SignedDuration {
        LEASE
    }

    /// The incident's own fence is the limit: one change at a time.
    fn takes_slot(&self) -> bool {
        false
    }

    fn is_announced(&self) -> bool {
        true
    }

    fn announcement(&self) -> Option<String> {
        None
    }

    /// Another endpoint loses weight, or the same once more.
    fn is_more(step: &Step, tried: Option<&Step>) -> bool {
        let drained = |Step::Shift(shift): &Step| shift.drained();
        let tried = tried.map(drained).unwrap_or_default();
        drained(step).into_iter().any(|endpoint| !tried.contains(&endpoint))
    }

    fn intended(&mut self, _: &Step, _: &[Evidence], unsettled: Option<&Step>) {
        if let Some(Step::Shift(tried)) = unsettled {
            self.state_mut().unsettled(tried);
        }
    }

    fn settled(&mut self, call: &Call<'_, Step>) {
        let Step::Shift(shift) = call.step;
        if call.outcome.took_effect() {
            self.state_mut().shifted(call.now, shift, call.outcome);
        }
        self.state_mut().not_taken(call.now, shift, call.outcome, call.policy);
    }

    fn held(&mut self, until: Timestamp, _: &HoldReason) -> Timestamp {
        until
    }

    /// The remedy itself keeps account of how long each endpoint waits.
    fn keeps_waiting(_: &HoldReason) -> bool {
        false
    }

    fn has_a_limit(_: &HoldReason, _: &Incident<Self>) -> bool {
        true
    }

    fn told(hold: &HoldReason) -> Announce {
        match hold {
            HoldReason::Drifted(drifted) => Announce::If(drifted.is_news()),
            HoldReason::ActionsDisabled { .. }
            | HoldReason::NotConfirmed { .. }
            | HoldReason::Propagating { .. }
            | HoldReason::Lost { .. }
            | HoldReason::Returning { .. } => Announce::First,
        }
    }

    fn heals(_: &HoldReason) -> Option<Heals> {
        None
    }

    fn is_untold(incident: &Incident<Self>) -> bool {
        has_only_drifted(incident)
    }

    fn is_same_page(page: &PageReason, last: &PageReason) -> bool {
        let (PageReason::Weights { troubles }, PageReason::Weights { troubles: last }) = (page, last);
        troubles.iter().all(|trouble| last.iter().any(|last| trouble.is_same(last)))
    }

    fn covers(_: &PageReason, _: &HoldReason) -> bool {
        false
    }

    /// Between two steps of the same return the same trouble is no news.
    fn is_news_again(page: &Page<Self>) -> bool {
        !matches!(page, Page::Own(PageReason::Weights { .. }))
    }

    fn is_recovery(close: &CloseReason) -> bool {
        match close {
            CloseReason::TakenOver { .. } => false,
        }
    }

    fn is_told(close: &CloseReason) -> bool {
        match close {
            CloseReason::TakenOver { .. } => false,
        }
    }

    /// Its first act takes weight from who was proven unhealthy.
    fn proven_at(incident: &Incident<Self>, _: Timestamp) -> Option<Timestamp> {
        let proven = incident.kind.state().proven.iter().map(|proven| proven.since);
        proven.chain(incident.acted_at).min()
    }

    /// All of its endpoints are one incident.
    fn whole(&self, _: &Subject, _: &HoldReason) -> Option<Subject> {
        None
    }

    fn ended_by(close: &CloseReason) -> Option<Actor> {
        match close {
            CloseReason::TakenOver { .. } => Some(Actor::Person),
        }
    }
}
