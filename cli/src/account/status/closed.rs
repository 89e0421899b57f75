//! `status --month`: what closed in a month, newest first.
//!
//! This module never reads what is open, and never more of a closed incident than the index holds.

use homeostat_core::id::{GroupName, Subject};
use homeostat_core::incident::{Acknowledgement, Actor, HoldEnd, HoldPeriod, Month};
use homeostat_core::ports::{ClosedIncidents, ClosedPage};
use homeostat_core::view::Decided;
use homeostat_remedies::registry::AnyIncident;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::account::moment::rough;
use crate::page::{Page, Row};
use crate::report::{Failed, Report};

/// Of one answer. DynamoDB answers with 1 MB at most, which is some hundreds.
const MOST_AT_ONCE: u16 = 200;

#[derive(Debug, Serialize)]
pub(in crate::account) struct ClosedStatus {
    place: String,
    at: Timestamp,
    month: Month,
    closed: Vec<Closed>,
    #[serde(skip)]
    unreadable: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Closed {
    subject: Subject,
    /// `None`: it was about a zone.
    group: Option<GroupName>,
    /// The function that owned it.
    remedy: &'static str,
    close: Option<&'static str>,
    decision: Option<String>,
    signalled_at: Timestamp,
    opened_at: Timestamp,
    detected_at: Option<Timestamp>,
    mitigated_at: Option<Timestamp>,
    /// `None` for an incident that was not mitigated, and for one of which that is not known.
    mitigated_by: Option<Actor>,
    recovered_at: Option<Timestamp>,
    closed_at: Option<Timestamp>,
    first_paged_at: Option<Timestamp>,
    first_acknowledged: Option<Acknowledgement>,
    whole: Option<Subject>,
    holds: Vec<HoldPeriod>,
    holds_dropped: u32,
    #[serde(skip)]
    took: Took,
}

/// Each from the signal on, but for the answer, which counts from the page.
#[derive(Debug)]
struct Took {
    detect: Option<SignedDuration>,
    mitigate: Option<SignedDuration>,
    recover: Option<SignedDuration>,
    acknowledge: Option<SignedDuration>,
}

pub(in crate::account) async fn closed(
    ledger: &impl ClosedIncidents,
    place: String,
    now: Timestamp,
    month: Month,
) -> Result<ClosedStatus, Failed> {
    let mut status = ClosedStatus { place, at: now, month, closed: Vec::new(), unreadable: Vec::new() };
    let mut after = None;
    loop {
        let page: ClosedPage<AnyIncident> = ledger.closed_in(month, MOST_AT_ONCE, after.as_ref()).await?;
        status.closed.extend(page.read.iter().map(Closed::new));
        status.unreadable.extend(page.unreadable);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(status),
        }
    }
}

impl Closed {
    fn new(incident: &AnyIncident) -> Self {
        let (head, view) = (incident.head(), incident.view());
        let timeline = head.timeline.clone();
        Closed {
            subject: head.subject.clone(),
            group: head.scope.group(),
            remedy: head.remedy,
            close: head.decided.and_then(|decided| match decided {
                Decided::Close(name) => Some(name),
                Decided::Act | Decided::Hold(_) | Decided::Page(_) => None,
            }),
            decision: view.decision(),
            signalled_at: head.signalled_at,
            opened_at: head.opened_at,
            detected_at: timeline.detected_at,
            mitigated_at: head.mitigated_at,
            mitigated_by: timeline.mitigated_by,
            recovered_at: head.recovered_at,
            closed_at: head.closed_at,
            first_paged_at: timeline.paged_at,
            first_acknowledged: timeline.acknowledged,
            whole: timeline.whole,
            holds: timeline.holds,
            holds_dropped: timeline.holds_dropped,
            took: Took {
                detect: head.time_to_detect,
                mitigate: head.time_to_mitigate,
                recover: head.time_to_recover,
                acknowledge: head.time_to_acknowledge,
            },
        }
    }

    fn row(&self) -> Row {
        let after = |took: Option<SignedDuration>| took.map_or_else(|| "-".to_owned(), rough);
        let cells = vec![
            self.closed_at.map_or_else(|| "-".to_owned(), |at| at.strftime("%m-%d %H:%M").to_string()),
            self.subject.handle(),
            self.group.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
            after(self.took.detect),
            after(self.took.mitigate),
            after(self.took.recover),
        ];
        Row { cells, below: self.sentences() }
    }

    fn sentences(&self) -> Vec<String> {
        let mut sentences: Vec<String> = self.decision.iter().cloned().collect();
        sentences.extend(self.mitigated_at.map(|_| format!("mitigated by {}", by(self.mitigated_by))));
        let answered = self.first_acknowledged.as_ref().zip(self.took.acknowledge);
        sentences.extend(
            answered.map(|(word, took)| format!("acknowledged by {}, {} after the page", word.by, rough(took))),
        );
        sentences.extend(self.whole.as_ref().map(|whole| format!("counted in the incident of {}", whole.handle())));
        if self.holds_dropped > 0 {
            sentences.push(format!("{} earlier hold(s) are not shown", self.holds_dropped));
        }
        sentences.extend(self.holds.iter().map(held));
        sentences
    }
}

fn by(actor: Option<Actor>) -> &'static str {
    match actor {
        Some(Actor::Homeostat) => "Homeostat",
        Some(Actor::Aws) => "AWS or the group itself",
        Some(Actor::Person) => "somebody else",
        Some(Actor::Unknown) | None => "an unknown cause",
    }
}

/// `held for budget: 12m, 3 look(s), then acted`
fn held(hold: &HoldPeriod) -> String {
    let ended = match &hold.ended {
        Some(HoldEnd::Acted) => "acted".to_owned(),
        Some(HoldEnd::Replaced { by }) => format!("held for {by}"),
        Some(HoldEnd::Paged { page }) => format!("paged ({page})"),
        Some(HoldEnd::Closed { close, by: actor }) => format!("closed ({close}; by {})", by(Some(*actor))),
        None => "not known".to_owned(),
    };
    let lasted = rough(hold.until.duration_since(hold.since));
    format!("held for {}: {lasted}, {} look(s), then {ended}", hold.reason, hold.looks)
}

impl Report for ClosedStatus {
    fn print(&self, page: &mut Page) {
        if self.closed.is_empty() {
            page.line(&format!("{}: nothing closed in {}", self.place, self.month));
            return;
        }
        page.line(&format!("{}: {} closed in {}", self.place, self.closed.len(), self.month));
        page.space();
        let headers = ["closed (UTC)", "incident", "group", "detected", "mitigated", "recovered"];
        page.table(&headers, self.closed.iter().map(Closed::row).collect());
    }

    fn remarks(&self) -> Vec<String> {
        self.unreadable.iter().map(|why| format!("a closed incident is not shown: {why}")).collect()
    }
}

#[cfg(test)]
mod tests;
