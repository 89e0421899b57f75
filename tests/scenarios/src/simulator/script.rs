//! Which of the things that befall a history may befall it: all of them, or only some, when it is told again to find out which of
//! them it takes to break a rule.
//!
//! This module never makes anything happen.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::occasions::{Book, Occasions};

/// A name for one disturbance or fault of a seed, whatever else befalls its history.
pub type Fall = u64;

/// A disturbance or fault, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Befell {
    pub fall: Fall,
    pub at: Timestamp,
    pub what: String,
}

#[derive(Debug, Clone, Default)]
enum Part {
    #[default]
    Whole,
    /// All of it, and each throw is noted.
    Noted,
    Only(Arc<Book>, BTreeSet<Fall>),
}

#[derive(Debug, Clone, Default)]
pub struct Script {
    part: Part,
    /// The storm is over by then.
    calm_after: Option<SignedDuration>,
    logs: bool,
    measures: bool,
    has_nobody: bool,
}

impl Script {
    /// The whole history, with what it takes to tell a part of it.
    #[must_use]
    pub fn noted() -> Self {
        Script { part: Part::Noted, ..Script::default() }
    }

    /// Nothing but these befalls the history of which that was noted.
    #[must_use]
    pub fn only(book: &Arc<Book>, falls: impl IntoIterator<Item = Fall>) -> Self {
        Script { part: Part::Only(Arc::clone(book), falls.into_iter().collect()), ..Script::default() }
    }

    #[must_use]
    pub fn calm_after(self, lasts: Option<SignedDuration>) -> Self {
        Script { calm_after: lasts, ..self }
    }

    #[must_use]
    pub fn logged(self, logs: bool) -> Self {
        Script { logs, ..self }
    }

    /// It is no longer than what it is to be held against, and no rule ends it.
    #[must_use]
    pub fn measured(self) -> Self {
        Script { measures: true, ..self }
    }

    /// None of Homeostat's functions is ever invoked.
    #[must_use]
    pub fn with_nobody(self) -> Self {
        Script { has_nobody: true, ..self }
    }

    pub(super) fn measures(&self) -> bool {
        self.measures
    }

    pub(super) fn has_nobody(&self) -> bool {
        self.has_nobody
    }

    pub(super) fn logs(&self) -> bool {
        self.logs
    }

    /// `None` = no throw is noted, and the history is as quick as it can be.
    pub(super) fn occasions(&self) -> Option<Occasions> {
        match &self.part {
            Part::Whole => None,
            Part::Noted => Some(Occasions::default()),
            Part::Only(book, _) => Some(Occasions::of(Arc::clone(book))),
        }
    }

    pub(super) fn lets(&self, fall: Fall) -> bool {
        match &self.part {
            Part::Whole | Part::Noted => true,
            Part::Only(_, only) => only.contains(&fall),
        }
    }

    pub(super) fn lasts(&self, drawn: SignedDuration) -> SignedDuration {
        self.calm_after.map_or(drawn, |lasts| lasts.min(drawn))
    }
}
