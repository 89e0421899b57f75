//! What was decided and why: typed, so that a decision can be stored, compared, counted and told in words.
//!
//! Each remedy adds steps, evidence and reasons of its own ([`Kind`]). This module never decides; the remedies do.

mod own;
mod page;

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Announce, Kind, Reason};
use crate::aws::units::Unit;
use crate::budget::{Level, Shortage};
use crate::dependency::Moves;
use crate::id::Subject;
use crate::line::list;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", bound = "")]
pub enum Decision<K: Kind> {
    Act { step: K::Step, because: Vec<K::Evidence> },
    Hold { until: Timestamp, because: Hold<K> },
    Close(Close<K>),
    Page(Page<K>),
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl<K: Kind> Decision<K> {
    /// What is done, or in `watch` would be.
    pub fn step(&self) -> Option<&K::Step> {
        match self {
            Decision::Act { step, .. } | Decision::Hold { because: Hold::Watching { step, .. }, .. } => Some(step),
            Decision::Hold { .. } | Decision::Close(_) | Decision::Page(_) => None,
        }
    }

    /// Nothing is wrong, as far as the remedy can say for certain.
    pub fn nothing_wrong(why: impl Into<String>) -> Self {
        Decision::Close(Close::NothingWrong { why: why.into() })
    }
}

/// Why nothing is done now. Each is looked at again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", bound = "", remote = "Self")]
pub enum Hold<K: Kind> {
    /// Another invocation recorded an intent and may be acting until its lease ends.
    InFlight,
    /// The call's answer never came, or said "try later"; the same call is repeated only after a new look.
    OutcomeUnknown {
        why: String,
    },
    Paused {
        scope: String,
        by: String,
        reason: String,
    },
    Budget {
        taken: u32,
        slots: u32,
        #[serde(default, skip_serializing_if = "Unit::is_instances")]
        unit: Unit,
        /// Who has acted and holds a slot: the first few of them.
        holders: Vec<Subject>,
        /// How many more there are.
        #[serde(default, skip_serializing_if = "is_zero")]
        more: u32,
    },
    /// The budget above its scope has no room for it.
    SharedBudget(Shortage),
    /// What is out of the budget above its scope isn't known.
    BudgetUnread {
        why: String,
    },
    /// Something that it depends on moves: what is wrong with it may be wrong with that alone.
    Dependency(Moves),
    /// The policy says `watch`: this is what would be done.
    Watching {
        step: K::Step,
        because: Vec<K::Evidence>,
    },
    /// A step was due, and what it would have rested on was too old, or others had acted or written since.
    OutOfDate {
        why: String,
    },
    /// Recovered; it has to stay so for the dwell time.
    Proving {
        since: Timestamp,
    },
    /// The remedy's own.
    #[serde(skip)]
    Own(K::Hold),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", bound = "", remote = "Self")]
pub enum Close<K: Kind> {
    /// Fixed by Homeostat, and it stayed so for the dwell time.
    Recovered,
    /// Nothing was done, and nothing is wrong any more.
    NothingWrong { why: String },
    /// The remedy's own.
    #[serde(skip)]
    Own(K::Close),
}

/// Why a person is needed. The incident stays open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", bound = "", remote = "Self")]
pub enum Page<K: Kind> {
    Refused {
        why: String,
    },
    NotRecovered {
        within: SignedDuration,
        why: String,
    },
    /// Unhealthy beyond doubt, and something held Homeostat back for longer than the policy allows.
    Waited {
        within: SignedDuration,
        /// The names of all the holds that people were asked about, the newest last.
        holds: Vec<String>,
        why: String,
    },
    /// The budget above its scope is used up, and has been for a while: one page for all that wait for it.
    SharedBudget(Shortage),
    /// What is stored of it has come so near to what one item of the ledger may hold that nothing is begun that would add to it.
    NoRoom {
        bytes: u64,
        enough: u64,
    },
    /// The remedy's own.
    #[serde(skip)]
    Own(K::Page),
}

/// A short, fixed name for each kind of decision: what metrics, filters and dashboards go by. It never says more than the kind.
/// A name that was published once never changes: people filter and alarm by it.
impl<K: Kind> Hold<K> {
    pub fn name(&self) -> &'static str {
        match self {
            Hold::InFlight => "in-flight",
            Hold::OutcomeUnknown { .. } => "outcome-unknown",
            Hold::Paused { .. } => "paused",
            Hold::Budget { .. } => "budget",
            Hold::SharedBudget(Shortage { level: Level::Service(_), .. }) => "service-budget",
            Hold::SharedBudget(Shortage { level: Level::Account, .. }) => "account-budget",
            Hold::BudgetUnread { .. } => "budget-unread",
            Hold::Dependency(_) => "dependency",
            Hold::Watching { .. } => "watching",
            Hold::OutOfDate { .. } => "out-of-date",
            Hold::Proving { .. } => "proving",
            Hold::Own(own) => own.name(),
        }
    }

    /// What the remedy alone knows.
    pub fn own(&self) -> Option<&K::Hold> {
        match self {
            Hold::Own(own) => Some(own),
            _ => None,
        }
    }

    /// Held back although unhealthy beyond doubt, as a rule. What is not confirmed, still starting or out of service waits for the
    /// facts to change, and has no claim to a person's time.
    pub fn keeps_waiting(&self) -> bool {
        match self {
            Hold::Paused { .. } | Hold::Budget { .. } | Hold::SharedBudget(_) | Hold::BudgetUnread { .. } => true,
            Hold::Dependency(_) => true,
            Hold::InFlight
            | Hold::OutcomeUnknown { .. }
            | Hold::Watching { .. }
            | Hold::OutOfDate { .. }
            | Hold::Proving { .. } => false,
            Hold::Own(own) => K::keeps_waiting(own),
        }
    }

    /// Which of its looks people hear of.
    pub fn told(&self) -> Announce {
        match self {
            Hold::Watching { .. } => Announce::Once,
            // It is about Homeostat's own haste, and the next look comes soon.
            Hold::OutOfDate { .. } => Announce::If(false),
            Hold::InFlight
            | Hold::OutcomeUnknown { .. }
            | Hold::Paused { .. }
            | Hold::Budget { .. }
            | Hold::SharedBudget(_)
            | Hold::BudgetUnread { .. }
            | Hold::Dependency(_)
            | Hold::Proving { .. } => Announce::First,
            Hold::Own(own) => K::told(own),
        }
    }
}

impl<K: Kind> Close<K> {
    pub fn name(&self) -> &'static str {
        match self {
            Close::Recovered => "recovered",
            Close::NothingWrong { .. } => "nothing-wrong",
            Close::Own(own) => own.name(),
        }
    }
}

impl<K: Kind> Page<K> {
    pub fn name(&self) -> &'static str {
        match self {
            Page::Refused { .. } => "refused",
            Page::NotRecovered { .. } => "not-recovered",
            Page::Waited { .. } => "waited",
            Page::SharedBudget(_) => "budget-used-up",
            Page::NoRoom { .. } => "no-room",
            Page::Own(own) => own.name(),
        }
    }
}

impl<K: Kind> fmt::Display for Decision<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Decision::Act { step, because } => {
                write!(f, "act: {step}, because {}", list(because))
            }
            Decision::Hold { until, because } => write!(f, "hold until {until:.0}: {because}"),
            Decision::Close(close) => write!(f, "close: {close}"),
            Decision::Page(page) => write!(f, "page: {page}"),
        }
    }
}

impl<K: Kind> fmt::Display for Hold<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hold::InFlight => f.write_str("another invocation is acting on it"),
            Hold::OutcomeUnknown { why } => write!(f, "whether the last call took effect is unknown ({why})"),
            Hold::Paused { scope, by, reason } => write!(f, "paused for {scope} by {by}: {reason}"),
            Hold::Watching { step, because } => {
                write!(f, "only watching; would {step}, because {}", list(because))
            }
            Hold::Budget { taken, slots, unit, holders, more } => {
                write!(f, "{taken} of {slots} {unit} that may be out at once are out already")?;
                let names: Vec<&str> = holders.iter().map(Subject::name).collect();
                match more {
                    _ if names.is_empty() => Ok(()),
                    0 => write!(f, " (acted on: {})", list(&names)),
                    more => write!(f, " (acted on: {} and {more} more)", names.join(", ")),
                }
            }
            Hold::SharedBudget(shortage) => write!(f, "{shortage}"),
            Hold::BudgetUnread { why } => write!(f, "what is out of the account's budget can't be read: {why}"),
            Hold::Dependency(moves) => write!(f, "{moves}"),
            Hold::OutOfDate { why } => write!(f, "what was seen is out of date: {why}"),
            Hold::Proving { since } => write!(f, "recovered since {since:.0}, and it has to stay so for `stable-for`"),
            Hold::Own(own) => write!(f, "{own}"),
        }
    }
}

impl<K: Kind> fmt::Display for Close<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Close::Recovered => f.write_str("recovered"),
            Close::NothingWrong { why } => write!(f, "nothing to heal: {why}"),
            Close::Own(own) => write!(f, "{own}"),
        }
    }
}

impl<K: Kind> fmt::Display for Page<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Page::Refused { why } => write!(f, "AWS refused the call: {why}"),
            Page::NotRecovered { within, why } => write!(f, "not recovered within {within:#}: {why}"),
            Page::Waited { within, why, .. } => write!(f, "held back for {within:#}: {why}"),
            Page::SharedBudget(shortage) => {
                write!(f, "the budget is used up, and what waits for it is not replaced: {shortage}")
            }
            Page::NoRoom { bytes, enough } => write!(
                f,
                "with what is to be done, {bytes} bytes would be stored of it, and one item of the ledger is kept to {enough}, so nothing is \
                 done"
            ),
            Page::Own(own) => write!(f, "{own}"),
        }
    }
}
