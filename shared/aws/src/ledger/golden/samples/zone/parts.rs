//! Records, changes of them, and what an incident keeps of both.

use homeostat_core::aws::record::{Alias, RecordKey, RecordSet, RecordType, Routing};
use homeostat_core::aws::share::Share;
use homeostat_core::id::{AlarmArn, SetIdentifier, TargetGroupArn};
use homeostat_remedies::hosted_zone::drift::{Drift, Noticed, Sibling};
use homeostat_remedies::hosted_zone::generation::Generation;
use homeostat_remedies::hosted_zone::shift::{Move, Shift};
use homeostat_remedies::hosted_zone::state::{Held, LastStep, Propagating, Proven, Reduced, RefusedMove, ZoneState};

use crate::ledger::golden::samples::{at, id, texts};

pub(super) const ZONE: &str = "Z0123456789ABCDEFGHIJ";

pub(super) fn record(key: &str) -> RecordKey {
    RecordKey::try_from(key.to_owned()).unwrap()
}

pub(super) fn alarm(name: &str) -> AlarmArn {
    id(&format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}"))
}

pub(super) fn target_group() -> TargetGroupArn {
    id("arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/blue/0123456789abcdef")
}

fn weighted(key: &RecordKey, identifier: &str, weight: u8) -> RecordSet {
    let values: &[&str] = match key.kind {
        RecordType::A => &["192.0.2.10", "192.0.2.11"],
        RecordType::Aaaa => &["2001:db8::10"],
        RecordType::Cname => &["blue.example.net"],
    };
    RecordSet {
        name: key.name.clone(),
        kind: key.kind.as_str().to_owned(),
        routing: Routing::Weighted { identifier: id(identifier), weight },
        ttl: Some(60),
        values: texts(values),
        alias: None,
        health_check: None,
        traffic_policy: None,
    }
}

/// As `green` is: an alias has no time to live and no values of its own.
fn alias(key: &RecordKey, identifier: &str, weight: u8) -> RecordSet {
    let name = "green-1234567890.eu-west-1.elb.amazonaws.com".to_owned();
    RecordSet {
        ttl: None,
        values: Vec::new(),
        alias: Some(Alias { zone: "Z32O12XQLNTSW2".to_owned(), name, evaluate_target_health: true }),
        health_check: Some("01234567-89ab-cdef-0123-456789abcdef".to_owned()),
        ..weighted(key, identifier, weight)
    }
}

fn sets(key: &RecordKey) -> Vec<RecordSet> {
    vec![weighted(key, "blue", 70), alias(key, "green", 30)]
}

/// What somebody else may have left of it.
fn changed(key: &RecordKey) -> Vec<RecordSet> {
    let owned = RecordSet { traffic_policy: Some("0a1b2c3d".to_owned()), ..weighted(key, "blue", 70) };
    let simple = RecordSet { routing: Routing::Simple, ..weighted(key, "blue", 70) };
    let other = RecordSet { routing: Routing::Other("latency".to_owned()), ..alias(key, "green", 30) };
    vec![owned, simple, other]
}

fn generation(number: u64, second: i64) -> Generation {
    let before = (number > 1).then(|| Generation { number: number - 1, at: at(0) });
    Generation::after(before.as_ref(), at(second))
}

/// From `blue` to `green`. The first change of a name finds no generation, and the next one does.
pub(super) fn moved(key: &str) -> Move {
    let key = record(key);
    let number = if key.name.as_str() == "www.example.com" { 8 } else { 1 };
    let fence = (number > 1).then(|| generation(number - 1, -86_400).fence(&key.name).unwrap());
    Move {
        before: sets(&key),
        after: [(id("blue"), 0), (id("green"), 30)].into(),
        reduced: [(id("blue"), Share::NONE)].into(),
        partly: false,
        in_steps: false,
        fence,
        generation: generation(number, 1),
        key,
    }
}

pub(in crate::ledger::golden) fn drifts() -> Vec<Drift> {
    let (www, endpoint) = (|| record("www.example.com A"), || id::<SetIdentifier>("blue"));
    let why = || "there is no such record in the zone".to_owned();
    let check = id("01234567-89ab-cdef-0123-456789abcdef");
    vec![
        Drift::SetGone { record: www(), endpoint: endpoint() },
        Drift::Unfit { record: record("api.example.com CNAME"), why: why() },
        Drift::LabelInUse { record: www(), why: "the TXT record was not written by Homeostat: \"v=spf1\"".to_owned() },
        Drift::LeftOut { record: record("www.example.com AAAA"), beside: www() },
        Drift::AlarmGone { endpoint: endpoint(), alarm: alarm("blue-5xx") },
        Drift::HealthCheckGone { endpoint: endpoint(), health_check: check },
        Drift::TargetGroupGone { endpoint: endpoint(), target_group: target_group() },
    ]
}

fn reduced(share: Share, well: bool) -> Reduced {
    Reduced { share, since: at(2), stepped_at: at(2), healthy_since: well.then(|| at(32)) }
}

fn held(key: &RecordKey, changed_to: Vec<RecordSet>, well: bool) -> Held {
    Held {
        saved: sets(key),
        applied: [(id("blue"), 0), (id("green"), 30)].into(),
        reduced: [(id("blue"), reduced(Share::percent(10), well))].into(),
        partly: !well,
        changed_to,
        bearing: [].into(),
        last_step: None,
    }
}

/// `green` has taken over a step more.
pub(super) fn kept_under_load() -> ZoneState {
    let www = record("www.example.com A");
    let before = [(id("blue"), 20), (id("green"), 30)].into();
    let held = Held {
        bearing: [(id("green"), at(32))].into(),
        last_step: Some(LastStep { at: at(2), before }),
        ..held(&www, Vec::new(), true)
    };
    ZoneState { records: [(www, held)].into(), ..ZoneState::new(id(ZONE)) }
}

/// What `green` can't bear.
pub(super) fn put_back() -> Move {
    let before = moved("www.example.com A");
    Move {
        after: [(id("blue"), 20), (id("green"), 30)].into(),
        reduced: [(id("blue"), Share::NONE), (id("green"), Share::percent(60))].into(),
        partly: true,
        in_steps: true,
        ..before
    }
}

fn refused_move(key: &RecordKey, is_lost: bool) -> RefusedMove {
    RefusedMove {
        at: at(2),
        why: "NoSuchHealthCheck: There is no such health check".to_owned(),
        is_lost,
        before: sets(key),
        fence: is_lost.then(|| generation(7, -86_400).fence(&key.name).unwrap()),
        policy: "0a1b2c3d4e5f".to_owned(),
    }
}

/// Of several records, each with a trouble of its own.
pub(super) fn kept_in_full() -> ZoneState {
    let (www, six) = (record("www.example.com A"), record("www.example.com AAAA"));
    let (api, app) = (record("api.example.com A"), record("*.example.com CNAME"));
    let shift = |key: &str| Shift { zone: id(ZONE), moves: vec![moved(key)] };
    let weights = [(id("blue"), 70), (id("green"), 30)].into();
    ZoneState {
        records: [(www.clone(), held(&www, Vec::new(), true)), (app.clone(), held(&app, changed(&app), false))].into(),
        generations: [(www.name.clone(), generation(8, 1))].into(),
        propagating: Some(Propagating { change: None, since: at(2), late_since: None }),
        tried: vec![shift("www.example.com A")],
        taken_over: vec![record("old.example.com A")],
        drifts: drifts().into_iter().map(|drift| Noticed { drift, since: at(1) }).collect(),
        siblings: [(six.clone(), Sibling { of: www.clone(), is_in_policy: false, weights })].into(),
        proven: vec![Proven { record: api.clone(), endpoint: id("blue"), since: at(1) }],
        refused: [(api.clone(), refused_move(&api, false)), (six.clone(), refused_move(&six, true))].into(),
        apart: [www, six].into(),
        lost: vec![shift("api.example.com A")],
        ..ZoneState::new(id(ZONE))
    }
}
