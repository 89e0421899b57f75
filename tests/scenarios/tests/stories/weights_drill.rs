//! The crash drill for weights, on real parts: the deployed binary is killed right before each of its calls, and right after each
//! took effect, in a zone of its own each time. The end is the one of the undisturbed shift.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use homeostat_core::decision::{Close, Decision};
use sandbox::Stack;
use sandbox::journal::Call;
use sandbox::proxy::faults::FaultId;
use sandbox::relay::Label;
use sandbox::stage::{Balance, Stage};
use world::EndpointState;

use super::parts::on_a_stage;
use super::weights::{changes, has};

/// Calls of an undisturbed shift, up to the wake-up by which the function asks after its change. More are drilled than there are,
/// and the surplus is seen not to crash.
const MOST_CALLS: u32 = 18;

/// No shift has fewer: five reads, the intent, the change and its outcome.
const LEAST_CALLS: u32 = 8;

/// The lease of an intent is a minute of real time, also here; a shift that waits for it out takes that longer.
const PATIENCE: Duration = Duration::from_secs(240);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Case {
    nth: u32,
    /// Else after it took effect.
    before: bool,
    /// Else only the schedules go on.
    event_again: bool,
}

impl Case {
    fn all() -> Vec<Case> {
        let each = |nth| {
            [(true, true), (true, false), (false, true), (false, false)].map(|(before, event_again)| Case {
                nth,
                before,
                event_again,
            })
        };
        (1..=MOST_CALLS).flat_map(each).collect()
    }

    /// Short, since the parameter that lists all names has a limit.
    fn suffix(self) -> String {
        format!("-{}{}{}", if self.before { 'b' } else { 'a' }, self.nth, if self.event_again { 'e' } else { 's' })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_is_killed_at_any_call_moves_the_weight_once() {
    on_a_stage(drill).await;
}

async fn drill(stage: &Stage) -> Result<()> {
    let mut zones = BTreeMap::new();
    for case in Case::all() {
        zones.insert(case, Balance::without_traffic(stage, &case.suffix()).await?);
    }
    let all: Vec<&Balance> = zones.values().collect();
    let stack = stage.deploy_for(&all, &stage.policy(), &mut |_| {}).await?;
    let mut kills = BTreeMap::new();
    for wave in Case::all().chunks(9) {
        for case in wave {
            let zone = zones.get(case).context("no zone")?;
            kills.insert(*case, strike(stage, *case, zone)?);
        }
        for case in wave {
            let (zone, kill) = (zones.get(case).context("no zone")?, kills.get(case).context("no kill")?);
            after_the_crash(stage, *case, zone, *kill).await.with_context(|| format!("{case:?}"))?;
        }
    }
    let ends = zones.iter().map(|(case, zone)| {
        let (stack, kill) = (&stack, kills.get(case).copied());
        async move {
            let ended = comes_to_its_end(stage, stack, *case, zone, kill.context("no kill")?).await;
            ended.with_context(|| format!("{case:?}"))
        }
    });
    let killed = try_join_all(ends).await?.into_iter().filter(|killed| *killed).count();
    // Of calls side by side, one may be abandoned before its turn to be killed comes.
    ensure!(killed >= 4 * LEAST_CALLS as usize, "only {killed} of {} were killed", zones.len());
    Ok(())
}

/// Plans the crash and breaks the endpoint.
fn strike(stage: &Stage, case: Case, zone: &Balance) -> Result<FaultId> {
    let alarm = zone.canary_alarm("blue");
    let faults = stage.sandbox().faults();
    let kill = if case.before { faults.kill_before(&alarm, case.nth) } else { faults.kill_after(&alarm, case.nth) };
    stage.sandbox().relay().label_next(&alarm, Label::new(&alarm).without_retries());
    zone.set_state(stage, "blue", EndpointState::Dead)?;
    Ok(kill)
}

async fn after_the_crash(stage: &Stage, case: Case, zone: &Balance, kill: FaultId) -> Result<()> {
    let alarm = zone.canary_alarm("blue");
    let announced = stage.wait_for_alarm(&alarm, "ALARM").await?;
    let ended = stage.sandbox().relay().end_of(&alarm, PATIENCE).await?;
    let crashed = !stage.sandbox().faults().hits(kill).is_empty();
    let why = ended.failure.unwrap_or_default();
    // A hit means that the process is gone, and is what counts; MiniStack has been seen to answer for it all the same.
    ensure!(why.is_empty() || (crashed && why.contains("Runtime.ExitError")), "crashed: {crashed}, ended with {why:?}");
    if case.event_again {
        stage.sandbox().relay().publish(announced.event).await?;
    }
    Ok(())
}

/// Whether the function was killed on the way there.
async fn comes_to_its_end(stage: &Stage, stack: &Stack, case: Case, zone: &Balance, kill: FaultId) -> Result<bool> {
    let drain = format!("CREATE {} A {} 0", zone.name, zone.endpoint("blue"));
    let took_place =
        |call: &Call| call.subject.contains(&drain) && (call.succeeded() || call.fault == Some("KillAfter"));
    stage.sandbox().journal().wait_for("the drain", PATIENCE, took_place).await?;
    zone.set_state(stage, "blue", EndpointState::Well)?;
    let subject = zone.subject()?;
    stage.wait_for_close_of_within(&subject, PATIENCE).await?;
    let closed = stage.ledger(stack)?.newest(&subject).await?.context("no incident")?;
    ensure!(closed.decision == Some(Decision::Close(Close::Recovered)), "{:?}", closed.decision);
    has(zone, 70, 30).await?;
    let drains = changes(stage, zone).iter().filter(|call| took_place(call)).count();
    ensure!(drains == 1, "{drains} drains");
    let was_killed = !stage.sandbox().faults().hits(kill).is_empty();
    let calls = stage.sandbox().journal().calls_labelled(&zone.canary_alarm("blue"));
    let was_called = calls.iter().any(|call| call.nth == Some(case.nth));
    ensure!(was_killed || was_called || case.nth > LEAST_CALLS, "neither called nor killed");
    Ok(was_killed)
}
