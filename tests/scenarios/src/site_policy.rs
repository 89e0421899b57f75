//! The policy's sections for the records of a site, with the ids that its world gave the health checks and alarms.
//!
//! This module never chooses: what a record is to be like is its caller's to say.

use homeostat_core::aws::record::RecordType;
use world::{Site, WeightedRecord, World};

/// A record's section; `lines` for the record itself, and `more` for each of its endpoints by name.
pub fn record_section(world: &World, record: &WeightedRecord, lines: &str, more: impl Fn(&str) -> String) -> String {
    section_of_types(world, record, &[record.key.kind], lines, more)
}

/// The same for records of several types that move together.
pub fn section_of_types(
    world: &World,
    record: &WeightedRecord,
    kinds: &[RecordType],
    lines: &str,
    more: impl Fn(&str) -> String,
) -> String {
    let (zone, name) = (&record.zone, record.key.name.as_str());
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    let kinds = if let [one] = kinds.as_slice() { format!("{one:?}") } else { format!("{kinds:?}") };
    let mut text =
        format!("\n[[shift-dns.record]]\nhosted-zone = \"{zone}\"\nname = \"{name}\"\ntype = {kinds}\n{lines}\n");
    for (endpoint, _) in &record.weights {
        let arn = |alarm: &str| world.alarm(alarm).map(|alarm| alarm.arn.to_string()).unwrap_or_default();
        let (served, canary) = (arn(&Site::served_alarm(endpoint)), arn(&Site::canary_alarm(endpoint)));
        let check = world.endpoint(endpoint).and_then(|endpoint| endpoint.health_check.as_ref());
        let check = check.map(|check| check.id.clone()).unwrap_or_default();
        text += &format!(
            "[[shift-dns.record.endpoint]]\nid = \"{endpoint}\"\nalarms = [\"{served}\"]\ncanaries = [\"{canary}\"]\n\
             health-check = \"{check}\"\n{}\n",
            more(endpoint)
        );
    }
    text
}
