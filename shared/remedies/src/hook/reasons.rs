//! What is done about a held instance and why, as the frame stores it.
//!
//! This module never decides.

mod waits;

use std::fmt;

use homeostat_core::incident::Reason;
use serde::{Deserialize, Serialize};

use super::kind::HookKind;

pub use waits::{Because, Ended, HookStep, LaunchesFail, Limit, Waits};

pub(super) type About<'a> = homeostat_core::view::About<'a, HookKind>;
pub type Circumstances = homeostat_core::reconcile::Circumstances<HookKind>;
pub type Limits = homeostat_core::ports::Limits<HookKind>;
pub type Reconciled = homeostat_core::reconcile::Reconciled<HookKind>;
pub type History = homeostat_core::ports::History<HookKind>;
pub type Incident = homeostat_core::incident::Incident<HookKind>;
pub type Intent = homeostat_core::incident::Intent<Step>;
pub type Decision = homeostat_core::incident::Decision<HookKind>;
pub type Hold = homeostat_core::incident::Hold<HookKind>;
pub type Close = homeostat_core::incident::Close<HookKind>;
pub type Page = homeostat_core::incident::Page<HookKind>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Hook(Box<HookStep>),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    Hook(Because),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// A lifecycle hook holds the instance.
    Hook(Waits),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// The instance waits for its lifecycle hook no more.
    Hook(Ended),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageReason {
    /// What is launched is never ready.
    LaunchesFail(LaunchesFail),
}

impl Reason for HoldReason {
    fn name(&self) -> &'static str {
        let HoldReason::Hook(waits) = self;
        match waits {
            Waits::Unseen { .. } => "hook-unseen",
            Waits::Evidence { .. } => "hook-not-ready",
            Waits::InUse { .. } => "hook-in-use",
            Waits::Abandoning { .. } => "hook-others-abandoned",
            Waits::Others { .. } => "hook-held-by-others",
            Waits::Unread { .. } => "hook-unread",
            Waits::Settling { .. } => "hook-settling",
        }
    }
}

impl Reason for CloseReason {
    fn name(&self) -> &'static str {
        match self {
            CloseReason::Hook(_) => "hook-ended",
        }
    }
}

impl Reason for PageReason {
    fn name(&self) -> &'static str {
        match self {
            PageReason::LaunchesFail(_) => "launches-fail",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Step::Hook(step) = self;
        write!(f, "{step}")
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Evidence::Hook(because) = self;
        write!(f, "{because}")
    }
}

impl fmt::Display for HoldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HoldReason::Hook(waits) = self;
        write!(f, "{waits}")
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CloseReason::Hook(ended) = self;
        write!(f, "{ended}")
    }
}

impl fmt::Display for PageReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PageReason::LaunchesFail(fail) = self;
        write!(f, "{fail}")
    }
}
