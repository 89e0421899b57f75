//! A site behind weighted records: its endpoints, what watches them, and the records that lead there.
//!
//! This module never breaks anything; its site has been running well for a while.

use std::collections::BTreeSet;

use homeostat_core::aws::record::{RecordKey, RecordSet, RecordType, Routing, Weight};
use homeostat_core::id::HostedZoneId;
use jiff::{SignedDuration, Timestamp};

use crate::alarm::{AlarmRule, Comparison, TreatMissingData};
use crate::metric::{Metric, Statistic};
use crate::pace::Pace;
use crate::place::Place;
use crate::refusal::Refusal;
use crate::world::World;
use crate::zones::Author;

/// Longer than any alarm looks back, and than checkers take to make up their minds.
const RUNNING_FOR: SignedDuration = SignedDuration::from_mins(10);

/// As AWS advises for weighted records (Route 53 Developer Guide, "Best practices for Amazon Route 53 DNS").
const TTL: i64 = 60;

#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    pub place: Place,
    pub pace: Pace,
    pub records: Vec<WeightedRecord>,
    /// What the alarms on served traffic make of none.
    pub missing: TreatMissingData,
}

/// Its identifiers are the names of endpoints, and each endpoint is there once however many records lead to it.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightedRecord {
    pub zone: HostedZoneId,
    pub key: RecordKey,
    pub weights: Vec<(String, Weight)>,
}

impl Site {
    /// In account 123456789012 in us-east-1, at AWS's pace.
    ///
    /// # Errors
    /// [`Refusal`]: never, with these names.
    pub fn new(records: Vec<WeightedRecord>) -> Result<Self, Refusal> {
        let place = Place { account: "123456789012".to_owned(), region: "us-east-1".parse()? };
        Ok(Site { place, pace: Pace::aws(), records, missing: TreatMissingData::Missing })
    }

    /// The alarm on an endpoint's failed requests.
    pub fn served_alarm(endpoint: &str) -> String {
        format!("{endpoint}-failing")
    }

    /// The alarm on an endpoint's canary.
    pub fn canary_alarm(endpoint: &str) -> String {
        format!("{endpoint}-canary")
    }

    /// The site as it is at `now`, with no event waiting.
    ///
    /// # Errors
    /// [`Refusal`] for names that can't be part of an ARN, or for a pace that CloudWatch can't keep.
    pub fn build(self, now: Timestamp) -> Result<World, Refusal> {
        let mut world = World::new(self.place.clone(), self.pace.clone(), now - RUNNING_FOR);
        let names: BTreeSet<&String> =
            self.records.iter().flat_map(|record| &record.weights).map(|(name, _)| name).collect();
        let high = AlarmRule {
            statistic: Statistic::Average,
            period: self.pace.alarm_period,
            evaluation_periods: 2,
            datapoints_to_alarm: 2,
            threshold: 50.0,
            comparison: Comparison::GreaterThanThreshold,
            missing: self.missing,
        };
        let low = AlarmRule { comparison: Comparison::LessThanThreshold, missing: TreatMissingData::Missing, ..high };
        for name in names {
            world.add_endpoint(name)?;
            world.add_health_check(name)?;
            world.add_alarm(&Site::served_alarm(name), Metric::served_failures(name), high.clone())?;
            world.add_alarm(&Site::canary_alarm(name), Metric::canary_success(name), low.clone())?;
        }
        for record in &self.records {
            world.add_zone(&record.zone);
            let sets = record.sets(&world)?;
            world.edit_records(&record.zone, Author::Somebody, |there| there.extend(sets))?;
        }
        world.step(now);
        world.take_events();
        Ok(world)
    }
}

impl WeightedRecord {
    /// Each answers with an address of its own, as long as its health check agrees.
    fn sets(&self, world: &World) -> Result<Vec<RecordSet>, Refusal> {
        let sets = self.weights.iter().zip(1_u32..).map(|((endpoint, weight), number)| {
            let check = world.endpoint(endpoint).and_then(|endpoint| endpoint.health_check.as_ref());
            let answer = match self.key.kind {
                RecordType::A => format!("192.0.2.{number}"),
                RecordType::Aaaa => format!("2001:db8::{number}"),
                RecordType::Cname => format!("{endpoint}.example.net"),
            };
            Ok(RecordSet {
                name: self.key.name.clone(),
                kind: self.key.kind.as_str().to_owned(),
                routing: Routing::Weighted { identifier: endpoint.parse()?, weight: *weight },
                ttl: Some(TTL),
                values: vec![answer],
                alias: None,
                health_check: check.map(|check| check.id.clone()),
                traffic_policy: None,
            })
        });
        sets.collect()
    }
}
