//! A hosted zone with weighted records, for stories and the demo: made, read, and seen as resolvers see it.
//!
//! It never changes a weight by itself, and what it makes goes through the proxy as an operator's call.

mod traffic;

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow};
use aws_config::SdkConfig;
use aws_sdk_route53::Client;
use aws_sdk_route53::types::{
    AliasTarget, Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType,
};
use world::{Candidate, World};

use crate::face::Face;
use crate::proxy::dns::normal;
pub use traffic::Traffic;

/// Advised for weighted records with health checks (Route 53 Developer Guide, "Values specific for weighted records").
pub const TTL: i64 = 60;

pub struct Zone {
    client: Client,
    id: String,
}

/// One record set of several that share the answers for a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weighted {
    pub set_identifier: String,
    pub weight: u8,
    pub health_check: Option<String>,
    pub target: Target,
}

/// What one reading of a name says, by set identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    pub weights: BTreeMap<String, u8>,
    /// In thousandths.
    pub shares: BTreeMap<String, u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A record's value: an address, or another name.
    Value(String),
    /// The zone and the name that it stands for, say of a load balancer.
    Alias { zone: String, name: String, evaluate_target_health: bool },
}

impl Weighted {
    /// A plain record without a health check.
    pub fn plain(set_identifier: &str, weight: u8, value: &str) -> Self {
        let target = Target::Value(value.to_owned());
        Weighted { set_identifier: set_identifier.to_owned(), weight, health_check: None, target }
    }

    #[must_use]
    pub fn checked_by(self, health_check: impl Into<String>) -> Self {
        Weighted { health_check: Some(health_check.into()), ..self }
    }

    #[must_use]
    pub fn alias(self, zone: &str, name: &str, evaluate_target_health: bool) -> Self {
        let target = Target::Alias { zone: zone.to_owned(), name: name.to_owned(), evaluate_target_health };
        Weighted { target, ..self }
    }

    fn written(&self, name: &str, kind: &RrType) -> Result<ResourceRecordSet> {
        let set = ResourceRecordSet::builder().name(name).r#type(kind.clone());
        let set = set.set_identifier(&self.set_identifier).weight(self.weight.into());
        let set = set.set_health_check_id(self.health_check.clone());
        Ok(match &self.target {
            Target::Value(value) => set.ttl(TTL).resource_records(ResourceRecord::builder().value(value).build()?),
            Target::Alias { zone, name, evaluate_target_health } => set.alias_target(
                AliasTarget::builder()
                    .hosted_zone_id(zone)
                    .dns_name(name)
                    .evaluate_target_health(*evaluate_target_health)
                    .build()?,
            ),
        }
        .build()?)
    }

    /// `None` = it is not weighted.
    fn read(set: &ResourceRecordSet) -> Option<Self> {
        let value = || set.resource_records().first().map(|record| Target::Value(record.value().to_owned()));
        let alias = |alias: &AliasTarget| Target::Alias {
            zone: alias.hosted_zone_id().to_owned(),
            name: alias.dns_name().to_owned(),
            evaluate_target_health: alias.evaluate_target_health(),
        };
        Some(Weighted {
            set_identifier: set.set_identifier()?.to_owned(),
            weight: u8::try_from(set.weight()?).ok()?,
            health_check: set.health_check_id().map(str::to_owned),
            target: set.alias_target().map(alias).or_else(value)?,
        })
    }
}

impl Zone {
    /// A zone that is there already.
    pub fn at(config: &SdkConfig, id: &str) -> Self {
        Zone { client: Client::new(config), id: id.to_owned() }
    }

    /// As ARNs have it, without `/hostedzone/`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Creates it, unless one of that domain was created here before.
    pub async fn create(config: &SdkConfig, domain: &str) -> Result<Self> {
        let client = Client::new(config);
        let made = client.create_hosted_zone().name(domain).caller_reference(domain).send().await;
        let made = made.with_context(|| format!("making the zone {domain}"))?;
        let zone = made.hosted_zone().context("a zone without a description")?;
        Ok(Zone { id: zone.id().rsplit('/').next().unwrap_or_default().to_owned(), client })
    }

    /// Makes the records of that name and type, or sets them, all in one step.
    pub async fn put(&self, name: &str, kind: &RrType, records: &[Weighted]) -> Result<()> {
        let mut batch = ChangeBatch::builder();
        for record in records {
            let change = Change::builder().action(ChangeAction::Upsert);
            batch = batch.changes(change.resource_record_set(record.written(name, kind)?).build()?);
        }
        let request = self.client.change_resource_record_sets().hosted_zone_id(&self.id).change_batch(batch.build()?);
        request.send().await.with_context(|| format!("setting the records of {name}"))?;
        Ok(())
    }

    /// Makes a plain record with one value, or sets it.
    pub async fn put_plain(&self, name: &str, kind: &RrType, ttl: i64, value: &str) -> Result<()> {
        let value = ResourceRecord::builder().value(value).build()?;
        let set = ResourceRecordSet::builder().name(name).r#type(kind.clone()).ttl(ttl).resource_records(value);
        let change = Change::builder().action(ChangeAction::Upsert).resource_record_set(set.build()?).build()?;
        let batch = ChangeBatch::builder().changes(change).build()?;
        let request = self.client.change_resource_record_sets().hosted_zone_id(&self.id).change_batch(batch);
        request.send().await.with_context(|| format!("setting the record {name}"))?;
        Ok(())
    }

    /// Whether there is a record of that name and type.
    pub async fn has(&self, name: &str, kind: &RrType) -> Result<bool> {
        let request = self.client.list_resource_record_sets().hosted_zone_id(&self.id);
        let page = request.start_record_name(name).start_record_type(kind.clone()).send().await;
        let page = page.with_context(|| format!("reading the records of {name}"))?;
        let name = normal(name);
        Ok(page.resource_record_sets().iter().any(|set| set.name() == name && set.r#type() == kind))
    }

    /// The weighted records of that name and type.
    pub async fn records(&self, name: &str, kind: &RrType) -> Result<Vec<Weighted>> {
        let request = self.client.list_resource_record_sets().hosted_zone_id(&self.id);
        let request = request.start_record_name(name).start_record_type(kind.clone());
        let page = request.send().await.with_context(|| format!("reading the records of {name}"))?;
        // A name has at most 100 weighted records of a type, and a page 300 records.
        let name = normal(name);
        let of_name = page.resource_record_sets().iter().filter(|set| set.name() == name && set.r#type() == kind);
        Ok(of_name.filter_map(Weighted::read).collect())
    }

    /// Sets one record's weight as a person would, whatever stands there.
    pub async fn set_weight(&self, name: &str, kind: &RrType, set_identifier: &str, weight: u8) -> Result<()> {
        let mut records = self.records(name, kind).await?;
        records.retain(|record| record.set_identifier == set_identifier);
        records.iter_mut().for_each(|record| record.weight = weight);
        self.put(name, kind, &records).await
    }

    /// The text of a TXT record, if there is one of that name.
    pub async fn text(&self, name: &str) -> Result<Option<String>> {
        let request = self.client.list_resource_record_sets().hosted_zone_id(&self.id);
        let request = request.start_record_name(name).start_record_type(RrType::Txt);
        let page = request.send().await.with_context(|| format!("reading the text of {name}"))?;
        let name = normal(name);
        let of_name = page.resource_record_sets().iter().find(|set| set.name() == name && set.r#type() == &RrType::Txt);
        Ok(of_name.and_then(|set| set.resource_records().first()).map(|record| record.value().to_owned()))
    }

    /// By set identifier.
    pub async fn weights(&self, name: &str, kind: &RrType) -> Result<BTreeMap<String, u8>> {
        let records = self.records(name, kind).await?;
        Ok(records.into_iter().map(|record| (record.set_identifier, record.weight)).collect())
    }

    /// Which share of the answers each record gets, in thousandths, with the world's health checks as they are now.
    pub async fn shares(&self, name: &str, kind: &RrType, face: &Face) -> Result<BTreeMap<String, u16>> {
        Ok(self.answers(name, kind, face).await?.shares)
    }

    /// The weights, and what resolvers make of just these weights: two readings could have a change between them.
    pub async fn answers(&self, name: &str, kind: &RrType, face: &Face) -> Result<Answers> {
        let records = self.records(name, kind).await?;
        let weights = records.iter().map(|record| (record.set_identifier.clone(), record.weight)).collect();
        let candidates: Vec<Candidate> = face.with(|world| {
            let candidate = |record: Weighted| Candidate {
                healthy: is_healthy(world, &record),
                set_identifier: record.set_identifier,
                weight: record.weight,
            };
            records.into_iter().map(candidate).collect()
        });
        Ok(Answers { weights, shares: world::shares(&candidates) })
    }

    /// Lets the traffic follow the records as they are now, at once: each endpoint of the world that is called as a record's
    /// set identifier gets that record's share.
    pub async fn send_traffic(&self, name: &str, kind: &RrType, face: &Face) -> Result<BTreeMap<String, u16>> {
        let shares = self.shares(name, kind, face).await?;
        face.with(|world| {
            let known = |endpoint: &String| world.endpoint(endpoint).is_some();
            let known: Vec<_> = shares.iter().filter(|(endpoint, _)| known(endpoint)).collect();
            known.into_iter().try_for_each(|(endpoint, share)| world.set_share(endpoint, *share))
        })
        .map_err(|refusal| anyhow!("{refusal}"))?;
        Ok(shares)
    }
}

/// A record without a health check is always healthy, and so is one with a check that the world doesn't know. What an alias
/// stands for is not looked at.
fn is_healthy(world: &World, record: &Weighted) -> bool {
    let check = record.health_check.as_deref().and_then(|id| world.health_check(id));
    check.is_none_or(world::HealthCheck::is_healthy)
}
