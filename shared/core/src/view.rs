//! What may be asked of any incident by whatever shows it: messages, metrics, `status`, `ack` and `doctor`.
//!
//! This module never knows a remedy: each answers for its own incidents, and the registry finds it.

mod frame;
mod head;
mod message;
mod row;
mod words;

pub use frame::{About, ByHand};
pub use head::{Decided, Head};
pub use message::{Command, Message, Point, Severity, Sort, Story, Time};
pub use row::{Cell, Facts, Row, Table};
pub use words::{at, capitalized, some, state_word};

/// What has changed of an incident, as far as people hear of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// What its owner decided.
    Decided,
    /// Whether what its owner did took effect is not known; or it is, after that.
    Outcome,
    /// The sweep found that its owner does not answer.
    Stuck,
    /// The sweep found its deadline passed.
    Overdue,
}

/// An incident as its remedy shows it.
pub trait View {
    /// The decision that led to the newest write, in words.
    fn decision(&self) -> Option<String>;

    fn message(&self, news: News) -> Message;

    /// What `status` shows of it.
    fn row(&self) -> Row;

    /// What `status --json` holds of it besides what all incidents have.
    fn facts(&self) -> Facts;

    /// What a person looks at themselves if Homeostat does not come to an end with it.
    fn thing(&self) -> &'static str;

    /// Whether how long it took counts as the time that a heal took.
    fn is_heal(&self) -> bool;

    /// Whether people were asked about the whole scope, whatever the incident began with: who says that they know of the scope
    /// then knows of this.
    fn asks_about_scope(&self) -> bool;

    /// What an acknowledgement sets off besides ending the reminders; `of_scope`: the scope was acknowledged, not the incident
    /// alone.
    fn follows(&self, of_scope: bool) -> Vec<String>;
}
