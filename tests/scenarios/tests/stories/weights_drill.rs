//! The crash drill of a change of weights on real parts, in a zone of its own each time. The end is the one of the undisturbed shift.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use homeostat_remedies::hosted_zone::reasons::Incident;
use homeostat_remedies::hosted_zone::reasons::{Close, Decision};
use sandbox::Stack;
use sandbox::journal::Call;
use sandbox::stage::{Balance, Stage};
use world::EndpointState;

use super::killing::{Kill, PATIENCE, Situation};
use super::parts::on_a_stage;
use super::weights::{changes, has};

/// Calls of an undisturbed shift, up to the wake-up by which the function asks after its change, and a few more.
const MOST_CALLS: u32 = 18;

/// No shift has fewer: five reads, the intent, the change and its outcome.
const LEAST_CALLS: u32 = 8;

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_is_killed_at_any_call_moves_the_weight_once() {
    on_a_stage(drill).await;
}

async fn drill(stage: &Stage) -> Result<()> {
    let mut zones = BTreeMap::new();
    for case in Situation::all(MOST_CALLS) {
        zones.insert(case, Balance::without_traffic(stage, &case.suffix()).await?);
    }
    let all: Vec<&Balance> = zones.values().collect();
    let stack = stage.deploy_for(&all, &stage.policy(), &mut |_| {}).await?;
    let mut struck = Vec::new();
    for wave in zones.iter().collect::<Vec<_>>().chunks(9) {
        let mut kills = Vec::new();
        for (case, zone) in wave {
            kills.push((*case, *zone, strike(stage, **case, zone)?));
        }
        for (case, zone, kill) in &kills {
            let announced = stage.wait_for_alarm(&zone.canary_alarm("blue"), "ALARM").await?;
            kill.go_on_after(stage, announced.event).await.with_context(|| format!("{case:?}"))?;
        }
        struck.extend(kills);
    }
    let ends = struck.iter().map(|(case, zone, kill)| {
        let stack = &stack;
        async move { comes_to_its_end(stage, stack, zone, kill).await.with_context(|| format!("{case:?}")) }
    });
    try_join_all(ends).await?;
    // Of calls side by side, one may be abandoned before its turn to be killed comes.
    let killed = struck.iter().filter(|(.., kill)| kill.happened(stage)).count();
    ensure!(killed >= 4 * LEAST_CALLS as usize, "only {killed} of {} were killed", zones.len());
    Ok(())
}

/// Plans the crash and breaks the endpoint.
fn strike(stage: &Stage, case: Situation, zone: &Balance) -> Result<Kill> {
    let alarm = zone.canary_alarm("blue");
    let kill = case.plan(stage, &alarm);
    stage.sandbox().relay().label_next(&alarm, kill.label());
    zone.set_state(stage, "blue", EndpointState::Dead)?;
    Ok(kill)
}

async fn comes_to_its_end(stage: &Stage, stack: &Stack, zone: &Balance, kill: &Kill) -> Result<()> {
    let drain = format!("CREATE {} A {} 0", zone.name, zone.endpoint("blue"));
    let took_place =
        |call: &Call| call.subject.contains(&drain) && (call.succeeded() || call.fault == Some("KillAfter"));
    stage.sandbox().journal().wait_for("the drain", PATIENCE, took_place).await?;
    zone.set_state(stage, "blue", EndpointState::Well)?;
    let subject = zone.subject()?;
    stage.wait_for_close_of_within(&subject, PATIENCE).await?;
    let closed: Incident = stage.ledger(stack)?.newest(&subject).await?.context("no incident")?;
    ensure!(closed.decision == Some(Decision::Close(Close::Recovered)), "{:?}", closed.decision);
    has(zone, 70, 30).await?;
    let drains = changes(stage, zone).iter().filter(|call| took_place(call)).count();
    ensure!(drains == 1, "{drains} drains");
    kill.was_drilled(stage, LEAST_CALLS)
}
