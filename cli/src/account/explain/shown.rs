//! What `explain` found, for people and for machines.
//!
//! This module never leaves out a record that could not be read.

use homeostat_core::json::Malformed;
use homeostat_core::reconcile::Rung;
use homeostat_core::signal::{Parsed, Signal};
use jiff::Timestamp;
use serde::Serialize;

use crate::page::{Page, Row};
use crate::report::{Report, Verdict};

#[derive(Debug, Serialize)]
pub(in crate::account) struct Explained {
    /// Where it was looked; `None` = nowhere.
    pub(super) place: Option<String>,
    pub(super) records: Vec<Record>,
}

#[derive(Debug, Serialize)]
pub(super) struct Record {
    #[serde(flatten)]
    pub(super) read: Read,
    pub(super) looks: Vec<Look>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(super) enum Read {
    Signal {
        key: String,
        at: Option<Timestamp>,
        account: Option<String>,
        region: Option<String>,
        condition: String,
        evidence: Vec<String>,
        about: String,
    },
    Ignored {
        why: String,
    },
    Malformed {
        path: String,
        got: String,
        expected: String,
    },
}

#[derive(Debug, Serialize)]
pub(super) struct Look {
    pub(super) function: &'static str,
    pub(super) subject: Option<String>,
    /// Of the incident that is open already.
    pub(super) open_since: Option<Timestamp>,
    pub(super) rungs: Vec<Rung>,
    pub(super) decision: String,
    /// What would be done.
    pub(super) plan: Option<String>,
}

impl Look {
    pub(super) fn nobody(function: &'static str, why: String) -> Self {
        Look {
            function,
            subject: None,
            open_since: None,
            rungs: Vec::new(),
            decision: format!("nothing: {why}"),
            plan: None,
        }
    }
}

impl Read {
    pub(super) fn of(parsed: &Result<Parsed, Malformed>) -> Self {
        match parsed {
            Err(Malformed { path, got, expected }) => {
                Read::Malformed { path: path.clone(), got: got.clone(), expected: expected.clone() }
            }
            Ok(Parsed::Ignored(why)) => Read::Ignored { why: why.to_string() },
            Ok(Parsed::Signal(Signal { key, at, account, region, fact, evidence })) => Read::Signal {
                key: key.to_string(),
                at: *at,
                account: account.as_ref().map(ToString::to_string),
                region: region.as_ref().map(ToString::to_string),
                condition: fact.to_string(),
                evidence: evidence.clone(),
                about: fact.about(),
            },
        }
    }

    fn print(&self, page: &mut Page) {
        match self {
            Read::Malformed { path, got, expected } => {
                page.line(&format!("malformed: {path} is {got}, expected {expected}"));
            }
            Read::Ignored { why } => page.line(&format!("ignored: {why}")),
            Read::Signal { key, at, account, region, condition, evidence, about } => {
                page.line(&format!("a signal: {condition}"));
                let at = at.map(|at| format!("{at:.3}"));
                let facts = [
                    ("key", Some(key)),
                    ("at", at.as_ref()),
                    ("account", account.as_ref()),
                    ("Region", region.as_ref()),
                ];
                let told = facts.into_iter().filter_map(|(name, fact)| Some((name, fact?)));
                let said = evidence.iter().map(|said| ("it says", said));
                let rows = told.chain(said).chain([("about", about)]);
                page.table(&["", ""], rows.map(|(name, fact)| row([name.to_owned(), fact.clone()])).collect());
            }
        }
    }
}

fn row<const N: usize>(cells: [String; N]) -> Row {
    Row { cells: cells.into(), below: Vec::new() }
}

impl Look {
    fn print(&self, page: &mut Page) {
        page.space();
        let subject = self.subject.as_ref().map_or_else(String::new, |subject| format!(": {subject}"));
        page.line(&format!("{}{subject}", self.function));
        match self.open_since {
            Some(since) => page.line(&format!("its incident is open since {since:.0}")),
            None if self.subject.is_some() => page.line("it has no open incident"),
            None => {}
        }
        let rung = |rung: &Rung| {
            let passed = match rung.passed {
                Some(true) => "yes",
                Some(false) => "NO",
                None => "-",
            };
            row([passed.to_owned(), rung.name.to_owned(), rung.by.clone()])
        };
        if !self.rungs.is_empty() {
            page.table(&["", "rung", "goes by"], self.rungs.iter().map(rung).collect());
        }
        page.line(&format!("decision: {}", self.decision));
        page.line(&format!("plan: {}", self.plan.as_deref().unwrap_or("nothing is changed")));
    }
}

impl Report for Explained {
    fn print(&self, page: &mut Page) {
        for (number, record) in self.records.iter().enumerate() {
            if self.records.len() > 1 {
                page.line(&format!("record {}", number + 1));
            }
            record.read.print(page);
            for look in &record.looks {
                look.print(page);
            }
            page.space();
        }
        match &self.place {
            Some(place) => page.line(&format!("{place}: looked at, and nothing was changed")),
            None => page.line("no account was asked"),
        }
    }

    fn verdict(&self) -> Verdict {
        let is_malformed = |record: &Record| matches!(record.read, Read::Malformed { .. });
        if self.records.iter().any(is_malformed) { Verdict::Amiss } else { Verdict::Fine }
    }
}
