//! What bounds a change: the others' limits, how many must serve, a share that stays, pauses, and a policy that only watches.

use homeostat_core::aws::record::Weight;
use homeostat_core::incident::State;
use homeostat_core::ports::Pause;
use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use jiff::SignedDuration;
use scenarios::DnsStory;

use super::site::*;

/// The share in per cent of each.
fn percents(story: &DnsStory) -> Vec<u32> {
    let weights: Vec<u32> = story.weights(&zone(), &www()).into_values().map(u32::from).collect();
    let total: u32 = weights.iter().sum();
    weights.iter().map(|weight| weight * 100 / total).collect()
}

fn heals(story: &mut DnsStory, endpoints: &[&str], original: &[Weight]) {
    for endpoint in endpoints {
        mend(story, endpoint);
    }
    story.pass(minutes(60));
    has(story, &www(), original);
    assert_eq!(story.ledger.open::<HostedZoneKind>(), []);
}

#[test]
fn what_the_others_may_not_take_stays_and_a_person_hears_of_it() {
    let records = vec![record("www.example.com A", &[("blue", 70), ("green", 30)])];
    let limit = |endpoint: &str| if endpoint == "green" { "max-share = \"60%\"".to_owned() } else { String::new() };
    let mut story = several(records, USUAL, limit);
    fail(&story, "blue");
    story.pass(minutes(10));
    let percents = percents(&story);
    assert!(percents[0] >= 39 && (55..=60).contains(&percents[1]), "{percents:?}");
    let incident = the_open_one(&story);
    assert!(said(&incident).contains("only a part could be moved"), "{}", said(&incident));
    assert_eq!(incident.state, State::Escalated);
    heals(&mut story, &["blue"], &[70, 30]);
}

#[test]
fn of_three_two_must_serve_so_a_second_failure_moves_nothing() {
    let lines = format!("{USUAL}\nmin-healthy = 2");
    let mut story = one_record(&[("a", 50), ("b", 30), ("c", 20)], &lines);
    fail(&story, "a");
    story.pass(minutes(5));
    has(&story, &www(), &[0, 30, 20]);
    fail(&story, "b");
    story.pass(minutes(10));
    has(&story, &www(), &[0, 30, 20]);
    let incident = the_open_one(&story);
    assert!(said(&incident).contains("b is sick and keeps its weight"), "{}", said(&incident));
    assert!(said(&incident).contains("at least 2 must be proven well"), "{}", said(&incident));
    heals(&mut story, &["a", "b"], &[50, 30, 20]);
}

#[test]
fn the_last_healthy_one_keeps_its_weight_however_sick() {
    let mut story = two(USUAL);
    fail(&story, "blue");
    fail(&story, "green");
    story.pass(minutes(30));
    has(&story, &www(), &[70, 30]);
    assert!(shifts(&story, &zone()).is_empty());
    assert_eq!(the_open_one(&story).state, State::Escalated);
    heals(&mut story, &["blue", "green"], &[70, 30]);
}

#[test]
fn who_stands_by_with_no_weight_takes_over_and_gives_it_back() {
    let mut story = one_record(&[("blue", 100), ("green", 0)], USUAL);
    fail(&story, "blue");
    story.pass(minutes(5));
    has(&story, &www(), &[0, 100]);
    heals(&mut story, &["blue"], &[100, 0]);
}

/// The other takes twice its share at once, and the rest when it has borne that.
#[test]
fn a_partial_drain_leaves_its_share_and_steps_from_there() {
    let lines = format!("{USUAL}\ndrain-to = \"20%\"");
    let mut story = two(&lines);
    fail(&story, "blue");
    while shifts(&story, &zone()).is_empty() {
        story.pass(SignedDuration::from_secs(10));
    }
    story.pass(minutes(1));
    assert!((39..=41).contains(&percents(&story)[0]), "{:?}", percents(&story));
    assert!(said(&the_open_one(&story)).contains("the others take more of it at"), "{}", said(&the_open_one(&story)));
    story.pass(minutes(3));
    assert!((18..=22).contains(&percents(&story)[0]), "{:?}", percents(&story));
    heals(&mut story, &["blue"], &[70, 30]);
    let blues: Vec<u8> = steps(&story, &www()).iter().map(|weights| weights[0]).collect();
    let (drains, returns) = blues.split_at(1);
    assert!(drains[0] > returns[0] && returns.windows(2).all(|pair| pair[0] < pair[1]), "{blues:?}");
}

#[test]
fn a_pause_stops_the_return_where_it_is_and_its_end_goes_on() {
    let mut story = two(USUAL);
    fail(&story, "blue");
    story.pass(minutes(5));
    mend(&story, "blue");
    while steps(&story, &www()).len() < 2 {
        story.pass(minutes(1));
    }
    let until = story.now() + minutes(20);
    let scope = format!("hosted-zone#{}", zone());
    story.ledger.add_pause(Pause { scope: scope.clone(), by: "ana".into(), reason: "migration".into(), until });
    story.pass(minutes(19));
    has(&story, &www(), &[2, 30]);
    assert!(
        said(&the_open_one(&story)).contains(&format!("paused for {scope} by ana")),
        "{}",
        said(&the_open_one(&story))
    );
    story.pass(minutes(30));
    has(&story, &www(), &[70, 30]);
    assert_eq!(story.ledger.open::<HostedZoneKind>(), []);
}

#[test]
fn a_record_that_is_only_watched_is_never_changed_and_people_hear_what_would_be_done() {
    let mut story = two(&format!("{USUAL}\nmode = \"watch\""));
    fail(&story, "blue");
    story.pass(minutes(30));
    assert!(shifts(&story, &zone()).is_empty());
    let incident = the_open_one(&story);
    assert!(said(&incident).contains("blue 0 (was 70"), "{}", said(&incident));
    assert_eq!(incident.notify_seq, 1);
    heals(&mut story, &["blue"], &[70, 30]);
}
