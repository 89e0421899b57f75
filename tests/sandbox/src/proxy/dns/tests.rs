//! Batches against zones, without a wire.

use super::batch::{Change, RecordSet, keys, read_batch};
use super::rules::{complaints, too_large};
use crate::wire::xml;

/// A set of `api.example.com`, by what else it holds.
fn set(more: &str) -> String {
    format!("<ResourceRecordSet><Name>API.example.com</Name><Type>A</Type>{more}</ResourceRecordSet>")
}

fn plain(routing: &str, ttl: u32) -> String {
    let records = "<ResourceRecords><ResourceRecord><Value>192.0.2.1</Value></ResourceRecord></ResourceRecords>";
    set(&format!("{routing}<TTL>{ttl}</TTL>{records}"))
}

fn weighted(identifier: &str, weight: i32, ttl: u32) -> String {
    plain(&format!("<SetIdentifier>{identifier}</SetIdentifier><Weight>{weight}</Weight>"), ttl)
}

fn read(changes: &[(&str, String)]) -> Result<Vec<Change>, String> {
    let changes: String =
        changes.iter().map(|(action, set)| format!("<Change><Action>{action}</Action>{set}</Change>")).collect();
    let body = format!("<Request><ChangeBatch><Changes>{changes}</Changes></ChangeBatch></Request>");
    let read = read_batch(xml::read(&body).unwrap());
    read.map(|(changes, _)| changes).map_err(|error| error.to_string())
}

fn sets(sets: &[String]) -> Vec<RecordSet> {
    let created: Vec<_> = sets.iter().map(|set| ("CREATE", set.clone())).collect();
    if created.is_empty() {
        return Vec::new();
    }
    read(&created).unwrap().into_iter().map(|change| change.set).collect()
}

/// What is wrong with the changes in a zone that holds those sets.
fn wrong(changes: &[(&str, String)], existing: &[String]) -> String {
    complaints(&read(changes).unwrap(), "example.com.", &sets(existing)).join(", ")
}

#[test]
fn weights_that_move_from_one_to_the_other_are_fine() {
    let existing = [weighted("blue", 100, 60), weighted("green", 0, 60)];
    let changes = [
        ("DELETE", weighted("blue", 100, 60)),
        ("CREATE", weighted("blue", 0, 60)),
        ("UPSERT", weighted("green", 100, 60)),
    ];
    assert_eq!(wrong(&changes, &existing), "");
}

#[test]
fn simple_and_weighted_sets_do_not_stand_side_by_side() {
    let simple = || plain("", 60);
    let found = wrong(&[("CREATE", weighted("blue", 1, 60))], &[simple()]);
    assert!(found.contains("SetIdentifier blue cannot be created as a non-weighted set exists"), "{found}");
    let found = wrong(&[("UPSERT", simple())], &[weighted("blue", 1, 60)]);
    assert!(found.contains("type A cannot be created as other RRSets exist with the same name and type."), "{found}");
    let in_its_place = [("DELETE", simple()), ("CREATE", weighted("blue", 1, 60))];
    assert_eq!(wrong(&in_its_place, &[simple()]), "", "the batch is one step");
}

#[test]
fn weighted_sets_share_a_ttl_but_an_alias_has_none() {
    let existing = [weighted("blue", 1, 60)];
    let found = wrong(&[("CREATE", weighted("green", 1, 300))], &existing);
    assert!(
        found.ends_with("SetIdentifier green cannot be created as weighted sets must contain the same TTL."),
        "{found}"
    );
    let alias =
        set("<SetIdentifier>green</SetIdentifier><Weight>1</Weight><AliasTarget><HostedZoneId>Z2</HostedZoneId>\
         <DNSName>lb.example.net</DNSName><EvaluateTargetHealth>true</EvaluateTargetHealth></AliasTarget>");
    assert_eq!(wrong(&[("CREATE", alias)], &existing), "");
    let both = [("UPSERT", weighted("blue", 1, 300)), ("CREATE", weighted("green", 1, 300))];
    assert_eq!(wrong(&both, &existing), "");
}

#[test]
fn a_name_is_within_the_zone_or_refused() {
    let changes = [("CREATE", plain("", 60))];
    let in_zone = |zone| complaints(&read(&changes).unwrap(), zone, &[]).join(", ");
    assert_eq!(in_zone("example.com."), "");
    assert_eq!(in_zone("api.example.com."), "");
    for zone in ["example.org.", "pi.example.com.", "www.api.example.com."] {
        let expected = format!("RRSet with DNS name api.example.com. is not permitted in zone {zone}");
        assert_eq!(in_zone(zone), expected);
    }
}

#[test]
fn invalid_input_is_told_from_an_invalid_batch() {
    let alone = |set: String| read(&[("CREATE", set)]).unwrap_err();
    for weight in [-1, 256] {
        assert!(alone(weighted("blue", weight, 60)).contains("InvalidInput (400)"));
    }
    assert!(read(&[("CREATE", weighted("blue", 255, 60))]).is_ok());
    assert!(alone(plain("<Weight>1</Weight>", 60)).contains("Missing field 'SetIdentifier'"));
    assert!(alone(plain("<SetIdentifier>a</SetIdentifier>", 60)).contains("found none"));
    assert!(alone(set("<TTL>60</TTL>")).contains("found none"));
    assert!(read(&[("MOVE", plain("", 60))]).unwrap_err().contains("Action"));
    assert!(read(&[]).is_err());
}

#[test]
fn an_upsert_counts_twice_towards_a_thousand() {
    let batch = |action, count| too_large(&read(&vec![(action, plain("", 60)); count]).unwrap());
    assert_eq!(batch("CREATE", 1000), None);
    assert!(batch("CREATE", 1001).is_some());
    assert_eq!(batch("UPSERT", 500), None);
    assert!(batch("UPSERT", 501).is_some());
}

#[test]
fn a_policy_asks_about_names_without_the_dot_and_each_value_once() {
    let changes = [("DELETE", weighted("blue", 1, 60)), ("CREATE", weighted("blue", 0, 60))];
    let keys = keys(&read(&changes).unwrap());
    let key = |name: &str| keys[&format!("route53:changeresourcerecordsets{name}")].clone();
    assert_eq!(key("normalizedrecordnames"), ["api.example.com"]);
    assert_eq!(key("recordtypes"), ["A"]);
    assert_eq!(key("actions"), ["CREATE", "DELETE"]);
}
