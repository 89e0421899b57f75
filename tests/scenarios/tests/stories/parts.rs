//! What the stories on real parts have in common.

use std::path::{Path, PathBuf};
use std::process::Output;

use anyhow::{Context, Result, ensure};
use homeostat_core::id::{GroupName, InstanceId};
use sandbox::Stack;
use sandbox::account::{ACCOUNT_ID, OPERATOR, OPERATORS_COMMAND, REGION};
use sandbox::journal::Call;
use sandbox::policy::Document;
use sandbox::stage::{PATIENCE, Stage};
use world::{Another, App, Demo, LifecycleState, MaintenancePolicy};

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A folder for one sandbox, beside the build: what `sam build` makes is large.
pub(crate) fn run_dir() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("story-").tempdir_in(root().join("target")).unwrap()
}

/// Plays on a stage of its own, with the demo's fleet.
pub(crate) async fn on_a_stage(play: impl AsyncFnOnce(&Stage) -> Result<()>) {
    on_a_stage_with(Stage::fleet().unwrap(), play).await;
}

/// The same with another fleet. The stage is over before a failure is told, so that none of its processes is left behind.
pub(crate) async fn on_a_stage_with(fleet: Demo, play: impl AsyncFnOnce(&Stage) -> Result<()>) {
    let run_dir = run_dir();
    let stage = Stage::set(&root(), run_dir.path(), 0, fleet).await.unwrap();
    let played = play(&stage).await;
    stage.stop().await.unwrap();
    played.unwrap();
}

/// A managed group of two behind a target group of its own.
pub(crate) fn pair(name: &str) -> Another {
    Another { name: name.parse().unwrap(), instances: 2, maintenance: None }
}

pub(crate) fn pair_that_launches_first(name: &str) -> Another {
    Another { maintenance: Some(MaintenancePolicy { min_healthy: 100, max_healthy: 200 }), ..pair(name) }
}

/// A group's section of a policy, at the sandbox's pace.
pub(crate) fn section(name: &str, more: &str) -> String {
    format!(
        "\n[[replace-instance.group]]\nname = \"{name}\"\nevidence = [\"alarm\", \"target-health\"]\ngrace = \"10s\"\n\
         cooldown = \"1s\"\ncheck-every = \"2s\"\nstable-for = \"3s\"\nrecover-within = \"3m\"\n{more}"
    )
}

/// The sandbox's policy with more sections.
pub(crate) fn policy_with(folder: &Path, sections: &str) -> PathBuf {
    let text = std::fs::read_to_string(root().join("tests/sandbox/policy.toml")).unwrap();
    let path = folder.join("policy.toml");
    std::fs::write(&path, format!("{text}{sections}")).unwrap();
    path
}

pub(crate) fn first_in_service(stage: &Stage, group: &str) -> Result<InstanceId> {
    let group: GroupName = group.parse()?;
    let first = stage.face().with(|world| {
        let mut members = world.members(&group).filter(|member| member.lifecycle == LifecycleState::InService);
        members.next().map(|member| member.id.clone())
    });
    first.context("nobody is in service")
}

/// The same for the first that is not this one.
pub(crate) async fn break_first_but(stage: &Stage, group: &str, not: &InstanceId) -> Result<InstanceId> {
    let name: GroupName = group.parse()?;
    let other = stage.face().with(|world| world.members(&name).map(|it| it.id.clone()).find(|id| id != not));
    break_one(stage, group, other.context("there is no other")?).await
}

/// Kills the application of the group's first instance in service, and waits until its alarm says so.
pub(crate) async fn break_first(stage: &Stage, group: &str) -> Result<InstanceId> {
    break_one(stage, group, first_in_service(stage, group)?).await
}

async fn break_one(stage: &Stage, group: &str, victim: InstanceId) -> Result<InstanceId> {
    stage.face().with(|world| world.break_app(&victim, App::Dead))?;
    stage.wait_for_alarm(&world::alarm_name(&group.parse()?, &victim), "ALARM").await?;
    Ok(victim)
}

/// The calls that would take the instance out.
pub(crate) fn effects(stage: &Stage, instance: &InstanceId) -> Vec<Call> {
    let effects = ["TerminateInstanceInAutoScalingGroup", "SetInstanceHealth"];
    stage
        .sandbox()
        .journal()
        .select(|call| effects.contains(&call.action.as_str()) && call.subject.contains(instance.as_str()))
}

/// Those that took effect: neither refused nor kept from arriving.
pub(crate) fn effects_that_took_place(stage: &Stage, instance: &InstanceId) -> usize {
    effects(stage, instance).iter().filter(|call| call.succeeded() || call.fault == Some("KillAfter")).count()
}

/// Waits until the queue of dead letters holds one with this text.
pub(crate) async fn a_dead_letter_about(stage: &Stage, stack: &Stack, text: &str) -> Result<()> {
    let queue = aws_sdk_sqs::Client::new(&stage.sandbox().sdk_config());
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let receive = queue.receive_message().queue_url(stack.output("DeadLettersUrl")?).wait_time_seconds(5);
        let letters = receive.send().await?;
        let mut bodies = letters.messages().iter().filter_map(|letter| letter.body());
        if bodies.any(|body| body.contains(text)) {
            return Ok(());
        }
        ensure!(tokio::time::Instant::now() < deadline, "no dead letter says {text:?}");
    }
}

/// What docs/SECURITY.md gives the operator: each of its policies.
pub(crate) fn operators_policies() -> Result<Vec<Document>> {
    let page = std::fs::read_to_string(root().join("docs/SECURITY.md"))?;
    let fenced = page.split("```").filter_map(|block| block.strip_prefix("json\n"));
    let policies: Result<Vec<Document>> = fenced
        .map(|policy| {
            let policy = policy.replace("REGION", REGION).replace("ACCOUNT", ACCOUNT_ID).replace("TABLE", "*");
            Document::read(&policy)
                .with_context(|| format!("docs/SECURITY.md has a policy that can't be read: {policy}"))
        })
        .collect();
    let policies = policies?;
    ensure!(policies.len() == 2, "docs/SECURITY.md shows who may pause, and who may acknowledge: {policies:?}");
    Ok(policies)
}

/// The operator's command, as it was built, with an operator's credentials.
pub(crate) async fn homeostat(stage: &Stage, arguments: &[&str]) -> Result<Output> {
    let (key, secret) = OPERATOR;
    let mut command = tokio::process::Command::new(root().join("target/debug/homeostat"));
    command.args(arguments).env_clear().env("AWS_ENDPOINT_URL", stage.sandbox().endpoint()).env("AWS_REGION", REGION);
    stage.sandbox().roles().hold_operators_to(operators_policies()?);
    command.env("AWS_SESSION_TOKEN", OPERATORS_COMMAND);
    command.env("AWS_ACCESS_KEY_ID", key).env("AWS_SECRET_ACCESS_KEY", secret).env("AWS_EC2_METADATA_DISABLED", "true");
    command.output().await.context("running homeostat")
}

/// What it printed, if it went well.
pub(crate) async fn homeostat_says(stage: &Stage, arguments: &[&str]) -> Result<String> {
    let output = homeostat(stage, arguments).await?;
    let said = String::from_utf8(output.stdout)?;
    ensure!(output.status.success(), "{arguments:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    Ok(said)
}

/// Everything of a stack that a story wants by name.
pub(crate) fn function(stack: &Stack, id: &str) -> Result<String> {
    Ok(stack.physical_id(id)?.to_owned())
}
