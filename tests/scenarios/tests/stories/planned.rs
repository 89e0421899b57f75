//! A replacement that is announced before it happens, and people who stop it.

use homeostat_core::ports::Pause;
use homeostat_remedies::instance::kind::InstanceKind;

use super::fleet::{break_some, fleet, is_whole, minutes, said, terminated, the_open_one};

const ANNOUNCED: &str = "evidence = [\"alarm\", \"target-health\"]\nplan-first = \"10m\"";

#[test]
fn what_was_announced_happens_at_its_time_and_not_before() {
    let mut story = fleet(10, ANNOUNCED);
    let victims = break_some(&story, 1);
    story.pass(minutes(6));
    let planned = the_open_one(&story);
    assert!(said(&planned).contains("it is replaced at"), "{}", said(&planned));
    assert_eq!((planned.notify_seq, terminated(&story)), (1, vec![]), "told once, and nothing is done");
    story.pass(minutes(30));
    assert_eq!(terminated(&story), victims);
    is_whole(&story, 10);
    let closed = story.ledger.closed::<InstanceKind>();
    let waited = closed[0].acted_at.unwrap().duration_since(closed[0].opened_at);
    assert!(waited >= minutes(10), "{waited:#}");
}

#[test]
fn who_is_paused_before_then_is_not_replaced() {
    let mut story = fleet(10, ANNOUNCED);
    let victims = break_some(&story, 1);
    story.pass(minutes(6));
    let (scope, until) = (format!("instance#{}", victims[0]), story.now() + minutes(60));
    story.ledger.add_pause(Pause { scope, by: "ana".into(), reason: "I am on it".into(), until });
    story.pass(minutes(55));
    assert_eq!(terminated(&story), []);
    // The pause is over, and there is a new plan.
    story.pass(minutes(25));
    assert_eq!(terminated(&story), victims);
}
