use futures_util::FutureExt;
use homeostat_core::budget::{Bounds, Purchase, Thousandths};
use homeostat_core::incident::Gone;
use homeostat_core::ports::Outcome;
use homeostat_remedies::instance::kind::InstanceKind;
use homeostat_remedies::instance::reasons::{Close, Decision, Hold, Incident, Step};
use jiff::SignedDuration;

use super::*;

const FIRST: &str = "us-east-1#instance#i-00000000000000001";
const SECOND: &str = "us-east-1#instance#i-00000000000000002";

fn noon() -> Timestamp {
    "2026-03-02T12:00:00Z".parse().unwrap()
}

fn ledger() -> MemoryLedger {
    MemoryLedger::new(VirtualClock::starting_at(noon(), SignedDuration::from_millis(10)))
}

fn web() -> GroupName {
    "web".parse().unwrap()
}

/// What the ledger answers, now: none of its calls waits.
fn get<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().unwrap()
}

fn refused(written: Result<(), NotWritten>) -> bool {
    matches!(written, Err(NotWritten::Conflict))
}

fn incident(subject: &str) -> Incident {
    let alarm = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:web-1".parse().unwrap();
    Incident::new(
        subject.parse().unwrap(),
        InstanceKind::Instance {
            group: web(),
            alarms: [alarm].into_iter().collect(),
            notice: None,
            gone: Gone::default(),
        },
        noon(),
        noon(),
    )
}

/// The incident about to act, and the slots with it among the holders.
fn intent(incident: &Incident, slots: &Slots) -> (Incident, Slots) {
    let step = Step::Replace { group: web(), instance: incident.subject.name().parse().unwrap() };
    let decision = Decision::Act { step: step.clone(), because: Vec::new() };
    let mut taken = slots.clone();
    taken.version += 1;
    taken.holders.insert(incident.subject.clone(), noon());
    (incident.intend(noon(), &step, &decision), taken)
}

fn write_intent(ledger: &MemoryLedger, (incident, slots): &(Incident, Slots)) -> Result<(), NotWritten> {
    get(ledger.write(Write { slots: Some(slots), unpaused_at: Some(noon()), ..Write::of(incident) }))
}

fn pause(scope: &str, until: Timestamp) -> Pause {
    Pause { scope: scope.to_owned(), by: "me".to_owned(), reason: "drill".to_owned(), until }
}

#[test]
fn a_stale_version_should_not_be_written() {
    let ledger = ledger();
    let held = incident(FIRST).hold(noon(), noon(), &Hold::InFlight);
    get(ledger.write(Write::of(&held))).unwrap();
    let theirs = held.settle(noon(), Outcome::Done);
    get(ledger.write(Write::of(&theirs))).unwrap();
    let ours = held.hold(noon(), noon(), &Hold::InFlight);
    assert!(refused(get(ledger.write(Write::of(&ours)))));
    assert!(refused(get(ledger.write(Write::of(&held.close(noon(), &Close::Recovered))))));
    assert_eq!(ledger.open::<InstanceKind>(), [theirs]);
    assert!(ledger.closed::<InstanceKind>().is_empty());
}

#[test]
fn an_incident_should_not_be_opened_twice() {
    let ledger = ledger();
    let opened = incident(FIRST).hold(noon(), noon(), &Hold::InFlight);
    get(ledger.write(Write::of(&opened))).unwrap();
    assert!(refused(get(ledger.write(Write::of(&opened)))));
}

#[test]
fn a_second_claimant_of_the_last_slot_should_not_get_it() {
    let ledger = ledger();
    let (first, second) = (intent(&incident(FIRST), &Slots::default()), intent(&incident(SECOND), &Slots::default()));
    write_intent(&ledger, &first).unwrap();
    assert!(refused(write_intent(&ledger, &second)));
    assert_eq!(ledger.open::<InstanceKind>(), [first.0]);
    assert_eq!(ledger.slots_of(&web()), first.1);
}

#[test]
fn a_second_buyer_of_the_same_version_of_the_shared_budget_should_not_get_it() {
    let ledger = ledger();
    let purchase = Purchase {
        scope: Scope::of_group(&web()),
        service: "shop".to_owned(),
        cost: Thousandths::ONE_GROUP,
        bounds: Bounds::default(),
    };
    let bought = |subject: &str| {
        let (acting, _) = intent(&incident(subject), &Slots::default());
        let budget = SharedBudget::default().taken_by(noon(), &acting.subject, &purchase);
        (acting, budget)
    };
    let [(first, budget), (second, lost)] = [FIRST, SECOND].map(bought);
    get(ledger.write(Write { shared: Some(&budget), ..Write::of(&first) })).unwrap();
    assert!(refused(get(ledger.write(Write { shared: Some(&lost), ..Write::of(&second) }))));
    assert_eq!(
        (ledger.open::<InstanceKind>(), ledger.shared()),
        (vec![first.clone()], budget.clone()),
        "all or nothing"
    );
    let settled = first.settle(noon(), Outcome::Done);
    get(ledger.write(Write::of(&settled))).unwrap();
    assert_eq!(ledger.shared(), budget, "what is not written stays");
    let freed = budget.freed_by(noon(), &first.subject).unwrap();
    let closed = settled.close(noon(), &Close::Recovered);
    get(ledger.write(Write { shared: Some(&freed), ..Write::of(&closed) })).unwrap();
    assert_eq!(ledger.shared(), freed);
}

#[test]
fn a_pause_should_not_let_an_intent_through_at_any_scope() {
    for scope in ["all", "group#web", "instance#i-00000000000000001"] {
        let ledger = ledger();
        ledger.add_pause(pause(scope, noon() + SignedDuration::from_secs(1)));
        let intent = intent(&incident(FIRST), &Slots::default());
        assert!(refused(write_intent(&ledger, &intent)), "{scope}");
        assert!(ledger.open::<InstanceKind>().is_empty());
        assert_eq!(ledger.slots_of(&web()), Slots::default());
        ledger.remove_pause(scope);
        write_intent(&ledger, &intent).unwrap();
    }
}

#[test]
fn a_pause_that_is_over_or_for_others_should_not_stop_an_intent() {
    let ledger = ledger();
    ledger.add_pause(pause("all", noon()));
    ledger.add_pause(pause("group#batch", noon() + SignedDuration::from_secs(1)));
    write_intent(&ledger, &intent(&incident(FIRST), &Slots::default())).unwrap();
}

#[test]
fn a_close_moves_the_incident_to_history_and_frees_its_slot() {
    let ledger = ledger();
    let (acting, taken) = intent(&incident(FIRST), &Slots::default());
    write_intent(&ledger, &(acting.clone(), taken.clone())).unwrap();
    let closed = acting.close(noon(), &Close::Recovered);
    let freed = Slots { version: taken.version + 1, ..Slots::default() };
    let stale = Slots { version: taken.version, ..Slots::default() };
    assert!(refused(get(ledger.write(Write { slots: Some(&stale), ..Write::of(&closed) }))));
    assert_eq!((ledger.open::<InstanceKind>().len(), ledger.closed::<InstanceKind>().len()), (1, 0), "all or nothing");

    get(ledger.write(Write { slots: Some(&freed), ..Write::of(&closed) })).unwrap();
    assert_eq!(ledger.slots_of(&web()), freed);
    let history = get(ledger.history::<InstanceKind>(&closed.subject, None)).unwrap();
    assert_eq!((history.open, history.last_closed_at), (None, closed.closed_at));
}

#[test]
fn a_subject_can_be_opened_again_after_its_close() {
    let ledger = ledger();
    let held = incident(FIRST).hold(noon(), noon(), &Hold::InFlight);
    get(ledger.write(Write::of(&held))).unwrap();
    get(ledger.write(Write::of(&held.close(noon(), &Close::Recovered)))).unwrap();
    get(ledger.write(Write::of(&held))).unwrap();
    assert_eq!((ledger.open::<InstanceKind>().len(), ledger.closed::<InstanceKind>().len()), (1, 1));
}

#[test]
fn a_sweep_should_not_move_what_its_owner_wrote_meanwhile() {
    let ledger = ledger();
    let held = incident(FIRST).hold(noon(), noon(), &Hold::InFlight);
    get(ledger.write(Write::of(&held))).unwrap();
    let later = noon() + SignedDuration::from_mins(1);
    let listed = get(ledger.due(noon())).unwrap().due;
    assert_eq!(listed.len(), 1);
    get(ledger.postpone(&listed[0], later, &[], noon())).unwrap();
    assert!(refused(get(ledger.postpone(&listed[0], later, &[], noon()))), "somebody else swept it");
    let open = ledger.open::<InstanceKind>().remove(0);
    assert_eq!((open.version, open.wakes, open.wake_at), (held.version, 1, Some(later)));
    assert!(get(ledger.due(noon())).unwrap().due.is_empty());

    let listed = get(ledger.due(later)).unwrap().due;
    get(ledger.write(Write::of(&open.hold(later, later, &Hold::InFlight)))).unwrap();
    assert!(refused(get(ledger.postpone(&listed[0], later, &[], noon()))), "its owner wrote");
}

#[test]
fn what_dynamodb_would_not_store_is_refused_whole() {
    let ledger = ledger();
    let large = |count: usize| {
        let holders = (0..count).map(|number| (format!("us-east-1#instance#i-{number:017x}").parse().unwrap(), noon()));
        Slots { version: 1, holders: holders.collect() }
    };
    let (incident, _) = intent(&incident(FIRST), &Slots::default());
    let write = |slots: &Slots| get(ledger.write(Write { slots: Some(slots), ..Write::of(&incident) }));
    let Err(NotWritten::Unavailable(why)) = write(&large(8_000)) else { panic!("it is more than 400 KB") };
    assert!(why.to_string().contains("Item size has exceeded the maximum allowed size"), "{why}");
    assert!(ledger.open::<InstanceKind>().is_empty(), "nothing of it is written");
    write(&large(4_000)).unwrap();
}
