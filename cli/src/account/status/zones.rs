//! What `status` shows of zones: their latches.
//!
//! This module never reads Route 53.

use std::collections::BTreeMap;

use homeostat_core::id::HostedZoneId;
use homeostat_core::shell;
use homeostat_core::view::at;
use homeostat_remedies::hosted_zone;
use homeostat_remedies::hosted_zone::memory::{Endpoint, Memory};
use jiff::Timestamp;
use serde::Serialize;

use crate::page::Row;

/// What a zone's memory keeps back.
#[derive(Debug, Serialize)]
pub(super) struct HeldBackZone {
    zone: HostedZoneId,
    drains: usize,
    latched: BTreeMap<Endpoint, Timestamp>,
}

impl HeldBackZone {
    pub(super) const HEADERS: [&str; 3] = ["zone", "drains remembered", "latched"];

    pub(super) fn new(zone: HostedZoneId, memory: Memory) -> Self {
        HeldBackZone { zone, drains: memory.drains.len(), latched: memory.latched }
    }

    pub(super) fn row(&self) -> Row {
        let scope = hosted_zone::subject::scope(&self.zone).to_string();
        let say = |(endpoint, since): (&Endpoint, &Timestamp)| {
            let ack = shell::word(&scope);
            format!(
                "{endpoint} is latched since {}, and gets no weight back while others serve: homeostat ack {ack}",
                at(*since)
            )
        };
        let cells = vec![self.zone.to_string(), self.drains.to_string(), self.latched.len().to_string()];
        Row { cells, below: self.latched.iter().map(say).collect() }
    }
}
