//! The crash drill on real parts: the deployed binary is killed right before each of its calls, and right after each took
//! effect, in a group of its own each time. The end is the one of the undisturbed heal.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use homeostat_core::decision::{Close, Decision};
use homeostat_core::id::InstanceId;
use sandbox::Stack;
use sandbox::proxy::faults::FaultId;
use sandbox::relay::Label;
use sandbox::stage::{Announced, Stage};
use serde_json::Value;
use world::App;

use super::parts::{effects_that_took_place, first_in_service, on_a_stage_with, pair, policy_with, section};

/// Calls of an undisturbed heal, up to the hold that follows it. More are drilled than there are, and the surplus is seen not
/// to crash.
const MOST_CALLS: u32 = 22;

/// No heal has fewer: two rounds of reads, the intent, the effect and its outcome.
const LEAST_CALLS: u32 = 12;

/// The lease of an intent is a minute of real time, also here; a heal that waits for it out takes that longer.
const PATIENCE: Duration = Duration::from_secs(240);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum When {
    Before,
    After,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Then {
    TheEventAgain,
    OnlyTheSchedules,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Case {
    nth: u32,
    when: When,
    then: Then,
}

impl Case {
    fn all() -> Vec<Case> {
        let mut cases = Vec::new();
        for nth in 1..=MOST_CALLS {
            for when in [When::Before, When::After] {
                cases.extend([Then::TheEventAgain, Then::OnlyTheSchedules].map(|then| Case { nth, when, then }));
            }
        }
        cases
    }

    fn group(self) -> String {
        let when = if self.when == When::Before { "before" } else { "after" };
        let then = if self.then == Then::TheEventAgain { "event" } else { "schedules" };
        format!("drill-{when}-{}-{then}", self.nth)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_is_killed_at_any_call_leaves_nothing_half_done() {
    let mut fleet = Stage::fleet().unwrap();
    fleet.more = Case::all().into_iter().map(|case| pair(&case.group())).collect();
    on_a_stage_with(fleet, drill).await;
}

async fn drill(stage: &Stage) -> Result<()> {
    let sections: String = Case::all().into_iter().map(|case| section(&case.group(), "")).collect();
    let stack = stage.deploy(&policy_with(stage.folder(), &sections), &mut |_| {}).await?;
    let missed = run(stage, &stack, &Case::all()).await?;
    // Of calls side by side, one may be abandoned before its turn to be killed comes. Such a case was not drilled: once more.
    let missed = run(stage, &stack, &missed).await?;
    ensure!(missed.is_empty(), "not killed although there was such a call: {missed:?}");
    Ok(())
}

/// Drills the cases, few at a time: each takes a process of its own, and the machine is small. Gives those that were not killed
/// although their function made the call at which it was to die.
async fn run(stage: &Stage, stack: &Stack, cases: &[Case]) -> Result<Vec<Case>> {
    let mut victims = BTreeMap::new();
    for wave in cases.chunks(11) {
        for case in wave {
            victims.insert(*case, strike(stage, *case)?);
        }
        for case in wave {
            let (victim, kill) = &victims[case];
            after_the_crash(stage, *case, victim, *kill).await.with_context(|| format!("{case:?}"))?;
        }
    }
    let (mut missed, journal) = (Vec::new(), stage.sandbox().journal());
    for (case, (victim, kill)) in victims {
        stage.wait_for_close_within(&victim, PATIENCE).await.with_context(|| format!("{case:?}"))?;
        let took_place = effects_that_took_place(stage, &victim);
        ensure!(took_place == 1, "{case:?}: {took_place} effects on {victim}");
        let incident = stage.newest_incident(stack, &victim).await?.context("no incident")?;
        ensure!(incident.decision == Some(Decision::Close(Close::Recovered)), "{case:?}: {:?}", incident.decision);
        let was_killed = !stage.sandbox().faults().hits(kill).is_empty();
        let calls = journal.calls_labelled(&victim.to_string());
        let was_called = calls.iter().any(|call| call.nth == Some(case.nth));
        ensure!(was_killed || was_called || case.nth > LEAST_CALLS, "{case:?} was neither called nor killed");
        missed.extend((was_called && !was_killed).then_some(case));
    }
    Ok(missed)
}

/// Plans the crash and breaks the application.
fn strike(stage: &Stage, case: Case) -> Result<(InstanceId, FaultId)> {
    let victim = first_in_service(stage, &case.group())?;
    let label = victim.to_string();
    let kill = match case.when {
        When::Before => stage.sandbox().faults().kill_before(&label, case.nth),
        When::After => stage.sandbox().faults().kill_after(&label, case.nth),
    };
    stage.sandbox().relay().label_next(&label, Label::new(&label).without_retries());
    stage.face().with(|world| world.break_app(&victim, App::Dead))?;
    Ok((victim, kill))
}

async fn after_the_crash(stage: &Stage, case: Case, victim: &InstanceId, kill: FaultId) -> Result<()> {
    let alarm = world::alarm_name(&case.group().parse()?, victim);
    let announced: Announced = stage.wait_for_alarm(&alarm, "ALARM").await?;
    let ended = stage.sandbox().relay().end_of(&victim.to_string(), PATIENCE).await?;
    let crashed = !stage.sandbox().faults().hits(kill).is_empty();
    let why = ended.failure.unwrap_or_default();
    // A hit means that the process is gone, and is what counts; MiniStack has been seen to answer for it all the same.
    ensure!(why.is_empty() || (crashed && why.contains("Runtime.ExitError")), "crashed: {crashed}, ended with {why:?}");
    if case.then == Then::TheEventAgain {
        let event: Value = announced.event;
        stage.sandbox().relay().publish(event).await?;
    }
    Ok(())
}
