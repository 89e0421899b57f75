//! What `status` shows of one incident.
//!
//! This module never says what all incidents have in common: state, decision, and when it is looked at next.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

/// Members of the incident's JSON, by name.
pub type Facts = BTreeMap<&'static str, Value>;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// `None`: it stands in the table of all that have none of their own.
    pub table: Option<Table>,
    /// Sentences before the decision.
    pub before: Vec<String>,
    /// Sentences after it.
    pub after: Vec<String>,
}

/// A table that incidents of one kind have for themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub headers: &'static [&'static str],
    pub cells: Vec<Cell>,
    /// Where it stands among the others of the table.
    pub place: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    Text(String),
    /// Shown as the time that has passed since.
    Since(Timestamp),
}
