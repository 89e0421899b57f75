//! Two of four are dead, and disks fill up and empty all the while, on real parts: an alarm that is no verdict keeps nobody from being
//! replaced, ends nobody who is healthy, and is no news.

use std::convert::Infallible;

use anyhow::{Result, bail, ensure};
use futures_util::future::try_join_all;
use homeostat_core::aws::alarm::AlarmState;
use homeostat_core::id::{GroupName, InstanceId};
use jiff::SignedDuration;
use sandbox::Stack;
use sandbox::account::{ACCOUNT_ID, REGION};
use sandbox::journal::Call;
use sandbox::stage::{Inbox, PATIENCE, Stage};
use world::{AlarmRule, App, Comparison, LifecycleState, Metric, Statistic, TreatMissingData, World};

use super::parts::{effects, effects_that_took_place, on_a_stage_with, pair, policy_with, section};

/// Its policy names the alarms that are verdicts. That of `web`, as the shipped one, doesn't.
const LISTED: &str = "listed";

const EMPTY: f64 = 10.0;
const FULL: f64 = 95.0;

/// Of the alarm on the disk of the second of the dead while it waits for its turn, which takes at least the cooldown.
const LEAST_CHANGES: usize = 4;
const COOLDOWN: &str = "cooldown = \"15s\"";

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_blinks_keeps_nobody_dead_and_ends_nobody_who_is_healthy() {
    let mut fleet = Stage::fleet().unwrap();
    fleet.more = vec![pair(LISTED)];
    on_a_stage_with(fleet, play).await;
}

async fn play(stage: &Stage) -> Result<()> {
    let (all, listed) = (in_service(stage, "web")?, in_service(stage, LISTED)?);
    for id in all.iter().chain(&listed) {
        stage.face().with(|world| watch_disk(world, id)).map_err(|refusal| anyhow::anyhow!("{refusal}"))?;
    }
    let policy = policy_with(stage.folder(), &section(LISTED, "health-alarms = [\"*-failing\"]\n"));
    let text = std::fs::read_to_string(&policy)?.replacen("cooldown = \"1s\"", COOLDOWN, 1);
    std::fs::write(&policy, text)?;
    let stack = stage.deploy(&policy, &mut |_| {}).await?;
    let inbox = Inbox::subscribe(&stage.sandbox().sdk_config(), stack.output("TopicArn")?).await?;

    let [one, other, survivor, _] = all.as_slice() else { bail!("four: {all:?}") };
    let dead = [one, other];
    stage.face().with(|world| dead.iter().try_for_each(|id| world.break_app(id, App::Dead)))?;
    let first = stage.sandbox().journal().wait_until("the first act", PATIENCE, |calls| acted_on(calls, &dead)).await?;
    let waits = if first == *one { other } else { one };
    let second = |calls: &[Call]| acted_on(calls, &[waits]);
    let acted = stage.sandbox().journal().wait_until("the second act", PATIENCE, second);
    meanwhile(stage, &[waits], async { Ok(acted.await?) }).await?;
    let heard = heard_of(stage, &stack, waits)?;
    ensure!(heard >= LEAST_CHANGES, "its disk's alarm was heard of {heard} times while it waited");
    let closed = try_join_all(dead.map(|id| stage.wait_for_close(id)));
    meanwhile(stage, &[waits, survivor, &listed[0]], closed).await?;

    for id in in_service(stage, "web")?.iter().chain(&all).chain(&listed) {
        let (tried, expected) = (effects(stage, id).len(), usize::from(dead.contains(&id)));
        ensure!((tried, effects_that_took_place(stage, id)) == (expected, expected), "{tried} acts on {id}");
    }
    each_act_is_told_once_and_nothing_else(stage, &stack, &inbox, [&first, waits]).await?;
    nobody_is_held_for_a_disk(stage, &stack, survivor, &listed[0]).await
}

fn in_service(stage: &Stage, group: &str) -> Result<Vec<InstanceId>> {
    let group: GroupName = group.parse()?;
    let serving = |world: &mut World| {
        let members = world.members(&group).filter(|member| member.lifecycle == LifecycleState::InService);
        members.map(|member| member.id.clone()).collect()
    };
    Ok(stage.face().with(serving))
}

fn disk_alarm(id: &InstanceId) -> String {
    format!("disk-{id}")
}

fn fullness(id: &InstanceId) -> Metric {
    Metric::of_instance("CWAgent", "disk_used_percent", id)
}

/// Each instance has two alarms, this one and the one on its application.
fn watch_disk(world: &mut World, id: &InstanceId) -> Result<(), world::Refusal> {
    let rule = AlarmRule {
        statistic: Statistic::Maximum,
        period: SignedDuration::from_secs(1),
        evaluation_periods: 1,
        datapoints_to_alarm: 1,
        threshold: 80.0,
        comparison: Comparison::GreaterThanThreshold,
        missing: TreatMissingData::Ignore,
    };
    world.put_alarm(&disk_alarm(id), fullness(id), rule)?;
    world.put_metric(fullness(id), EMPTY);
    Ok(())
}

/// The disks fill up and empty until it is over.
async fn meanwhile<T>(stage: &Stage, blinking: &[&InstanceId], until: impl Future<Output = Result<T>>) -> Result<T> {
    let blinks = try_join_all(blinking.iter().map(|id| blink(stage, id)));
    tokio::select! {
        over = until => over,
        failed = blinks => match failed {
            Ok(_) => bail!("nothing blinks"),
            Err(error) => Err(error),
        },
    }
}

async fn blink(stage: &Stage, id: &InstanceId) -> Result<Infallible> {
    loop {
        for (percent, state) in [(FULL, AlarmState::Alarm), (EMPTY, AlarmState::Ok)] {
            stage.face().with(|world| world.put_metric(fullness(id), percent));
            let says = |world: &World| world.alarm(&disk_alarm(id)).filter(|it| it.standing.state == state).map(drop);
            stage.wait_for_world(&format!("{} in {state:?}", disk_alarm(id)), says).await?;
        }
    }
}

/// The first of them whom somebody terminated.
fn acted_on(calls: &[Call], of: &[&InstanceId]) -> Option<InstanceId> {
    let mut acts = calls.iter().filter(|it| it.action == "TerminateInstanceInAutoScalingGroup" && it.succeeded());
    acts.find_map(|act| of.iter().find(|id| act.subject.contains(id.as_str())).map(|id| (*id).clone()))
}

/// How many changes of its disk's alarm the deployed rule has brought to the function's queue.
fn heard_of(stage: &Stage, stack: &Stack, id: &InstanceId) -> Result<usize> {
    let queue = stack.physical_id("IntakeQueue")?.rsplit('/').next().unwrap_or_default();
    let queue = format!("arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{queue}");
    let announced = stage.announced().into_iter().filter(|it| it.alarm() == Some(&disk_alarm(id)));
    Ok(announced.filter_map(|it| it.published).filter(|it| it.invoked().contains(&queue.as_str())).count())
}

async fn each_act_is_told_once_and_nothing_else(
    stage: &Stage,
    stack: &Stack,
    inbox: &Inbox,
    dead: [&InstanceId; 2],
) -> Result<()> {
    let [_, last] = dead;
    let recovered = format!("Homeostat: recovered: {last} of web is replaced");
    let mut told = inbox.receive_until(PATIENCE, |message| message.subject == recovered).await?;
    let topics = aws_sdk_sns::Client::new(&stage.sandbox().sdk_config());
    topics.publish().topic_arn(stack.output("TopicArn")?).subject("the end").message("-").send().await?;
    told.extend(inbox.receive_until(PATIENCE, |message| message.subject == "the end").await?);
    let subjects: Vec<&str> = told.iter().map(|message| message.subject.as_str()).collect();
    let mut expected: Vec<String> = dead.iter().map(|id| format!("Homeostat: replacing {id} of web")).collect();
    expected.extend(dead.iter().map(|id| format!("Homeostat: recovered: {id} of web is replaced")));
    expected.push("the end".to_owned());
    for subject in &expected {
        let times = subjects.iter().filter(|told| *told == subject).count();
        ensure!(times == 1, "{subject:?} was said {times} times: {subjects:?}");
    }
    // That it has to wait for the other may be said, once.
    let waiting = format!("Homeostat: holding still about {last} of web");
    let waits = subjects.iter().filter(|told| **told == waiting).count();
    ensure!(waits <= 1 && subjects.len() == expected.len() + waits, "and nothing else: {subjects:?}");
    Ok(())
}

async fn nobody_is_held_for_a_disk(
    stage: &Stage,
    stack: &Stack,
    of_web: &InstanceId,
    listed: &InstanceId,
) -> Result<()> {
    let opened = stage.newest_incident(stack, listed).await?;
    ensure!(opened.is_none(), "the policy names its verdicts, and the disk is none: {opened:?}");
    ensure!(
        heard_of(stage, stack, listed)? > 0 && heard_of(stage, stack, of_web)? > 0,
        "nothing was heard of the disks"
    );
    if let Some(silent) = stage.newest_incident(stack, of_web).await? {
        let was_acted_on = silent.acted_at.or(silent.paged_at);
        ensure!((silent.notify_seq, was_acted_on) == (0, None), "{silent:?}");
    }
    Ok(())
}
