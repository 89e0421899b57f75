//! Route 53: record sets whole, one batch that compares before it sets, and what the checkers of a health check found.
//!
//! This module never upserts, never stops at a name that "sorts later", and never leaves out a field of a record set.

use std::time::Duration;

use aws_sdk_route53::Client;
use aws_sdk_route53::config::retry::RetryConfig;
use aws_sdk_route53::error::ProvideErrorMetadata;
use aws_sdk_route53::operation::list_resource_record_sets::ListResourceRecordSetsOutput;
use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeBatch, ChangeStatus, HealthCheck, HealthCheckObservation, HealthCheckType, RrType,
};
use futures_util::future::join;
use homeostat_core::aws::record::RecordSet;
use homeostat_core::aws::record_name::RecordName;
use homeostat_core::id::{HealthCheckId, HostedZoneId};
use homeostat_core::ports::{Outcome, Unavailable};
use homeostat_remedies::hosted_zone::generation::FENCE_LABEL;
use homeostat_remedies::hosted_zone::observation::{Checked, CheckerReport, HealthCheckReading};
use homeostat_remedies::hosted_zone::shift::{Batch, Shift};
use jiff::Timestamp;

use crate::call::{outcome, unavailable, words};

mod set;

/// All calls of an account share one bucket, and a zone refuses a change while it works on another: both pass within a second or
/// two, so a few more tries than elsewhere, with more time between them, at random, and still within the time of an effect.
const ATTEMPTS: u32 = 4;
const FIRST_BACKOFF: Duration = Duration::from_millis(300);
const LONGEST_BACKOFF: Duration = Duration::from_secs(2);

/// Sets of one name that are read: a weighted set has at most a hundred (Developer Guide, "Quotas"), and a page three hundred.
const MOST_PAGES: usize = 3;

/// What marks a status as healthy: "Success: HTTP Status Code 200, OK" and the like (API reference, `StatusReport`).
const SUCCESS: &str = "Success";

/// A health check that is not there, or not any more.
const NO_SUCH: &str = "NoSuchHealthCheck";

#[derive(Debug, Clone)]
pub(crate) struct Zones {
    client: Client,
}

impl Zones {
    pub(crate) fn new(config: &aws_config::SdkConfig) -> Self {
        let retries = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_initial_backoff(FIRST_BACKOFF)
            .with_max_backoff(LONGEST_BACKOFF);
        let config = aws_sdk_route53::config::Builder::from(config).retry_config(retries).build();
        Zones { client: Client::from_conf(config) }
    }

    /// The sets of this name, and the one with its generation. As a rule one page holds both: what is under a name follows it.
    pub(crate) async fn record_sets(
        &self,
        zone: &HostedZoneId,
        name: &RecordName,
    ) -> Result<Vec<RecordSet>, Unavailable> {
        let fence = name.under(FENCE_LABEL).map_err(|error| unreadable(&error.to_string()))?;
        let (mut sets, mut start, mut page_began_at_fence) = (Vec::new(), Start::of(name), false);
        for _ in 0..MOST_PAGES {
            let page = self.page(zone, start).await?;
            let mut read = set::read_those(&page, |found| *found == *name || *found == fence);
            sets.append(&mut read);
            let Some(next) = Start::after(&page)? else { return Ok(sets) };
            if sets.iter().any(|set| set.name == fence) || !next.name.is_within(name) {
                return Ok(sets);
            }
            if page_began_at_fence {
                return Ok(sets);
            }
            // Of the many names that may lie between, none is of use.
            page_began_at_fence = next.name != *name;
            start = if page_began_at_fence { Start::of(&fence) } else { next };
        }
        Err(unreadable(&format!("more than {MOST_PAGES} pages of record sets named {name}")))
    }

    /// The sets of this name alone. One page holds more than one name can have outside routing policies.
    pub(crate) async fn sets_of(&self, zone: &HostedZoneId, name: &RecordName) -> Result<Vec<RecordSet>, Unavailable> {
        Ok(set::read_those(&self.page(zone, Start::of(name)).await?, |found| found == name))
    }

    /// A batch with one DELETE: it applies to exactly what was read, or not at all.
    pub(crate) async fn remove(&self, zone: &HostedZoneId, sets: &[RecordSet]) -> Outcome {
        let batch = Batch { delete: sets.to_vec(), create: Vec::new() };
        self.change(zone, &batch).await
    }

    async fn page(&self, zone: &HostedZoneId, start: Start) -> Result<ListResourceRecordSetsOutput, Unavailable> {
        let request = self
            .client
            .list_resource_record_sets()
            .hosted_zone_id(zone.as_str())
            .start_record_name(start.name.as_str())
            .set_start_record_type(start.kind)
            .set_start_record_identifier(start.identifier);
        request.send().await.map_err(|error| unavailable("read the zone's record sets", &error))
    }

    pub(crate) async fn shift(&self, shift: &Shift) -> Outcome {
        match shift.batch() {
            Ok(batch) => self.change(&shift.zone, &batch).await,
            Err(error) => Outcome::Refused { why: error.to_string() },
        }
    }

    async fn change(&self, zone: &HostedZoneId, batch: &Batch) -> Outcome {
        let batch = match change_batch(batch) {
            Ok(batch) => batch,
            Err(why) => return Outcome::Refused { why },
        };
        let request = self.client.change_resource_record_sets().hosted_zone_id(zone.as_str()).change_batch(batch);
        match request.send().await {
            Ok(answer) => match answer.change_info() {
                Some(info) => Outcome::Pending { change: info.id().trim_start_matches("/change/").to_owned() },
                None => Outcome::Done,
            },
            // All or nothing: what was to be deleted is not there as it was read, or what was to be created is there already.
            Err(error) if error.code() == Some("InvalidChangeBatch") => Outcome::Lost { why: words(&error) },
            Err(error) => outcome(&error),
        }
    }

    pub(crate) async fn is_in_sync(&self, change: &str) -> Result<bool, Unavailable> {
        let answer = self.client.get_change().id(change).send().await;
        let answer = answer.map_err(|error| unavailable("ask after the last change", &error))?;
        Ok(answer.change_info().is_some_and(|info| *info.status() == ChangeStatus::Insync))
    }

    /// The settings and the status, side by side. Of a calculated health check, and of one that follows an alarm, Route 53 reports
    /// no observations (API reference, `GetHealthCheckStatus`).
    pub(crate) async fn health_check(&self, id: &HealthCheckId) -> Result<Option<HealthCheckReading>, Unavailable> {
        let settings = self.client.get_health_check().health_check_id(id.as_str()).send();
        let status = self.client.get_health_check_status().health_check_id(id.as_str()).send();
        let (settings, status) = join(settings, status).await;
        let settings = match settings {
            Ok(settings) => settings,
            Err(error) if error.code() == Some(NO_SUCH) => return Ok(None),
            Err(error) => return Err(unavailable("read the health check's settings", &error)),
        };
        let config = settings.health_check().and_then(HealthCheck::health_check_config);
        let config = config.ok_or_else(|| unreadable(&format!("health check {id} without its settings")))?;
        let of = checked(config.r#type());
        let reports = match status {
            Ok(status) => status.health_check_observations().iter().filter_map(observation).collect(),
            Err(error) if error.code() == Some(NO_SUCH) => return Ok(None),
            // Of what is no endpoint there is nothing to read.
            Err(_) if of != Checked::Endpoint => Vec::new(),
            Err(error) => return Err(unavailable("read the health check's status", &error)),
        };
        let is_set = |flag: Option<bool>| flag.unwrap_or(false);
        Ok(Some(HealthCheckReading {
            of,
            inverted: is_set(config.inverted()),
            disabled: is_set(config.disabled()),
            reports,
        }))
    }
}

impl Zones {
    pub(crate) async fn has_health_check(&self, id: &HealthCheckId) -> Result<bool, Unavailable> {
        match self.client.get_health_check().health_check_id(id.as_str()).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some(NO_SUCH) => Ok(false),
            Err(error) => Err(unavailable("read the health check's settings", &error)),
        }
    }
}

fn checked(kind: &HealthCheckType) -> Checked {
    match kind {
        HealthCheckType::Calculated => Checked::HealthChecks,
        HealthCheckType::CloudwatchMetric => Checked::Alarm,
        HealthCheckType::RecoveryControl => Checked::RoutingControl,
        _ => Checked::Endpoint,
    }
}

fn observation(found: &HealthCheckObservation) -> Option<CheckerReport> {
    let report = found.status_report()?;
    let at = Timestamp::from_second(report.checked_time()?.secs()).ok()?;
    let status = report.status()?.to_owned();
    Some(CheckerReport { at, is_well: status.starts_with(SUCCESS), status })
}

/// Where a page begins.
struct Start {
    name: RecordName,
    kind: Option<RrType>,
    identifier: Option<String>,
}

impl Start {
    fn of(name: &RecordName) -> Start {
        Start { name: name.clone(), kind: None, identifier: None }
    }

    /// As Route 53 says itself: its order is not that of the names.
    fn after(page: &ListResourceRecordSetsOutput) -> Result<Option<Start>, Unavailable> {
        if !page.is_truncated() {
            return Ok(None);
        }
        let name = page.next_record_name().unwrap_or_default();
        Ok(Some(Start {
            name: name.parse().map_err(|_| unreadable(&format!("a next page that begins at {name:?}")))?,
            kind: page.next_record_type().cloned(),
            identifier: page.next_record_identifier().map(str::to_owned),
        }))
    }
}

/// What is deleted comes first, so that what is created in its stead finds its place free.
fn change_batch(batch: &Batch) -> Result<ChangeBatch, String> {
    let delete = batch.delete.iter().map(|set| (ChangeAction::Delete, set));
    let create = batch.create.iter().map(|set| (ChangeAction::Create, set));
    let changes: Result<Vec<Change>, String> = delete.chain(create).map(|(action, set)| change(action, set)).collect();
    ChangeBatch::builder().set_changes(Some(changes?)).comment("Homeostat").build().map_err(|error| error.to_string())
}

fn change(action: ChangeAction, set: &RecordSet) -> Result<Change, String> {
    let set = set::write(set)?;
    Change::builder().action(action).resource_record_set(set).build().map_err(|error| error.to_string())
}

fn unreadable(what: &str) -> Unavailable {
    Unavailable { doing: "understand Route 53's answer".to_owned(), why: what.to_owned() }
}
