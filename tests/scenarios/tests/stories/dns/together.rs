//! Many at once: events, zones, and records of one zone.

use std::task::Poll;

use fastrand::Rng;
use homeostat_lambda::Failure;
use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use scenarios::{Handling, Owner, record_section};

use super::site::*;
use crate::gates::{OneTurnEach, go_on};

#[test]
fn the_same_event_twenty_times_at_once_drains_once() {
    for seed in 0..50 {
        let story = two(USUAL);
        fail(&story, "blue");
        story.cloud.pass(minutes(3));
        let event = story.cloud.with(|world| world.take_events()).remove(0);
        let gate = OneTurnEach::default();
        let mut running: Vec<Handling> = (0..20).map(|_| story.owner.behind(&gate, event.clone())).collect();
        let mut dice = Rng::with_seed(seed);
        while !running.is_empty() {
            let chosen = dice.usize(..running.len());
            if let Poll::Ready(answer) = go_on(&mut running[chosen]) {
                // So many at once may be too many for one of them: Lambda would try it again.
                let is_fine =
                    answer.is_ok() || matches!(&answer, Err(Failure::Retry(why)) if why.contains("the ledger changed"));
                assert!(is_fine, "seed {seed}: {answer:?}");
                drop(running.swap_remove(chosen));
            }
        }
        assert_eq!(steps(&story, &www()), [[0, 30]], "seed {seed}");
        assert_eq!(story.cloud.with(|world| world.zone(&zone()).unwrap().refused().len()), 0, "seed {seed}");
        assert_eq!(story.ledger.open::<HostedZoneKind>().len(), 1, "seed {seed}");
    }
}

#[test]
fn one_alarm_for_two_zones_leads_to_an_incident_and_a_change_in_each() {
    let other = "Z0000000000000000OTHER".parse().unwrap();
    let weights = [("blue", 70), ("green", 30)];
    let records = vec![record("www.example.com A", &weights), record_in(&other, "www.example.org A", &weights)];
    let mut story = several(records, USUAL, |_| String::new());
    fail(&story, "blue");
    story.pass(minutes(5));
    assert_eq!((shifts(&story, &zone()).len(), shifts(&story, &other).len()), (1, 1));
    assert_eq!(story.ledger.open::<HostedZoneKind>().len(), 2);
    let answer = story.answers[0].as_ref().unwrap();
    assert_eq!(answer["records"].as_array().unwrap().len(), 2, "{answer}");
    mend(&story, "blue");
    story.pass(minutes(60));
    assert_eq!((story.ledger.open::<HostedZoneKind>().len(), story.ledger.closed::<HostedZoneKind>().len()), (0, 2));
    assert_eq!(shifts(&story, &zone()).len(), 4);
    assert_eq!(shifts(&story, &other).len(), 4);
}

#[test]
fn all_records_of_a_zone_that_an_alarm_speaks_for_are_changed_in_one_batch() {
    let weights = [("blue", 70), ("green", 30)];
    let keys = ["www.example.com A", "www.example.com AAAA", "api.example.com A"];
    let mut story = several(keys.map(|key| record(key, &weights)).to_vec(), USUAL, |_| String::new());
    fail(&story, "blue");
    story.pass(minutes(10));
    mend(&story, "blue");
    story.pass(minutes(60));
    for key_ in keys {
        assert_eq!(steps(&story, &key(key_)), [[0, 30], [2, 30], [16, 30], [70, 30]], "{key_}");
    }
    assert_eq!(shifts(&story, &zone()).len(), 4, "one for all, each time");
    assert_eq!((story.ledger.open::<HostedZoneKind>().len(), story.ledger.closed::<HostedZoneKind>().len()), (0, 1));
}

#[test]
fn an_event_that_is_never_delivered_is_found_by_the_resync() {
    let mut story = two(USUAL);
    story.deliveries = 0;
    fail(&story, "blue");
    story.pass(minutes(7));
    has(&story, &www(), &[0, 30]);
    assert!(!story.delivered.is_empty(), "there were events, and none of them reached the owner");
}

#[test]
fn a_resync_of_a_zone_that_is_well_writes_nothing() {
    let mut story = two(USUAL);
    story.pass(minutes(120));
    assert!(story.answers.len() >= 20 && story.answers.iter().all(Result::is_ok));
    assert_eq!((story.ledger.open::<HostedZoneKind>().len(), story.ledger.closed::<HostedZoneKind>().len()), (0, 0));
    assert!(shifts(&story, &zone()).is_empty());
}

#[test]
fn a_section_names_what_watches_the_endpoint() {
    let story = two(USUAL);
    let section = story
        .cloud
        .with(|world| record_section(world, &record("www.example.com A", &[("blue", 1)]), "", |_| String::new()));
    assert!(section.contains("alarm:blue-failing") && section.contains("alarm:blue-canary"), "{section}");
}
