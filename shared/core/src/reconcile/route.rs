//! Where a remedy looks because of a signal.
//!
//! This module never says which signal concerns which remedy: each decides that by itself.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::id::{InvalidId, Named, Scope, Subject};
use crate::outcome::Unavailable;
use crate::signal::{Hint, NoSignal, Order};

/// What a remedy makes of a signal that concerns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route<S> {
    /// Something may be wrong with each of these; there is at least one.
    Hints(Vec<Hint>),
    /// Something may be wrong with some of those that a survey looks at.
    Survey(S),
}

impl<S> Route<S> {
    /// Of an order about one subject, by what its own remedy reads of it; `None`: it is another remedy's.
    ///
    /// # Errors
    /// [`NoSignal::NotOurs`], or [`NoSignal::Unreadable`] where the tag is this remedy's and the id is not one.
    pub fn of_order(
        order: &Order,
        subject: &Subject,
        named: Option<Result<Named, InvalidId>>,
    ) -> Result<Self, NoSignal> {
        let about = subject.to_string();
        match named {
            Some(Ok(_)) => Ok(Route::Hints(order.hint().into_iter().collect())),
            Some(Err(error)) => Err(NoSignal::Unreadable { about, why: error.to_string() }),
            None => Err(NoSignal::NotOurs { about }),
        }
    }
}

/// What a survey looked at, and found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surveyed {
    /// The names of what was looked at.
    pub looked_at: Vec<String>,
    /// What to attend to.
    pub hints: Vec<Hint>,
    /// Whose limits bear on what is to be attended to, as far as the survey knows: by these it may wait to be looked at.
    pub scopes: BTreeMap<Subject, Scope>,
    /// What was marked as due instead of being attended to.
    pub marked: BTreeSet<Scope>,
    /// What has an open incident, which is looked at when it is due.
    pub open: Vec<Subject>,
    /// The names of what could not be read, and has to be tried again, each with the reason. It hides nothing else.
    pub failed: Vec<(String, String)>,
    /// The names of what was read in part only, each with the reason: enough to act on what was found, but not to call the rest healthy.
    pub partial: Vec<(String, String)>,
    /// What could not be asked, and so says nothing of anybody: the next survey asks it again.
    pub unread: Vec<String>,
    /// The names of what there was no time for: the next slice begins with these.
    pub put_off: Vec<String>,
    /// How many names the next slices have left to read.
    pub left: usize,
}

/// Why nothing was looked at.
#[derive(Debug)]
pub enum NotSurveyed {
    /// There is nothing to look at.
    Nothing(NoSignal),
    /// Disposition: retry. Nothing was changed, and the next survey comes by itself.
    Unavailable(Unavailable),
}

impl From<Unavailable> for NotSurveyed {
    fn from(unavailable: Unavailable) -> Self {
        NotSurveyed::Unavailable(unavailable)
    }
}

/// An owner's wake-up for itself, sooner than the sweep would send one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WakeUp {
    pub after: SignedDuration,
    /// The one look that it is for, where any other would be one too many.
    pub look: Option<Timestamp>,
}
