//! The section `shift-dns`: whose weight may be moved, on what evidence, and how far.
//!
//! This module never takes an endpoint for one that may be given traffic unless something can prove that it is well.

mod settings;

use std::collections::BTreeSet;

use homeostat_core::aws::record::RecordKey;
use homeostat_core::aws::share::Share;
use homeostat_core::dependency::Dependency;
use homeostat_core::id::{AlarmArn, HealthCheckId, HostedZoneId, SetIdentifier, TargetGroupArn};
use homeostat_core::policy::alone_if_cname;
use homeostat_core::policy::dependencies::Dependencies;
use homeostat_core::policy::document::Table;
use homeostat_core::policy::forms::written;
use homeostat_core::policy::section::Section;
use homeostat_core::policy::{Mode, at_most};
use jiff::SignedDuration;

use crate::hosted_zone::generation::FENCE_LABEL;

/// Its tables.
pub(crate) const SECTIONS: &[&Section] = &[&settings::SECTION, &settings::RECORD, &settings::ENDPOINT];

/// How weights may be moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsPolicy {
    pub records: Vec<RecordPolicy>,
    /// Time between two looks at an open incident.
    pub check_every: SignedDuration,
    /// A change that is not on all name servers by then is a page.
    pub in_sync_within: SignedDuration,
    /// How long everything must stay as it was before, until the incident is closed.
    pub dwell: SignedDuration,
    /// How long an endpoint may be without its share, or a sick one keep it, before a person is paged.
    pub max_wait: SignedDuration,
    pub remind_every: SignedDuration,
}

/// One weighted record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordPolicy {
    pub zone: HostedZoneId,
    pub key: RecordKey,
    /// The records that its table lists, one for each type: what is decided is decided for all of them.
    pub table: Vec<RecordKey>,
    pub mode: Mode,
    /// All of it must say "sick" before weight leaves an endpoint. Never empty.
    pub evidence: Vec<Ailment>,
    /// All of it must say "well" before an endpoint is given more. Never empty.
    pub proof: Vec<Active>,
    /// So many endpoints that are proven well must carry weight after a shift.
    pub min_healthy: u32,
    /// How long an endpoint must be proven well before weight comes back. Doubled with each relapse.
    pub hold: SignedDuration,
    /// The parts of its own share that an endpoint gets back one after the other; the whole of it comes last.
    pub steps: Vec<Share>,
    /// Time between two steps.
    pub pace: SignedDuration,
    /// So many drains of one endpoint within `flaps_within`: it stays drained until a person has looked.
    pub flaps: u32,
    pub flaps_within: SignedDuration,
    /// Of all of its endpoints: while any of it moves, none is drained.
    pub depends_on: Vec<Dependency>,
    pub endpoints: Vec<EndpointPolicy>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointPolicy {
    pub id: SetIdentifier,
    /// What its share is reduced to when it is sick.
    pub drain_to: Share,
    /// It is given no more than this.
    pub max_share: Share,
    /// Each speaks for this endpoint.
    pub alarms: Vec<AlarmArn>,
    pub health_check: Option<HealthCheckId>,
    pub target_groups: Vec<TargetGroupArn>,
    /// Alarms on requests that a canary makes whether or not there is traffic.
    pub canaries: Vec<AlarmArn>,
}

/// What can call an endpoint sick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ailment {
    Alarm,
    Active(Active),
}

/// What can prove that an endpoint is well, though it serves nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Active {
    HealthCheck,
    TargetHealth,
    Canary,
}

/// The records of one hosted zone, which are changed together.
#[derive(Debug, Clone)]
pub struct HostedZonePolicy<'a> {
    pub id: &'a HostedZoneId,
    pub dns: &'a DnsPolicy,
    pub records: Vec<&'a RecordPolicy>,
}

impl DnsPolicy {
    /// For incidents that are still open when the section is taken out: nothing is done, and people hear of it.
    pub fn without_records() -> Self {
        DnsPolicy {
            records: Vec::new(),
            check_every: CHECK_EVERY,
            in_sync_within: IN_SYNC_WITHIN,
            dwell: DWELL,
            max_wait: MAX_WAIT,
            remind_every: REMIND_EVERY,
        }
    }

    pub fn zones(&self) -> BTreeSet<&HostedZoneId> {
        self.records.iter().map(|record| &record.zone).collect()
    }

    pub fn zone<'a>(&'a self, id: &'a HostedZoneId) -> HostedZonePolicy<'a> {
        let records = self.records.iter().filter(|record| record.zone == *id).collect();
        HostedZonePolicy { id, dns: self, records }
    }

    /// The zones with an endpoint for which this alarm speaks.
    pub fn zones_of(&self, alarm: &AlarmArn) -> BTreeSet<&HostedZoneId> {
        let speaks = |endpoint: &EndpointPolicy| endpoint.alarms.contains(alarm) || endpoint.canaries.contains(alarm);
        let concerned = self.records.iter().filter(|record| record.endpoints.iter().any(speaks));
        concerned.map(|record| &record.zone).collect()
    }
}

impl RecordPolicy {
    pub fn endpoint(&self, id: &SetIdentifier) -> Option<&EndpointPolicy> {
        self.endpoints.iter().find(|endpoint| endpoint.id == *id)
    }
}

impl<'a> HostedZonePolicy<'a> {
    /// The records, those of one table together.
    pub fn tables(&self) -> Vec<Vec<&'a RecordPolicy>> {
        let mut tables: Vec<Vec<&RecordPolicy>> = Vec::new();
        for record in &self.records {
            let of_its_table =
                |table: &&mut Vec<&RecordPolicy>| table.iter().all(|other| other.table.contains(&record.key));
            match tables.iter_mut().find(of_its_table) {
                Some(table) => table.push(record),
                None => tables.push(vec![record]),
            }
        }
        tables
    }

    pub fn record(&self, key: &RecordKey) -> Option<&RecordPolicy> {
        self.records.iter().copied().find(|record| record.key == *key)
    }
}

const CHECK_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// "Within 60 seconds" as a rule (API reference, `ChangeResourceRecordSets`): five times as long is no rule's exception any more.
const IN_SYNC_WITHIN: SignedDuration = SignedDuration::from_mins(5);
const DWELL: SignedDuration = SignedDuration::from_mins(5);
const MAX_WAIT: SignedDuration = SignedDuration::from_hours(1);
const REMIND_EVERY: SignedDuration = SignedDuration::from_mins(30);

/// Names of one zone that are read at each look, side by side: what Route 53's request rate allows for one account at once
/// is 5 a second by the older figure and 50 in a burst by the newer one (Developer Guide, "Quotas").
const MOST_NAMES: usize = 10;
/// More than anybody has in use at once, and few enough that a whole zone fits one item of the ledger.
const MOST_ENDPOINTS: u32 = 16;
/// A tenth shows whether it serves; the half whether it bears a load.
const STEPS: [Share; 2] = [Share::percent(10), Share::percent(50)];

pub(crate) fn section(table: &Table<'_>, mode: Mode, all: &Dependencies<'_>) -> DnsPolicy {
    table.only(&settings::SECTION);
    let mut records: Vec<RecordPolicy> = Vec::new();
    let mut named = Vec::new();
    for entry in table.tables(settings::RECORDS.key) {
        let (zone, keys) = once(&entry, &mut named);
        if let Some(first) = record(&entry, zone, &keys, mode, all) {
            records.extend(keys.into_iter().map(|key| RecordPolicy { key, ..first.clone() }));
        }
    }
    let [check_every, in_sync_within, dwell, max_wait, remind_every] =
        [settings::LOOKS, settings::IN_SYNC, settings::STAYS, settings::WAITS, settings::REMINDS]
            .map(|setting| table.usual(&setting));
    at_most(table, (&settings::LOOKS, check_every), (&settings::WAITS, max_wait));
    DnsPolicy { records, check_every, in_sync_within, dwell, max_wait, remind_every }
}

/// A record's zone, and its keys: one for each of its types, if all of it can be read.
fn once(table: &Table<'_>, named: &mut Vec<(HostedZoneId, RecordKey)>) -> (Option<HostedZoneId>, Vec<RecordKey>) {
    let (zone, name, kinds) = (table.need(&settings::ZONE), table.need(&settings::NAME), table.need(&settings::TYPE));
    let kinds = kinds.unwrap_or_default();
    alone_if_cname(table, &kinds);
    if name.as_ref().is_some_and(|name| name.under(FENCE_LABEL).is_err()) {
        let message = format!("is so long that {FENCE_LABEL} can't stand under it, where its generation is kept");
        table.mistake("name", &message);
    }
    let (Some(zone), Some(name)) = (zone, name) else { return (None, Vec::new()) };
    let keys: Vec<RecordKey> = kinds.into_iter().map(|kind| RecordKey { name: name.clone(), kind }).collect();
    if keys.iter().any(|key| named.contains(&(zone.clone(), key.clone()))) {
        let message = format!("is \"{name}\" a second time with this zone and type, expected each record once");
        table.mistake("name", &message);
    }
    let in_zone = named.iter().filter(|(other, _)| *other == zone);
    let names: BTreeSet<_> = in_zone.map(|(_, other)| &other.name).chain([&name]).collect();
    if names.len() > MOST_NAMES {
        table.mistake("name", &format!("is one more than the {MOST_NAMES} names that one zone may have here"));
    }
    named.extend(keys.iter().map(|key| (zone.clone(), key.clone())));
    (Some(zone), keys)
}

fn record(
    table: &Table<'_>,
    zone: Option<HostedZoneId>,
    keys: &[RecordKey],
    mode: Mode,
    all: &Dependencies<'_>,
) -> Option<RecordPolicy> {
    table.only(&settings::RECORD);
    let mode = table.free(&settings::MODE).unwrap_or(mode);
    let [hold, pace, flaps_within] =
        [settings::HOLD, settings::PACE, settings::FLAPS_WITHIN].map(|setting| table.usual(&setting));
    let flaps = table.usual(&settings::FLAPS);
    if flaps > 1 && !table.is_wrong(settings::FLAPS.key) {
        // No second drain comes before the hold is over.
        at_most(table, (&settings::HOLD, hold), (&settings::FLAPS_WITHIN, flaps_within));
    }
    let drain_to = table.usual(&settings::DRAIN_TO);
    let steps = table.usual(&settings::PARTS);
    let (evidence, proof) = (table.usual(&settings::EVIDENCE), table.need(&settings::PROOF));
    if let Some(only) = lone_alarm(&evidence) {
        let message = format!(
            "is [\"{only}\"] alone: whoever may set the state of one alarm can drain an endpoint with it. Add a second source, such \
             as \"health-check\""
        );
        table.warn(settings::EVIDENCE.key, &message);
    }
    let depends_on = all.named_by(table, &settings::DEPENDS_ON);
    let endpoints = endpoints(table, drain_to, &evidence, proof.as_deref());
    let min_healthy = table.usual(&settings::MIN_HEALTHY);
    let (wanted, there) = (usize::try_from(min_healthy).unwrap_or(usize::MAX), endpoints.len());
    if there > 1 && wanted >= there {
        table.mistake("min-healthy", &format!("is {min_healthy}, expected fewer than its {there} endpoints"));
    }
    Some(RecordPolicy {
        zone: zone?,
        key: keys.first()?.clone(),
        table: keys.to_vec(),
        mode,
        evidence,
        proof: proof?,
        min_healthy,
        hold,
        steps,
        pace,
        flaps,
        flaps_within,
        depends_on,
        endpoints,
    })
}

/// The one kind of alarm that is all the evidence there is: `cloudwatch:SetAlarmState` is enough to make it say anything.
pub(crate) fn lone_alarm(evidence: &[Ailment]) -> Option<&'static str> {
    match evidence {
        [Ailment::Alarm] => Some("alarm"),
        [Ailment::Active(Active::Canary)] => Some("canary"),
        _ => None,
    }
}

fn endpoints(
    table: &Table<'_>,
    drain_to: Share,
    evidence: &[Ailment],
    proof: Option<&[Active]>,
) -> Vec<EndpointPolicy> {
    let tables = table.tables(settings::ENDPOINTS.key);
    if tables.len() == 1 {
        table.mistake("endpoint", "stands once, expected at least two: one alone has nowhere to move its weight");
    }
    if u32::try_from(tables.len()).is_ok_and(|count| count > MOST_ENDPOINTS) {
        table.mistake("endpoint", &format!("stands {} times, expected at most {MOST_ENDPOINTS}", tables.len()));
    }
    let mut endpoints: Vec<EndpointPolicy> = Vec::new();
    let mut ids = BTreeSet::new();
    for entry in tables {
        if !table.is_wrong("evidence") {
            have_what_is_wanted(&entry, evidence, proof.unwrap_or_default());
        }
        let id = entry.need(&settings::ID);
        if let Some(id) = &id
            && !ids.insert(id.clone())
        {
            entry.mistake("id", &format!("is {:?} a second time, expected each endpoint once", id.as_str()));
        }
        endpoints.extend(endpoint(&entry, id, drain_to));
    }
    endpoints
}

fn have_what_is_wanted(endpoint: &Table<'_>, evidence: &[Ailment], proof: &[Active]) {
    if evidence.contains(&Ailment::Alarm) && !endpoint.has("alarms") {
        let message = "is missing, and the record's evidence wants an alarm that speaks for this endpoint";
        endpoint.mistake("alarms", message);
    }
    for (source, key) in
        [(Active::HealthCheck, "health-check"), (Active::TargetHealth, "target-groups"), (Active::Canary, "canaries")]
    {
        let is_wanted = evidence.contains(&Ailment::Active(source)) || proof.contains(&source);
        if is_wanted && !endpoint.has(key) {
            endpoint.mistake(key, "is missing, and the record's evidence or proof wants it");
        }
    }
}

fn endpoint(table: &Table<'_>, id: Option<SetIdentifier>, drain_to: Share) -> Option<EndpointPolicy> {
    table.only(&settings::ENDPOINT);
    let drain_to = table.free(&settings::OWN_DRAIN_TO).unwrap_or(drain_to);
    let max_share = table.usual(&settings::MAX_SHARE);
    if drain_to > max_share && !table.is_wrong(settings::OWN_DRAIN_TO.key) {
        let (kept, most) = (written(drain_to), written(max_share));
        table.mistake("max-share", &format!("is {most}, expected at least the {kept} that drain-to leaves it"));
    }
    Some(EndpointPolicy {
        drain_to,
        max_share,
        alarms: table.free(&settings::ALARMS).unwrap_or_default(),
        health_check: table.free(&settings::HEALTH_CHECK),
        target_groups: table.free(&settings::TARGET_GROUPS).unwrap_or_default(),
        canaries: table.free(&settings::CANARIES).unwrap_or_default(),
        id: id?,
    })
}

#[cfg(test)]
mod tests;
