//! What is said of every remedy's incidents alike: that AWS's answer is not known, that the owner does not answer, that it is late;
//! that a person is needed.
//!
//! This module never says that nothing happened where AWS didn't say so, and never what a person can do about one remedy's subjects.
//! The ordinary outcome has no message of its own: the opening was sent a second before it, and the next message says it. A refusal
//! is a page.

use super::message::{Command, Message, Point, Severity, Sort, Time};
use crate::incident::{Decision, Doubt, Incident, Intent, Kind, Page, State};
use crate::shell;

/// An incident with its names.
pub struct About<'a, K: Kind> {
    pub incident: &'a Incident<K>,
    /// What fits a subject line.
    pub short: String,
    pub long: String,
}

/// What a person can do where Homeostat doesn't.
#[derive(Default)]
pub struct ByHand {
    pub you: Vec<String>,
    pub commands: Vec<Command>,
}

impl<K: Kind> About<'_, K> {
    /// `step`: the name of the kind of step that it takes, if it acts.
    pub fn sort(&self, step: &'static str) -> Sort {
        let Incident { state, decision, paged_because, .. } = self.incident;
        let warning = |event, reason| Sort { event, severity: Severity::Warning, reason };
        match decision {
            Some(Decision::Act { .. }) => warning("acting", step),
            Some(Decision::Hold { because, .. }) if *state == State::Escalated => {
                self.asks(paged_because.as_ref().map_or(because.name(), Page::name))
            }
            Some(Decision::Hold { because, .. }) => warning("holding", because.name()),
            Some(Decision::Page(page)) => self.asks(page.name()),
            Some(Decision::Close(close)) => Sort { event: "closed", severity: Severity::Info, reason: close.name() },
            None => warning("holding", "undecided"),
        }
    }

    fn asks(&self, reason: &'static str) -> Sort {
        let event = if self.incident.reminders > 0 { "reminder" } else { "needs-you" };
        Sort { event, severity: Severity::Critical, reason }
    }

    pub fn undecided(&self, sort: Sort) -> Message {
        Message::new(sort, format!("opened: {}", self.short), vec![format!("{}: no decision yet.", self.long)])
    }

    /// How urgent it is, for the subject line; and the first sentence.
    pub fn needs_you(&self, what: &str) -> (&'static str, String) {
        match self.incident.reminders {
            0 => ("NEEDS YOU", format!("Homeostat needs you: {what}.")),
            count => ("STILL NEEDS YOU", format!("Reminder {count}: Homeostat still needs you: {what}.")),
        }
    }

    pub fn acknowledge(&self) -> Command {
        let named = shell::word(&self.incident.subject.in_any_region());
        Command::new("To end the reminders", format!("homeostat ack {named} --reason …"))
    }

    /// From the signal to the moment when the trouble was out of the way, and to the moment when all was as before.
    pub fn took(&self, mitigated: &str, recovered: &str) -> Vec<Time> {
        let mitigate = (format!("Time to mitigate (signal to {mitigated})"), self.incident.time_to_mitigate());
        let recover = (format!("Time to recover (signal to {recovered})"), self.incident.time_to_recover());
        [mitigate, recover].into_iter().filter_map(|(what, took)| Some(Time { what, took: took? })).collect()
    }

    pub fn outcome(&self) -> Message {
        let (tried, outcome) = last_call(self.incident.intent.as_ref());
        let sort = |severity, reason| Sort { event: "outcome", severity, reason };
        let done = vec![format!("What it tried: {tried}."), format!("AWS: {outcome}.")];
        let About { short, long, .. } = self;
        if self.incident.doubt == Some(Doubt::Settled) {
            let next = "it goes on watching, and tells you when all is well, or if it isn't in time.";
            let summary = format!("What Homeostat tried about {long} took effect after all.");
            return Message {
                points: vec![Point { done, next: Some(next.to_owned()), ..Point::default() }],
                ..Message::new(sort(Severity::Info, "took-effect"), format!("took effect: {short}"), vec![summary])
            };
        }
        let you = "You: nothing yet, unless AWS itself has trouble (AWS Health).".to_owned();
        let next =
            "it looks again before each further try, and tells you once it took effect, or if it doesn't in time.";
        let summary = format!("Homeostat doesn't know whether its call about {long} took effect. It tried twice.");
        Message {
            points: vec![Point { done, you: vec![you], next: Some(next.to_owned()), ..Point::default() }],
            ..Message::new(
                sort(Severity::Warning, "outcome-unknown"),
                format!("outcome unknown: {short}"),
                vec![summary],
            )
        }
    }

    pub fn stuck(&self, by_hand: ByHand) -> Message {
        let wakes = self.incident.wakes;
        let why = format!("{wakes} wake-ups were sent, and the function that owns the incident wrote nothing");
        let next = "it is woken every five minutes, and goes on from where it was once it answers.";
        let summary = format!("Homeostat itself needs you: nobody attends to {}.", self.long);
        Message {
            points: vec![by_hand.point(why, next)],
            ..Message::new(found("stuck"), format!("NEEDS YOU: stuck on {}", self.short), vec![summary])
        }
    }

    pub fn overdue(&self, by_hand: ByHand, next: &str) -> Message {
        let why = "its time to recover is over; its owner still looks at it, and neither closes it nor asks for you";
        let summary = format!("Homeostat itself needs you: it does not come to an end with {}.", self.long);
        Message {
            points: vec![by_hand.point(why.to_owned(), next)],
            ..Message::new(found("overdue"), format!("NEEDS YOU: overdue: {}", self.short), vec![summary])
        }
    }
}

impl ByHand {
    fn point(self, why: String, next: &str) -> Point {
        let ByHand { you, commands } = self;
        Point { why: vec![why], you, commands, next: Some(next.to_owned()), ..Point::default() }
    }
}

/// By the sweep.
fn found(reason: &'static str) -> Sort {
    Sort { event: "needs-you", severity: Severity::Critical, reason }
}

fn last_call<S: std::fmt::Display>(intent: Option<&Intent<S>>) -> (String, String) {
    let tried = intent.map_or_else(|| "not recorded".to_owned(), |intent| intent.step.to_string());
    let outcome = intent.and_then(|intent| intent.outcome.as_ref());
    (tried, outcome.map_or_else(|| "no answer".to_owned(), ToString::to_string))
}
