//! Held instances on real parts: the deployed binary, its role and its queue. Each story has a group of its own.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use homeostat_core::id::InstanceId;
use homeostat_remedies::hook::reasons::Incident;
use jiff::SignedDuration;
use sandbox::Stack;
use sandbox::account::{ACCOUNT_ID, REGION};
use sandbox::journal::Call;
use sandbox::stage::{Held, Inbox, PATIENCE, Stage, held, policy_with_hooks};
use sandbox::zone::Zone;
use serde_json::{Value, json};
use world::{
    ActionEnd, ActionResult, Flaw, LifecycleAction, LifecycleHook, LifecycleState, LifecycleTransition, Process,
    TargetState, World,
};

use super::parts::{first_in_service, homeostat, on_a_stage};

const OWNER: &str = "lifecycle-hook";
const DOMAIN: &str = "held.example";

/// As many looks as Lambda would stop after, and more than twice as many again.
const LOOKS: usize = 40;

/// Half of it, when a heartbeat is due, is over well before so many looks, which are a second apart or more.
const TIMEOUT: SignedDuration = SignedDuration::from_secs(45);

#[tokio::test(flavor = "multi_thread")]
async fn what_a_hook_holds_is_let_go_when_it_may_and_only_then() {
    on_a_stage(play).await;
}

async fn play(stage: &Stage) -> Result<()> {
    let face = stage.face();
    let zone = Zone::create(&stage.sandbox().sdk_config(), DOMAIN).await?;
    let busy = Held::make(face, "busy", 2)?;
    let named = Held::make_with(face, "named", 2, |settings| (settings.spot, settings.rebalances) = (true, true))?;
    let metric = "busy-metric = { namespace = \"App\", name = \"InFlight\", period = \"1s\", dimensions = { InstanceId = \
                  \"{instance}\" } }\n";
    let record = format!("record = {{ hosted-zone = {:?}, name = \"{{instance}}.{DOMAIN}\" }}\n", zone.id());
    let named = named.with("", &format!("{metric}{record}"));
    let bad = Held::make(face, "bad", 2)?;
    // Its alarm is not there, so it holds nobody; but whoever would be abandoned is asked about first.
    let depends = "depends-on = [\"orders-db\"]\n";
    let limits = format!("timeout = \"8s\"\nmax-abandoned = 2\non-limit = \"suspend-launch\"\n{depends}");
    let alarms = format!("alarms = [\"arn:aws:cloudwatch:{REGION}:{ACCOUNT_ID}:alarm:orders-db\"]\n");
    let bad = bad.with(&limits, &format!("[[dependency]]\nname = \"orders-db\"\n{alarms}"));
    let addressed = Held::make_by_address(face, "addressed", 2)?;
    let all = [&busy, &named, &bad, &addressed];
    let policy = policy_with_hooks(&all, &stage.policy(), stage.folder())?;
    let parameters = [
        ("HookZoneArns", format!("arn:aws:route53:::hostedzone/{}", zone.id())),
        ("HookRecordNames", format!("i-*.{DOMAIN}")),
    ];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value)).into();
    let stack = stage.deploy_with(&policy, parameters, &mut |_| {}).await?;
    for held in all {
        stage.wait_for_world("the fleet in service", |world| is_whole(world, held)).await?;
        held.hook_for(face, TIMEOUT)?;
    }
    let inbox = Inbox::subscribe(&stage.sandbox().sdk_config(), stack.output("TopicArn")?).await?;
    let stories = (
        forty_looks_at_one_hook_follow_one_another(stage, &stack, &busy),
        its_own_record_goes_and_its_metric_is_waited_for(stage, &stack, &named, &zone),
        a_bad_image_is_launched_twice_and_then_no_more(stage, &bad, &inbox),
        what_is_none_of_its_hooks_is_left_alone_and_said_so(stage, &stack),
        who_is_registered_by_address_is_drained_and_admitted(stage, &addressed),
    );
    tokio::try_join!(stories.0, stories.1, stories.2, stories.3, stories.4).map(drop)
}

fn is_whole(world: &World, held: &Held) -> Option<()> {
    let desired = usize::try_from(world.group(&held.group)?.settings.desired).ok()?;
    let serving = world.members(&held.group).filter(|member| member.lifecycle == LifecycleState::InService).count();
    (serving == desired).then_some(())
}

fn terminate(stage: &Stage, id: &InstanceId) -> Result<()> {
    let done = stage.face().with(|world| world.terminate_instance(id, false));
    done.map(drop).map_err(|refusal| anyhow::anyhow!("{refusal}"))
}

/// The first action of that hook for the instance, when it is over.
async fn ended(stage: &Stage, held: &Held, hook: &str, id: &InstanceId) -> Result<LifecycleAction> {
    let of = |world: &World| {
        let mut over = world.lifecycle_actions().iter();
        over.find(|action| action.group == held.group && action.hook == hook && action.instance == *id).cloned()
    };
    stage.wait_for_world(&format!("the end of {hook} for {id}"), of).await
}

async fn newest(stage: &Stage, stack: &Stack, held: &Held, hook: &str, id: &InstanceId) -> Result<Incident> {
    stage.ledger(stack)?.newest(&held.subject(hook, id)?).await?.context("no incident of the hook")
}

/// Calls of the function about an instance or a target group.
fn calls(stage: &Stage, about: &str, action: &str) -> Vec<Call> {
    let journal = stage.sandbox().journal();
    journal.select(|call| call.who.function().is_some() && call.action == action && call.subject.contains(about))
}

async fn forty_looks_at_one_hook_follow_one_another(stage: &Stage, stack: &Stack, held: &Held) -> Result<()> {
    let victim = first_in_service(stage, "busy")?;
    stage
        .face()
        .with(|world| world.set_instance_tag(&victim, "app:busy", "true"))
        .map_err(|why| anyhow::anyhow!("{why}"))?;
    terminate(stage, &victim)?;
    let event = stage
        .wait_for_world("the held instance", |world| {
            let held = world.active_actions().find(|action| action.instance == victim);
            held.map(|action| action.token.clone())
        })
        .await?;
    // A second and a third chain of wake-ups would begin with these.
    let event = stage.face().with(|world| world.lifecycle_event(&event)).context("not held")?;
    stage.sandbox().relay().publish_twice(event).await?;
    let subject = held.subject(held::DRAINED, &victim)?;
    // Looks become rarer, and no wait of the stage is that long.
    for looks in [LOOKS / 2, LOOKS * 3 / 4, LOOKS] {
        stage.wait_for_version(stack, &subject, looks as u64).await?;
    }
    let looks = calls(stage, victim.as_str(), "DescribeAutoScalingInstances").len();
    ensure!(looks < LOOKS * 3 / 2, "{looks} looks for {LOOKS} that counted: the wake-ups multiply");
    ensure!(calls(stage, victim.as_str(), "CompleteLifecycleAction").is_empty(), "it was let go while it had work");
    ensure!(!calls(stage, victim.as_str(), "RecordLifecycleActionHeartbeat").is_empty(), "no heartbeat for it");
    stage.face().with(|world| world.clear_instance_tag(&victim, "app:busy")).map_err(|why| anyhow::anyhow!("{why}"))?;
    let action = ended(stage, held, held::DRAINED, &victim).await?;
    ensure!(action.ended_by == ActionEnd::Completed(ActionResult::Continue), "{action:?}");
    stage.wait_for_close_of(&subject).await?;
    let closed = newest(stage, stack, held, held::DRAINED, &victim).await?;
    ensure!(closed.notify_seq == 0 && !closed.is_told_at_the_end(), "an ordinary end is no news");
    Ok(())
}

async fn its_own_record_goes_and_its_metric_is_waited_for(
    stage: &Stage,
    stack: &Stack,
    held: &Held,
    zone: &Zone,
) -> Result<()> {
    let kind = sandbox::stage::balance::KIND;
    let (mut addresses, victim) = (BTreeMap::new(), first_in_service(stage, "named")?);
    stage.face().with(|world| {
        let members = world.members(&held.group);
        addresses.extend(members.map(|member| (member.id.clone(), member.private_ip.clone())));
    });
    for (id, address) in &addresses {
        zone.put_plain(&format!("{id}.{DOMAIN}"), &kind, 2, address).await?;
    }
    terminate(stage, &victim)?;
    let action = ended(stage, held, held::DRAINED, &victim).await?;
    ensure!(action.ended_by == ActionEnd::Completed(ActionResult::Continue), "{action:?}");
    let removals = |action| calls(stage, victim.as_str(), action).len();
    let deregistered = calls(stage, held.jobs.as_str(), "DeregisterTargets").len();
    ensure!(removals("ChangeResourceRecordSets") == 1, "{} removals", removals("ChangeResourceRecordSets"));
    ensure!(deregistered == 1, "{deregistered} deregistrations");
    ensure!(removals("CompleteLifecycleAction") == 1, "{} completions", removals("CompleteLifecycleAction"));
    for id in addresses.keys() {
        let is_there = zone.has(&format!("{id}.{DOMAIN}"), &kind).await?;
        ensure!(is_there == (*id != victim), "{id}: {is_there}");
    }
    stage.wait_for_close_of(&held.subject(held::DRAINED, &victim)?).await?;
    let closed = newest(stage, stack, held, held::DRAINED, &victim).await?;
    ensure!(!closed.is_told_at_the_end(), "{:?}", closed.decision);
    Ok(())
}

async fn who_is_registered_by_address_is_drained_and_admitted(stage: &Stage, held: &Held) -> Result<()> {
    let victim = first_in_service(stage, held.group.as_str())?;
    let targets = |world: &World| world.target_group(&held.jobs).map(|jobs| jobs.targets.clone()).unwrap_or_default();
    let others: Vec<InstanceId> =
        stage.face().with(|world| targets(world).into_keys().filter(|id| *id != victim).collect());
    terminate(stage, &victim)?;
    let action = ended(stage, held, held::DRAINED, &victim).await?;
    ensure!(action.ended_by == ActionEnd::Completed(ActionResult::Continue), "{action:?}");
    let registered = stage.face().with(|world| targets(world));
    ensure!(!registered.contains_key(&victim), "it left while requests could still reach it: {registered:?}");
    let takes = |id: &InstanceId| registered.get(id).is_some_and(|target| target.state == TargetState::Healthy);
    ensure!(others.len() == 1 && others.iter().all(takes), "somebody else was deregistered: {registered:?}");
    let calls = calls(stage, held.jobs.as_str(), "DeregisterTargets");
    ensure!(calls.len() == 1 && calls.iter().all(Call::succeeded), "{calls:?}");
    stage.wait_for_world("the replacement in service", |world| is_whole(world, held)).await?;
    let launched = stage.face().with(|world| {
        let over = world.lifecycle_actions().iter().filter(|it| it.group == held.group && it.hook == held::READY);
        over.map(|action| action.ended_by).collect::<Vec<_>>()
    });
    ensure!(launched == [ActionEnd::Completed(ActionResult::Continue)], "{launched:?}");
    Ok(())
}

async fn a_bad_image_is_launched_twice_and_then_no_more(stage: &Stage, held: &Held, inbox: &Inbox) -> Result<()> {
    let victim = first_in_service(stage, "bad")?;
    stage.face().with(|world| -> Result<()> {
        // That nobody is registered there says something of a launch only if its type lets an instance be.
        let registered: Vec<InstanceId> =
            world.target_group(&held.jobs).into_iter().flat_map(|jobs| jobs.targets.keys().cloned()).collect();
        for id in &registered {
            world.deregister_target(&held.jobs, id, None).map_err(|why| anyhow::anyhow!("{why}"))?;
        }
        world.break_version(&held.group, 2, Flaw::NeverAnswers);
        world.roll_out(&held.group, 2).map_err(|why| anyhow::anyhow!("{why}"))
    })?;
    terminate(stage, &victim)?;
    let suspended = |world: &World| world.group(&held.group)?.is_suspended(Process::Launch).then_some(());
    stage.wait_for_world("the suspended Launch", suspended).await?;
    let abandoned = |world: &World| {
        let mut over = world.lifecycle_actions().iter().filter(|action| {
            action.group == held.group && action.ended_by == ActionEnd::Completed(ActionResult::Abandon)
        });
        (over.by_ref().count() == 2).then_some(())
    };
    stage.wait_for_world("two abandoned launches", abandoned).await?;
    let messages = inbox
        .receive_until(PATIENCE, |message| message.subject.contains("bad") && message.subject.contains("in a row"))
        .await?;
    let page = messages.last().context("no message")?;
    ensure!(page.subject.contains("NEEDS YOU"), "{}", page.subject);
    ensure!(page.body.contains("homeostat ack group#bad"), "{}", page.body);
    let serving = stage.face().with(|world| {
        world.members(&held.group).filter(|member| member.lifecycle == LifecycleState::InService).count()
    });
    ensure!(serving == 1, "{serving} serve on");
    let name = held.jobs.as_str();
    ensure!(
        !calls(stage, name, "DescribeTargetGroups").is_empty(),
        "nobody asked for the type of the empty target group"
    );
    ensure!(said_by_the_doctor(stage).await?, "the doctor doesn't tell of the abandoned launches");
    Ok(())
}

/// What can be known at noon: the latch, from the ledger, with how to mend it.
async fn said_by_the_doctor(stage: &Stage) -> Result<bool> {
    let policy = stage.folder().join("policy-with-hooks.toml").display().to_string();
    let output = homeostat(stage, &["doctor", "--json", "--policy", &policy]).await?;
    let said = String::from_utf8(output.stdout)?;
    ensure!(!said.contains("not checked"), "something could not be read: {said}");
    Ok(said.contains("Launch was to be suspended") && said.contains("homeostat ack group#bad"))
}

async fn what_is_none_of_its_hooks_is_left_alone_and_said_so(stage: &Stage, stack: &Stack) -> Result<()> {
    let web = "web".parse()?;
    let theirs = LifecycleHook {
        name: "theirs".to_owned(),
        transition: LifecycleTransition::Terminating,
        heartbeat_timeout: SignedDuration::from_secs(6),
        default_result: ActionResult::Continue,
        notification_metadata: None,
    };
    let changed = stage.face().with(|world| world.update_group(&web, |settings| settings.hooks = vec![theirs]));
    changed.map_err(|why| anyhow::anyhow!("{why}"))?;
    let victim = first_in_service(stage, "web")?;
    terminate(stage, &victim)?;
    let said = stage.wait_for_log(OWNER, 0, |line| line.contains("hook#web:theirs:")).await?;
    ensure!(said.contains("doesn't name this hook"), "{said}");
    let over = |world: &World| {
        world.lifecycle_actions().iter().find(|action| action.instance == victim).map(|action| action.ended_by)
    };
    ensure!(stage.wait_for_world("its own timeout", over).await? == ActionEnd::TimedOut, "somebody completed it");
    let queue = aws_sdk_sqs::Client::new(&stage.sandbox().sdk_config());
    let send = |body: Value| queue.send_message().queue_url(url(stack)).message_body(body.to_string()).send();
    send(serde_json::from_str(include_str!("../../../../events/hook-test.json"))?).await?;
    stage.wait_for_log(OWNER, 0, |line| line.contains(r#"test notification for group \"web\""#)).await?;
    send(json!({"source": "aws.autoscaling", "detail-type": "EC2 Instance-launch Lifecycle Action", "detail": {}}))
        .await?;
    let malformed = "malformed event: $.Records[0].body.detail.AutoScalingGroupName is missing";
    stage.wait_for_log(OWNER, 0, |line| line.contains(malformed)).await?;
    Ok(())
}

fn url(stack: &Stack) -> String {
    stack.output("HookQueueUrl").unwrap_or_default().to_owned()
}
