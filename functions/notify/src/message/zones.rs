use std::collections::BTreeMap;

use homeostat_core::aws::record::{RecordKey, RecordSet, Routing, Weight};
use homeostat_core::aws::share::Share;
use homeostat_core::id::{HostedZoneId, SetIdentifier};
use homeostat_core::incident::Acknowledgement;
use homeostat_core::ports::Outcome;
use homeostat_remedies::hosted_zone;
use homeostat_remedies::hosted_zone::drift::{Drift, Drifted, Sibling};
use homeostat_remedies::hosted_zone::generation::Generation;
use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use homeostat_remedies::hosted_zone::reasons::{
    Awaits, Close, CloseReason, Decision, Evidence, Hold, HoldReason, Incident, Page, PageReason, Step, Trouble,
    Waiting,
};
use homeostat_remedies::hosted_zone::shift::{Move, Shift};
use homeostat_remedies::hosted_zone::state::ZoneState;
use jiff::{SignedDuration, Timestamp};

use crate::message::{Message, about};
use crate::news::made;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn zone() -> HostedZoneId {
    "Z0123456789ABCDEFGHIJ".parse().unwrap()
}

fn key(name: &str) -> RecordKey {
    format!("{name} A").try_into().unwrap()
}

fn id(text: &str) -> SetIdentifier {
    text.parse().unwrap()
}

fn set(name: &str, identifier: &str, weight: Weight) -> RecordSet {
    RecordSet {
        name: name.parse().unwrap(),
        kind: "A".to_owned(),
        routing: Routing::Weighted { identifier: id(identifier), weight },
        ttl: Some(60),
        values: vec!["192.0.2.1".to_owned()],
        alias: None,
        health_check: None,
        traffic_policy: None,
    }
}

pub(in crate::message) fn drain(name: &str, partly: bool) -> Move {
    Move {
        key: key(name),
        before: vec![set(name, "blue", 70), set(name, "green", 30)],
        after: [(id("blue"), 0), (id("green"), 30)].into(),
        reduced: [(id("blue"), Share::NONE)].into(),
        partly,
        in_steps: false,
        fence: None,
        generation: Generation::after(None, at(2)),
    }
}

pub(in crate::message) fn step(moves: Vec<Move>) -> Step {
    Step::Shift(Shift { zone: zone(), moves })
}

pub(in crate::message) fn new() -> Incident {
    Incident::new(
        hosted_zone::subject::subject(&zone()),
        HostedZoneKind::HostedZone(ZoneState::new(zone())),
        at(0),
        at(1),
    )
}

pub(in crate::message) fn proofs() -> Vec<Evidence> {
    let alarm = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:blue-5xx".parse().unwrap();
    let well = vec!["health check x: 16 of 16 checkers find it healthy".to_owned()];
    vec![
        Evidence::Alarm { alarm, since: at(0), reason: "over the threshold".into() },
        Evidence::Healthy { endpoint: id("green"), why: well },
    ]
}

pub(in crate::message) fn acting(moves: Vec<Move>) -> Incident {
    let step = step(moves);
    new().intend(at(2), &step, &Decision::Act { step: step.clone(), because: proofs() })
}

pub(in crate::message) fn drained() -> Incident {
    acting(vec![drain("www.example.com", false)]).settle(at(3), Outcome::Pending { change: "C1".into() })
}

fn told(incident: &Incident) -> Message {
    about(&made::decided(incident.clone()), "homeostat")
}

pub(in crate::message) fn paged(trouble: Trouble) -> Incident {
    drained().page(at(60), at(360), &Page::Own(PageReason::Weights { troubles: vec![trouble] }))
}

/// Every trouble there is, and a word of what is said of it.
pub(in crate::message) fn troubles() -> Vec<(Trouble, &'static str)> {
    let (record, endpoint) = (key("www.example.com"), id("blue"));
    let why = "none is well".to_owned();
    vec![
        (
            Trouble::NoTarget { record: record.clone(), endpoint: endpoint.clone(), why: why.clone() },
            "fix blue or one of the others",
        ),
        (Trouble::Partly { record: record.clone(), weights: BTreeMap::from([(endpoint.clone(), 9)]) }, "max-share"),
        (
            Trouble::Overloaded { record: record.clone(), endpoint: id("green"), failed_at: at(3), more_at: at(303) },
            "give green more capacity",
        ),
        (Trouble::Changed { record: record.clone(), what: "blue has weight 70".into() }, "lets go of it"),
        (Trouble::Unfit { record: record.clone(), why: why.clone() }, "not touched until"),
        (
            Trouble::Latched {
                record: record.clone(),
                endpoint: endpoint.clone(),
                drains: 3,
                within: SignedDuration::from_hours(2),
            },
            "find out why blue fails",
        ),
        (Trouble::StillReduced { record: record.clone(), endpoint, since: at(3), why }, "gets its share back in steps"),
        (Trouble::NotInPolicy { record: record.clone() }, "policy.toml"),
        (
            Trouble::Waited { record: record.clone(), endpoint: id("blue"), since: at(3), why: "paused".into() },
            "You: check blue.",
        ),
        (
            Trouble::Refused {
                record,
                since: at(3),
                why: "NoSuchHealthCheck: No health check found with ID: x".into(),
            },
            "a health check that was deleted",
        ),
        (Trouble::NotInSync { change: "C1".into(), since: at(3) }, "aws route53 get-change --id C1"),
    ]
}

#[test]
fn a_drain_says_who_loses_what_and_who_gets_it() {
    let Message { subject, body, .. } = told(&acting(vec![drain("www.example.com", false)]));
    assert_eq!(subject, "Homeostat: www.example.com A: draining blue");
    assert!(body.starts_with("Homeostat is taking weight from blue of www.example.com A."), "{body}");
    for said in [
        "Why: alarm \"blue-5xx\" is in ALARM",
        "Why: green is well",
        "  blue: 70 % -> 0 % of answers (weight 70 -> 0)\n  green: 30 % -> 100 % of answers (weight 30)\n",
        "(TTL: 60 s)",
        "back in steps",
        "homeostat pause hosted-zone#Z0123456789ABCDEFGHIJ --reason",
    ] {
        assert!(body.contains(said), "{said}: {body}");
    }
    assert!(!body.contains("only a part"), "{body}");
}

fn of_ipv6(name: &str) -> Move {
    let six = |set: RecordSet| RecordSet { kind: "AAAA".into(), ..set };
    let four = drain(name, false);
    let key = format!("{name} AAAA").try_into().unwrap();
    Move { key, before: four.before.into_iter().map(six).collect(), ..four }
}

/// Its AAAA has half of its answers with blue.
fn with_a_sibling(mut incident: Incident, is_in_policy: bool) -> Incident {
    let kept = incident.kind.state_mut();
    let weights = [(id("blue"), 50), (id("green"), 50)].into();
    let sibling = Sibling { of: key("www.example.com"), is_in_policy, weights };
    kept.siblings.insert("www.example.com AAAA".to_owned().try_into().unwrap(), sibling);
    incident
}

#[test]
fn both_families_in_one_change_are_told_as_what_they_are() {
    let Message { subject, body, .. } =
        told(&acting(vec![drain("www.example.com", false), of_ipv6("www.example.com")]));
    assert_eq!(subject, "Homeostat: www.example.com A and AAAA: draining blue");
    for said in ["www.example.com A\n  blue: 70 % -> 0 %", "www.example.com AAAA\n  blue: 70 % -> 0 %"] {
        assert!(body.contains(said), "{said}: {body}");
    }
    let back = Move {
        reduced: BTreeMap::new(),
        after: [(id("blue"), 70), (id("green"), 30)].into(),
        ..of_ipv6("www.example.com")
    };
    let subject = told(&acting(vec![drain("www.example.com", false), back])).subject;
    assert_eq!(
        subject, "Homeostat: www.example.com A: draining blue (and 1 more)",
        "not of both, if only one is drained"
    );
}

#[test]
fn a_share_of_one_family_is_never_told_as_that_of_the_name() {
    let drained = with_a_sibling(acting(vec![drain("www.example.com", false)]), false);
    let left_out = "www.example.com AAAA is NOT in the policy, and Homeostat does not move it: blue 50 %, green 50 % of its answers.";
    let watching = with_a_sibling(new(), false).hold(
        at(1),
        at(61),
        &Hold::Watching { step: step(vec![drain("www.example.com", false)]), because: proofs() },
    );
    let settled = drained.settle(at(3), Outcome::Pending { change: "C1".into() });
    let (trouble, _) = troubles().remove(0);
    let paged = settled.page(at(60), at(360), &Page::Own(PageReason::Weights { troubles: vec![trouble] }));
    let recovered = settled.hold(at(90), at(99), &Hold::Proving { since: at(90) }).close(at(960), &Close::Recovered);
    let missing = vec!["nothing".to_owned()];
    let unconfirmed =
        with_a_sibling(new(), false).hold(at(1), at(61), &Hold::Own(HoldReason::NotConfirmed { missing }));
    for incident in [&drained, &watching, &paged, &recovered, &unconfirmed] {
        let body = told(incident).body;
        assert!(body.contains(left_out), "{body}");
    }
    let body = told(&with_a_sibling(acting(vec![drain("www.example.com", false)]), true)).body;
    assert!(body.contains("www.example.com AAAA stays as it is: blue 50 %, green 50 % of its answers."), "{body}");
}

#[test]
fn several_records_in_one_change_are_all_told() {
    let Message { subject, body, .. } =
        told(&acting(vec![drain("www.example.com", false), drain("api.example.com", true)]));
    assert_eq!(subject, "Homeostat: www.example.com A: draining blue (and 1 more)");
    assert!(body.contains("blue of www.example.com A, and taking weight from blue of api.example.com A"), "{body}");
    assert!(body.contains("api.example.com A\n  blue") && body.contains("only a part"), "{body}");
}

#[test]
fn what_is_only_watched_is_never_said_to_be_done() {
    let step = step(vec![drain("www.example.com", false)]);
    let Message { subject, body, .. } = told(&new().hold(at(1), at(61), &Hold::Watching { step, because: proofs() }));
    assert_eq!(subject, "Homeostat: www.example.com A: only watching, would drain blue");
    assert!(body.starts_with("Homeostat only watches, and changes nothing.") && body.contains("mode = \"watch\""));
}

#[test]
fn what_is_not_confirmed_names_the_zone_and_what_is_missing() {
    let missing = vec!["health check x: 9 of 16 checkers find it healthy".to_owned()];
    let Message { subject, body, .. } =
        told(&new().hold(at(1), at(61), &Hold::Own(HoldReason::NotConfirmed { missing })));
    assert_eq!(subject, "Homeostat: holding still about zone Z0123456789ABCDEFGHIJ");
    assert!(body.contains("moves no weight for now") && body.contains("9 of 16"), "{body}");
}

fn drift(endpoint: &str) -> Drift {
    Drift::SetGone { record: key("www.example.com"), endpoint: id(endpoint) }
}

fn drifted() -> Incident {
    let (known, news) = (vec![drift("green"), drift("red")], vec![drift("red")]);
    new().hold(at(60), at(360), &Hold::Own(HoldReason::Drifted(Drifted { known, news, unsure: Vec::new() })))
}

#[test]
fn drift_is_told_as_what_may_matter_later_and_not_as_a_page() {
    let Message { subject, body, .. } = told(&drifted());
    assert_eq!(subject, "Homeostat: www.example.com A: not as the policy says");
    for said in [
        "Seen twice, at least a minute apart: www.example.com A has no record set with the identifier \"red\"",
        "Told before, and still so: www.example.com A has no record set with the identifier \"green\"",
        "homeostat doctor",
    ] {
        assert!(body.contains(said), "{said}: {body}");
    }
    assert!(!body.contains("NEEDS YOU") && !body.contains("homeostat ack"), "{body}");
}

#[test]
fn every_trouble_says_why_what_a_person_can_do_and_how_far_it_is() {
    for (trouble, said) in troubles() {
        let Message { subject, body, .. } = told(&paged(trouble.clone()));
        assert!(subject.starts_with("Homeostat: NEEDS YOU: www.example.com A: "), "{subject}");
        assert!(subject.len() < 100 && subject.is_ascii(), "{subject}");
        assert!(body.contains(&format!("Why: {trouble}.\nYou: ")) && body.contains(said), "{said}: {body}");
        assert!(
            body.contains("\nNext: ") && body.contains("homeostat ack hosted-zone#Z0123456789ABCDEFGHIJ"),
            "{body}"
        );
        assert!(body.contains("how Homeostat left it:\n  blue: 70 % -> 0 % of answers"), "{body}");
    }
}

#[test]
fn several_troubles_are_told_one_by_one() {
    let all: Vec<Trouble> = troubles().into_iter().map(|(trouble, _)| trouble).collect();
    let Message { subject, body, .. } =
        told(&drained().page(at(60), at(360), &Page::Own(PageReason::Weights { troubles: all.clone() })));
    assert!(subject.ends_with("keeps its weight (and 10 more)"), "{subject}");
    assert!(all.iter().all(|trouble| body.contains(&format!("Why: {trouble}."))), "{body}");
    assert!(body.matches("Acknowledging also ").count() == 4, "{body}");
}

#[test]
fn a_persons_word_that_does_more_than_end_reminders_says_so() {
    for (trouble, _) in troubles() {
        let body = told(&paged(trouble.clone())).body;
        let also = matches!(
            trouble,
            Trouble::Changed { .. } | Trouble::Latched { .. } | Trouble::Overloaded { .. } | Trouble::Refused { .. }
        );
        assert_eq!(body.contains("Acknowledging also "), also, "{body}");
    }
}

#[test]
fn a_refusal_says_what_to_do_by_awss_own_code() {
    for (why, says) in [
        ("AccessDenied: not authorized", "DnsRecordNames"),
        ("NoSuchHealthCheck: No health check found with ID: x", "a health check that was deleted"),
        ("NoSuchHostedZone: No hosted zone found with ID: Z1", "the hosted zone was deleted"),
        ("InvalidChangeBatch: [Tried to create an alias that targets x, but that target was not found]", "an alias"),
        ("InvalidInput: no", "what it does not accept"),
    ] {
        let refused = Trouble::Refused { record: key("www.example.com"), since: at(3), why: why.into() };
        let Message { subject, body, .. } = told(&paged(refused));
        assert_eq!(subject, "Homeostat: NEEDS YOU: www.example.com A: Route 53 refused to change it");
        assert!(body.contains(why) && body.contains(says), "{body}");
        assert_eq!(body.contains("DnsRecordNames"), why.starts_with("AccessDenied"), "{body}");
        assert!(
            body.contains("keeps changing the zone's other records") && body.contains("retry the change"),
            "{body}"
        );
    }
}

#[test]
fn a_reminder_says_why_it_was_asked_and_what_is_so_now() {
    let (trouble, _) = troubles().remove(0);
    let waiting = vec![Waiting {
        record: key("www.example.com"),
        endpoint: id("blue"),
        share: Share::NONE,
        awaits: Awaits::Step { until: at(9000) },
    }];
    let paged = paged(trouble);
    let held = paged.hold(at(99), at(199), &Hold::Own(HoldReason::Returning { waiting }));
    for (again, now) in
        [(paged, "Why: www.example.com A: blue is sick"), (held, "Now: www.example.com A: blue gets 0 %")]
    {
        let Message { subject, body, .. } = told(&again.reminded(at(9999), SignedDuration::from_mins(30)));
        assert!(subject.starts_with("Homeostat: STILL NEEDS YOU: www.example.com A: blue"), "{subject}");
        assert!(body.starts_with("Reminder 1: ") && body.contains(now) && body.contains("You: fix blue"), "{body}");
    }
}

#[test]
fn a_close_says_whose_the_weights_are_now() {
    let back = Move {
        after: [(id("blue"), 70), (id("green"), 30)].into(),
        reduced: BTreeMap::new(),
        ..drain("www.example.com", false)
    };
    let step = step(vec![back]);
    let back = drained().intend(at(600), &step, &Decision::Act { step: step.clone(), because: Vec::new() });
    let back = back.settle(at(601), Outcome::Pending { change: "C2".into() });
    let Message { subject, body, .. } =
        told(&back.hold(at(660), at(960), &Hold::Proving { since: at(660) }).close(at(960), &Close::Recovered));
    assert_eq!(subject, "Homeostat: recovered: www.example.com has its own weights again");
    assert!(
        body.contains("(signal to the change of weights): 3s.") && body.contains("all weights back): 11m."),
        "{body}"
    );
    assert!(!body.contains("To stop it"), "{body}");

    let mut theirs = drained();
    let kept = theirs.kind.state_mut();
    kept.taken_over.push(key("www.example.com"));
    let Message { subject, body, .. } =
        told(&theirs.close(at(99), &Close::Own(CloseReason::TakenOver { what: "www.example.com A".into() })));
    assert_eq!(subject, "Homeostat: closed: www.example.com A is left to who changed it");
    assert!(body.contains("stay as they are"), "{body}");

    let word = Acknowledgement { by: "ana".into(), at: at(9), reason: "looking".into() };
    let nothing = new().acknowledge(word).close(at(99), &Close::NothingWrong { why: "no endpoint is sick".into() });
    assert!(told(&nothing).body.contains("Homeostat moved no weight."), "{}", told(&nothing).body);
}

#[test]
fn the_sweeps_findings_speak_of_weights_and_not_of_a_group() {
    for news in [made::stuck(drained()), made::overdue(drained())] {
        let Message { subject, body, .. } = about(&news, "homeostat");
        assert!(subject.contains("www.example.com A") && !body.contains("group"), "{body}");
    }
}
