//! Which change of an item people want to hear of.
//!
//! This module never tells a change of an incident that the incident, or the sweep, does not mark as worth telling.

use homeostat_core::incident::Doubt;
use homeostat_core::view::{Decided, Head};
use homeostat_remedies::registry::AnyIncident;

use crate::batch::Record;
use crate::change::Change;
use crate::pauses::Pause;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum News {
    /// What its owner decided.
    Decided(Box<AnyIncident>),
    /// Whether what its owner did took effect is not known; or it is, after that.
    Outcome(Box<AnyIncident>),
    /// The sweep found that its owner does not answer.
    Stuck(Box<AnyIncident>),
    /// The sweep found its deadline passed.
    Overdue(Box<AnyIncident>),
    /// A person set a pause, or changed one.
    Paused(Pause),
    /// A person lifted a pause before its end.
    Resumed(Pause),
    /// There is news, and this version can't read it.
    Unreadable { key: String, id: String, why: String },
}

impl News {
    pub(crate) fn incident(&self) -> Option<&AnyIncident> {
        match self {
            News::Decided(incident) | News::Outcome(incident) | News::Stuck(incident) | News::Overdue(incident) => {
                Some(incident)
            }
            News::Paused(_) | News::Resumed(_) | News::Unreadable { .. } => None,
        }
    }
}

/// The news of a change, if it is any: its `notify_seq` grew, the sweep marked it, or it is the closed item (which is written
/// once) of an incident whose end people want to hear of.
///
/// The sweep leaves `notify_seq` alone, since an owner may write at the same time: its marks are compared by themselves.
pub(crate) fn news(change: &Change, record: &Record) -> Option<News> {
    let incident = match &change.after {
        Ok(incident) => Box::new(incident.clone()),
        Err(why) => return is_told_unread(change).then(|| unreadable(record, why)),
    };
    if change.is_closed() {
        is_end_told(&incident.head()).then_some(News::Decided(incident))
    } else if change.is_marked_as_news() {
        Some(if is_outcome(change, &incident.head()) { News::Outcome(incident) } else { News::Decided(incident) })
    } else if change.is_marked("stuck") {
        Some(News::Stuck(incident))
    } else if change.is_marked("overdue") {
        Some(News::Overdue(incident))
    } else {
        None
    }
}

pub(crate) fn unreadable(record: &Record, why: &str) -> News {
    News::Unreadable { key: record.name().to_owned(), id: record.id.clone(), why: why.to_owned() }
}

/// While a new version is deployed, its items may be written before this function is replaced.
fn is_told_unread(change: &Change) -> bool {
    change.is_marked_as_news() || change.is_marked("stuck") || change.is_marked("overdue")
}

/// Whoever heard that it is overdue hears how it ended.
fn is_end_told(incident: &Head<'_>) -> bool {
    incident.is_told_at_the_end || incident.overdue.is_some()
}

/// Its doubt is what has changed.
fn is_outcome(change: &Change, incident: &Head<'_>) -> bool {
    let is_told = matches!(incident.doubt, Some(Doubt::Told | Doubt::Settled));
    // A page says all, and would be lost behind it.
    let is_page = matches!(incident.decided, Some(Decided::Page(_)));
    is_told && !is_page && change.before.as_ref().is_some_and(|before| before.head().doubt != incident.doubt)
}

#[cfg(test)]
pub(crate) mod made {
    //! News of incidents of any remedy.

    use super::{AnyIncident, News};

    pub(crate) fn decided(incident: impl Into<AnyIncident>) -> News {
        News::Decided(Box::new(incident.into()))
    }

    pub(crate) fn outcome(incident: impl Into<AnyIncident>) -> News {
        News::Outcome(Box::new(incident.into()))
    }

    pub(crate) fn stuck(incident: impl Into<AnyIncident>) -> News {
        News::Stuck(Box::new(incident.into()))
    }

    pub(crate) fn overdue(incident: impl Into<AnyIncident>) -> News {
        News::Overdue(Box::new(incident.into()))
    }
}

#[cfg(test)]
mod tests;
