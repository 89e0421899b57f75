//! The stories on real parts: the project's own template and binaries, deployed by `sam` into the sandbox.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use homeostat_aws::DynamoLedger;
use homeostat_core::id::InstanceId;
use homeostat_core::incident::State;
use sandbox::journal::Call;
use sandbox::relay::Label;
use sandbox::stage::{Inbox, Message, PATIENCE, Stage};
use sandbox::{Stack, demo};
use serde_json::{Value, json};
use world::{App, LifecycleState};

use super::parts::{
    a_dead_letter_about, break_first, effects, effects_that_took_place, first_in_service, homeostat, homeostat_says,
    pair, pair_that_launches_first, policy_with, root, run_dir, section,
};

fn silent(_: &str) {}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_heals_once_and_leaves_everything_else_alone() {
    let run_dir = run_dir();
    let report = demo::play(&root(), run_dir.path(), silent).await.unwrap();

    let mut calls: Vec<&str> = report.heal.calls_to_effect.iter().map(|told| told.call.as_str()).collect();
    let writes = calls.split_off(calls.len() - 2);
    assert_eq!(writes, ["dynamodb:TransactWriteItems", "autoscaling:TerminateInstanceInAutoScalingGroup"]);
    calls.sort_unstable();
    let reads = [
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeInstanceRefreshes",
        "autoscaling:DescribeScalingActivities",
        "cloudwatch:DescribeAlarms",
        "dynamodb:BatchGetItem",
        "dynamodb:GetItem",
        "dynamodb:Query",
        "ec2:DescribeInstanceStatus",
        "ec2:DescribeInstances",
        "elasticloadbalancing:DescribeTargetHealth",
    ];
    assert_eq!(calls, reads, "each once, and nothing else before the intent");
    assert_ne!(report.heal.replacement, report.heal.replaced);
    assert!(report.heal.seconds_to_mitigate < report.heal.seconds_to_recover);
    let subjects: Vec<&str> = report.heal.messages.iter().map(|message| message.subject.as_str()).collect();
    let replaced = &report.heal.replaced;
    assert_eq!(
        subjects,
        [
            format!("Homeostat: replacing {replaced} of web"),
            format!("Homeostat: recovered: {replaced} of web is replaced")
        ]
    );
    the_second_act_moves_weights(&report.shifted);
    the_third_act_loses_nothing(&report.rolled);
    let reasons = ["its incident was closed", "is older than its change of"];
    assert!(reasons.iter().any(|reason| report.again.why.contains(reason)), "{}", report.again.why);
    assert!(report.outside.why.contains("no group that the policy names (web)"), "{}", report.outside.why);
}

fn the_second_act_moves_weights(shifted: &demo::Shifted) {
    let chain: Vec<&str> = shifted.chain.iter().map(|told| told.call.as_str()).collect();
    assert_eq!(chain.len(), 3, "{chain:?}");
    assert_eq!(chain[1..], ["dynamodb:TransactWriteItems", "route53:ChangeResourceRecordSets"]);
    let weights: Vec<(u8, u8)> =
        shifted.weights.iter().map(|row| (row.weights["blue"], row.weights["green"])).collect();
    assert_eq!(weights, [(70, 30), (0, 30), (2, 30), (16, 30), (70, 30)], "{:?}", shifted.weights);
    let drained = &shifted.weights[1].shares;
    assert_eq!((drained["blue"], drained["green"]), (0, 1000));
    let subjects: Vec<&str> = shifted.messages.iter().map(|message| message.subject.as_str()).collect();
    assert_eq!(subjects.len(), 2, "{subjects:?}");
}

fn the_third_act_loses_nothing(rolled: &demo::Rolled) {
    assert_eq!((rolled.requests.lost, rolled.jobs.lost), (0, 0));
    assert!(rolled.requests.served > 20 && rolled.jobs.served > 5, "{rolled:?}");
    assert_eq!((rolled.replaced.len(), rolled.held.len()), (3, 6));
    assert!(rolled.held.iter().all(|row| row.ended == "CONTINUE"), "{:?}", rolled.held);
}

/// The group `batch` lacks the tag that the role asks for.
fn sections() -> String {
    let batch = "\n[[replace-instance.group]]\nname = \"batch\"\nevidence = [\"alarm\"]\nhealth-alarms = [\"*\"]\ncheck-every = \"2s\"\n\
                 remind-every = \"6s\"\n";
    let others = ["first", "lost", "twenty"].map(|name| section(name, "")).concat();
    format!("{batch}{others}{}{}", section("watched", "mode = \"watch\"\n"), many_that_are_gone())
}

/// So many more groups that one call doesn't read them all: an instance is asked for its group.
fn many_that_are_gone() -> String {
    (0..100).map(|number| section(&format!("gone-{number}"), "")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_is_told_and_nothing_is_made_worse() {
    let run_dir = run_dir();
    let mut fleet = Stage::fleet().unwrap();
    fleet.more = vec![pair_that_launches_first("first"), pair("lost"), pair("twenty"), pair("watched")];
    let stage = Stage::set(&root(), run_dir.path(), 0, fleet).await.unwrap();
    let invalid = an_invalid_policy_is_refused(&stage, run_dir.path()).await;
    let policy = policy_with(run_dir.path(), &sections());
    let stack = stage.deploy(&policy, &mut |_| {}).await.unwrap();
    let table = stack.output("TableName").unwrap().to_owned();
    let ledger = super::ledger::suite(&DynamoLedger::new(&stage.sandbox().sdk_config(), table)).await;
    let malformed = a_malformed_event_becomes_a_dead_letter(&stage, &stack).await;
    let doctor = the_doctor_finds_at_noon_what_would_fail_at_night(&stage, &policy).await;
    let denied = a_denied_call_is_paged_reminded_of_and_not_repeated(&stage, &stack).await;
    let paused = a_pause_holds_the_heal_until_it_is_lifted(&stage, &stack).await;
    let watched = a_watched_group_is_told_of_and_left_alone(&stage, &stack).await;
    let first = a_group_that_launches_first_is_only_asked_to(&stage).await;
    let lost = an_event_that_is_lost_is_found_by_the_resync(&stage).await;
    let twenty = the_same_event_twenty_times_is_one_incident(&stage, &stack).await;
    let interrupted = an_interruption_is_read_again(&stage).await;
    stage.stop().await.unwrap();
    let on_instances = [denied, paused, watched, first, lost, twenty];
    for outcome in on_instances.into_iter().chain([invalid, ledger, malformed, doctor, interrupted]) {
        outcome.unwrap();
    }
}

async fn an_invalid_policy_is_refused(stage: &Stage, folder: &Path) -> Result<()> {
    let path = folder.join("invalid.toml");
    std::fs::write(&path, "schema = 1\n[[replace-instance.group]]\nname = \"web\"\nevidence = []\ncolour = 1\n")?;
    let mut lines = Vec::new();
    let refused = stage.deploy(&path, &mut |line| lines.push(line.to_owned())).await;
    let said = format!("{}\n{:#}", lines.join("\n"), refused.err().context("sam build took an invalid policy")?);
    ensure!(said.contains("invalid.toml:4:12: replace-instance.group[0].evidence is []"), "{said}");
    ensure!(said.contains("invalid.toml:5:1: replace-instance.group[0].colour is not known"), "{said}");
    Ok(())
}

async fn a_malformed_event_becomes_a_dead_letter(stage: &Stage, stack: &Stack) -> Result<()> {
    // By a call: a queue tries five times, minutes apart.
    let mut event: Value = serde_json::from_str(include_str!("../../../../events/malformed-spot.json"))?;
    event["account"] = json!("000000000000");
    stage.sandbox().relay().publish(event).await?;
    a_dead_letter_about(stage, stack, "malformed event: $.detail.instance-action is ").await
}

async fn the_doctor_finds_at_noon_what_would_fail_at_night(stage: &Stage, policy: &Path) -> Result<()> {
    let policy = policy.display().to_string();
    let output = homeostat(stage, &["doctor", "--json", "--policy", &policy]).await?;
    ensure!(output.status.code() == Some(1), "batch lacks the tag: {output:?}");
    let said = String::from_utf8(output.stdout)?;
    let found: Value = serde_json::from_str(&said)?;
    let findings = found["findings"].as_array().context("no findings")?;
    let about = |group: &str, what: &str| {
        findings.iter().any(|it| it["about"].to_string().contains(group) && it["what"].to_string().contains(what))
    };
    ensure!(about("batch", "homeostat:managed"), "{said}");
    ensure!(!about("web", "homeostat:managed"), "web has it: {said}");
    ensure!(!said.contains("not checked"), "something could not be read: {said}");
    Ok(())
}

async fn a_denied_call_is_paged_reminded_of_and_not_repeated(stage: &Stage, stack: &Stack) -> Result<()> {
    let inbox = Inbox::subscribe(&stage.sandbox().sdk_config(), stack.output("TopicArn")?).await?;
    let terminate = "autoscaling:TerminateInstanceInAutoScalingGroup";
    stage.sandbox().roles().expect_refusal("ReplaceInstance", terminate, "batch");
    let victim = break_first(stage, "batch").await?;
    let page = inbox.receive_until(PATIENCE, |message| message.subject.contains("NEEDS YOU")).await?;
    let body = &page.last().context("no page")?.body;
    ensure!(
        body.contains("AccessDenied") && body.contains("autoscaling:TerminateInstanceInAutoScalingGroup"),
        "{body}"
    );
    let incident =
        stage.newest_incident(stack, &victim).await?.filter(|it| it.closed_at.is_none()).context("no open incident")?;
    ensure!(incident.state == State::Escalated, "{:?}", incident.state);
    ensure!(effects(stage, &victim).len() == 1, "{} terminations", effects(stage, &victim).len());
    let reminder =
        |message: &Message| message.subject.contains("STILL NEEDS YOU") && message.body.contains(victim.as_str());
    inbox.receive_until(PATIENCE, reminder).await?;
    let handle = format!("instance#{victim}");
    homeostat_says(stage, &["ack", &handle, "--reason", "the tag is missing", "--by", "ana"]).await?;
    let acknowledged = stage.newest_incident(stack, &victim).await?.context("no incident")?;
    ensure!(acknowledged.acknowledged.as_ref().is_some_and(|it| it.by == "ana"), "{acknowledged:?}");
    let lifecycle = stage.face().with(|world| world.instance(&victim).map(|instance| instance.lifecycle));
    ensure!(lifecycle == Some(LifecycleState::InService), "{lifecycle:?}");
    Ok(())
}

async fn a_pause_holds_the_heal_until_it_is_lifted(stage: &Stage, stack: &Stack) -> Result<()> {
    let said = homeostat_says(stage, &["pause", "group#web", "--reason", "a migration", "--by", "ana"]).await?;
    ensure!(said.contains("paused group#web"), "{said}");
    let victim = break_first(stage, "web").await?;
    let looks = format!("{victim}/OPEN");
    let is_look = |call: &&Call| {
        matches!(call.action.as_str(), "PutItem" | "TransactWriteItems") && call.subject.contains(&looks)
    };
    let several = |calls: &[Call]| (calls.iter().filter(is_look).count() >= 2).then_some(());
    stage.sandbox().journal().wait_until("two looks under the pause", PATIENCE, several).await?;
    let incident = stage.newest_incident(stack, &victim).await?.context("no incident")?;
    let decision = incident.decision.context("no decision")?.to_string();
    ensure!(decision.contains("paused for group#web by ana: a migration"), "{decision}");
    ensure!(effects(stage, &victim).is_empty(), "a termination under a pause");
    let status = homeostat_says(stage, &["status"]).await?;
    ensure!(status.contains(victim.as_str()) && status.contains("paused: group#web"), "{status}");
    let said = explained(stage, &victim, "web").await?;
    ensure!(said.contains(" NO nothing is paused") && said.contains(" - the evidence confirms it"), "{said}");
    ensure!(said.contains("its incident is open since") && said.contains("plan: nothing is changed"), "{said}");
    homeostat_says(stage, &["resume", "group#web"]).await?;
    stage.wait_for_close(&victim).await?;
    ensure!(effects(stage, &victim).len() == 1, "{} effects", effects(stage, &victim).len());
    let closed = stage.newest_incident(stack, &victim).await?.and_then(|it| it.closed_month).context("no month")?;
    let status = homeostat_says(stage, &["status", "--month", &closed.to_string()]).await?;
    // However wide the columns are.
    let status = status.split_whitespace().collect::<Vec<_>>().join(" ");
    ensure!(status.contains(victim.as_str()) && status.contains("mitigated by Homeostat"), "{status}");
    ensure!(status.contains("held for paused: "), "{status}");
    let again = homeostat(stage, &["resume", "group#web"]).await?;
    ensure!(again.status.code() == Some(1), "there was none any more: {again:?}");
    Ok(())
}

async fn a_watched_group_is_told_of_and_left_alone(stage: &Stage, stack: &Stack) -> Result<()> {
    let inbox = Inbox::subscribe(&stage.sandbox().sdk_config(), stack.output("TopicArn")?).await?;
    let victim = break_first(stage, "watched").await?;
    let would = |message: &Message| {
        message.body.contains("only watching; would terminate") && message.body.contains(victim.as_str())
    };
    inbox.receive_until(PATIENCE, would).await?;
    let incident = stage.newest_incident(stack, &victim).await?.context("no incident")?;
    ensure!(incident.acted_at.is_none() && incident.closed_at.is_none(), "{incident:?}");
    let said = explained(stage, &victim, "watched").await?;
    ensure!(said.matches(" NO ").count() == 1 && said.contains(r#" NO the policy says act mode = "watch""#), "{said}");
    ensure!(said.contains(&format!("plan: terminate {victim} in group watched")), "{said}");
    ensure!(effects(stage, &victim).is_empty(), "an effect in watch mode, or by explaining");
    Ok(())
}

/// What the operator's command makes of the alarm's change. It leaves the ledger as it is.
async fn explained(stage: &Stage, victim: &InstanceId, group: &str) -> Result<String> {
    let alarm = stage.wait_for_alarm(&world::alarm_name(&group.parse()?, victim), "ALARM").await?;
    let file = stage.folder().join(format!("{victim}.json"));
    std::fs::write(&file, alarm.event.to_string())?;
    let (event, policy) = (file.display().to_string(), stage.folder().join("policy.toml").display().to_string());
    let mark = stage.sandbox().journal().mark();
    let said = homeostat_says(stage, &["explain", "--event", &event, "--policy", &policy]).await?;
    let writes = |call: &Call| {
        let is_read = ["Describe", "Get", "Query", "BatchGet", "List"].iter().any(|read| call.action.starts_with(read));
        call.sequence >= mark && call.who.function().is_none() && !is_read
    };
    let written = stage.sandbox().journal().select(writes);
    ensure!(written.is_empty(), "explaining changed something: {written:?}");
    // However wide the columns are.
    Ok(said.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// EC2 is asked whether it takes the instance, and it doesn't.
async fn an_interruption_is_read_again(stage: &Stage) -> Result<()> {
    let detail = json!({"instance-id": first_in_service(stage, "web")?, "instance-action": "terminate"});
    let event = json!({"source": "aws.ec2", "detail-type": "EC2 Spot Instance Interruption Warning", "detail": detail});
    stage.sandbox().relay().publish(event).await?;
    let asked = |call: &Call| call.action == "DescribeSpotInstanceRequests" && call.succeeded();
    stage.sandbox().journal().wait_for("the question to EC2", PATIENCE, asked).await?;
    Ok(())
}

async fn a_group_that_launches_first_is_only_asked_to(stage: &Stage) -> Result<()> {
    let victim = break_first(stage, "first").await?;
    stage.wait_for_close(&victim).await?;
    let actions: Vec<String> = effects(stage, &victim).into_iter().map(|call| call.action).collect();
    ensure!(actions == ["SetInstanceHealth"], "{actions:?}");
    Ok(())
}

/// The function dies before its first call, and Lambda does not try again: as if the event had never come.
async fn an_event_that_is_lost_is_found_by_the_resync(stage: &Stage) -> Result<()> {
    let victim = first_in_service(stage, "lost")?;
    let label = victim.to_string();
    let kill = stage.sandbox().faults().kill_before(&label, 1);
    stage.sandbox().relay().label_next(&label, Label::new(&label).without_retries());
    ensure!(break_first(stage, "lost").await? == victim, "another instance was broken");
    stage.wait_for_close(&victim).await?;
    ensure!(stage.sandbox().faults().hits(kill).len() == 1, "the event was not lost");
    ensure!(effects(stage, &victim).len() == 1, "{} effects", effects(stage, &victim).len());
    Ok(())
}

async fn the_same_event_twenty_times_is_one_incident(stage: &Stage, stack: &Stack) -> Result<()> {
    let victim = first_in_service(stage, "twenty")?;
    stage.face().with(|world| world.break_app(&victim, App::Dead))?;
    let alarm = world::alarm_name(&"twenty".parse()?, &victim);
    let event = stage.wait_for_alarm(&alarm, "ALARM").await?.event;
    let relay = stage.sandbox().relay();
    futures_util::future::try_join_all((0..19).map(|_| relay.publish(event.clone()))).await?;
    stage.wait_for_close(&victim).await?;
    relay.publish(event).await?;
    // Once its alarm has said that it hears nothing of the instance, the older change says nothing any more.
    let reasons = ["has left its group", "is older than its change of"];
    let again = |line: &str| line.contains(victim.as_str()) && reasons.iter().any(|reason| line.contains(reason));
    stage.wait_for_log("replace-instance", 0, again).await?;
    ensure!(effects_that_took_place(stage, &victim) == 1, "{} effects", effects_that_took_place(stage, &victim));
    let newest = stage.newest_incident(stack, &victim).await?.context("no incident")?;
    ensure!(newest.closed_at.is_some() && newest.version > 1, "{newest:?}");
    Ok(())
}
