//! A short, fixed name for each kind of decision: what metrics, filters and dashboards go by.
//!
//! This module never says more than the kind. A name that was published once never changes: people filter and alarm by it.

use super::{Close, Hold, Page};
use crate::hook::said::Waits;
use crate::zone::said::Trouble;

impl Hold {
    pub fn name(&self) -> &'static str {
        match self {
            Hold::InFlight => "in-flight",
            Hold::OutcomeUnknown { .. } => "outcome-unknown",
            Hold::Paused { .. } => "paused",
            Hold::ActionsDisabled { .. } => "actions-disabled",
            Hold::NotConfirmed { .. } => "not-confirmed",
            Hold::Grace { .. } => "grace",
            Hold::NotInService { .. } => "not-in-service",
            Hold::Protected => "protected",
            Hold::GroupReplaces { .. } => "group-replaces",
            Hold::Foretold { .. } => "foretold",
            Hold::Suspended { .. } => "suspended",
            Hold::Refreshing { .. } => "refreshing",
            Hold::TooManySick(_) => "too-many-sick",
            Hold::GroupState(state) => state.name(),
            Hold::GroupMissing { .. } => "group-missing",
            Hold::Budget { .. } => "budget",
            Hold::Cooldown { .. } => "cooldown",
            Hold::BreakerOpen { .. } => "breaker-open",
            Hold::Watching { .. } => "watching",
            Hold::Recovering { .. } => "recovering",
            Hold::NotReplaced { .. } => "not-replaced",
            Hold::Proving { .. } => "proving",
            Hold::Propagating { .. } => "propagating",
            Hold::Lost { .. } => "lost",
            Hold::Returning { .. } => "returning",
            Hold::Drifted(_) => "drifted",
            Hold::Hook(Waits::Unseen { .. }) => "hook-unseen",
            Hold::Hook(Waits::Evidence { .. }) => "hook-not-ready",
            Hold::Hook(Waits::InUse { .. }) => "hook-in-use",
            Hold::Hook(Waits::Abandoning { .. }) => "hook-others-abandoned",
            Hold::Hook(Waits::Others { .. }) => "hook-held-by-others",
            Hold::Hook(Waits::Unread { .. }) => "hook-unread",
            Hold::Hook(Waits::Settling { .. }) => "hook-settling",
        }
    }
}

impl Page {
    pub fn name(&self) -> &'static str {
        match self {
            Page::Refused { .. } => "refused",
            Page::NotRecovered { .. } => "not-recovered",
            Page::NotInPolicy { .. } => "not-in-policy",
            Page::Waited { .. } => "waited",
            Page::GroupStalled { .. } => "group-stalled",
            Page::ReplacementsFail { .. } => "replacements-fail",
            Page::TooManySick(_) => "too-many-sick",
            Page::TargetGroupGone(_) => "target-group-gone",
            Page::Weights { troubles } => troubles.first().map_or("weights", Trouble::name),
            Page::LaunchesFail(_) => "launches-fail",
        }
    }
}

impl Close {
    pub fn name(&self) -> &'static str {
        match self {
            Close::Recovered => "recovered",
            Close::LeftByItself => "left-by-itself",
            Close::NothingWrong { .. } => "nothing-wrong",
            Close::TakenOver { .. } => "taken-over",
            Close::Hook(_) => "hook-ended",
        }
    }
}

impl Trouble {
    pub fn name(&self) -> &'static str {
        match self {
            Trouble::NoTarget { .. } => "no-target",
            Trouble::Partly { .. } => "partly",
            Trouble::Changed { .. } => "changed",
            Trouble::Unfit { .. } => "unfit",
            Trouble::Latched { .. } => "latched",
            Trouble::StillReduced { .. } => "still-reduced",
            Trouble::NotInPolicy { .. } => "not-in-policy",
            Trouble::NotInSync { .. } => "not-in-sync",
            Trouble::Refused { .. } => "refused",
            Trouble::Waited { .. } => "waited",
        }
    }
}
