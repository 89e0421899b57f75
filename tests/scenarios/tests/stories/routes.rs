//! One change of an alarm by three routes at once, on the real parts: EventBridge, the alarm's own action, and a topic.

use anyhow::{Context, Result, ensure};
use sandbox::account::{ACCOUNT_ID, REGION};
use sandbox::journal::Call;
use sandbox::stage::{Inbox, PATIENCE, Stage};

use serde_json::{Value, json};
use world::EventCode;

use super::parts::{break_first, effects, first_in_service, function, root, run_dir};

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_that_comes_by_three_routes_is_one_incident_and_one_replacement() {
    let run_dir = run_dir();
    let stage = Stage::set(&root(), run_dir.path(), 0, Stage::fleet().unwrap()).await.unwrap();
    let (by_three, announced) = match by_three_routes(&stage).await {
        Ok(owner) => (Ok(()), what_aws_announces_reaches_the_owner(&stage, &owner).await),
        Err(error) => (Err(error), Ok(())),
    };
    stage.stop().await.unwrap();
    by_three.unwrap();
    announced.unwrap();
}

async fn by_three_routes(stage: &Stage) -> Result<String> {
    let topics = aws_sdk_sns::Client::new(&stage.sandbox().sdk_config());
    let made = topics.create_topic().name("alarms").send().await.context("making the team's topic")?;
    let topic = made.topic_arn.context("a topic without ARN")?;
    let parameters = vec![("AlarmTopicArn".to_owned(), topic.clone())];
    let stack = stage.deploy_with(&stage.policy(), parameters, &mut |_| {}).await?;
    let owner = function(&stack, "ReplaceInstance")?;
    stage.set_alarm_actions(vec![format!("arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{owner}"), topic]);
    let inbox = Inbox::subscribe(&stage.sandbox().sdk_config(), stack.output("TopicArn")?).await?;

    let victim = break_first(stage, "web").await?;
    stage.wait_for_close(&victim).await?;

    let refused: Vec<_> = stage.announced().into_iter().filter_map(|announced| announced.failure).collect();
    ensure!(refused.is_empty(), "not all routes were open: {refused:?}");
    let log = stage.log_of("replace-instance").await?;
    let alarm = world::alarm_name(&"web".parse()?, &victim);
    let told: Vec<&String> = log.iter().filter(|line| line.contains(&format!("{alarm} ALARM "))).collect();
    let keys: std::collections::BTreeSet<String> = told.iter().filter_map(|line| key(line)).collect();
    // Lambda delivers at least once.
    ensure!(told.len() >= 3 && keys.len() == 1, "three of one key: {told:#?}");

    let journal = stage.sandbox().journal();
    let effect = journal.select(|call| call.action == "TerminateInstanceInAutoScalingGroup" && call.succeeded());
    let [effect] = &effect[..] else { anyhow::bail!("one replacement, not {}: {effect:?}", effect.len()) };
    let until_then = journal.select(|call| call.who.function() == Some(&owner) && call.sequence < effect.sequence);
    let (open, closed) = (format!("{victim}/OPEN"), format!("{victim}/CLOSED#"));
    let opens = until_then.iter().filter(|call| is_opening(call, &open)).collect::<Vec<_>>();
    ensure!(opens.iter().filter(|call| call.succeeded()).count() == 1, "opened once: {opens:?}");
    let closes = journal.select(|call| call.subject.contains(&closed) && call.succeeded());
    ensure!(closes.len() == 1, "one incident: {closes:?}");
    let messages = inbox.receive_until(PATIENCE, |message| message.subject.contains("recovered")).await?;
    ensure!(messages.len() == 2, "told once at the start and once at the end: {messages:?}");
    Ok(owner)
}

/// By the deployed rules: a machine that EC2 retires, which its group replaces, and what turns out to be nothing.
async fn what_aws_announces_reaches_the_owner(stage: &Stage, owner: &str) -> Result<()> {
    let victim = first_in_service(stage, "web")?;
    let starts = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(300);
    let event = |source: &str, kind: &str, detail: Value| json!({"source": source, "detail-type": kind, "resources": [], "detail": detail});
    let lines = stage.log_of("replace-instance").await?.len();
    for (nothing, why) in [
        (
            event(
                "aws.ec2",
                "EC2 Instance State-change Notification",
                json!({"instance-id": victim, "state": "stopped"}),
            ),
            "it is running",
        ),
        (
            event(
                "aws.ec2",
                "EC2 Spot Instance Interruption Warning",
                json!({"instance-id": victim, "instance-action": "stop"}),
            ),
            "does not say that it takes the Spot Instance back",
        ),
        (
            event("aws.ec2", "EC2 Instance Rebalance Recommendation", json!({"instance-id": victim})),
            "no Capacity Rebalancing",
        ),
        (
            event(
                "aws.autoscaling",
                "EC2 Instance Launch Unsuccessful",
                json!({"AutoScalingGroupName": "web", "ActivityId": "a", "StatusMessage": "no capacity"}),
            ),
            "nothing to heal",
        ),
    ] {
        let published = stage.sandbox().relay().publish(nothing.clone()).await?;
        ensure!(
            published.invoked().iter().any(|target| target.ends_with(owner) || target.contains("IntakeQueue")),
            "no rule took {nothing}: {published:?}"
        );
        stage.wait_for_log("replace-instance", lines, |line| line.contains("ignored") && line.contains(why)).await?;
    }
    stage.face().with(|world| world.schedule_event(&victim, EventCode::InstanceRetirement, starts))?;
    let detail = json!({
        "service": "EC2", "eventTypeCode": "AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED", "eventTypeCategory": "scheduledChange",
        "communicationId": "c", "eventRegion": REGION, "affectedEntities": [{"entityValue": victim}],
        "startTime": starts.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
    });
    stage.sandbox().relay().publish(event("aws.health", "AWS Health Event", detail)).await?;
    stage.wait_for_close(&victim).await?;
    ensure!(effects(stage, &victim).is_empty(), "the group replaced it by itself");
    Ok(())
}

fn key(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    line.get("key")?.as_str().map(str::to_owned)
}

/// The first write of the incident puts the alarm's memory too. Of those that race, one is accepted.
fn is_opening(call: &Call, opened: &str) -> bool {
    call.action == "TransactWriteItems" && call.subject.contains(opened) && call.subject.contains("MEMORY#alarm#")
}
