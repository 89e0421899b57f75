//! Several invocations at once, interleaved at every call in every order that the dice give.

use std::task::Poll;

use fastrand::Rng;
use homeostat_core::incident::State;
use homeostat_lambda::Failure;
use homeostat_remedies::instance::kind::InstanceKind;
use scenarios::simulator::gated::{Answer, Call, Gate, Passage};
use scenarios::{FleetOwner, FleetStory, Handling, Owner};
use serde_json::Value;
use world::{Cloud, MemoryLedger, World};

use super::fleet::{break_some, fleet, fleet_with_budget, minutes, terminated, web};
use super::gates::go_on;

/// Lets somebody else go first at each call.
#[derive(Debug, Clone, Copy)]
struct Yields;

impl Gate for Yields {
    async fn before(&self, _: Call<'_>) -> Passage {
        let mut waited = false;
        std::future::poll_fn(|context| {
            context.waker().wake_by_ref();
            if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        Passage::Open
    }

    async fn after(&self, _: Call<'_>, _: bool) -> Answer {
        Answer::Told
    }
}

/// The same world once more, with a ledger of its own.
fn again(world: &World) -> (Cloud, MemoryLedger) {
    let cloud = Cloud::over(world.clone());
    let ledger = MemoryLedger::new(cloud.clock().clone());
    (cloud, ledger)
}

type Answers = Vec<Result<Value, Failure>>;

/// One owner for each event, all at once.
fn all_at_once(story: &FleetStory, cloud: &Cloud, ledger: &MemoryLedger, events: &[Value], dice: &mut Rng) -> Answers {
    let owner = FleetOwner {
        aws: cloud.clone(),
        checks: cloud.clone(),
        ledger: ledger.clone(),
        queues: story.owner.queues.clone(),
        clock: cloud.clock().clone(),
        policy: story.owner.policy.clone(),
        region: story.owner.region.clone(),
        stack: None,
    };
    let mut running: Vec<Handling> = events.iter().map(|event| owner.behind(&Yields, event.clone())).collect();
    let mut answers = Vec::new();
    while !running.is_empty() {
        let chosen = dice.usize(..running.len());
        if let Poll::Ready(answer) = go_on(&mut running[chosen]) {
            answers.push(answer);
            drop(running.swap_remove(chosen));
        }
    }
    answers
}

/// So many are sick beyond doubt, and their alarms' events have not been delivered.
fn sick(story: &FleetStory, count: usize) -> (World, Vec<Value>) {
    break_some(story, count);
    story.cloud.pass(minutes(3));
    let events = story.cloud.with(|world| world.take_events());
    assert_eq!(events.len(), count);
    (story.cloud.with(|world| world.clone()), events)
}

fn terminations(cloud: &Cloud) -> usize {
    cloud.with(|world| world.activities(&web()).filter(|it| it.kind == world::ActivityKind::Terminate).count())
}

#[test]
fn of_two_that_race_for_one_slot_exactly_one_gets_it_a_thousand_times() {
    let story = fleet_with_budget(10, 1);
    let (world, events) = sick(&story, 2);
    let mut first_won = 0;
    for seed in 0..1000 {
        let (cloud, ledger) = again(&world);
        let answers = all_at_once(&story, &cloud, &ledger, &events, &mut Rng::with_seed(seed));
        assert!(answers.iter().all(Result::is_ok), "seed {seed}: {answers:?}");
        assert_eq!((terminations(&cloud), ledger.slots_of(&web()).holders.len()), (1, 1), "seed {seed}");
        assert_eq!(ledger.open::<InstanceKind>().len(), 2, "seed {seed}: the other waits its turn");
        let winner = ledger.slots_of(&web()).holders.into_keys().next().unwrap();
        first_won += u32::from(events[0].to_string().contains(winner.name()));
    }
    assert!((100..900).contains(&first_won), "each of them wins now and then: {first_won}");
}

#[test]
fn the_same_event_twenty_times_at_once_is_one_incident_and_one_termination() {
    let story = fleet(4, "evidence = [\"alarm\", \"target-health\"]");
    let (world, events) = sick(&story, 1);
    let twenty: Vec<Value> = std::iter::repeat_n(events[0].clone(), 20).collect();
    for seed in 0..50 {
        let (cloud, ledger) = again(&world);
        let answers = all_at_once(&story, &cloud, &ledger, &twenty, &mut Rng::with_seed(seed));
        assert!(answers.iter().all(Result::is_ok), "seed {seed}: to be overtaken is no failure: {answers:?}");
        assert_eq!((terminations(&cloud), ledger.open::<InstanceKind>().len()), (1, 1), "seed {seed}");
    }
}

/// Each event of a group that fails as a whole leads to the group's one incident.
#[test]
fn a_whole_group_that_fails_at_once_is_one_incident_and_no_failed_invocation() {
    for count in [10, 40] {
        let story = fleet(count, "evidence = [\"alarm\", \"target-health\"]");
        let count = usize::try_from(count).unwrap();
        let (world, events) = sick(&story, count);
        let twice: Vec<Value> = events.iter().chain(&events).cloned().collect();
        for seed in 0..5 {
            let (cloud, ledger) = again(&world);
            let answers = all_at_once(&story, &cloud, &ledger, &twice, &mut Rng::with_seed(seed));
            let failed: Vec<_> = answers.iter().filter(|answer| answer.is_err()).collect();
            assert!(failed.is_empty(), "{} of {} failed, seed {seed}: {failed:?}", failed.len(), answers.len());
            assert_eq!(terminations(&cloud), 0);
            let open = ledger.open::<InstanceKind>();
            let [whole] = &open[..] else { panic!("seed {seed}: {} are open", open.len()) };
            assert_eq!((whole.notify_seq, whole.state), (1, State::Escalated), "one page");
            assert!(whole.version <= 3, "seed {seed}: written {} times for {} events", whole.version, twice.len());
        }
    }
}

#[test]
fn the_same_event_twenty_times_after_the_close_is_nothing() {
    let mut story = fleet(4, "evidence = [\"alarm\", \"target-health\"]");
    break_some(&story, 1);
    story.pass(minutes(30));
    let event = story.delivered[0].clone();
    let twenty: Vec<Value> = std::iter::repeat_n(event, 20).collect();
    let answers = all_at_once(&story, &story.cloud, &story.ledger, &twenty, &mut Rng::with_seed(7));
    let said = |answer: &Result<Value, Failure>| answer.as_ref().unwrap()["ignored"].as_str().unwrap().to_owned();
    assert!(answers.iter().all(|answer| said(answer).contains("its incident was closed")), "{answers:?}");
    assert_eq!(
        (
            terminated(&story).len(),
            story.ledger.open::<InstanceKind>().len(),
            story.ledger.closed::<InstanceKind>().len()
        ),
        (1, 0, 1)
    );
}
