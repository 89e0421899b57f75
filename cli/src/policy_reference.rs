//! `policy reference`: every setting of a policy, from the very values that the parser reads by.
//!
//! This module never knows a setting: what it prints can't differ from what is accepted.

use homeostat_core::policy::{LeftOut, Row, Section};
use homeostat_remedies::policy;
use serde::Serialize;

use crate::page::Page;
use crate::report::Report;

#[derive(Debug, Serialize)]
pub(crate) struct Reference {
    tables: Vec<Table>,
}

#[derive(Debug, Serialize)]
struct Table {
    name: &'static str,
    about: &'static str,
    settings: Vec<Setting>,
}

#[derive(Debug, Serialize)]
struct Setting {
    key: &'static str,
    expected: String,
    /// As it would stand in the file.
    default: Option<String>,
    left_out: String,
    meaning: &'static str,
}

const BEGINNING: &str = "\
# policy.toml, setting by setting

What Homeostat may touch, and how far it may go. This page is printed by `homeostat policy reference` from the values by which the
policy is read; a test holds it to that. [policy.toml](../policy.toml) is a sample with all of it, and [OPERATIONS.md](OPERATIONS.md)
says how to change a deployed one.

- `homeostat policy check policy.toml` names all mistakes at once, each with its line and column. `sam build` runs it first, and
  fails if there is one. Where the file is not TOML at all, that is told alone.
- A key that is not listed here is a mistake, and so is a value out of its range.
- A *time* is a text such as \"90s\", \"5m\" or \"1h 30m\".
- *Left out* says what holds where a setting isn't there; what stands in code letters is its default.
";

pub(crate) fn reference() -> Reference {
    Reference { tables: policy::sections().into_iter().map(Table::from).collect() }
}

impl From<&'static Section> for Table {
    fn from(section: &'static Section) -> Self {
        Table { name: section.table, about: section.about, settings: section.rows().map(Setting::from).collect() }
    }
}

impl From<Row> for Setting {
    fn from(row: Row) -> Self {
        let Row { key, expected, left_out, meaning } = row;
        let (default, left_out) = match left_out {
            LeftOut::Mistake => (None, "a mistake".to_owned()),
            LeftOut::Is(value) => (Some(value.clone()), format!("`{value}`")),
            LeftOut::Means(words) => (None, words.to_owned()),
        };
        Setting { key, expected, default, left_out, meaning }
    }
}

impl Report for Reference {
    fn print(&self, page: &mut Page) {
        for line in BEGINNING.lines() {
            page.long_line(line);
        }
        for Table { name, about, settings } in &self.tables {
            let heading = if name.is_empty() { "The whole file".to_owned() } else { format!("`{name}`") };
            for line in [
                "",
                &format!("## {heading}"),
                "",
                about,
                "",
                "| setting | form | left out | meaning |",
                "|---|---|---|---|",
            ] {
                page.long_line(line);
            }
            for Setting { key, expected, left_out, meaning, .. } in settings {
                page.long_line(&format!("| `{key}` | {expected} | {left_out} | {meaning} |"));
            }
        }
    }
}

#[cfg(test)]
mod tests;
