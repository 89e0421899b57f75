//! What `status` shows, as a value and in words.
//!
//! This module never reads anything.

use std::collections::BTreeMap;

use homeostat_core::id::{GroupName, HookName, Subject};
use homeostat_core::incident::{Acknowledgement, Alarms, Incident, State};
use homeostat_core::memory::{Abandoned, Breaker, Memory};
use homeostat_core::ports::Slots;
use homeostat_core::shell;
use jiff::Timestamp;
use serde::Serialize;

use super::held::{self, Held};
use super::zones::{self, HeldBackZone, HeldRecord};
use crate::account::moment::{at, rough};
use crate::account::pause::Shown;
use crate::page::{Page, Row};
use crate::report::Report;

#[derive(Debug, Serialize)]
pub(in crate::account) struct Status {
    pub(super) place: String,
    pub(super) at: Timestamp,
    pub(super) open: Vec<Open>,
    pub(super) pauses: Vec<Shown>,
    pub(super) groups: Vec<HeldBack>,
    pub(super) zones: Vec<HeldBackZone>,
    pub(super) remarks: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Open {
    subject: Subject,
    /// `None`: it is about a zone.
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
    /// That spoke of it, each with what it said at the last look.
    alarms: Alarms,
    records: Vec<HeldRecord>,
    /// `None`: it is about no lifecycle hook.
    held: Option<Held>,
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

impl HeldBack {
    pub(super) fn new(group: GroupName, slots: Slots, memory: Memory) -> Self {
        HeldBack {
            group,
            slots: slots.holders,
            failed_replacements: memory.failures.len(),
            breaker: memory.breaker,
            abandoned_launches: memory.abandoned,
        }
    }
}

impl Open {
    pub(super) fn new(incident: Incident, groups: &[HeldBack]) -> Self {
        let mut holders = groups.iter().map(|group| &group.slots);
        Open {
            slot_held_since: holders.find_map(|holders| holders.get(&incident.subject).copied()),
            alarms: incident.kind.alarms().cloned().unwrap_or_default(),
            records: zones::held(&incident),
            held: Held::of(&incident),
            group: incident.kind.group().cloned(),
            subject: incident.subject,
            state: incident.state,
            signalled_at: incident.signalled_at,
            opened_at: incident.opened_at,
            decision: incident.decision.as_ref().map(ToString::to_string),
            next_look: incident.wake_at,
            stuck_since: incident.stuck,
            overdue_since: incident.overdue,
            reminders: incident.reminders,
            acknowledged: incident.acknowledged,
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
            word(self.state).to_owned(),
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

    /// Among those that hooks hold; what it is held by, the others' columns don't say.
    fn held_row(&self, held: &Held, now: Timestamp) -> Row {
        let below = held.sentences().into_iter().chain(self.sentences());
        Row { cells: held.cells(word(self.state), now), below: below.collect() }
    }

    fn sentences(&self) -> Vec<String> {
        let mut sentences = vec![self.decision.clone().unwrap_or_else(|| "no decision yet".to_owned())];
        sentences.extend(self.alarms.iter().map(|spoke| format!("alarm {spoke}")));
        sentences.extend(self.records.iter().map(HeldRecord::sentence));
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

fn word(state: State) -> &'static str {
    match state {
        State::Holding => "holding",
        State::Acting => "acting",
        State::Following => "following",
        State::Verifying => "verifying",
        State::Escalated => "escalated",
        State::Closed => "closed",
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
    /// Whom lifecycle hooks hold, group by group.
    fn print_held(&self, page: &mut Page) {
        let mut held: Vec<(&Held, &Open)> =
            self.open.iter().filter_map(|open| Some((open.held.as_ref()?, open))).collect();
        held.sort_by_key(|(held, _)| held.place());
        if !held.is_empty() {
            let rows = held.into_iter().map(|(held, open)| open.held_row(held, self.at)).collect();
            page.table(&Held::HEADERS, rows);
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
            let others = self.open.iter().filter(|open| open.held.is_none());
            let rows: Vec<Row> = others.map(|open| open.row(self.at)).collect();
            let are_both = !rows.is_empty() && self.open.iter().any(|open| open.held.is_some());
            if !rows.is_empty() {
                page.table(&["incident", "group", "state", "since", "next look", "holds a slot"], rows);
            }
            if are_both {
                page.space();
            }
            self.print_held(page);
        }
        page.space();
        if self.pauses.is_empty() {
            page.line("nothing is paused");
        }
        for pause in &self.pauses {
            page.line(&format!("paused: {} {}", pause.scope, pause.words(self.at)));
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
