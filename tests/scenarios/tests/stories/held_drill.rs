//! The crash drill for both hooks on real parts, for an instance of its own each time. Every hook is completed, once in effect, and none
//! runs into its timeout.

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use homeostat_core::id::InstanceId;
use sandbox::Stack;
use sandbox::stage::{Held, Stage, held, policy_with_hooks};
use world::{ActionEnd, ActionResult, LifecycleState, World};

use super::killing::{Kill, Situation};
use super::parts::on_a_stage;

/// Calls of a first look at a leaving instance that has to be deregistered, up to its wake-up. More are drilled than a launch has,
/// and the surplus is seen not to crash.
const MOST_CALLS: u32 = 14;

/// At once, each in a process of its own.
const WAVE: usize = 7;

/// No look has fewer: three reads of the ledger, three of AWS, the intent, the effect and its outcome.
const LEAST_CALLS: u32 = 9;

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_is_killed_at_any_call_completes_every_hook_once() {
    on_a_stage(drill).await;
}

async fn drill(stage: &Stage) -> Result<()> {
    let count = MOST_CALLS * 2;
    let leaving = Held::make(stage.face(), "leaving", count)?;
    let coming = Held::make_with(stage.face(), "coming", 1, |settings| settings.max = 2 * count)?;
    let policy = policy_with_hooks(&[&leaving, &coming], &stage.policy(), stage.folder())?;
    let stack = stage.deploy_with(&policy, Vec::new(), &mut |_| {}).await?;
    let all = stage.wait_for_world("the fleet in service", |world| serving(world, &leaving, count as usize)).await?;
    leaving.hook(stage.face())?;
    coming.hook(stage.face())?;
    // No event tells: the drill brings each by itself, and what is lost the resync finds.
    stage.face().with(|world| world.lose_hook_events(true));
    let mut struck = Vec::new();
    let cases = Situation::half(MOST_CALLS);
    for wave in cases.iter().copied().zip(all).collect::<Vec<_>>().chunks(WAVE) {
        for (_, id) in wave {
            stage.face().with(|world| world.terminate_instance(id, false)).map_err(|why| anyhow::anyhow!("{why}"))?;
        }
        struck.extend(strike_all(stage, &stack, (&leaving, held::DRAINED), wave).await?);
    }
    for (index, wave) in cases.chunks(WAVE).enumerate() {
        let desired = u32::try_from(1 + index * WAVE + wave.len())?;
        let grown = stage.face().with(|world| world.set_desired_capacity(&coming.group, desired));
        grown.map_err(|why| anyhow::anyhow!("{why}"))?;
        let ready = |world: &World| held_and_ready(world, &coming, wave.len());
        let ready = stage.wait_for_world("launches that are ready", ready).await?;
        let wave: Vec<_> = wave.iter().copied().zip(ready).collect();
        struck.extend(strike_all(stage, &stack, (&coming, held::READY), &wave).await?);
    }
    let mut killed = 0;
    for (hook, id, kill) in struck {
        comes_to_its_end(stage, hook, &id).await.with_context(|| format!("{kill:?}"))?;
        killed += usize::from(kill.happened(stage));
    }
    // The resync may be quicker than the drill, and of calls side by side one may be abandoned before its turn to be killed comes.
    ensure!(killed >= 3 * LEAST_CALLS as usize, "only {killed} of {} were killed", 4 * MOST_CALLS);
    let timed_out = stage
        .face()
        .with(|world| world.lifecycle_actions().iter().filter(|action| action.ended_by == ActionEnd::TimedOut).count());
    ensure!(timed_out == 0, "{timed_out} hooks timed out");
    Ok(())
}

type Struck = (&'static str, InstanceId, Kill);

async fn strike_all(
    stage: &Stage,
    stack: &Stack,
    (held, hook): (&Held, &'static str),
    wave: &[(Situation, InstanceId)],
) -> Result<Vec<Struck>> {
    let strikes = wave.iter().map(|(case, id)| async move {
        let kill = case.plan(stage, &format!("{hook}{}", case.suffix()));
        let is_brought = strike(stage, stack, &kill, held, id).await.with_context(|| format!("{kill:?}"))?;
        Ok::<_, anyhow::Error>(is_brought.then(|| (hook, id.clone(), kill)))
    });
    Ok(try_join_all(strikes).await?.into_iter().flatten().collect())
}

/// Brings the event to a function that is killed on the way, and may bring it once more; not if the resync was quicker.
async fn strike(stage: &Stage, stack: &Stack, kill: &Kill, held: &Held, id: &InstanceId) -> Result<bool> {
    let was_held = |world: &World| {
        let is_held = world.active_actions().any(|action| action.instance == *id);
        (is_held || world.lifecycle_actions().iter().any(|action| action.instance == *id)).then_some(())
    };
    stage.wait_for_world(&format!("{id} held"), was_held).await?;
    let Some(event) = held.event(stage.face(), id) else { return Ok(false) };
    let name = stack.physical_id("LifecycleHook")?;
    let function =
        format!("arn:aws:lambda:{}:{}:function:{name}", sandbox::account::REGION, sandbox::account::ACCOUNT_ID);
    stage.sandbox().relay().invoke_labelled(&function, &event, &kill.label());
    kill.go_on_after(stage, event).await?;
    Ok(true)
}

async fn comes_to_its_end(stage: &Stage, hook: &str, id: &InstanceId) -> Result<()> {
    let over = |world: &World| {
        let mut over = world.lifecycle_actions().iter().filter(|action| action.instance == *id && action.hook == hook);
        over.next().map(|action| action.ended_by)
    };
    let ended = stage.wait_for_world(&format!("the end of {hook} for {id}"), over).await?;
    ensure!(ended == ActionEnd::Completed(ActionResult::Continue), "{ended:?}");
    Ok(())
}

fn serving(world: &World, held: &Held, count: usize) -> Option<Vec<InstanceId>> {
    let members = world.members(&held.group).filter(|member| member.lifecycle == LifecycleState::InService);
    let serving: Vec<InstanceId> = members.map(|member| member.id.clone()).collect();
    (serving.len() == count).then_some(serving)
}

/// So many newest members, once none of them lacks anything that the policy asks for.
fn held_and_ready(world: &World, held: &Held, count: usize) -> Option<Vec<InstanceId>> {
    let jobs = world.target_group(&held.jobs)?;
    let is_ready = |id: &InstanceId| {
        let passed = world.machine_status(id).is_some_and(|status| status.instance == world::StatusCheck::Ok);
        passed && jobs.targets.get(id).is_some_and(|target| target.state == world::TargetState::Healthy)
    };
    let mut members: Vec<_> = world.members(&held.group).collect();
    members.sort_by_key(|member| std::cmp::Reverse(member.launched_at));
    let newest: Vec<InstanceId> = members.into_iter().take(count).map(|member| member.id.clone()).collect();
    (newest.len() == count && newest.iter().all(is_ready)).then_some(newest)
}
