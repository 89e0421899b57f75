//! The engine that reads a policy: tables and settings with their places, forms of values, and all mistakes at once.
//!
//! This module never knows which tables there are: each remedy has its own, and the caller hands them in.

pub mod budget;
pub mod dependencies;
pub mod document;
pub mod forms;
pub mod lists;
pub mod names;
pub mod pattern;
pub mod section;
pub mod setting;

use std::fmt;

use jiff::SignedDuration;

use crate::aws::record::RecordType;
pub use budget::{Budget, GroupsBudget};
pub use document::Mistake;
use document::Table;
use forms::Time;
pub use pattern::Pattern;
pub use section::{Row, Section};
pub use setting::LeftOut;
use setting::Usual;

/// Whether Homeostat acts, or only says what it would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Act,
    Watch,
}

pub const MODES: &[(&str, Mode)] = &[("act", Mode::Act), ("watch", Mode::Watch)];

/// A parameter of the template that belongs to a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    pub name: &'static str,
    pub value: String,
}

impl Parameter {
    /// With commas between the values, as CloudFormation has lists.
    pub fn list(name: &'static str, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let values: Vec<String> = values.into_iter().map(Into::into).collect();
        Parameter { name, value: values.join(",") }
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.value)
    }
}

/// A time that makes no sense beyond another.
pub fn at_most(
    table: &Table<'_>,
    (setting, time): (&Usual<Time>, SignedDuration),
    (other, limit): (&Usual<Time>, SignedDuration),
) {
    if time > limit {
        let shown = |time| format!("\"{time:#}\"");
        table.contradiction((setting.key, &shown(time)), "longer than", (other.key, &shown(limit)));
    }
}

/// A name with a CNAME has nothing else.
pub fn alone_if_cname(table: &Table<'_>, kinds: &[RecordType]) {
    if kinds.len() > 1 && kinds.contains(&RecordType::Cname) {
        table.mistake("type", "has \"CNAME\" beside another: a name with a CNAME has no other records");
    }
}
