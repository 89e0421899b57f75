//! What `status` shows, as a value and in words.
//!
//! This module never reads anything.

use std::collections::BTreeMap;

use homeostat_core::budget::{Level, SharedBudget, Thousandths};
use homeostat_core::id::{GroupName, HookName, Subject};
use homeostat_core::incident::{Acknowledgement, State};
use homeostat_core::ports::Slots;
use homeostat_core::shell;
use homeostat_core::view::{self, Cell, Facts, Table, at, state_word};
use homeostat_remedies::hook::memory::Abandoned;
use homeostat_remedies::instance::memory::Breaker;
use homeostat_remedies::registry::AnyIncident;
use homeostat_remedies::{hook, instance, registry};
use jiff::Timestamp;
use serde::Serialize;

use super::held;
use super::zones::HeldBackZone;
use crate::account::moment::rough;
use crate::account::pause::Shown;
use crate::page::{Page, Row};
use crate::report::Report;

#[derive(Debug, Serialize)]
pub(in crate::account) struct Status {
    pub(super) place: String,
    pub(super) at: Timestamp,
    pub(super) open: Vec<Open>,
    pub(super) pauses: Vec<Shown>,
    /// `None`: nothing is out, and nothing was done within an hour.
    pub(super) budget: Option<SharedUse>,
    pub(super) groups: Vec<HeldBack>,
    pub(super) zones: Vec<HeldBackZone>,
    pub(super) remarks: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Open {
    subject: Subject,
    /// `None`: it is about no group.
    group: Option<GroupName>,
    state: State,
    signalled_at: Timestamp,
    opened_at: Timestamp,
    decision: Option<String>,
    next_look: Option<Timestamp>,
    slot_held_since: Option<Timestamp>,
    stuck_since: Option<Timestamp>,
    overdue_since: Option<Timestamp>,
    reminders: u32,
    acknowledged: Option<Acknowledgement>,
    /// What its remedy alone knows.
    #[serde(flatten)]
    facts: Facts,
    #[serde(skip)]
    row: view::Row,
}

#[derive(Debug, Serialize)]
pub(super) struct HeldBack {
    group: GroupName,
    slots: BTreeMap<Subject, Timestamp>,
    failed_replacements: usize,
    breaker: Option<Breaker>,
    /// In a row, by the hook that held them.
    abandoned_launches: BTreeMap<HookName, Vec<Abandoned>>,
}

/// What is used of the budget of all groups, in thousandths of a group's capacity.
#[derive(Debug, Serialize)]
pub(super) struct SharedUse {
    out: Thousandths,
    replaced_within_an_hour: Thousandths,
}

impl SharedUse {
    pub(super) fn of(budget: &SharedBudget, now: Timestamp) -> Option<Self> {
        let (out, replaced_within_an_hour) = budget.usage(now, &Level::Account);
        let none = Thousandths::default();
        (out > none || replaced_within_an_hour > none).then_some(SharedUse { out, replaced_within_an_hour })
    }
}

impl HeldBack {
    pub(super) fn new(
        group: GroupName,
        slots: Slots,
        memory: instance::memory::Memory,
        launches: hook::memory::Memory,
    ) -> Self {
        HeldBack {
            group,
            slots: slots.holders,
            failed_replacements: memory.failures.len(),
            breaker: memory.breaker,
            abandoned_launches: launches.abandoned,
        }
    }
}

impl Open {
    /// `slots`: of every scope.
    pub(super) fn new(incident: &AnyIncident, slots: &[Slots]) -> Self {
        let mut holders = slots.iter().map(|slots| &slots.holders);
        let (head, view) = (incident.head(), incident.view());
        Open {
            slot_held_since: holders.find_map(|holders| holders.get(head.subject).copied()),
            group: head.scope.group(),
            facts: registry::facts(&*view),
            row: view.row(),
            subject: head.subject.clone(),
            state: head.state,
            signalled_at: head.signalled_at,
            opened_at: head.opened_at,
            decision: view.decision(),
            next_look: head.wake_at,
            stuck_since: head.stuck,
            overdue_since: head.overdue,
            reminders: head.reminders,
            acknowledged: head.acknowledged.cloned(),
        }
    }

    fn row(&self, now: Timestamp) -> Row {
        let ago = |moment: Timestamp| rough(now.duration_since(moment));
        let next = match self.next_look {
            Some(next) if next > now => format!("in {}", rough(next.duration_since(now))),
            Some(_) => "due".to_owned(),
            None => "never".to_owned(),
        };
        let cells = vec![
            self.subject.handle(),
            self.group.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
            state_word(self.state).to_owned(),
            ago(self.opened_at),
            next,
            match (&self.group, self.slot_held_since) {
                (_, Some(since)) => ago(since),
                (Some(_), None) => "no".to_owned(),
                (None, None) => "-".to_owned(),
            },
        ];
        Row { cells, below: self.sentences() }
    }

    /// In a table of its remedy's, whose columns the common table doesn't have.
    fn own_row(&self, table: &Table, now: Timestamp) -> Row {
        let cell = |cell: &Cell| match cell {
            Cell::Text(text) => text.clone(),
            Cell::Since(moment) => rough(now.duration_since(*moment)),
        };
        Row { cells: table.cells.iter().map(cell).collect(), below: self.sentences() }
    }

    fn sentences(&self) -> Vec<String> {
        let mut sentences = self.row.before.clone();
        sentences.push(self.decision.clone().unwrap_or_else(|| "no decision yet".to_owned()));
        sentences.extend(self.row.after.iter().cloned());
        let marks = [("stuck: its owner does not answer", self.stuck_since), ("overdue", self.overdue_since)];
        sentences.extend(marks.into_iter().filter_map(|(mark, since)| Some(format!("{mark}, as of {}", at(since?)))));
        match &self.acknowledged {
            Some(word) => sentences.push(format!("acknowledged by {}: {}", word.by, word.reason)),
            None if self.state == State::Escalated => sentences.push(format!(
                "waits for a person ({} reminder(s) so far): homeostat ack {}",
                self.reminders,
                shell::word(&self.subject.handle())
            )),
            None => {}
        }
        sentences
    }
}

impl HeldBack {
    fn row(&self) -> Row {
        let below = self.breaker.iter().map(|breaker| {
            let from = &breaker.launched_from;
            let source = if from.is_unknown() { String::new() } else { format!(" of {from}") };
            format!(
                "{} replacements{source} failed: homeostat ack {}",
                breaker.failures,
                shell::word(&format!("group#{}", self.group))
            )
        });
        let open = self
            .breaker
            .as_ref()
            .map_or_else(|| "closed".to_owned(), |breaker| format!("open since {}", at(breaker.since)));
        let cells =
            vec![self.group.to_string(), self.slots.len().to_string(), self.failed_replacements.to_string(), open];
        let abandoned =
            self.abandoned_launches.iter().flat_map(|(hook, by_source)| by_source.iter().map(move |of| (hook, of)));
        let abandoned = abandoned.filter(|(_, of)| !of.instances.is_empty());
        let abandoned = abandoned.map(|(hook, abandoned)| held::abandoned(&self.group, hook, abandoned));
        Row { cells, below: below.chain(abandoned).collect() }
    }
}

impl Status {
    fn print_open(&self, page: &mut Page) {
        let others = self.open.iter().filter(|open| open.row.table.is_none());
        let rows: Vec<Row> = others.map(|open| open.row(self.at)).collect();
        let mut tables = Vec::new();
        if !rows.is_empty() {
            tables.push((&["incident", "group", "state", "since", "next look", "slot"][..], rows));
        }
        let own = self.open.iter().filter_map(|open| Some((open.row.table.as_ref()?, open)));
        let mut own: Vec<(&Table, &Open)> = own.collect();
        own.sort_by_key(|(table, _)| (table.headers, &table.place));
        for alike in own.chunk_by(|(one, _), (other, _)| one.headers == other.headers) {
            let rows = alike.iter().map(|(table, open)| open.own_row(table, self.at)).collect();
            tables.extend(alike.first().map(|(table, _)| (table.headers, rows)));
        }
        for (number, (headers, rows)) in tables.into_iter().enumerate() {
            if number > 0 {
                page.space();
            }
            page.table(headers, rows);
        }
    }
}

impl Report for Status {
    fn print(&self, page: &mut Page) {
        if self.open.is_empty() {
            page.line(&format!("{}: nothing is open", self.place));
        } else {
            page.line(&format!("{}: {} open", self.place, self.open.len()));
            page.space();
            self.print_open(page);
        }
        page.space();
        if self.pauses.is_empty() {
            page.line("nothing is paused");
        }
        for pause in &self.pauses {
            page.line(&format!("paused: {} {}", pause.scope, pause.words(self.at)));
        }
        if let Some(SharedUse { out, replaced_within_an_hour: done }) = &self.budget {
            page.space();
            page.line(&format!("budget of all groups: {out} groups out, {done} replaced within an hour"));
        }
        if !self.groups.is_empty() {
            page.space();
            let rows = self.groups.iter().map(HeldBack::row).collect();
            page.table(&["group", "slots taken", "failed replacements", "breaker"], rows);
        }
        if !self.zones.is_empty() {
            page.space();
            page.table(&HeldBackZone::HEADERS, self.zones.iter().map(HeldBackZone::row).collect());
        }
    }

    fn remarks(&self) -> Vec<String> {
        self.remarks.clone()
    }
}

#[cfg(test)]
mod tests;
