//! A look at all of the policy, a few names at a time: which zones have an endpoint that is unhealthy, or are no longer as the policy
//! says, and no incident. It finds what no event told.
//!
//! This module never asks Route 53 about a zone that has an incident: its own looks do, and all of an account share the calls. It never
//! asks for the status of a health check that alone could not call its endpoint unhealthy, of which Route 53 tells one a second.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};
use homeostat_core::aws::rates::{Api, Pacer, Share};
use homeostat_core::aws::record_name::RecordName;
use homeostat_core::id::{AlarmArn, HealthCheckId, HostedZoneId, Subject, TargetGroupArn};
use homeostat_core::ports::{Clock, Ledger, Unavailable};
use homeostat_core::reconcile::Surveyed;
use homeostat_core::resync::RESYNC_EVERY;
use homeostat_core::signal::{Hint, Trigger};
use jiff::{SignedDuration, Timestamp};

use super::drift::drifts;
use super::evidence::{Ails, ails, hangs_on_its_check};
use super::observation::Observation;
use super::route::Resync;
use super::{Records, observer, subject};
use crate::hosted_zone::policy::{DnsPolicy, EndpointPolicy, HostedZonePolicy, RecordPolicy};

/// Calls under way at the same time.
const SIDE_BY_SIDE: usize = 4;

/// Alarms of one call.
const PAGE: usize = 100;

/// It bounds what is multiplied.
const MOST_CALLS: i32 = 100_000;

/// Health checks that are read together: AWS answers four questions for a status at once, and all of the account share them.
const CHECKS: usize = 2;

/// One name of a zone, with its records of all types and some of their health checks: what is read together.
struct Part<'a> {
    /// As the cursor of a resync stores it.
    called: String,
    policy: HostedZonePolicy<'a>,
    name: &'a RecordName,
    checks: BTreeSet<&'a HealthCheckId>,
}

/// What there is to read, in the order of the policy.
pub(super) fn all(dns: &DnsPolicy) -> Resync {
    Resync(parts(dns).into_iter().map(|part| part.called).collect())
}

/// How long a resync of all of it takes, within AWS's rates, where nothing is in ALARM.
pub(super) fn period(dns: &DnsPolicy) -> SignedDuration {
    let (parts, nothing) = (parts(dns), Observation::default());
    let takes = |api: Api, calls: usize| {
        // A quarter more, for what passes between two slices.
        Share::Resync.interval(api) * i32::try_from(calls).unwrap_or(MOST_CALLS).min(MOST_CALLS) * 5 / 4
    };
    let statuses = parts.iter().map(|part| part.decisive(Timestamp::UNIX_EPOCH, &nothing).len()).sum();
    let others: usize = parts.iter().map(|part| 1 + part.checks.len()).sum();
    takes(Api::Route53, others).max(takes(Api::HealthCheckStatus, statuses)).max(RESYNC_EVERY)
}

fn parts(dns: &DnsPolicy) -> Vec<Part<'_>> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    for record in &dns.records {
        let called = format!("{}/{}", record.zone, record.key.name);
        match parts.iter_mut().find(|part| part.called == called) {
            Some(part) => part.policy.records.push(record),
            None => {
                let policy = HostedZonePolicy { id: &record.zone, dns, records: vec![record] };
                parts.push(Part { called, policy, name: &record.key.name, checks: BTreeSet::new() });
            }
        }
    }
    parts.into_iter().flat_map(Part::divided).collect()
}

impl<'a> Part<'a> {
    fn endpoints(&self) -> impl Iterator<Item = &'a EndpointPolicy> + Clone {
        self.policy.records.iter().flat_map(|record| &record.endpoints).collect::<Vec<_>>().into_iter()
    }

    /// Into parts of few health checks each. The first is called by the name alone.
    fn divided(self) -> Vec<Part<'a>> {
        let checks: BTreeSet<_> = self.endpoints().filter_map(|endpoint| endpoint.health_check.as_ref()).collect();
        let checks: Vec<_> = checks.into_iter().collect();
        let count = checks.len().div_ceil(CHECKS).max(1);
        let part = |nth: usize| Part {
            called: if nth == 0 { self.called.clone() } else { format!("{}#{}", self.called, nth + 1) },
            policy: self.policy.clone(),
            name: self.name,
            checks: checks.iter().skip(nth * CHECKS).take(CHECKS).copied().collect(),
        };
        (0..count).map(part).collect()
    }

    /// Why something of it could not be read.
    fn unread(&self, seen: &Observation) -> Option<String> {
        let endpoints: Vec<&EndpointPolicy> = self.endpoints().collect();
        let alarms = endpoints.iter().flat_map(|it| it.alarms.iter().chain(&it.canaries));
        let alarms = alarms.filter_map(|arn| seen.alarms.get(arn)?.as_ref().err());
        let targets = endpoints.iter().flat_map(|it| &it.target_groups);
        let targets = targets.filter_map(|arn| seen.targets.get(arn)?.as_ref().err());
        let checks = self.checks.iter().filter_map(|id| seen.health_checks.get(*id)?.as_ref().err());
        alarms.chain(targets).chain(checks).next().cloned()
    }

    /// Whose status would settle that their endpoint is unhealthy.
    fn decisive(&self, now: Timestamp, seen: &Observation) -> BTreeSet<&'a HealthCheckId> {
        let of_record = |record: &&'a RecordPolicy| {
            let record = *record;
            let hangs = record.endpoints.iter().filter(|endpoint| hangs_on_its_check(now, record, endpoint, seen));
            let checks = hangs.filter_map(|endpoint| endpoint.health_check.as_ref());
            let unread = checks.filter(|id| self.checks.contains(id) && !seen.health_checks.contains_key(*id));
            unread.collect::<Vec<_>>()
        };
        self.policy.records.iter().flat_map(of_record).collect()
    }

    fn has_unhealthy(&self, now: Timestamp, seen: &Observation) -> bool {
        let mut each =
            self.policy.records.iter().flat_map(|record| record.endpoints.iter().map(move |it| (record, it)));
        each.any(|(record, endpoint)| matches!(ails(now, record, endpoint, seen), Ails::Sick(_)))
    }
}

/// Reads as many of these names as there is room for.
///
/// # Errors
/// [`Unavailable`]: the ledger could not be read.
pub(super) async fn survey<A: Records + Sync>(
    aws: &A,
    dns: &DnsPolicy,
    ledger: &(impl Ledger + Sync),
    clock: &impl Clock,
    pacer: &mut Pacer,
    Resync(names): &Resync,
) -> Result<Surveyed, Unavailable> {
    let asked: Vec<Part<'_>> = parts(dns).into_iter().filter(|part| names.contains(&part.called)).collect();
    let zones: BTreeSet<&HostedZoneId> = asked.iter().map(|part| part.policy.id).collect();
    let subjects: Vec<Subject> = zones.into_iter().map(subject::subject).collect();
    let open = ledger.open_among(&subjects).await?;
    let is_open = |part: &Part<'_>| open.contains(&subject::subject(part.policy.id));
    let asked: Vec<Part<'_>> = asked.into_iter().filter(|part| !is_open(part)).collect();
    let mut surveyed = Surveyed::default();
    let room = Pace { clock, pacer };
    let Some(mut room) = room.and_alarms(&asked) else {
        return Ok(Surveyed { put_off: asked.into_iter().map(|part| part.called).collect(), open, ..surveyed });
    };
    // Each is asked for once, for all of these names.
    let endpoints = asked.iter().flat_map(Part::endpoints).collect::<Vec<_>>();
    let alarms = observer::alarms(aws, endpoints.iter().copied(), std::iter::empty()).await;
    let mut seen = Observation { alarms, ..Observation::default() };
    let (mut hinted, mut there) = (BTreeSet::new(), BTreeSet::new());
    let mut rest = asked.into_iter();
    for part in rest.by_ref() {
        // Its look is going to read all of the zone.
        if hinted.contains(part.policy.id) {
            continue;
        }
        let since = clock.now();
        if !room.takes(&part, &seen, &there) {
            surveyed.put_off.push(part.called);
            break;
        }
        read_targets(aws, &part, &mut seen).await;
        let decisive = part.decisive(since, &seen);
        if !room.takes_statuses(decisive.len()) {
            surveyed.put_off.push(part.called);
            break;
        }
        read_checks(aws, &part, decisive, &mut seen, &mut there).await;
        let zone = part.policy.id.to_string();
        if !surveyed.looked_at.contains(&zone) {
            surveyed.looked_at.push(zone);
        }
        let drifted = has_drifted(aws, &part, &seen).await;
        let is_wrong = part.has_unhealthy(since, &seen) || drifted.as_ref().is_ok_and(|drifted| *drifted);
        if let Some(why) = drifted.err().or_else(|| part.unread(&seen)) {
            surveyed.partial.push((part.called.clone(), why));
        }
        if is_wrong && hinted.insert(part.policy.id.clone()) {
            let why = Trigger::Found { since, alarms: Vec::new(), told_by: None };
            surveyed.hints.push(Hint { subject: subject::subject(part.policy.id), why });
        }
    }
    surveyed.put_off.extend(rest.map(|part| part.called));
    Ok(Surveyed { open, ..surveyed })
}

/// What bounds the calls.
struct Pace<'a, C> {
    clock: &'a C,
    pacer: &'a mut Pacer,
}

impl<C: Clock> Pace<'_, C> {
    fn spend(&mut self, calls: &[(Api, usize)]) -> bool {
        let now = self.clock.now();
        let has_room = self.pacer.wait_for(now, Share::Resync, calls).is_zero();
        if has_room {
            self.pacer.spend(now, Share::Resync, calls);
        }
        has_room
    }

    fn and_alarms(mut self, parts: &[Part<'_>]) -> Option<Self> {
        let endpoints = parts.iter().flat_map(Part::endpoints);
        let alarms: BTreeSet<&AlarmArn> = endpoints.flat_map(|it| it.alarms.iter().chain(&it.canaries)).collect();
        let mut by_region: BTreeMap<Option<String>, usize> = BTreeMap::new();
        for alarm in alarms {
            *by_region.entry(alarm.region().ok().map(|region| region.to_string())).or_default() += 1;
        }
        let calls = by_region.into_values().map(|count| count.div_ceil(PAGE)).sum();
        self.spend(&[(Api::Alarms, calls)]).then_some(self)
    }

    /// Its sets, what its health checks are, and its target groups.
    fn takes(&mut self, part: &Part<'_>, seen: &Observation, there: &BTreeSet<HealthCheckId>) -> bool {
        let targets: BTreeSet<&TargetGroupArn> = part.endpoints().flat_map(|it| &it.target_groups).collect();
        let targets = targets.into_iter().filter(|arn| !seen.targets.contains_key(*arn)).count();
        let is_known = |id: &HealthCheckId| seen.health_checks.contains_key(id) || there.contains(id);
        let checks = part.checks.iter().copied().filter(|id| !is_known(id)).count();
        self.spend(&[(Api::Route53, 1 + checks), (Api::LoadBalancing, targets)])
    }

    /// Of Route 53's own bucket it takes these as well, though there may be no room: else a name with many would never have its turn.
    fn takes_statuses(&mut self, count: usize) -> bool {
        let has_room = self.spend(&[(Api::HealthCheckStatus, count)]);
        if has_room {
            self.pacer.spend(self.clock.now(), Share::Resync, &[(Api::Route53, count)]);
        }
        has_room
    }
}

async fn read_targets<A: Records + Sync>(aws: &A, part: &Part<'_>, seen: &mut Observation) {
    let groups: BTreeSet<&TargetGroupArn> = part.endpoints().flat_map(|endpoint| &endpoint.target_groups).collect();
    let unknown = groups.into_iter().filter(|arn| !seen.targets.contains_key(*arn));
    let reads = unknown.map(|arn| async move { (arn.clone(), aws.targets(arn).await.map_err(|why| why.to_string())) });
    let read: Vec<_> = stream::iter(reads.collect::<Vec<_>>()).buffer_unordered(SIDE_BY_SIDE).collect().await;
    seen.targets.extend(read);
}

/// Of the decisive ones what the checkers found; of the others, whether they are there.
async fn read_checks<A: Records + Sync>(
    aws: &A,
    part: &Part<'_>,
    decisive: BTreeSet<&HealthCheckId>,
    seen: &mut Observation,
    there: &mut BTreeSet<HealthCheckId>,
) {
    let unknown = part.checks.iter().copied().filter(|id| !seen.health_checks.contains_key(*id));
    let unknown = unknown.filter(|id| decisive.contains(id) || !there.contains(*id));
    let reads = unknown.map(|id| {
        let is_decisive = decisive.contains(id);
        async move {
            let read = match is_decisive {
                true => aws.health_check(id).await.map(Some),
                false => aws.has_health_check(id).await.map(|is_there| (!is_there).then_some(None)),
            };
            (id.clone(), read.map_err(|why| why.to_string()).transpose())
        }
    });
    let read: Vec<_> = stream::iter(reads.collect::<Vec<_>>()).buffer_unordered(SIDE_BY_SIDE).collect().await;
    for (id, read) in read {
        match read {
            Some(read) => _ = seen.health_checks.insert(id, read),
            None => _ = there.insert(id),
        }
    }
}

async fn has_drifted<A: Records + Sync>(aws: &A, part: &Part<'_>, seen: &Observation) -> Result<bool, String> {
    let sets = aws.record_sets(part.policy.id, part.name).await.map_err(|unavailable| unavailable.to_string())?;
    Ok(!drifts(&part.policy, &Observation { sets, ..seen.clone() }, &BTreeMap::new()).is_empty())
}
