//! What the golden items were made of: each reason that the loop can record, brought about by the incident's own transitions.
//!
//! The numbers and names are made up; the forms never are.

mod due;
mod group;
mod hook;
mod instance;
mod remembered;
mod zone;

use std::fmt::Debug;
use std::str::FromStr;

use homeostat_core::aws::rates::{Api, Share};
use homeostat_core::dependency::{AlarmsSay, Moves};
use homeostat_core::incident::{Close, Decision, Hold, Incident, Kind, Page};
use homeostat_core::resync::Resync;
use homeostat_remedies::registry::AnyIncident;
use jiff::{SignedDuration, Timestamp};

use super::Folder;
use super::stored::Stored;

#[derive(Clone)]
pub(super) struct Sample {
    pub(super) folder: Folder,
    pub(super) name: String,
    pub(super) stored: Stored,
}

pub(super) fn all() -> Vec<Sample> {
    let incidents = [instance::samples(), group::samples(), zone::samples(), hook::samples()].concat();
    [incidents, remembered::samples(), resync(), due::samples()].concat()
}

fn resync() -> Vec<Sample> {
    let names = texts(&["svc-1", "svc-2", "svc-3"]);
    let slice = Resync { unread: [("svc-3".to_owned(), at(-900))].into(), ..Resync::default() };
    let under_way = slice.claimed(at(0), false).unwrap().advanced(at(1), &names, &names[..2], &names[..1]);
    let spent = |apis: &[Api]| {
        let mut under_way = under_way.clone();
        under_way.pacer.spend(at(0), Share::Resync, &apis.iter().map(|api| (*api, 1)).collect::<Vec<_>>());
        under_way
    };
    let of_fleet = [Api::LoadBalancing, Api::AutoScaling, Api::InstanceStatus, Api::Instances, Api::Alarms];
    let over =
        Resync::default().claimed(at(0), false).unwrap().advanced(at(1), &names, &names, &[]).handed_back(&names);
    let sample =
        |name: &str, resync| Sample { folder: Folder::Resync, name: name.to_owned(), stored: Stored::Resync(resync) };
    vec![
        sample("under-way", spent(&of_fleet)),
        sample("under-way-of-records", spent(&[Api::Route53, Api::HealthCheckStatus])),
        sample("over", over),
    ]
}

fn incident(folder: Folder, name: &str, incident: impl Into<AnyIncident>) -> Sample {
    Sample { folder, name: name.to_owned(), stored: Stored::Incident(Box::new(incident.into())) }
}

/// By what was decided.
fn decided<K: Kind>(folder: Folder, decided: Incident<K>) -> Sample
where
    Incident<K>: Into<AnyIncident>,
{
    let name = match decided.decision.as_ref().unwrap() {
        Decision::Act { .. } => panic!("two steps have one name: {decided:?}"),
        Decision::Hold { because, .. } => format!("hold-{}", because.name()),
        Decision::Close(close) => format!("close-{}", close.name()),
        Decision::Page(page) => format!("page-{}", page.name()),
    };
    incident(folder, &name, decided)
}

fn id<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// By a function's clock, which counts nanoseconds.
fn at(second: i64) -> Timestamp {
    Timestamp::new(1_800_000_000 + second, 123_456_789).unwrap()
}

/// As AWS tells times: of an event in milliseconds, of a description in seconds.
fn event(second: i64) -> Timestamp {
    Timestamp::from_millisecond((1_800_000_000 + second) * 1_000 + 567).unwrap()
}

fn aws(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn mins(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

fn secs(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// As the loop hands it to the ledger.
fn paced<K: Kind>(incident: Incident<K>) -> Incident<K> {
    incident.due_within(mins(20)).under("0a1b2c3d4e5f")
}

fn held<K: Kind>(incident: &Incident<K>, second: i64, because: &Hold<K>) -> Incident<K> {
    paced(incident.hold(at(second), at(second + 30), because))
}

/// What a dependency's alarms may have said where something is held for it.
fn moves() -> [(&'static str, Moves); 3] {
    let alarm = || id("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:orders-db-failover");
    let why = "alarm \"orders-db-failover\" could not be read: Throttling".to_owned();
    let moves = |said, until| Moves { dependency: "orders-db".to_owned(), said, until };
    [
        ("dependency", moves(AlarmsSay::InAlarm { alarm: alarm(), since: aws(-60) }, at(301))),
        ("dependency-settling", moves(AlarmsSay::Settling { alarm: alarm(), since: aws(-60) }, aws(240))),
        ("dependency-unread", moves(AlarmsSay::Unread { why }, at(120))),
    ]
}

fn paged<K: Kind>(incident: &Incident<K>, second: i64, because: &Page<K>) -> Incident<K> {
    paced(incident.page(at(second), at(second + 150), because))
}

fn closed<K: Kind>(incident: &Incident<K>, second: i64, how: &Close<K>) -> Incident<K> {
    paced(incident.close(at(second), how))
}
