//! Somebody else changes a record while Homeostat holds it: it is left as it is, a person is told, and their word takes it up
//! again.

use homeostat_core::aws::record::{RecordSet, Weight};
use homeostat_core::incident::State;
use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use scenarios::DnsStory;
use world::Author;

use super::site::*;

/// Blue is drained, and stays sick.
fn drained() -> DnsStory {
    let mut story = two(USUAL);
    fail(&story, "blue");
    story.pass(minutes(6));
    has(&story, &www(), &[0, 30]);
    story
}

fn edit(story: &DnsStory, edit: impl FnOnce(&mut Vec<RecordSet>)) {
    story.cloud.with(|world| world.edit_records(&zone(), Author::Somebody, edit)).unwrap();
}

fn set_weight(sets: &mut [RecordSet], endpoint: &str, weight: Weight) {
    for set in sets {
        if set.weighted().is_some_and(|(id, _)| id.as_str() == endpoint) {
            *set = set.with_weight(weight);
        }
    }
}

/// A page about the record in these words; and nothing is touched any more.
fn is_left_alone(story: &mut DnsStory, words: &str, weights: &[Weight]) {
    let before = shifts(story, &zone()).len();
    story.pass(minutes(10));
    let incident = the_open_one(story);
    assert_eq!(incident.state, State::Escalated, "{}", said(&incident));
    let text = said(&incident);
    for words in ["www.example.com A", words, "leaves it as it is"] {
        assert!(text.contains(words), "{words:?} in {text}");
    }
    has(story, &www(), weights);
    assert_eq!(shifts(story, &zone()).len(), before);
}

#[test]
fn a_persons_weight_is_left_alone_and_their_word_makes_it_the_new_original() {
    let mut story = drained();
    edit(&story, |sets| set_weight(sets, "blue", 5));
    is_left_alone(&mut story, "blue has weight 5, and Homeostat left 0", &[5, 30]);
    story.acknowledge("ana").unwrap();
    story.pass(minutes(5));
    has(&story, &www(), &[0, 30]);
    mend(&story, "blue");
    story.pass(minutes(60));
    has(&story, &www(), &[5, 30]);
    assert_eq!(story.ledger.open::<HostedZoneKind>(), []);
}

#[test]
fn an_infrastructure_tool_that_applies_its_weights_again_is_not_fought() {
    let mut story = drained();
    edit(&story, |sets| set_weight(sets, "blue", 70));
    is_left_alone(&mut story, "blue has weight 70, and Homeostat left 0", &[70, 30]);
    story.acknowledge("ana").unwrap();
    story.pass(minutes(5));
    has(&story, &www(), &[0, 30]);
    mend(&story, "blue");
    story.pass(minutes(60));
    has(&story, &www(), &[70, 30]);
    assert_eq!(story.ledger.open::<HostedZoneKind>(), []);
}

#[test]
fn a_record_that_somebody_took_over_and_mended_is_let_go_without_a_word() {
    let mut story = drained();
    edit(&story, |sets| set_weight(sets, "blue", 70));
    story.pass(minutes(10));
    mend(&story, "blue");
    story.pass(minutes(30));
    has(&story, &www(), &[70, 30]);
    assert_eq!(story.ledger.open::<HostedZoneKind>(), []);
    let closed = story.ledger.closed::<HostedZoneKind>();
    let text = said(closed.last().unwrap());
    assert!(text.contains("www.example.com A"), "{text}");
}

#[test]
fn a_generation_that_was_deleted_is_a_change_by_somebody() {
    let mut story = drained();
    edit(&story, |sets| sets.retain(|set| set.kind != "TXT"));
    is_left_alone(&mut story, "its generation is gone", &[0, 30]);
    mend(&story, "blue");
    story.acknowledge("ana").unwrap();
    story.pass(minutes(60));
    assert_eq!(story.ledger.open::<HostedZoneKind>(), []);
    // Nobody set a weight, so what blue had is not forgotten.
    has(&story, &www(), &[70, 30]);
}

#[test]
fn another_value_is_somebodys_change_too() {
    let mut story = drained();
    edit(&story, |sets| sets.iter_mut().filter(|set| set.kind == "A").for_each(|set| set.ttl = Some(300)));
    is_left_alone(&mut story, "answers with something else, or in another way", &[0, 30]);
    mend(&story, "blue");
    story.acknowledge("ana").unwrap();
    story.pass(minutes(60));
    let ttls = story.cloud.with(|world| world.zone(&zone()).unwrap().record(&www())).into_iter().map(|set| set.ttl);
    assert!(ttls.into_iter().all(|ttl| ttl == Some(300)));
    assert_eq!(story.ledger.open::<HostedZoneKind>(), []);
}

#[test]
fn an_edit_before_the_drain_is_what_the_drain_starts_from() {
    let mut story = two(USUAL);
    edit(&story, |sets| set_weight(sets, "green", 130));
    fail(&story, "blue");
    story.pass(minutes(10));
    has(&story, &www(), &[0, 130]);
    mend(&story, "blue");
    story.pass(minutes(60));
    has(&story, &www(), &[70, 130]);
}
