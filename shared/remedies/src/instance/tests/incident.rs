use homeostat_core::aws::units::Unit;
use homeostat_core::incident::{Acknowledgement, Doubt, Gone, LONGEST_NOTE, MOST_NOTES, State};
use homeostat_core::ports::Outcome;
use jiff::{SignedDuration, Timestamp};

use crate::instance::kind::InstanceKind;
use crate::instance::reasons::{Close, Decision, Hold, HoldReason, Incident, Page, PageReason, Step};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn step() -> Step {
    Step::Replace { group: "web".parse().unwrap(), instance: "i-0123456789abcdef0".parse().unwrap() }
}

fn incident() -> Incident {
    let subject = "eu-west-1#instance#i-0123456789abcdef0".parse().unwrap();
    let alarm = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:web-1".parse().unwrap();
    Incident::new(
        subject,
        InstanceKind::Instance {
            group: "web".parse().unwrap(),
            alarms: [alarm].into_iter().collect(),
            notice: None,
            gone: Gone::default(),
        },
        at(0),
        at(1),
    )
}

fn act() -> Decision {
    Decision::Act { step: step(), because: Vec::new() }
}

#[test]
fn every_transition_of_an_open_incident_leaves_it_with_a_wake_up() {
    let recovering =
        Hold::Own(HoldReason::Recovering { healthy: 3, needed: 4, unit: Unit::Instances, held: Vec::new() });
    let acting = incident().intend(at(1), &step(), &act());
    let settled = acting.settle(at(2), Outcome::Done);
    let held = settled.hold(at(3), at(9), &recovering);
    let paged = held.page(at(9), at(99), &Page::Refused { why: "no".into() });
    for open in [&acting, &settled, &held, &paged] {
        assert!(open.wake_at.is_some(), "{:?}", open.state);
    }
    assert_eq!(paged.close(at(99), &Close::Recovered).wake_at, None);
}

#[test]
fn a_note_has_an_end_however_long_what_was_seen_is() {
    let why = "é".repeat(30_000);
    let held = incident().hold(at(1), at(9), &Hold::OutcomeUnknown { why: why.clone() });
    let longest = held.notes.iter().map(|note| note.what.chars().count()).max();
    assert_eq!(longest, Some(LONGEST_NOTE + 1), "and a mark that there was more");
    let again = held.hold(at(9), at(19), &Hold::OutcomeUnknown { why });
    assert_eq!(again.notes.len(), held.notes.len(), "the same again is one note still");
}

#[test]
fn a_relapse_takes_the_recovery_back() {
    let proving = Hold::Proving { since: at(5) };
    let proven = incident().hold(at(5), at(9), &proving);
    assert_eq!(proven.recovered_at, Some(at(5)));
    assert_eq!(
        proven
            .hold(
                at(9),
                at(19),
                &Hold::Own(HoldReason::Recovering { healthy: 3, needed: 4, unit: Unit::Instances, held: Vec::new() })
            )
            .recovered_at,
        None
    );
}

#[test]
fn an_unknown_outcome_mitigates_nothing() {
    let unknown = incident().intend(at(1), &step(), &act()).settle(at(2), Outcome::Unknown { why: "cut".into() });
    assert_eq!((unknown.mitigated_at, unknown.state), (None, State::Acting));
    assert!(unknown.unsettled_intent().is_some());
}

#[test]
fn only_news_is_told() {
    let opened = incident().intend(at(1), &step(), &act());
    assert_eq!(opened.notify_seq, 1);
    let again = opened.settle(at(2), Outcome::Unknown { why: "cut".into() }).intend(at(70), &step(), &act());
    assert_eq!(again.notify_seq, 1, "the same step tried again is no news");
    let because = Page::Refused { why: "no".into() };
    let paged = again.page(at(80), at(90), &because);
    assert_eq!(paged.page(at(90), at(99), &because).notify_seq, paged.notify_seq, "one page, not one at each look");
}

#[test]
fn a_doubt_that_lasts_is_told_once_and_so_is_its_end() {
    let unknown = |incident: &Incident| {
        incident.intend(at(1), &step(), &act()).settle(at(2), Outcome::Unknown { why: "throttled".into() })
    };
    let once = unknown(&incident());
    assert_eq!(once.notify_seq, 1, "the next try may settle it");
    assert_eq!(once.intend(at(70), &step(), &act()).settle(at(71), Outcome::Done).notify_seq, 1, "it did");
    let twice = unknown(&once);
    assert_eq!((twice.notify_seq, twice.doubt), (2, Some(Doubt::Told)));
    let often = unknown(&unknown(&twice));
    assert_eq!(often.notify_seq, 2);
    let done = often.settle(at(300), Outcome::AlreadyDone);
    assert_eq!((done.notify_seq, done.doubt), (3, Some(Doubt::Settled)));
    let again = unknown(&unknown(&done)).settle(at(900), Outcome::Done);
    assert_eq!(again.notify_seq, 3, "two messages for one act, however long AWS is in doubt");
    let refused = often.settle(at(300), Outcome::Refused { why: "no".into() });
    assert_eq!(refused.notify_seq, 2, "the page says it");
}

#[test]
fn what_holds_an_escalated_incident_neither_calls_it_off_nor_pages_again() {
    let paged = incident().page(at(2), at(9), &Page::Refused { why: "no".into() });
    let held =
        paged.hold(at(9), at(19), &Hold::Own(HoldReason::GroupMissing { group: "web".parse().unwrap(), since: at(9) }));
    assert_eq!((held.state, held.notify_seq), (State::Escalated, paged.notify_seq));
}

#[test]
fn another_reason_is_another_page_and_the_same_is_not() {
    let known = Acknowledgement { by: "ana".into(), at: at(3), reason: "looking".into() };
    let paged = incident().page(at(2), at(9), &Page::Refused { why: "no".into() }).acknowledge(known);
    assert_eq!(paged.page(at(9), at(19), &Page::Refused { why: "still no".into() }).notify_seq, paged.notify_seq);
    let other = paged.page(at(9), at(19), &Page::Own(PageReason::NotInPolicy { group: "web".parse().unwrap() }));
    assert_eq!((other.notify_seq, other.paged_at, other.acknowledged), (paged.notify_seq + 1, Some(at(9)), None));
}

#[test]
fn an_act_that_did_not_take_effect_is_none_once_something_holds_it_back() {
    let unknown = incident().intend(at(1), &step(), &act()).settle(at(2), Outcome::Unknown { why: "cut".into() });
    let paused = Hold::Paused { scope: "all".into(), by: "ana".into(), reason: "deploy".into() };
    assert_eq!((unknown.hold(at(70), at(99), &paused).acted_at, unknown.acted_at), (None, Some(at(1))));
    let done = unknown.settle(at(3), Outcome::Done).hold(at(70), at(99), &paused);
    assert_eq!(done.acted_at, Some(at(1)), "what took effect is watched to its end");
}

#[test]
fn nobody_is_late_before_the_time_of_their_next_look() {
    let proving = incident().intend(at(1), &step(), &act()).settle(at(2), Outcome::Done);
    let proving = proving.hold(at(800), at(1200), &Hold::Proving { since: at(800) });
    assert_eq!(proving.due_within(SignedDuration::from_secs(900)).deadline, Some(at(1200)));
}

#[test]
fn a_person_is_reminded_until_somebody_says_that_they_know() {
    let (because, hour) = (Page::Refused { why: "no".into() }, SignedDuration::from_hours(1));
    let paged = incident().page(at(0), at(300), &because);
    assert_eq!(paged.clone().reminded(at(3599), hour), paged);
    let reminded = paged.clone().reminded(at(3600), hour);
    assert_eq!((reminded.notify_seq, reminded.reminders), (paged.notify_seq + 1, 1));
    assert_eq!(reminded.clone().reminded(at(3601), hour), reminded);
    let known = Acknowledgement { by: "ana".into(), at: at(10), reason: "looking".into() };
    let acknowledged = paged.acknowledge(known).reminded(at(9999), hour);
    assert_eq!((acknowledged.reminders, acknowledged.state), (0, State::Escalated));
    assert_eq!(incident().hold(at(0), at(9), &Hold::InFlight).reminded(at(9999), hour).reminders, 0);
}

#[test]
fn notes_stay_bounded_and_keep_the_beginning() {
    let mut incident = incident().intend(at(1), &step(), &act());
    for healthy in 0..500 {
        incident = incident.hold(
            at(2),
            at(3),
            &Hold::Own(HoldReason::Recovering { healthy, needed: 1000, unit: Unit::Instances, held: Vec::new() }),
        );
    }
    assert_eq!(incident.notes.len(), MOST_NOTES);
    assert!(incident.notes[0].what.starts_with("act:"), "{}", incident.notes[0].what);
}

#[test]
fn an_incident_is_dated_a_day_back_at_most_and_never_ahead() {
    let dated = |signalled: i64| {
        let incident = incident();
        Incident::new(incident.subject, incident.kind, at(signalled), at(0)).signalled_at
    };
    assert_eq!((dated(-90), dated(-86_400)), (at(-90), at(-86_400)));
    assert_eq!((dated(-86_401), dated(-1_800_000_000)), (at(-86_400), at(-86_400)));
    assert_eq!(dated(300), at(0));
}

#[test]
fn a_reason_that_is_not_known_is_named_with_those_that_are() {
    let read = |text: &str| serde_json::from_str::<Hold>(text).unwrap_err().to_string();
    let unknown = read(r#"{"moved_on":{"why":"x"}}"#);
    for said in ["`moved_on`", "`grace`", "`outcome_unknown`"] {
        assert!(unknown.contains(said), "{said}: {unknown}");
    }
    let broken = read(r#"{"paused":{"by":"ana","reason":"x"}}"#);
    assert!(broken.contains("missing field `scope`"), "{broken}");
    assert_eq!(serde_json::from_str::<Hold>(r#""in_flight""#).unwrap(), Hold::InFlight);
}
