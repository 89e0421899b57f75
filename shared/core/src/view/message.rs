//! The shape of a message: what it says, part by part.
//!
//! This module never says how a message is laid out, nor how long it may be: that is for whoever sends it.

use std::fmt;

use jiff::{SignedDuration, Unit};

use crate::incident::Note;
use crate::signal::Notice;

/// What a message says. A part that is empty says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub sort: Sort,
    /// Of whom and what, in few words: what fits a subject line.
    pub headline: String,
    /// The first sentences: what is asked of the reader, and where.
    pub summary: Vec<String>,
    /// Each set off from what stands before it.
    pub points: Vec<Point>,
    /// What holds it up at this look, where the reader was asked at an earlier one.
    pub now: Option<String>,
    /// Figures, and what else belongs to it.
    pub details: Vec<String>,
    /// How the reader says that they know.
    pub acknowledge: Option<Command>,
    /// How long it took so far.
    pub times: Vec<Time>,
    /// How the reader keeps Homeostat from going on.
    pub stop: Option<Command>,
    /// `None`: it is about no incident.
    pub story: Option<Story>,
}

impl Message {
    /// With nothing but its beginning.
    pub fn new(sort: Sort, headline: String, summary: Vec<String>) -> Self {
        Message {
            sort,
            headline,
            summary,
            points: Vec::new(),
            now: None,
            details: Vec::new(),
            acknowledge: None,
            times: Vec::new(),
            stop: None,
            story: None,
        }
    }
}

/// What a message is about, in three words: what subscriptions filter by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// `acting`, `holding`, `outcome`, `needs-you`, `reminder`, `closed`, `paused`, `resumed`.
    pub event: &'static str,
    pub severity: Severity,
    /// The kind of step, hold, page or close.
    pub reason: &'static str,
}

/// What is asked of the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// A person is needed.
    Critical,
    /// Something is wrong, and being seen to.
    Warning,
    /// Nothing: it is over, or somebody meant it so.
    Info,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Critical => "critical",
            Severity::Warning => "warning",
            Severity::Info => "info",
        }
    }
}

/// What was seen, why, what is done about it and what comes next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Point {
    /// What it began with.
    pub seen: Option<String>,
    /// Why the reader was asked at an earlier look.
    pub asked_because: Option<String>,
    pub why: Vec<String>,
    /// What is done, was tried, or would be done.
    pub done: Vec<String>,
    /// What else is known: numbers, and the state in which things are left.
    pub facts: Vec<String>,
    /// What is asked of the reader, and what happens if nobody does anything.
    pub you: Vec<String>,
    pub commands: Vec<Command>,
    pub next: Option<String>,
}

/// A command that the reader can copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    pub purpose: String,
    pub line: String,
    /// What it does besides, or does with another choice.
    pub consequences: Vec<String>,
}

impl Command {
    pub fn new(purpose: impl Into<String>, line: impl Into<String>) -> Self {
        Command { purpose: purpose.into(), line: line.into(), consequences: Vec::new() }
    }
}

/// How long something took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Time {
    pub what: String,
    pub took: SignedDuration,
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounded = self.took.round(Unit::Second).unwrap_or(self.took);
        write!(f, "{}: {rounded:#}", self.what)
    }
}

/// What is known of an incident from its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// What it began with, and when.
    pub seen: String,
    /// What AWS announced of it.
    pub notice: Option<Notice>,
    /// The alarms that spoke of it, each with what it said at the last look.
    pub alarms: Vec<String>,
    pub notes: Vec<Note>,
}
