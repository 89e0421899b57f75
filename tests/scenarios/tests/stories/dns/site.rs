//! What the stories of weighted records have in common: a site with its records, under a policy.

use homeostat_core::aws::record::{RecordKey, Weight};
use homeostat_core::id::HostedZoneId;
use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use homeostat_remedies::hosted_zone::reasons::Incident;
use homeostat_remedies::policy;
use jiff::{SignedDuration, Timestamp};
use scenarios::{DnsStory, record_section};
use world::{EndpointState, Site, WeightedRecord, ZoneChange};

pub(super) const USUAL: &str = "evidence = [\"alarm\", \"health-check\"]\nproof = [\"health-check\"]";

pub(super) fn noon() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub(super) fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

pub(super) fn zone() -> HostedZoneId {
    "Z0123456789ABCDEFGHIJ".parse().unwrap()
}

pub(super) fn key(text: &str) -> RecordKey {
    RecordKey::try_from(text.to_owned()).unwrap()
}

pub(super) fn www() -> RecordKey {
    key("www.example.com A")
}

pub(super) fn record(key_: &str, weights: &[(&str, Weight)]) -> WeightedRecord {
    record_in(&zone(), key_, weights)
}

pub(super) fn record_in(zone: &HostedZoneId, key_: &str, weights: &[(&str, Weight)]) -> WeightedRecord {
    let weights = weights.iter().map(|(name, weight)| ((*name).to_owned(), *weight)).collect();
    WeightedRecord { zone: zone.clone(), key: key(key_), weights }
}

/// `www` with 70 for blue and 30 for green, under a policy of these lines.
pub(super) fn two(lines: &str) -> DnsStory {
    one_record(&[("blue", 70), ("green", 30)], lines)
}

pub(super) fn one_record(weights: &[(&str, Weight)], lines: &str) -> DnsStory {
    several(vec![record("www.example.com A", weights)], lines, |_| String::new())
}

pub(super) fn several(records: Vec<WeightedRecord>, lines: &str, more: impl Fn(&str) -> String) -> DnsStory {
    let world = Site::new(records.clone()).unwrap().build(noon()).unwrap();
    let sections = records.iter().map(|record| record_section(&world, record, lines, &more));
    let text = format!("schema = 1\n[shift-dns]\n{}", sections.collect::<String>());
    DnsStory::new(world, policy::parse(&text).unwrap_or_else(|mistakes| panic!("{mistakes:?}\n{text}")))
}

pub(super) fn fail(story: &DnsStory, endpoint: &str) {
    story.break_endpoint(endpoint, EndpointState::Dead).unwrap();
}

pub(super) fn mend(story: &DnsStory, endpoint: &str) {
    story.break_endpoint(endpoint, EndpointState::Well).unwrap();
}

/// What Homeostat changed, oldest first.
pub(super) fn shifts(story: &DnsStory, zone: &HostedZoneId) -> Vec<ZoneChange> {
    story.cloud.with(|world| world.zone(zone).unwrap().shifts().cloned().collect())
}

/// The weights of a record after each change by Homeostat, with the seconds since noon.
pub(super) fn table(story: &DnsStory, key: &RecordKey) -> Vec<(i64, Vec<Weight>)> {
    let weights = |change: &ZoneChange| {
        let sets: Vec<_> = change.after.iter().filter(|set| set.is_of(key)).cloned().collect();
        homeostat_core::aws::record::weights(&sets).into_values().collect()
    };
    shifts(story, &zone()).iter().map(|change| (change.at.duration_since(noon()).as_secs(), weights(change))).collect()
}

/// The same without the times.
pub(super) fn steps(story: &DnsStory, key: &RecordKey) -> Vec<Vec<Weight>> {
    table(story, key).into_iter().map(|(_, weights)| weights).collect()
}

pub(super) fn has(story: &DnsStory, key: &RecordKey, expected: &[Weight]) {
    let weights: Vec<Weight> = story.weights(&zone(), key).into_values().collect();
    assert_eq!(weights, expected, "{:?}", story.ledger.open::<HostedZoneKind>());
}

/// The one incident that is open.
pub(super) fn the_open_one(story: &DnsStory) -> Incident {
    match &story.ledger.open::<HostedZoneKind>()[..] {
        [incident] => incident.clone(),
        several => panic!("{} are open: {several:?}", several.len()),
    }
}

pub(super) fn said(incident: &Incident) -> String {
    incident.decision.as_ref().unwrap().to_string()
}
