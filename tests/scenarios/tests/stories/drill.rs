//! The crash drill of a replacement on real parts, in a group of its own each time. The end is the one of the undisturbed heal.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use homeostat_core::id::InstanceId;
use homeostat_remedies::instance::reasons::{Close, Decision};
use sandbox::Stack;
use sandbox::stage::Stage;
use world::App;

use super::killing::{Kill, PATIENCE, Situation};
use super::parts::{effects_that_took_place, first_in_service, on_a_stage_with, pair, policy_with, section};

/// Calls of an undisturbed heal, up to the hold that follows it, and a few more.
const MOST_CALLS: u32 = 22;

/// No heal has fewer: two rounds of reads, the intent, the effect and its outcome.
const LEAST_CALLS: u32 = 12;

fn group(case: Situation) -> String {
    format!("drill{}", case.suffix())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_is_killed_at_any_call_leaves_nothing_half_done() {
    let mut fleet = Stage::fleet().unwrap();
    fleet.more = Situation::all(MOST_CALLS).into_iter().map(|case| pair(&group(case))).collect();
    on_a_stage_with(fleet, drill).await;
}

async fn drill(stage: &Stage) -> Result<()> {
    let all = Situation::all(MOST_CALLS);
    let sections: String = all.iter().map(|case| section(&group(*case), "")).collect();
    // Many groups at once are the drill's own, and none waits for another.
    let sections = sections + "\n[replace-instance]\nat-once = \"100%\"\nper-hour = \"100%\"\n";
    let stack = stage.deploy(&policy_with(stage.folder(), &sections), &mut |_| {}).await?;
    let missed = run(stage, &stack, &all).await?;
    // Such a case was not drilled: once more.
    let missed = run(stage, &stack, &missed).await?;
    ensure!(missed.is_empty(), "not killed although there was such a call: {missed:?}");
    Ok(())
}

/// Drills the cases, few at a time: each takes a process of its own, and the machine is small. Gives those that were not killed
/// although their function made the call at which it was to die.
async fn run(stage: &Stage, stack: &Stack, cases: &[Situation]) -> Result<Vec<Situation>> {
    let mut victims = BTreeMap::new();
    for wave in cases.chunks(11) {
        for case in wave {
            victims.insert(*case, strike(stage, *case)?);
        }
        for case in wave {
            let (victim, kill) = &victims[case];
            let alarm = world::alarm_name(&group(*case).parse()?, victim);
            let announced = stage.wait_for_alarm(&alarm, "ALARM").await?;
            kill.go_on_after(stage, announced.event).await.with_context(|| format!("{case:?}"))?;
        }
    }
    let mut missed = Vec::new();
    for (case, (victim, kill)) in victims {
        stage.wait_for_close_within(&victim, PATIENCE).await.with_context(|| format!("{case:?}"))?;
        let took_place = effects_that_took_place(stage, &victim);
        ensure!(took_place == 1, "{case:?}: {took_place} effects on {victim}");
        let incident = stage.newest_incident(stack, &victim).await?.context("no incident")?;
        ensure!(incident.decision == Some(Decision::Close(Close::Recovered)), "{case:?}: {:?}", incident.decision);
        kill.was_drilled(stage, LEAST_CALLS)?;
        missed.extend(kill.was_missed(stage).then_some(case));
    }
    Ok(missed)
}

/// Plans the crash and breaks the application.
fn strike(stage: &Stage, case: Situation) -> Result<(InstanceId, Kill)> {
    let victim = first_in_service(stage, &group(case))?;
    let kill = case.plan(stage, victim.as_str());
    stage.sandbox().relay().label_next(victim.as_str(), kill.label());
    stage.face().with(|world| world.break_app(&victim, App::Dead))?;
    Ok((victim, kill))
}
