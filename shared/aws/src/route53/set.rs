//! Record sets in and out of the SDK's types, with every field that a weighted one can have.
//!
//! This module never writes a set that it could not read whole.

use aws_sdk_route53::operation::list_resource_record_sets::ListResourceRecordSetsOutput;
use aws_sdk_route53::types::{AliasTarget, ResourceRecord, ResourceRecordSet, RrType};
use homeostat_core::aws::record::{Alias, RecordSet, Routing, Weight};
use homeostat_core::aws::record_name::RecordName;

/// The page's sets of the names that are wanted. A name that can't be understood is none of them.
pub(super) fn read_those(
    page: &ListResourceRecordSetsOutput,
    is_wanted: impl Fn(&RecordName) -> bool,
) -> Vec<RecordSet> {
    let named = page.resource_record_sets().iter().filter_map(|set| Some((set.name().parse().ok()?, set)));
    named.filter(|(name, _)| is_wanted(name)).map(|(name, set)| read(name, set)).collect()
}

/// A set whose routing can't be understood is never changed, and hides none of the others.
fn read(name: RecordName, set: &ResourceRecordSet) -> RecordSet {
    let kind = set.r#type().as_str().to_owned();
    RecordSet {
        routing: routing(set)
            .unwrap_or_else(|| Routing::Other("malformed (its weight or identifier is amiss)".to_owned())),
        ttl: set.ttl(),
        values: set.resource_records().iter().map(|record| record.value().to_owned()).collect(),
        alias: set.alias_target().map(|alias| Alias {
            zone: alias.hosted_zone_id().to_owned(),
            name: alias.dns_name().to_owned(),
            evaluate_target_health: alias.evaluate_target_health(),
        }),
        health_check: set.health_check_id().map(str::to_owned),
        traffic_policy: set.traffic_policy_instance_id().map(str::to_owned),
        name,
        kind,
    }
}

fn routing(set: &ResourceRecordSet) -> Option<Routing> {
    let others = [
        ("latency", set.region().is_some()),
        ("geolocation", set.geo_location().is_some()),
        ("geoproximity", set.geo_proximity_location().is_some()),
        ("failover", set.failover().is_some()),
        ("multivalue answer", set.multi_value_answer().is_some()),
        ("IP-based", set.cidr_routing_config().is_some()),
    ];
    if let Some((what, _)) = others.into_iter().find(|(_, is_so)| *is_so) {
        return Some(Routing::Other(what.to_owned()));
    }
    match (set.set_identifier(), set.weight()) {
        (None, None) => Some(Routing::Simple),
        (Some(identifier), Some(weight)) => {
            Some(Routing::Weighted { identifier: identifier.parse().ok()?, weight: Weight::try_from(weight).ok()? })
        }
        (Some(_), None) | (None, Some(_)) => None,
    }
}

/// # Errors
/// Why it can't be written: it is no weighted set and no simple one, or the SDK wants something that it lacks.
pub(super) fn write(set: &RecordSet) -> Result<ResourceRecordSet, String> {
    let unbuilt = |error: aws_sdk_route53::error::BuildError| error.to_string();
    let mut builder = ResourceRecordSet::builder()
        .name(set.name.as_str())
        .r#type(RrType::from(set.kind.as_str()))
        .set_ttl(set.ttl)
        .set_health_check_id(set.health_check.clone());
    match &set.routing {
        Routing::Simple => {}
        Routing::Weighted { identifier, weight } => {
            builder = builder.set_identifier(identifier.as_str()).weight(i64::from(*weight));
        }
        Routing::Other(what) => return Err(format!("{} is a {what} record, which is never changed", set.name)),
    }
    for value in &set.values {
        builder = builder.resource_records(ResourceRecord::builder().value(value).build().map_err(unbuilt)?);
    }
    if let Some(alias) = &set.alias {
        let target = AliasTarget::builder()
            .hosted_zone_id(&alias.zone)
            .dns_name(&alias.name)
            .evaluate_target_health(alias.evaluate_target_health);
        builder = builder.alias_target(target.build().map_err(unbuilt)?);
    }
    builder.build().map_err(unbuilt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_route53::types::builders::ResourceRecordSetBuilder;
    use aws_sdk_route53::types::{GeoLocation, ResourceRecordSetFailover, ResourceRecordSetRegion};

    fn weighted() -> ResourceRecordSetBuilder {
        ResourceRecordSet::builder().name("www.example.com").r#type(RrType::A).set_identifier("blue").weight(70)
    }

    fn read_one(set: &ResourceRecordSet) -> RecordSet {
        read(set.name().parse().unwrap(), set)
    }

    #[test]
    fn every_field_of_a_weighted_set_survives() {
        let record = |value: &str| ResourceRecord::builder().value(value).build().unwrap();
        let alias =
            AliasTarget::builder().hosted_zone_id("Z1").dns_name("dualstack.Lb.example.").evaluate_target_health(true);
        for set in [
            weighted()
                .ttl(60)
                .resource_records(record("192.0.2.1"))
                .resource_records(record("192.0.2.2"))
                .build()
                .unwrap(),
            weighted().alias_target(alias.build().unwrap()).health_check_id("abc").build().unwrap(),
            weighted().weight(0).ttl(0).resource_records(record("192.0.2.1")).build().unwrap(),
        ] {
            assert_eq!(write(&read_one(&set)).unwrap(), set);
        }
    }

    #[test]
    fn what_is_no_weighted_record_is_never_taken_for_one_nor_written() {
        let set = || ResourceRecordSet::builder().name("a.b").r#type(RrType::A).set_identifier("x");
        for other in [
            set().region(ResourceRecordSetRegion::EuWest1),
            set().failover(ResourceRecordSetFailover::Primary),
            set().geo_location(GeoLocation::builder().country_code("DE").build()),
            set().multi_value_answer(true),
            set().multi_value_answer(false).weight(3),
        ] {
            let read = read_one(&other.build().unwrap());
            assert!(matches!(read.routing, Routing::Other(_)), "{read:?}");
            assert!(write(&read).is_err());
        }
        for amiss in [set(), set().weight(256), set().weight(-1), set().weight(1).set_identifier("")] {
            let amiss = amiss.build().unwrap();
            let read = read_one(&amiss);
            assert!(matches!(read.routing, Routing::Other(_)) && write(&read).is_err(), "{amiss:?}");
        }
    }
}
