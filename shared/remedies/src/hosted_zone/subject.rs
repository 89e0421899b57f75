//! What shift-dns's incidents are about: a hosted zone, since its weighted records are changed together, by one writer.
//!
//! This module never asks AWS whether a thing exists.

use homeostat_core::id::{HostedZoneId, InvalidId, Named, Region, Scope, Subject};

const TAG: &str = "hosted-zone";

pub const FORMS: &[&str] = &["hosted-zone#<id>"];

pub fn subject(zone: &HostedZoneId) -> Subject {
    Subject::new(Region::global(), TAG, zone)
}

pub fn scope(zone: &HostedZoneId) -> Scope {
    Scope::new(TAG, zone)
}

/// The hosted zone, if it is one.
pub fn zone_of(subject: &Subject) -> Option<HostedZoneId> {
    subject.id().parse().ok().filter(|_| subject.tag() == TAG)
}

/// The hosted zone whose memory it is, if it is one's.
pub fn zone_of_scope(scope: &Scope) -> Option<HostedZoneId> {
    scope.id().parse().ok().filter(|_| scope.tag() == TAG)
}

/// What a person may name of it. `None`: it is another remedy's.
pub fn named(subject: &Subject) -> Option<Result<Named, InvalidId>> {
    let zone = (subject.tag() == TAG).then(|| subject.id().parse::<HostedZoneId>())?;
    Some(zone.map(|zone| Named {
        whole: Some(scope(&zone)),
        pausable: vec![subject.in_any_region()],
        words: format!("hosted zone {zone}"),
        stops: "moves no weight there, neither away nor back",
        has_instances: false,
    }))
}
