//! What is due to be looked at because of events: one mark for each scope (a group), however many events speak of it.
//!
//! A mark is what waits in a storm: it is written by whoever takes events in and deleted by whoever looked, each conditional on the
//! version read. This module never says how a scope is looked at, and a mark never says that anything is wrong.

use std::future::Future;
use std::mem::discriminant;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{NotWritten, Unavailable};
use crate::aws::alarm::AlarmChange;
use crate::id::{AlarmArn, Scope, Subject};
use crate::incident::Kind;
use crate::resync::RESYNC_EVERY;
use crate::signal::{Hint, Notice, NoticeKind, Trigger};

/// Hints that one mark keeps. The longest that AWS's names allow are about 1 KB each, so a mark stays below half of DynamoDB's
/// 400 KB for an item.
pub const MOST_HINTS: usize = 100;

/// That a hint of a resync keeps, so that it is no longer than the others.
const MOST_ALARMS: usize = 2;

/// In which all groups of a storm get their first look.
const FIRST_LOOKS_FIRST: SignedDuration = RESYNC_EVERY;

const UNRESOLVED: &str = "unresolved";

/// As many as hold the hints of a storm over five hundred groups of twenty.
const UNRESOLVED_MARKS: u64 = 128;

/// A scope that is due, and what led there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueMark {
    pub scope: Scope,
    /// The fence of the item, as [`crate::incident::Incident::version`] is of an incident. 0: it is not stored yet.
    pub version: u64,
    /// Since when something waits.
    pub since: Timestamp,
    pub hints: Vec<DueHint>,
    /// There were more hints than it keeps, so that every member has to be looked at.
    #[serde(default, skip_serializing_if = "is_false")]
    pub all: bool,
    /// When it was last tried, and something was left or the server died: it then waits behind all that was marked before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried_at: Option<Timestamp>,
    /// When something last came of a look: the rest waits behind all that is marked within the next minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<Timestamp>,
}

/// Where to look, and why, as far as a mark keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueHint {
    pub subject: Subject,
    pub why: DueTrigger,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DueTrigger {
    /// As [`Trigger::Alarm`].
    Alarm(AlarmChange),
    /// As [`Trigger::Silence`].
    Silence(AlarmChange),
    /// As [`Trigger::Notice`].
    Notice(Notice),
    /// An alarm of the whole changed, which picks no member: all of them are looked at.
    Survey(AlarmChange),
    /// As [`Trigger::Found`], by a resync.
    Found {
        /// When it was found.
        at: Timestamp,
        since: Timestamp,
        /// The first few that spoke of it.
        alarms: Vec<AlarmArn>,
    },
}

fn is_false(value: &bool) -> bool {
    !*value
}

impl DueMark {
    /// Of a scope that is not marked yet.
    pub fn new(scope: Scope, since: Timestamp) -> Self {
        DueMark { scope, version: 0, since, hints: Vec::new(), all: false, tried_at: None, looked_at: None }
    }

    /// The scope of a hint whose own could not be asked for: one of several, so that thousands have room.
    pub fn unresolved(subject: &Subject) -> Scope {
        let sum: u64 = subject.to_string().bytes().map(u64::from).sum();
        Scope::new(UNRESOLVED, &format_args!("hints-{}", sum % UNRESOLVED_MARKS))
    }

    pub fn is_unresolved(&self) -> bool {
        self.scope.tag() == UNRESOLVED
    }

    /// Whether nothing gets lost that it can't make up for: a group's mark that is full asks for all members, and an unresolved one has
    /// none.
    pub fn has_room_for(&self, hints: &[DueHint]) -> bool {
        let is_known = |hint: &DueHint| self.hints.iter().any(|known| known.is_of_the_same(hint));
        !self.is_unresolved() || self.hints.len() + hints.iter().filter(|hint| !is_known(hint)).count() <= MOST_HINTS
    }

    /// What is served first: what is gone within minutes, then what waits longest for its first look. The rest of a mark waits longer, and
    /// not for ever. After a server died, even what is urgent waits behind the rest once it was tried: its look may be what ends them.
    pub fn turn(&self, last_server: LastServer) -> Timestamp {
        let may_have_ended_it = last_server == LastServer::Died && self.tried_at.is_some();
        if !may_have_ended_it && self.hints.iter().any(DueHint::is_urgent) {
            return Timestamp::MIN;
        }
        let next = self.looked_at.map(|looked_at| looked_at + FIRST_LOOKS_FIRST);
        self.tried_at.max(next).unwrap_or(self.since)
    }

    /// The next version of it, which its look is about to begin with.
    #[must_use]
    pub fn about_to_be_tried(&self, now: Timestamp) -> DueMark {
        DueMark { version: self.version + 1, tried_at: Some(now), ..self.clone() }
    }

    /// Whether every member has to be looked at, hinted at or not.
    pub fn asks_for_all(&self) -> bool {
        self.all || self.hints.iter().any(|hint| matches!(hint.why, DueTrigger::Survey(_)))
    }

    /// The next version of it, with these hints; `None` if it says the same already.
    #[must_use]
    pub fn with(&self, hints: &[DueHint]) -> Option<DueMark> {
        let mut next = self.clone();
        let mut is_more = false;
        for hint in hints {
            let is_full = next.hints.len() >= MOST_HINTS;
            match next.hints.iter_mut().find(|known| known.is_of_the_same(hint)) {
                Some(known) => is_more |= known.renew(hint),
                // Even where it is full already this is another version: whoever looks now began before the hint came.
                None if is_full => (next.all, is_more) = (true, true),
                None => {
                    next.hints.push(hint.clone());
                    is_more = true;
                }
            }
        }
        next.version += 1;
        is_more.then_some(next)
    }

    /// The next version of it, with nothing but what is left of it.
    #[must_use]
    pub fn left_with(&self, hints: Vec<DueHint>, all: bool) -> DueMark {
        DueMark { version: self.version + 1, hints, all, ..self.clone() }
    }
}

impl DueHint {
    /// `None`: of no event that waits in a mark.
    pub fn of(hint: &Hint) -> Option<DueHint> {
        let why = match &hint.why {
            Trigger::Alarm(change) => DueTrigger::Alarm(change.clone()),
            Trigger::Silence(change) => DueTrigger::Silence(change.clone()),
            Trigger::Notice(notice) => DueTrigger::Notice(notice.clone()),
            Trigger::Wake | Trigger::Look { .. } | Trigger::Action(_) | Trigger::Found { .. } => return None,
        };
        Some(DueHint { subject: hint.subject.clone(), why })
    }

    /// The same, or what a resync found now.
    pub fn of_resync(hint: &Hint, now: Timestamp) -> Option<DueHint> {
        let Trigger::Found { since, alarms, told_by: None } = &hint.why else { return DueHint::of(hint) };
        let alarms = alarms.iter().take(MOST_ALARMS).cloned().collect();
        Some(DueHint { subject: hint.subject.clone(), why: DueTrigger::Found { at: now, since: *since, alarms } })
    }

    /// The hint that it was made of; `None` where it asks for a look at all members.
    pub fn hint(&self) -> Option<Hint> {
        let why = match &self.why {
            DueTrigger::Alarm(change) => Trigger::Alarm(change.clone()),
            DueTrigger::Silence(change) => Trigger::Silence(change.clone()),
            DueTrigger::Notice(notice) => Trigger::Notice(notice.clone()),
            DueTrigger::Survey(_) => return None,
            DueTrigger::Found { since, alarms, .. } => {
                Trigger::Found { since: *since, alarms: alarms.clone(), told_by: None }
            }
        };
        Some(Hint { subject: self.subject.clone(), why })
    }

    /// The alarm's change that it is of.
    pub fn change(&self) -> Option<&AlarmChange> {
        match &self.why {
            DueTrigger::Alarm(change) | DueTrigger::Silence(change) | DueTrigger::Survey(change) => Some(change),
            DueTrigger::Notice(_) | DueTrigger::Found { .. } => None,
        }
    }

    /// When that came about which it tells of.
    pub fn at(&self) -> Timestamp {
        match &self.why {
            DueTrigger::Alarm(change) | DueTrigger::Silence(change) | DueTrigger::Survey(change) => change.changed_at,
            DueTrigger::Notice(notice) => notice.at,
            DueTrigger::Found { at, .. } => *at,
        }
    }

    /// An instance that EC2 takes back is gone two minutes after the warning.
    fn is_urgent(&self) -> bool {
        matches!(&self.why, DueTrigger::Notice(Notice { what: NoticeKind::Interruption { .. }, .. }))
    }

    /// Whether the newer of the two says all that is to be known.
    fn is_of_the_same(&self, other: &DueHint) -> bool {
        let is_same = match (&self.why, &other.why) {
            (DueTrigger::Notice(known), DueTrigger::Notice(new)) => {
                discriminant(&known.what) == discriminant(&new.what)
            }
            (DueTrigger::Found { .. }, DueTrigger::Found { .. }) => true,
            _ => match (self.change(), other.change()) {
                (Some(known), Some(new)) => known.speaker() == new.speaker(),
                _ => false,
            },
        };
        is_same && self.subject == other.subject
    }

    /// Takes over what is newer. Whether anything was.
    fn renew(&mut self, new: &DueHint) -> bool {
        let is_newer = match (&self.why, &new.why) {
            (DueTrigger::Notice(known), DueTrigger::Notice(new)) => known != new && new.outweighs(Some(known)),
            _ => match (self.change(), new.change()) {
                (Some(known), Some(new)) => new.changed_at > known.changed_at,
                _ => false,
            },
        };
        if is_newer {
            self.why = new.why.clone();
        }
        is_newer
    }
}

/// Marks as they were found. One that can't be read must not hide the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MarkList {
    pub marks: Vec<DueMark>,
    pub unreadable: Vec<UnreadableMark>,
}

/// What became of whoever served before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastServer {
    /// It gave its claim back, or nobody served.
    Done,
    /// Its claim ended by its time alone: it crashed, or ran out of time or memory.
    Died,
}

/// A mark that a newer version wrote, or a hand. It stays where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableMark {
    /// Its scope, as its key says.
    pub scope: String,
    pub since: Option<Timestamp>,
    pub why: String,
}

/// The marks of each remedy, and who serves them: one at a time, so that the rates of AWS's APIs are spent once.
pub trait DueMarks {
    /// Those of these scopes that are there.
    fn due_marks_of<K: Kind>(&self, scopes: &[Scope]) -> impl Future<Output = Result<MarkList, Unavailable>> + Send;

    /// All, or as many as a few pages hold.
    fn due_marks<K: Kind>(&self) -> impl Future<Output = Result<MarkList, Unavailable>> + Send;

    /// Writes it over the version before it.
    fn mark_due<K: Kind>(&self, mark: &DueMark) -> impl Future<Output = Result<(), NotWritten>> + Send;

    /// Deletes it, if it is still of that version.
    fn unmark_due<K: Kind>(&self, mark: &DueMark) -> impl Future<Output = Result<(), NotWritten>> + Send;

    /// Makes the caller the one that serves, until then. [`NotWritten::Conflict`]: somebody else is.
    fn claim_due<K: Kind>(
        &self,
        now: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<LastServer, NotWritten>> + Send;

    /// Gives back the claim until that time, or keeps it until an earlier one.
    fn release_due<K: Kind>(
        &self,
        until: Timestamp,
        rests_until: Option<Timestamp>,
    ) -> impl Future<Output = Result<(), NotWritten>> + Send;
}

#[cfg(test)]
mod tests;
