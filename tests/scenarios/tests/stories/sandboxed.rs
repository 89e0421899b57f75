//! The stories on real parts: the project's own template and binaries, deployed by `sam` into the sandbox.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use aws_sdk_dynamodb::types::AttributeValue;
use homeostat_aws::DynamoLedger;
use homeostat_core::id::{GroupName, InstanceId};
use homeostat_core::incident::State;
use sandbox::demo;
use sandbox::stage::{Inbox, PATIENCE, Stage};
use sandbox::{Stack, journal::Call};
use serde_json::{Value, json};
use world::{App, LifecycleState};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A folder for one sandbox, beside the build: what `sam build` makes is large.
fn run_dir() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("story-").tempdir_in(root().join("target")).unwrap()
}

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
        "autoscaling:DescribeScalingActivities",
        "cloudwatch:DescribeAlarms",
        "dynamodb:BatchGetItem",
        "dynamodb:Query",
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
    assert!(report.again.why.contains("its incident was closed"), "{}", report.again.why);
    assert!(report.outside.why.contains("no group that the policy names (web)"), "{}", report.outside.why);
}

/// The sandbox's policy, and the group `batch` beside it, which lacks the tag that the role asks for.
fn policy_with_an_untagged_group(folder: &Path) -> PathBuf {
    let text = std::fs::read_to_string(root().join("tests/sandbox/policy.toml")).unwrap();
    let batch = "\n[[replace-instance.group]]\nname = \"batch\"\nevidence = [\"alarm\"]\nlook-every = \"2s\"\n";
    let path = folder.join("policy.toml");
    std::fs::write(&path, format!("{text}{batch}")).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_is_told_and_nothing_is_made_worse() {
    let run_dir = run_dir();
    let stage = Stage::set(&root(), run_dir.path(), 0, Stage::fleet().unwrap()).await.unwrap();
    let invalid = an_invalid_policy_is_refused(&stage, run_dir.path()).await;
    let policy = policy_with_an_untagged_group(run_dir.path());
    let stack = stage.deploy(&policy, &mut |_| {}).await.unwrap();
    let table = stack.output("TableName").unwrap().to_owned();
    let ledger = super::ledger::suite(&DynamoLedger::new(&stage.sandbox().sdk_config(), table)).await;
    let malformed = a_malformed_event_becomes_a_dead_letter(&stage, &stack).await;
    let denied = a_denied_call_is_paged_and_not_repeated(&stage, &stack).await;
    let paused = a_pause_in_the_table_holds_the_heal(&stage, &stack).await;
    let rights = every_right_of_a_role_is_used(&stage, &stack);
    stage.stop().await.unwrap();
    for outcome in [invalid, ledger, malformed, denied, paused, rights] {
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
    let mut event: Value = serde_json::from_str(include_str!("../../../../events/alarm-instance.json"))?;
    event["detail"]["state"].as_object_mut().context("no state")?.remove("timestamp");
    event["account"] = json!("000000000000");
    stage.sandbox().relay().publish(event).await?;
    let queue = aws_sdk_sqs::Client::new(&stage.sandbox().sdk_config());
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let receive = queue.receive_message().queue_url(stack.output("DeadLettersUrl")?).wait_time_seconds(5);
        let letters = receive.send().await?;
        let mut bodies = letters.messages().iter().filter_map(|letter| letter.body());
        if bodies.any(|body| body.contains("malformed event: $.detail.state.timestamp is missing, expected a time")) {
            return Ok(());
        }
        ensure!(tokio::time::Instant::now() < deadline, "no dead letter says what was malformed");
    }
}

async fn a_denied_call_is_paged_and_not_repeated(stage: &Stage, stack: &Stack) -> Result<()> {
    let inbox = Inbox::subscribe(&stage.sandbox().sdk_config(), stack.output("TopicArn")?).await?;
    let victim = break_first(stage, "batch").await?;
    let page = inbox.receive_until(PATIENCE, |message| message.subject.contains("NEEDS YOU")).await?;
    let body = &page.last().context("no page")?.body;
    ensure!(
        body.contains("AccessDenied") && body.contains("autoscaling:TerminateInstanceInAutoScalingGroup"),
        "{body}"
    );
    let incident = stage.history(stack, &victim).await?.open.context("no open incident")?;
    ensure!(incident.state == State::Escalated, "{:?}", incident.state);
    ensure!(terminations(stage, &victim).len() == 1, "{} terminations", terminations(stage, &victim).len());
    let lifecycle = stage.face().with(|world| world.instance(&victim).map(|instance| instance.lifecycle));
    ensure!(lifecycle == Some(LifecycleState::InService), "{lifecycle:?}");
    Ok(())
}

async fn a_pause_in_the_table_holds_the_heal(stage: &Stage, stack: &Stack) -> Result<()> {
    let table = aws_sdk_dynamodb::Client::new(&stage.sandbox().sdk_config());
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let number = |number: i64| AttributeValue::N(number.to_string());
    let key = [("pk", text("CONTROL")), ("sk", text("PAUSE#group#web"))];
    let pause = table.put_item().table_name(stack.output("TableName")?);
    let pause = key.iter().cloned().fold(pause, |pause, (name, value)| pause.item(name, value));
    let pause = pause.item("schema", number(1)).item("scope", text("group#web")).item("by", text("ana"));
    pause.item("reason", text("a migration")).item("until", number(4_000_000_000_000)).send().await?;

    let victim = break_first(stage, "web").await?;
    let looks = format!("{victim}/OPEN");
    let is_look = |call: &&Call| call.action == "PutItem" && call.subject.contains(&looks);
    let several = |calls: &[Call]| (calls.iter().filter(is_look).count() >= 2).then_some(());
    stage.sandbox().journal().wait_until("two looks under the pause", PATIENCE, several).await?;
    let incident = stage.history(stack, &victim).await?.open.context("no open incident")?;
    let decision = incident.decision.context("no decision")?.to_string();
    ensure!(decision.contains("paused for group#web by ana: a migration"), "{decision}");
    ensure!(terminations(stage, &victim).is_empty(), "a termination under a pause");

    let resume = table.delete_item().table_name(stack.output("TableName")?);
    key.into_iter().fold(resume, |resume, (name, value)| resume.key(name, value)).send().await?;
    stage.wait_for_close(&victim).await?;
    ensure!(terminations(stage, &victim).len() == 1, "{} terminations", terminations(stage, &victim).len());
    Ok(())
}

/// Kills the application of the group's first instance in service, and waits until its alarm says so.
async fn break_first(stage: &Stage, group: &str) -> Result<InstanceId> {
    let group: GroupName = group.parse()?;
    let victim = stage.face().with(|world| {
        let mut members = world.members(&group).filter(|member| member.lifecycle == LifecycleState::InService);
        members.next().map(|member| member.id.clone())
    });
    let victim = victim.context("nobody is in service")?;
    stage.face().with(|world| world.break_app(&victim, App::Dead))?;
    stage.wait_for_alarm(&world::alarm_name(&group, &victim), "ALARM").await?;
    Ok(victim)
}

fn terminations(stage: &Stage, instance: &InstanceId) -> Vec<Call> {
    stage
        .sandbox()
        .journal()
        .select(|call| call.action == "TerminateInstanceInAutoScalingGroup" && call.subject.contains(instance.as_str()))
}

/// What Lambda itself does with a function's role: logs, traces, polling of queue and stream, dead letters.
const LAMBDAS_OWN: [&str; 5] = ["logs:", "xray:", "sqs:", "dynamodb:DescribeStream", "dynamodb:ListStreams"];

/// A right that no story needs is one too many. (One that is needed and missing has failed a story before.)
fn every_right_of_a_role_is_used(stage: &Stage, stack: &Stack) -> Result<()> {
    for function in ["ReplaceInstance", "Reconcile", "Notify"] {
        let name = stack.physical_id(function)?;
        let used: BTreeSet<String> = stage.sandbox().journal().calls_of(name).iter().flat_map(rights_of).collect();
        let polled = ["dynamodb:GetRecords", "dynamodb:GetShardIterator"];
        for right in stage.sandbox().roles().allowed_actions(name) {
            let is_lambdas = LAMBDAS_OWN.iter().chain(&polled).any(|own| right.starts_with(own));
            let needed =
                used.contains(&right) || (is_lambdas && !(function == "Reconcile" && right == "sqs:SendMessage"));
            ensure!(needed, "the role of {function} allows {right}, which no story called; it called {used:?}");
        }
    }
    Ok(())
}

/// The rights that a call needs; a transaction needs those of its parts.
fn rights_of(call: &Call) -> Vec<String> {
    let service = match call.service.as_deref().unwrap_or_default() {
        "monitoring" => "cloudwatch",
        other => other,
    };
    if call.action != "TransactWriteItems" {
        return vec![format!("{service}:{}", call.action)];
    }
    let parts = [("Put ", "PutItem"), ("Delete ", "DeleteItem"), ("ConditionCheck ", "ConditionCheckItem")];
    let inside = parts.iter().filter(|(verb, _)| call.subject.contains(verb));
    inside.map(|(_, action)| format!("{service}:{action}")).collect()
}
