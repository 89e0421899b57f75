//! When two changes may be on their way at once: the zone has two names, and a batch for the one was held back for seven minutes.

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

struct History {
    /// Of api.example.com, from its decision to when it applied.
    before: (Timestamp, Timestamp),
    is_read: bool,
    is_told: bool,
}

/// What the rule says of a change of www.example.com, decided at 430 and applied at 436.
fn judged(history: &History) -> Result<(), String> {
    let (decided_at, applied_at) = history.before;
    let last = change(&shift("api.example.com", decided_at), applied_at);
    let told = if history.is_told { BTreeSet::from([last.id.clone()]) } else { BTreeSet::new() };
    let next = shift("www.example.com", at(430));
    let missing = if history.is_read { BTreeSet::new() } else { BTreeSet::from([key("api.example.com").name]) };
    let unread = Unread::default();
    unread.note(&next, &missing);
    is_alone(&Moment {
        change: &change(&next, at(436)),
        zone: &next.zone,
        view: &View::default(),
        truth: &Truth::default(),
        policy: &policy(),
        annals: &Annals { last: Some(last), told, ..Annals::default() },
        unread: &unread,
        pauses: &[],
        alarms_forget: false,
    })
}

/// As in seed 497251307.
fn late() -> History {
    History { before: (at(0), at(425)), is_read: false, is_told: false }
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
