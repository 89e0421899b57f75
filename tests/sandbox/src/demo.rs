//! The main job, played for people: an application dies, its alarm fires, and the deployed Homeostat heals the group. Then
//! what must not happen: the same alarm again, and an alarm on a group outside the policy. The second act is about weights, the third about hooks.
//!
//! It shows only what it saw: each figure is read from the journal, the world, the ledger or the inbox.

mod narrator;
mod report;
mod rolling;
mod weights;

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use homeostat_core::id::{GroupName, InstanceId};
use homeostat_core::incident::{Incident, Kind, State};
use serde_json::Value;
use world::{App, LifecycleState, TargetState, World};

use crate::Stack;
use crate::journal::{self, Call, is_effect, longest_chain};
use crate::stage::{Balance, Held, Inbox, Message, PATIENCE, Stage, policy_with_hooks};
use narrator::Narrator;
pub use report::{Heal, Nothing, Report, Told};
pub use rolling::{Rolled, roll};
pub use weights::{Row, Shifted, shift};

/// The function whose log is read.
const OWNER: &str = "replace-instance";

/// As many as it takes to show that each is replaced without a loss.
const ROLLED: u32 = 3;

/// Plays it all on a sandbox of its own, which is gone afterwards.
pub async fn play(root: &Path, run_dir: &Path, say: fn(&str)) -> Result<Report> {
    let began = Instant::now();
    say("starting MiniStack, the world and the proxy in front of both");
    let stage = Stage::set(root, run_dir, 0, Stage::fleet()?).await?;
    let report = on_stage(&stage, say).await;
    stage.stop().await?;
    say("stopped; nothing is left running");
    let mut report = report?;
    report.wall_seconds = began.elapsed().as_secs_f64();
    Ok(report)
}

async fn on_stage(stage: &Stage, say: fn(&str)) -> Result<Report> {
    say("sam build, sam deploy");
    let mut progress = |line: &str| tell_of_sam(line, say);
    let balance = Balance::make(stage, "").await?;
    let held = Held::make(stage.face(), "shop", ROLLED)?;
    let policy = policy_with_hooks(&[&held], &stage.policy(), stage.folder())?;
    let stack = stage.deploy_for(&[&balance], &policy, &mut progress).await?;
    let inbox = Inbox::subscribe(&stage.sandbox().sdk_config(), stack.output("TopicArn")?).await?;
    say(&format!(
        "deployed the stack {:?} with {} functions; an inbox is subscribed",
        stack.name,
        stack.functions.len()
    ));
    let narrator = Narrator::start(stage, &stack, say);
    let heal = heal(stage, &stack, &inbox, say).await?;
    let again = again(stage, &stack, &heal, say).await?;
    let outside = outside(stage, &stack, say).await?;
    let shifted = shift(stage, &stack, &balance, &inbox, say).await?;
    let rolled = roll(stage, &held, say).await?;
    drop(narrator);
    Ok(Report { heal, again, outside, shifted, rolled, wall_seconds: 0.0 })
}

/// Of what sam and cargo print, what shows that they move on.
pub(crate) fn tell_of_sam(line: &str, say: fn(&str)) {
    if is_progress(line) {
        // Of "Building codeuri: … runtime: … functions: Notify", the end tells.
        let line = line.rsplit_once(" functions: ").map_or(line.to_owned(), |(_, name)| format!("Building {name}"));
        say(&narrator::shortened(&format!("  {}", line.trim())));
    }
}

fn is_progress(line: &str) -> bool {
    let telling = ["Compiling ", "Building ", "Build Succeeded", "no mistakes", "Waiting for", "Successfully", "rror"];
    telling.iter().any(|word| line.contains(word))
}

/// One application dies, and the group is whole again.
pub async fn heal(stage: &Stage, stack: &Stack, inbox: &Inbox, say: fn(&str)) -> Result<Heal> {
    let web: GroupName = "web".parse()?;
    let victim = stage.wait_for_world("a healthy group web", |world| first_of_whole_group(world, &web)).await?;
    say(&format!("web is whole; now the application on {victim} dies, its instance runs on"));
    let died_at = Instant::now();
    stage.face().with(|world| world.break_app(&victim, App::Dead))?;
    let alarm = alarm_of(stage, &victim)?;
    let announced = stage.wait_for_alarm(&alarm, "ALARM").await?;
    stage.wait_for_close(&victim).await?;
    let healed_after = died_at.elapsed();
    let closed = stage.newest_incident(stack, &victim).await?.context("no closed incident in the table")?;
    let about = victim.to_string();
    let last = move |message: &Message| message.subject.contains("recovered") && message.subject.contains(&about);
    let messages = inbox.receive_until(PATIENCE, last).await?;
    let calls = up_to_the_effect(stage, victim.as_str())?;
    let replacement = stage.face().with(|world| newest(world, &web)).context("no new instance")?;
    Ok(Heal {
        alarm,
        alarm_reason: announced.reason().unwrap_or_default().to_owned(),
        event: announced.event,
        decision: decision_of(&closed).context("the incident tells of no act")?,
        chain: longest_chain(&calls).iter().map(Told::of).collect(),
        calls_to_effect: calls.iter().map(Told::of).collect(),
        replaced: victim.to_string(),
        replacement: replacement.to_string(),
        seconds_to_mitigate: closed.time_to_mitigate().context("no time to mitigate")?.as_secs_f64(),
        seconds_to_recover: closed.time_to_recover().context("no time to recover")?.as_secs_f64(),
        seconds_from_death_to_close: healed_after.as_secs_f64(),
        incident: closed,
        messages,
    })
}

/// The very same event, twice, as EventBridge may deliver it.
pub async fn again(stage: &Stage, stack: &Stack, heal: &Heal, say: fn(&str)) -> Result<Nothing> {
    say("the same alarm's event again, delivered twice");
    let before = Before::now(stage).await?;
    stage.sandbox().relay().publish_twice(heal.event.clone()).await?;
    nothing(stage, stack, before, &heal.replaced).await
}

/// An alarm on a group that the policy doesn't name.
pub async fn outside(stage: &Stage, stack: &Stack, say: fn(&str)) -> Result<Nothing> {
    let batch: GroupName = "batch".parse()?;
    let victim = stage.wait_for_world("a group batch", |world| first_in_service(world, &batch)).await?;
    say(&format!("the application on {victim} dies; the policy doesn't name its group"));
    let before = Before::now(stage).await?;
    stage.face().with(|world| world.break_app(&victim, App::Dead))?;
    stage.wait_for_alarm(&alarm_of(stage, &victim)?, "ALARM").await?;
    nothing(stage, stack, before, victim.as_str()).await
}

/// What had been called and logged before something happened.
struct Before {
    calls: u64,
    lines: usize,
}

impl Before {
    async fn now(stage: &Stage) -> Result<Self> {
        let lines = stage.log_of(OWNER).await?.len();
        Ok(Before { calls: stage.sandbox().journal().mark(), lines })
    }
}

/// What Homeostat said when it did nothing, and that it did nothing.
async fn nothing(stage: &Stage, stack: &Stack, before: Before, instance: &str) -> Result<Nothing> {
    let name = instance.to_owned();
    let ignored = move |line: &str| line.contains("\"ignored\"") && line.contains(&name);
    let line = stage.wait_for_log(OWNER, before.lines, ignored).await;
    let line = line.context("waiting for the function to say why it does nothing")?;
    let said: Value = serde_json::from_str(&line).with_context(|| format!("reading the log line {line}"))?;
    let why = said.get("ignored").and_then(Value::as_str).unwrap_or_default().to_owned();
    let name = stack.physical_id("ReplaceInstance")?;
    let is_of_it = |call: &Call| call.sequence >= before.calls && call.who.function() == Some(name);
    let calls = stage.sandbox().journal().select(is_of_it);
    if let Some(write) = calls.iter().find(|call| changes_something(call)) {
        bail!("something was changed for {instance}, which should have been ignored: {write}");
    }
    ensure!(!calls.is_empty(), "the function said why it ignored {instance} without having looked");
    Ok(Nothing { why, reads: calls.len() })
}

fn changes_something(call: &Call) -> bool {
    let reads = ["Describe", "Query", "BatchGet", "Get", "List"];
    !reads.iter().any(|read| call.action.starts_with(read))
}

/// The calls of the invocation that had an effect on that subject (an instance's id, the name of a record), up to that very
/// call, in the order of their starts.
pub fn up_to_the_effect(stage: &Stage, subject: &str) -> Result<Vec<Call>> {
    let calls = stage.sandbox().journal().calls();
    let mut effects = calls.iter().filter(|call| {
        let by_function = call.who.function().is_some();
        by_function && is_effect(call) && call.subject.contains(subject)
    });
    let (Some(effect), None) = (effects.next(), effects.next()) else {
        bail!("not one call with an effect on {subject}")
    };
    ensure!(effect.invocation.is_some(), "the call has no trace");
    Ok(journal::up_to_the_effect(&calls, effect))
}

fn alarm_of(stage: &Stage, instance: &InstanceId) -> Result<String> {
    let found = stage.face().with(|world| {
        let mut names = world.alarms().map(|alarm| alarm.arn.alarm_name());
        names.find(|name| name.contains(instance.as_str())).map(str::to_owned)
    });
    found.with_context(|| format!("no alarm on {instance}"))
}

fn first_of_whole_group(world: &World, group: &GroupName) -> Option<InstanceId> {
    let desired = usize::try_from(world.group(group)?.settings.desired).ok()?;
    let healthy = |id: &InstanceId| {
        let mut targets = world.target_groups().filter_map(|target_group| target_group.targets.get(id));
        targets.all(|target| target.state == TargetState::Healthy)
    };
    let mut serving = world
        .members(group)
        .filter(|member| member.lifecycle == LifecycleState::InService && healthy(&member.id))
        .map(|member| member.id.clone());
    let first = serving.next()?;
    (serving.count() + 1 == desired).then_some(first)
}

fn first_in_service(world: &World, group: &GroupName) -> Option<InstanceId> {
    let mut members = world.members(group).filter(|member| member.lifecycle == LifecycleState::InService);
    members.next().map(|member| member.id.clone())
}

fn newest(world: &World, group: &GroupName) -> Option<InstanceId> {
    let member = world.members(group).max_by_key(|member| member.launched_at)?;
    (member.lifecycle == LifecycleState::InService).then(|| member.id.clone())
}

fn decision_of<K: Kind>(incident: &Incident<K>) -> Option<String> {
    debug_assert_eq!(incident.state, State::Closed);
    incident.notes.iter().find(|note| note.what.starts_with("act:")).map(|note| note.what.clone())
}
