//! When two changes may be on their way at once: the zone has two names, and nobody answered the batch for the one.

use std::collections::{BTreeMap, BTreeSet};

use homeostat_core::aws::record::{RecordKey, RecordType, Routing, Weight, reweighted};
use homeostat_remedies::hosted_zone::generation::Generation;
use homeostat_remedies::hosted_zone::shift::{Move, Shift};
use homeostat_remedies::policy::{self, Policy};
use jiff::Timestamp;
use world::Author;

use super::*;
use crate::simulator::dns::View;
use crate::simulator::dns::heard::Unread;
use crate::simulator::dns::truth::Truth;

const ZONE: &str = "Z0123456789ABCDEFGHIJ";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn key(name: &str) -> RecordKey {
    RecordKey { name: name.parse().unwrap(), kind: RecordType::A }
}

fn policy() -> Policy {
    let record = |name: &str| {
        let endpoint = |id: &str| {
            let alarm = format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{id}");
            format!(
                "[[shift-dns.record.endpoint]]\nid = \"{id}\"\nalarms = [\"{alarm}-failing\"]\ncanaries = [\"{alarm}-canary\"]\n"
            )
        };
        let record = format!("[[shift-dns.record]]\nhosted-zone = \"{ZONE}\"\nname = \"{name}\"\ntype = \"A\"\n");
        let judged = "evidence = [\"alarm\"]\nproof = [\"canary\"]\n";
        format!("{record}{judged}{}{}", endpoint("blue"), endpoint("green"))
    };
    let text = format!("schema = 1\n[shift-dns]\n{}{}", record("www.example.com"), record("api.example.com"));
    policy::parse(&text).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

fn sets(name: &str) -> Vec<RecordSet> {
    let set = |(id, weight): (&str, Weight)| RecordSet {
        name: name.parse().unwrap(),
        kind: "A".to_owned(),
        routing: Routing::Weighted { identifier: id.parse().unwrap(), weight },
        ttl: Some(60),
        values: vec!["192.0.2.1".to_owned()],
        alias: None,
        health_check: None,
        traffic_policy: None,
    };
    [("blue", 70), ("green", 30)].map(set).to_vec()
}

/// Drains blue.
fn shift(name: &str, decided_at: Timestamp) -> Shift {
    let after = [("blue", 0), ("green", 30)].map(|(id, weight)| (id.parse().unwrap(), weight));
    let moved = Move {
        key: key(name),
        before: sets(name),
        after: after.into(),
        reduced: BTreeMap::new(),
        partly: false,
        in_steps: false,
        fence: None,
        generation: Generation::after(None, decided_at),
    };
    Shift { zone: ZONE.parse().unwrap(), moves: vec![moved] }
}

/// As it applied, on its way for half a minute.
fn change(shift: &Shift, applied_at: Timestamp) -> ZoneChange {
    let batch = shift.batch().unwrap();
    let after = |moved: &Move| reweighted(&moved.before, &moved.after);
    ZoneChange {
        id: format!("C{}", applied_at.as_second()),
        at: applied_at,
        in_sync_at: applied_at + jiff::SignedDuration::from_secs(30),
        by: Author::Homeostat,
        asked: batch.create.clone(),
        before: batch.delete,
        after: shift
            .moves
            .iter()
            .flat_map(after)
            .chain(batch.create.into_iter().filter(|it| it.kind == "TXT"))
            .collect(),
    }
}

/// The same, where a generation was there before.
fn follows(mut shift: Shift, before: &Generation) -> Shift {
    for moved in &mut shift.moves {
        moved.fence = Some(before.fence(&moved.key.name).unwrap());
        moved.generation = Generation::after(Some(before), moved.generation.at);
    }
    shift
}

struct History {
    /// Of api.example.com, from its decision to when it applied.
    before: (Timestamp, Timestamp),
    is_read: bool,
    is_told: bool,
    /// Whether api.example.com had a generation before that.
    had_generation: bool,
    /// When somebody deleted the one that it brought.
    deleted: Option<Timestamp>,
    /// Whether a look found it before that.
    is_found: bool,
}

/// What the rule says of a change of www.example.com, decided at 430 and applied at 436.
fn judged(history: &History) -> Result<(), String> {
    let (decided_at, applied_at) = history.before;
    let mut first = shift("api.example.com", decided_at);
    if history.had_generation {
        first = follows(first, &Generation::after(None, at(-86400)));
    }
    let last = change(&first, applied_at);
    let told = if history.is_told { BTreeSet::from([last.id.clone()]) } else { BTreeSet::new() };
    let next = shift("www.example.com", at(430));
    let missing = if history.is_read { BTreeSet::new() } else { BTreeSet::from([key("api.example.com").name]) };
    let unread = Unread::default();
    unread.note(&next, &missing);
    let mut annals = Annals { last: Some(last.clone()), told, ..Annals::default() };
    let now = last.after.iter().filter(|set| set.kind != "TXT" || history.deleted.is_none());
    annals.now.insert(key("api.example.com"), now.cloned().collect());
    annals.edited.extend(history.deleted.map(|at| (key("api.example.com"), at)));
    if history.is_found {
        // It may be closed, or answered, since then.
        annals.found.extend(first.moves.iter().map(|moved| moved.generation.clone()));
    }
    let view = View::default();
    is_alone(&Moment {
        change: &change(&next, at(436)),
        zone: &next.zone,
        view: &view,
        truth: &Truth::default(),
        policy: &policy(),
        annals: &annals,
        unread: &unread,
        pauses: &[],
        alarms_forget: false,
    })
}

/// As in seed 497251307.
fn late() -> History {
    History {
        before: (at(0), at(425)),
        is_read: false,
        is_told: false,
        had_generation: false,
        deleted: None,
        is_found: false,
    }
}

#[test]
fn a_late_change_that_could_not_be_read_keeps_no_other_name_from_being_changed() {
    assert_eq!(judged(&late()), Ok(()));
}

#[test]
fn a_late_change_that_could_be_read_is_kept_from_applying_or_waited_for() {
    assert!(judged(&History { is_read: true, ..late() }).is_err());
}

#[test]
fn a_change_that_the_ledger_knows_is_waited_for_whatever_could_be_read() {
    assert!(judged(&History { is_told: true, ..late() }).is_err());
}

#[test]
fn a_change_that_was_not_late_is_waited_for_whatever_could_be_read() {
    assert!(judged(&History { before: (at(400), at(425)), ..late() }).is_err());
}

#[test]
fn a_change_that_is_in_sync_keeps_nobody_waiting() {
    assert_eq!(judged(&History { before: (at(0), at(405)), is_read: true, ..late() }), Ok(()));
}

/// As in seed 503416935.
fn traceless() -> History {
    History { before: (at(370), at(422)), is_read: true, deleted: Some(at(426)), ..late() }
}

#[test]
fn a_first_change_whose_generation_was_deleted_before_a_look_keeps_nobody_waiting() {
    assert_eq!(judged(&traceless()), Ok(()));
}

#[test]
fn a_change_without_an_answer_is_waited_for_while_its_generation_is_there() {
    assert!(judged(&History { deleted: None, ..traceless() }).is_err());
}

#[test]
fn a_change_that_replaced_a_generation_is_waited_for_though_somebody_deleted_its_own() {
    assert!(judged(&History { had_generation: true, ..traceless() }).is_err());
}

#[test]
fn a_change_that_a_look_found_is_waited_for_though_somebody_deleted_its_generation() {
    assert!(judged(&History { is_found: true, ..traceless() }).is_err());
}

#[test]
fn a_change_that_the_ledger_knows_is_waited_for_though_somebody_deleted_its_generation() {
    assert!(judged(&History { is_told: true, ..traceless() }).is_err());
}

#[test]
fn a_change_whose_generation_was_deleted_only_after_the_next_was_decided_is_waited_for() {
    let too_late = at(430) + SKEWS;
    assert!(judged(&History { deleted: Some(too_late), ..traceless() }).is_err());
}
