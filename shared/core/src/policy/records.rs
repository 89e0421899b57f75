//! The section `shift-dns`: whose weight may be moved, on what evidence, and how far.
//!
//! This module never takes an endpoint for one that may be given traffic unless something can prove that it is well.

use std::collections::BTreeSet;
use std::str::FromStr;

use jiff::SignedDuration;

use super::document::Table;
use super::{LONGEST, MODES, Mode, SHORTEST_LOOK};
use crate::id::{AlarmArn, HealthCheckId, HostedZoneId, SetIdentifier, TargetGroupArn};
use crate::zone::name::RecordName;
use crate::zone::record::{FENCE_LABEL, RecordKey, RecordType};
use crate::zone::share::Share;

/// How weights may be moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsPolicy {
    pub records: Vec<RecordPolicy>,
    /// Time between two looks at an open incident.
    pub look_every: SignedDuration,
    /// A change that is not on all name servers by then is a page.
    pub in_sync_within: SignedDuration,
    /// How long everything must stay as it was before, until the incident is closed.
    pub dwell: SignedDuration,
    /// How long an endpoint may be without its share, or a sick one keep it, before a person is paged.
    pub wait_at_most: SignedDuration,
    pub remind_every: SignedDuration,
}

/// One weighted record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordPolicy {
    pub zone: HostedZoneId,
    pub key: RecordKey,
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
pub struct ZonePolicy<'a> {
    pub id: &'a HostedZoneId,
    pub dns: &'a DnsPolicy,
    pub records: Vec<&'a RecordPolicy>,
}

impl DnsPolicy {
    /// For incidents that are still open when the section is taken out: nothing is done, and people hear of it.
    pub fn without_records() -> Self {
        DnsPolicy {
            records: Vec::new(),
            look_every: LOOK_EVERY,
            in_sync_within: IN_SYNC_WITHIN,
            dwell: DWELL,
            wait_at_most: WAIT_AT_MOST,
            remind_every: REMIND_EVERY,
        }
    }

    pub fn zones(&self) -> BTreeSet<&HostedZoneId> {
        self.records.iter().map(|record| &record.zone).collect()
    }

    pub fn zone<'a>(&'a self, id: &'a HostedZoneId) -> ZonePolicy<'a> {
        let records = self.records.iter().filter(|record| record.zone == *id).collect();
        ZonePolicy { id, dns: self, records }
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

impl ZonePolicy<'_> {
    pub fn record(&self, key: &RecordKey) -> Option<&RecordPolicy> {
        self.records.iter().copied().find(|record| record.key == *key)
    }
}

const SECTION_KEYS: [&str; 6] = ["look-every", "in-sync-within", "dwell", "wait-at-most", "remind-every", "record"];
const RECORD_KEYS: [&str; 14] = [
    "zone",
    "name",
    "type",
    "mode",
    "evidence",
    "proof",
    "min-healthy",
    "drain-to",
    "hold",
    "steps",
    "pace",
    "flaps",
    "flaps-within",
    "endpoint",
];
const ENDPOINT_KEYS: [&str; 7] = ["id", "drain-to", "max-share", "alarms", "health-check", "target-groups", "canaries"];

const LOOK_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// "Within 60 seconds" as a rule (API reference, `ChangeResourceRecordSets`): five times as long is no rule's exception any more.
const IN_SYNC_WITHIN: SignedDuration = SignedDuration::from_mins(5);
const DWELL: SignedDuration = SignedDuration::from_mins(5);
const WAIT_AT_MOST: SignedDuration = SignedDuration::from_hours(1);
const REMIND_EVERY: SignedDuration = SignedDuration::from_mins(30);

/// Names of one zone that are read at each look, side by side: what Route 53's request rate allows for one account at once
/// is 5 a second by the older figure and 50 in a burst by the newer one (Developer Guide, "Quotas").
const MOST_NAMES: usize = 10;
/// More than anybody has in use at once, and few enough that a whole zone fits one item of the ledger.
const MOST_ENDPOINTS: usize = 16;
/// Past this many a latch would be none.
const MOST_FLAPS: u32 = 20;
const FLAPS: u32 = 3;
/// A tenth shows whether it serves; the half whether it bears a load.
const STEPS: [u8; 2] = [10, 50];

const ALARMS: &str = "a list of alarms' ARNs, each once";
const EVIDENCE: &str = "a list of \"alarm\", \"health-check\", \"target-health\" and \"canary\", at least one";
const PROOF: &str = "a list of \"health-check\", \"target-health\" and \"canary\", at least one";
const SHARE: &str = "a share such as \"20%\"";

pub(super) fn section(table: &Table<'_>, mode: Mode) -> DnsPolicy {
    table.only(&SECTION_KEYS);
    let duration = |key, default, least| table.duration(key, default, least, LONGEST);
    let mut records: Vec<RecordPolicy> = Vec::new();
    for entry in table.tables("record") {
        let Some(record) = record(&entry, mode) else { continue };
        if records.iter().any(|other| other.zone == record.zone && other.key == record.key) {
            entry.mistake("name", "stands twice with this zone and type, expected each record once");
        }
        let in_zone = records.iter().filter(|other| other.zone == record.zone);
        let names: BTreeSet<_> = in_zone.map(|other| &other.key.name).chain([&record.key.name]).collect();
        if names.len() > MOST_NAMES {
            entry.mistake("name", &format!("is one more than the {MOST_NAMES} names that one zone may have here"));
        }
        records.push(record);
    }
    DnsPolicy {
        records,
        look_every: duration("look-every", LOOK_EVERY, SHORTEST_LOOK),
        in_sync_within: duration("in-sync-within", IN_SYNC_WITHIN, SHORTEST_LOOK),
        dwell: duration("dwell", DWELL, SignedDuration::ZERO),
        wait_at_most: duration("wait-at-most", WAIT_AT_MOST, SHORTEST_LOOK),
        remind_every: duration("remind-every", REMIND_EVERY, SHORTEST_LOOK),
    }
}

fn record(table: &Table<'_>, mode: Mode) -> Option<RecordPolicy> {
    table.only(&RECORD_KEYS);
    let duration = |key, default, least| table.duration(key, default, least, LONGEST);
    let hold = duration("hold", SignedDuration::from_mins(5), SignedDuration::ZERO);
    let pace = duration("pace", SignedDuration::from_mins(2), SHORTEST_LOOK);
    let flaps_within = duration("flaps-within", SignedDuration::from_hours(2), SHORTEST_LOOK);
    let flaps = table.count("flaps", FLAPS, MOST_FLAPS);
    let mode = table.choice("mode", mode, MODES);
    let drain_to = table.parsed("drain-to", Share::NONE, SHARE);
    let steps = if table.has("steps") {
        let expected = "a list of shares such as \"10%\", each once";
        table.list::<Share>("steps", expected).unwrap_or_default()
    } else {
        STEPS.map(Share::percent).to_vec()
    };
    let evidence = if table.has("evidence") { table.list("evidence", EVIDENCE) } else { Some(vec![Ailment::Alarm]) };
    let proof = table.list::<Active>("proof", PROOF);
    let endpoints = endpoints(table, drain_to, evidence.as_deref(), proof.as_deref());
    let most = u32::try_from(endpoints.len().saturating_sub(1)).unwrap_or(1).max(1);
    let min_healthy = table.count("min-healthy", 1, most);
    let zone = table.required::<HostedZoneId>("zone", "a hosted zone's id, such as Z0123456789ABCDEFGHIJ");
    let name = table.required::<RecordName>("name", "a record's name, such as www.example.com");
    let kind = table.required::<RecordType>("type", "\"A\", \"AAAA\" or \"CNAME\"");
    let (zone, name, kind) = (zone?, name?, kind?);
    if name.under(FENCE_LABEL).is_err() {
        table.mistake(
            "name",
            &format!("is so long that {FENCE_LABEL} can't stand under it, where its generation is kept"),
        );
    }
    Some(RecordPolicy {
        zone,
        key: RecordKey { name, kind },
        mode,
        evidence: evidence?,
        proof: proof?,
        min_healthy,
        hold,
        steps,
        pace,
        flaps,
        flaps_within,
        endpoints,
    })
}

fn endpoints(
    table: &Table<'_>,
    drain_to: Share,
    evidence: Option<&[Ailment]>,
    proof: Option<&[Active]>,
) -> Vec<EndpointPolicy> {
    let tables = table.tables("endpoint");
    if tables.len() == 1 {
        table.mistake("endpoint", "stands once, expected at least two: one alone has nowhere to move its weight");
    }
    if tables.len() > MOST_ENDPOINTS {
        table.mistake("endpoint", &format!("stands {} times, expected at most {MOST_ENDPOINTS}", tables.len()));
    }
    let mut endpoints: Vec<EndpointPolicy> = Vec::new();
    for entry in tables {
        let Some(endpoint) = endpoint(&entry, drain_to) else { continue };
        if endpoints.iter().any(|other| other.id == endpoint.id) {
            entry.mistake("id", "stands twice, expected each endpoint once");
        }
        if evidence.unwrap_or_default().contains(&Ailment::Alarm) && endpoint.alarms.is_empty() {
            entry.mistake(
                "alarms",
                "is missing, and the record's evidence wants an alarm that speaks for this endpoint",
            );
        }
        let active = evidence.unwrap_or_default().iter().filter_map(|ailment| match ailment {
            Ailment::Active(active) => Some(*active),
            Ailment::Alarm => None,
        });
        let needed: BTreeSet<Active> = active.chain(proof.unwrap_or_default().iter().copied()).collect();
        for source in needed {
            let (key, is_missing) = match source {
                Active::HealthCheck => ("health-check", endpoint.health_check.is_none()),
                Active::TargetHealth => ("target-groups", endpoint.target_groups.is_empty()),
                Active::Canary => ("canaries", endpoint.canaries.is_empty()),
            };
            if is_missing {
                entry.mistake(key, "is missing, and the record's evidence or proof wants it");
            }
        }
        endpoints.push(endpoint);
    }
    endpoints
}

fn endpoint(table: &Table<'_>, drain_to: Share) -> Option<EndpointPolicy> {
    table.only(&ENDPOINT_KEYS);
    let max_share = table.parsed("max-share", Share::ALL, SHARE);
    let drain_to = table.parsed("drain-to", drain_to, SHARE);
    let health_check = table.has("health-check").then(|| {
        table.required::<HealthCheckId>(
            "health-check",
            "a Route 53 health check's id, such as 01234567-89ab-cdef-0123-456789abcdef",
        )
    });
    let list = |key| table.parsed_list::<AlarmArn>(key, ALARMS);
    let (alarms, canaries) = (list("alarms"), list("canaries"));
    let target_groups =
        table.parsed_list::<TargetGroupArn>("target-groups", "a list of target groups' ARNs, each once");
    let id = table.required::<SetIdentifier>("id", "the set identifier of a weighted record");
    Some(EndpointPolicy {
        id: id?,
        drain_to,
        max_share,
        alarms,
        health_check: health_check.flatten(),
        target_groups,
        canaries,
    })
}

impl FromStr for Active {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "health-check" => Ok(Active::HealthCheck),
            "target-health" => Ok(Active::TargetHealth),
            "canary" => Ok(Active::Canary),
            _ => Err(()),
        }
    }
}

impl FromStr for Ailment {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "alarm" { Ok(Ailment::Alarm) } else { text.parse().map(Ailment::Active) }
    }
}

#[cfg(test)]
mod tests;
