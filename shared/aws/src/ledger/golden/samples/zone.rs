//! Incidents of a hosted zone whose weighted records are moved.
//!
//! This module never makes up a form: each incident is what its transitions leave.

pub(super) mod parts;

use homeostat_core::aws::share::Share;
use homeostat_core::incident::Acknowledgement;
use homeostat_core::ports::Outcome;
use homeostat_remedies::hosted_zone::drift::{Drift, Drifted};
use homeostat_remedies::hosted_zone::kind::HostedZoneKind;
use homeostat_remedies::hosted_zone::reasons::{
    Awaits, Close, CloseReason, Decision, Evidence, Hold, HoldReason, Incident, Page, PageReason, Step, Trouble,
    Waiting,
};
use homeostat_remedies::hosted_zone::shift::Shift;
use homeostat_remedies::hosted_zone::state::{Propagating, ZoneState};
use parts::{ZONE, alarm, drifts, kept_in_full, kept_under_load, moved, put_back, record, target_group};

use super::super::Folder::Zone;
use super::{Sample, at, aws, closed, decided, event, held, id, incident, mins, moves, paced, paged, texts};

pub(super) fn samples() -> Vec<Sample> {
    [acts(), outcomes(), holds(), returning(), overloaded(), drifted(), troubles(), closes(), particulars(), pasts()]
        .concat()
}

fn opened() -> Incident {
    of(ZoneState::new(id(ZONE)))
}

fn of(kept: ZoneState) -> Incident {
    Incident::new(id(&format!("aws-global#hosted-zone#{ZONE}")), HostedZoneKind::HostedZone(kept), event(-3), at(0))
}

/// `blue` loses all of its weight.
fn drain() -> Shift {
    Shift { zone: id(ZONE), moves: vec![moved("www.example.com A")] }
}

fn proofs() -> Vec<Evidence> {
    let reason = "Threshold Crossed: 3 datapoints were greater than the threshold (5.0).".to_owned();
    let status = "Failure: HTTP Status Code 503, Service Unavailable.".to_owned();
    vec![
        Evidence::Alarm { alarm: alarm("blue-5xx"), since: aws(-3), reason },
        Evidence::HealthCheck { id: id("01234567-89ab-cdef-0123-456789abcdef"), unhealthy: 15, of: 16, status },
        Evidence::Targets { target_group: target_group(), of: 3 },
        Evidence::Healthy {
            endpoint: id("green"),
            why: texts(&["3 of 3 targets of targetgroup/green/0123 are healthy"]),
        },
    ]
}

fn acting(incident: &Incident, second: i64, shift: &Shift) -> Incident {
    let step = Step::Shift(shift.clone());
    let decision = Decision::Act { step: step.clone(), because: proofs() };
    paced(incident.intend(at(second), &step, &decision))
}

fn settled(outcome: Outcome) -> Incident {
    acting(&opened(), 1, &drain()).settle(at(2), outcome)
}

fn unknown() -> Outcome {
    Outcome::Unknown { why: "PriorRequestNotComplete: The request was rejected".to_owned() }
}

fn pending() -> Outcome {
    Outcome::Pending { change: "C2682N5HXP0BZ4".to_owned() }
}

fn refused() -> Outcome {
    Outcome::Refused { why: "NoSuchHealthCheck: There is no such health check".to_owned() }
}

fn lost() -> Outcome {
    Outcome::Lost {
        why: "InvalidChangeBatch: Tried to delete resource record set, but the values do not match".to_owned(),
    }
}

fn acts() -> Vec<Sample> {
    let both = Shift { zone: id(ZONE), moves: vec![moved("www.example.com A"), moved("api.example.com A")] };
    vec![
        incident(Zone, "act-shift", acting(&opened(), 1, &drain())),
        incident(Zone, "act-shift-of-two-records", acting(&opened(), 1, &both)),
    ]
}

fn outcomes() -> Vec<Sample> {
    let twice = acting(&settled(unknown()), 61, &drain()).settle(at(62), unknown());
    let in_the_end = twice.settle(at(122), Outcome::AlreadyDone);
    vec![
        incident(Zone, "outcome-done", settled(Outcome::Done)),
        incident(Zone, "outcome-already-done", settled(Outcome::AlreadyDone)),
        incident(Zone, "outcome-refused", settled(refused())),
        incident(Zone, "outcome-lost", settled(lost())),
        incident(Zone, "outcome-unknown", settled(unknown())),
        incident(Zone, "outcome-unknown-twice", twice),
        incident(Zone, "outcome-known-in-the-end", in_the_end),
    ]
}

/// The loop writes that a change is on its way together with its outcome.
fn on_its_way(outcome: Outcome) -> Incident {
    let settled = settled(outcome);
    let HostedZoneKind::HostedZone(ZoneState { propagating: Some(Propagating { change, since, .. }), .. }) =
        &settled.kind
    else {
        panic!("nothing is on its way: {settled:?}")
    };
    let because = Hold::Own(HoldReason::Propagating { change: change.clone(), since: *since });
    paced(settled.and_hold(at(2), at(7), &because))
}

fn holds() -> Vec<Sample> {
    let paused = |scope: &str| Hold::Paused {
        scope: scope.to_owned(),
        by: "ana".to_owned(),
        reason: "moving the zone".to_owned(),
    };
    let [in_alarm, settling, unread] = moves().map(|(_, moves)| moves);
    let blinded = "www.example.com A: alarm \"blue-5xx\" has too little data to tell";
    let because = Hold::Watching { step: Step::Shift(drain()), because: proofs() };
    let well_again = held(&on_its_way(pending()), 32, &Hold::Proving { since: at(32) });
    let lost_again =
        Hold::Own(HoldReason::Lost { why: "InvalidChangeBatch: the values provided do not match".to_owned() });
    vec![
        decided(Zone, held(&settled(unknown()), 2, &Hold::OutcomeUnknown { why: "no answer in time".to_owned() })),
        decided(Zone, held(&opened(), 1, &paused(&format!("hosted-zone#{ZONE}")))),
        decided(Zone, held(&opened(), 1, &Hold::Own(HoldReason::ActionsDisabled { alarm: alarm("blue-5xx") }))),
        decided(Zone, held(&opened(), 1, &Hold::Own(HoldReason::NotConfirmed { missing: texts(&[blinded]) }))),
        decided(Zone, held(&opened(), 1, &because)),
        incident(Zone, "hold-dependency", held(&opened(), 1, &Hold::Dependency(in_alarm))),
        incident(Zone, "hold-dependency-settling", held(&opened(), 1, &Hold::Dependency(settling))),
        incident(Zone, "hold-dependency-unread", held(&opened(), 1, &Hold::Dependency(unread))),
        decided(Zone, on_its_way(pending())),
        incident(Zone, "hold-propagating-under-no-id", on_its_way(Outcome::Done)),
        decided(Zone, held(&settled(lost()), 3, &lost_again)),
        decided(Zone, well_again),
        decided(
            Zone,
            held(
                &opened(),
                1,
                &Hold::OutOfDate {
                    why: "AWS took 12s to answer, and nothing is done on what is more than 10s old".to_owned(),
                },
            ),
        ),
    ]
}

fn returning() -> Vec<Sample> {
    let why = "3 of 16 checkers find it healthy".to_owned();
    let each = [
        Awaits::Proof { why: why.clone() },
        Awaits::Hold { healthy_since: at(120), until: at(420) },
        Awaits::Step { until: at(720) },
        Awaits::Alarm { alarm: alarm("blue-5xx") },
        Awaits::Others { why },
        Awaits::Reread,
    ];
    let waiting = |awaits| Waiting {
        record: record("www.example.com A"),
        endpoint: id("blue"),
        share: Share::percent(10),
        awaits,
    };
    let because = Hold::Own(HoldReason::Returning { waiting: each.into_iter().map(waiting).collect() });
    vec![decided(Zone, held(&on_its_way(pending()), 122, &because))]
}

/// `green` failed with what it had taken over.
fn overloaded() -> Vec<Sample> {
    let waiting = |endpoint, share, awaits| Waiting {
        record: record("www.example.com A"),
        endpoint: id(endpoint),
        share: Share::percent(share),
        awaits,
    };
    let waiting = vec![
        waiting("blue", 40, Awaits::OthersBear { until: at(122) }),
        waiting("green", 30, Awaits::Recovery { until: at(122) }),
    ];
    let back = Shift { zone: id(ZONE), moves: vec![put_back()] };
    let step = Step::Shift(back);
    let took_over = Evidence::TookOver { endpoint: id("green"), own: Share::percent(30), has: Share::percent(100) };
    let decision = Decision::Act { step: step.clone(), because: vec![took_over] };
    let acting = paced(of(kept_under_load()).intend(at(62), &step, &decision));
    vec![
        incident(Zone, "act-shift-back", acting),
        incident(
            Zone,
            "hold-returning-after-an-overload",
            held(&of(kept_under_load()), 2, &Hold::Own(HoldReason::Returning { waiting })),
        ),
    ]
}

fn drifted() -> Vec<Sample> {
    let all: Vec<Drift> = drifts();
    let unsure = Drifted { unsure: all.clone(), ..Drifted::default() };
    let known = Drifted { known: all.clone(), news: all, unsure: Vec::new() };
    vec![
        decided(Zone, held(&opened(), 1, &Hold::Own(HoldReason::Drifted(known)))),
        incident(Zone, "hold-drifted-perhaps", held(&opened(), 1, &Hold::Own(HoldReason::Drifted(unsure)))),
    ]
}

fn troubles() -> Vec<Sample> {
    let record = || record("www.example.com A");
    let (endpoint, why) = (|| id("blue"), || "no other endpoint is proven healthy".to_owned());
    let each = [
        Trouble::NoTarget { record: record(), endpoint: endpoint(), why: why() },
        Trouble::Partly { record: record(), weights: [(id("blue"), 14), (id("green"), 86)].into() },
        Trouble::Overloaded { record: record(), endpoint: id("green"), failed_at: at(62), more_at: at(422) },
        Trouble::Changed { record: record(), what: "blue has weight 70, and Homeostat left 0".to_owned() },
        Trouble::Unfit { record: record(), why: "it is a simple record, not a weighted one".to_owned() },
        Trouble::Latched { record: record(), endpoint: endpoint(), drains: 3, within: mins(60) },
        Trouble::StillReduced { record: record(), endpoint: endpoint(), since: at(2), why: why() },
        Trouble::NotInPolicy { record: record() },
        Trouble::NotInSync { change: "C2682N5HXP0BZ4".to_owned(), since: at(2) },
        Trouble::Refused { record: record(), since: at(2), why: "NoSuchHealthCheck: no such check".to_owned() },
        Trouble::Waited { record: record(), endpoint: endpoint(), since: at(1), why: why() },
    ];
    let page = |trouble: Trouble| {
        let name = format!("page-weights-{}", trouble.name());
        incident(
            Zone,
            &name,
            paged(&on_its_way(pending()), 1_802, &Page::Own(PageReason::Weights { troubles: vec![trouble] })),
        )
    };
    let why = "paused for all by ana: moving the zone".to_owned();
    let waited = Page::Waited { within: mins(30), holds: texts(&["paused"]), why };
    let paused = Hold::Paused { scope: "all".to_owned(), by: "ana".to_owned(), reason: "moving the zone".to_owned() };
    let mut samples: Vec<Sample> = each.into_iter().map(page).collect();
    samples.push(decided(Zone, paged(&held(&opened(), 1, &paused), 1_801, &waited)));
    samples.push(decided(Zone, paged(&opened(), 1, &Page::NoRoom { bytes: 204_801, enough: 204_800 })));
    samples
}

fn closes() -> Vec<Sample> {
    let well = "no endpoint of the zone's records is sick by the evidence that the policy asks for".to_owned();
    let what = "www.example.com A".to_owned();
    let proven = held(&on_its_way(pending()), 32, &Hold::Proving { since: at(32) });
    vec![
        decided(Zone, closed(&proven, 332, &Close::Recovered)),
        decided(
            Zone,
            closed(
                &held(&opened(), 1, &Hold::Own(HoldReason::NotConfirmed { missing: texts(&["unread"]) })),
                31,
                &Close::NothingWrong { why: well },
            ),
        ),
        decided(Zone, closed(&on_its_way(pending()), 332, &Close::Own(CloseReason::TakenOver { what }))),
    ]
}

/// All that an incident keeps of its zone, and what people said.
fn particulars() -> Vec<Sample> {
    let trouble =
        Trouble::Refused { record: record("api.example.com A"), since: at(2), why: "NoSuchHealthCheck".to_owned() };
    let asked = paged(&of(kept_in_full()), 62, &Page::Own(PageReason::Weights { troubles: vec![trouble] }));
    let beside = Propagating { change: Some("C2682N5HXP0BZ4".to_owned()), since: at(2), late_since: Some(at(12)) };
    let beside = of(ZoneState { propagating: Some(beside), ..ZoneState::new(id(ZONE)) });
    let because = Hold::Own(HoldReason::Propagating { change: Some("C2682N5HXP0BZ4".to_owned()), since: at(2) });
    let known = Acknowledgement { by: "ana".to_owned(), at: at(90), reason: "on it".to_owned() };
    vec![
        incident(Zone, "kept-in-full", asked.clone()),
        incident(Zone, "on-its-way-beside-a-late-one", held(&beside, 12, &because)),
        incident(Zone, "acknowledged", asked.clone().acknowledge(known)),
        incident(Zone, "reminded", asked.reminded(at(3_700), mins(60))),
        incident(
            Zone,
            "stuck",
            Incident { wakes: 3, stuck: Some(at(300)), overdue: Some(at(300)), ..on_its_way(pending()) },
        ),
    ]
}

/// What is kept for whoever looks back.
fn pasts() -> Vec<Sample> {
    let unsure = Hold::Own(HoldReason::NotConfirmed { missing: texts(&["unread"]) });
    let paused = Hold::Paused { scope: "all".to_owned(), by: "ana".to_owned(), reason: "moving the zone".to_owned() };
    let waited = held(&held(&opened(), 1, &unsure), 31, &paused);
    let drained = |outcome| acting(&waited, 61, &drain()).settle(at(62), outcome);
    let proving = |incident: &Incident| held(incident, 122, &Hold::Proving { since: at(122) });
    let taken_over = Close::Own(CloseReason::TakenOver { what: "www.example.com A".to_owned() });
    let well = Close::NothingWrong { why: "no endpoint of the zone's records is sick".to_owned() };
    let why = "paused for all by ana: moving the zone".to_owned();
    let asked = Page::Waited { within: mins(30), holds: texts(&["paused"]), why };
    vec![
        incident(Zone, "past-of-a-heal", closed(&proving(&drained(pending())), 422, &Close::Recovered)),
        incident(Zone, "past-of-what-was-taken-over", closed(&proving(&drained(pending())), 422, &taken_over)),
        incident(Zone, "past-of-an-unknown-end", closed(&proving(&drained(Outcome::AlreadyDone)), 422, &well)),
        incident(Zone, "past-of-a-page", paged(&waited, 1_831, &asked)),
    ]
}
