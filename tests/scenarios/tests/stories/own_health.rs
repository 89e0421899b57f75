//! Homeostat's own alarms on real parts: as they are deployed, on what its functions and its queue really do, with real messages of
//! SNS. All of it is told past the table and past notify.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use homeostat_core::aws::alarm::AlarmState;
use sandbox::Stack;
use sandbox::journal::Call;
use sandbox::proxy::faults::{Fault, Kind, Matcher};
use sandbox::stage::{Inbox, Message, PATIENCE, Stage};
use serde_json::{Value, json};
use world::World;

use super::parts::{break_first, first_in_service, on_a_stage};

const FAILING: &str = "homeostat-replace-instance-errors";
const DEAD_LETTERS: &str = "homeostat-dead-letters";
const SWEEP_STOPPED: &str = "homeostat-sweep-stopped";

/// An alarm's name, its namespace, its metric, and what of the stack it looks at.
type Expected = (&'static str, &'static str, &'static str, &'static str);

const TOLD: [Expected; 3] = [
    (FAILING, "AWS/Lambda", "Errors", "ReplaceInstance"),
    (DEAD_LETTERS, "AWS/SQS", "ApproximateNumberOfMessagesVisible", "DeadLetters"),
    (SWEEP_STOPPED, "AWS/Lambda", "Invocations", "Sweep"),
];

#[tokio::test(flavor = "multi_thread")]
async fn its_own_trouble_is_told_even_while_dynamodb_is_down() {
    on_a_stage(play).await;
}

async fn play(stage: &Stage) -> Result<()> {
    let stack = stage.deploy(&stage.policy(), &mut |_| {}).await?;
    let trouble = Trouble { stage, stack: &stack };
    trouble.each_function_is_watched()?;
    trouble.the_topic_has_its_own_key().await?;
    // Silence is an alarm, and before the first sweep there is nothing else: on AWS too, an install may be greeted so.
    trouble.all_is_quiet().await?;
    let inbox = Inbox::subscribe_to_all(&stage.sandbox().sdk_config(), stack.output("TopicArn")?).await?;
    a_heal_alarms_nobody(stage, &inbox).await?;

    let denied = stage.sandbox().faults().add(Fault::always(Kind::Denied, trouble.owner()?));
    trouble.begin().await?;
    trouble.is_told(&inbox).await?;
    stage.sandbox().faults().remove(denied);
    trouble.end().await?;

    let mark = stage.sandbox().journal().mark();
    let down = stage.sandbox().faults().add(Fault::always(Kind::Unavailable, Matcher::any().service("dynamodb")));
    trouble.begin().await?;
    trouble.is_told(&inbox).await?;
    no_call_reached_dynamodb(stage, mark)?;
    stage.sandbox().faults().remove(down);
    trouble.end().await?;
    a_topic_that_keeps_alarms_out_is_told_nothing(&trouble, &inbox).await
}

/// Both inside the same stretch of time as a heal, and after it.
async fn a_heal_alarms_nobody(stage: &Stage, inbox: &Inbox) -> Result<()> {
    let before = stage.announced().len();
    let victim = break_first(stage, "web").await?;
    stage.wait_for_close(&victim).await?;
    let told = inbox.receive_until(PATIENCE, |message| message.subject.contains("recovered")).await?;
    ensure!(told.len() == 2, "told once at the start and once at the end: {told:?}");
    let own = stage.own_alarms();
    let is_own = |alarm: Option<&str>| alarm.is_some_and(|alarm| own.iter().any(|own| own == alarm));
    let changes: Vec<_> = stage.announced().into_iter().skip(before).filter(|it| is_own(it.alarm())).collect();
    ensure!(changes.is_empty(), "a false alarm: {changes:?}");
    Ok(())
}

fn no_call_reached_dynamodb(stage: &Stage, mark: u64) -> Result<()> {
    let of_functions = |call: &Call| {
        call.sequence >= mark && call.service.as_deref() == Some("dynamodb") && call.who.function().is_some()
    };
    let (served, refused): (Vec<Call>, Vec<Call>) =
        stage.sandbox().journal().select(of_functions).into_iter().partition(Call::succeeded);
    ensure!(served.is_empty(), "DynamoDB was not down: {served:?}");
    ensure!(!refused.is_empty(), "nobody missed DynamoDB");
    Ok(())
}

/// As the key that AWS manages for SNS does.
async fn a_topic_that_keeps_alarms_out_is_told_nothing(trouble: &Trouble<'_>, inbox: &Inbox) -> Result<()> {
    let Trouble { stage, stack } = trouble;
    let topics = aws_sdk_sns::Client::new(&stage.sandbox().sdk_config());
    let topic = stack.output("TopicArn")?;
    let request = topics.set_topic_attributes().topic_arn(topic).attribute_name("KmsMasterKeyId");
    request.attribute_value("alias/aws/sns").send().await?;
    let before = stage.announced().len();
    trouble.queue().send_message().queue_url(stack.output("DeadLettersUrl")?).message_body("lost").send().await?;
    let kept_out = stage
        .wait_for_world("the alarm of the dead letters", |_| {
            let mut changes = stage.announced().into_iter().skip(before);
            changes.find(|it| it.alarm() == Some(DEAD_LETTERS) && it.state() == Some("ALARM"))
        })
        .await?;
    let why = kept_out.failure.context("CloudWatch was let in")?;
    ensure!(why.contains("alias/aws/sns") && why.contains("lets no alarm in"), "{why}");
    topics.publish().topic_arn(topic).subject("the end").message("-").send().await?;
    let told = inbox.receive_until(PATIENCE, |message| message.subject == "the end").await?;
    ensure!(!told.iter().any(|message| message.subject.starts_with("ALARM")), "{told:?}");
    Ok(())
}

/// An owner that fails at every event, dead letters, and a sweep that nobody starts.
struct Trouble<'a> {
    stage: &'a Stage,
    stack: &'a Stack,
}

impl Trouble<'_> {
    fn owner(&self) -> Result<Matcher> {
        Ok(Matcher::any().of_function(self.stack.physical_id("ReplaceInstance")?))
    }

    fn queue(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.stage.sandbox().sdk_config())
    }

    /// A name that nobody has any more would be watched for ever, and in silence.
    fn each_function_is_watched(&self) -> Result<()> {
        let mut watched: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let own = self.stage.own_alarms();
        self.stage.face().with(|world| {
            for alarm in own.iter().filter_map(|name| world.alarm(name)) {
                let of = alarm.metric.dimensions.values().cloned().collect::<String>();
                watched.entry(of).or_default().push(alarm.metric.name.clone());
            }
        });
        for function in &self.stack.functions {
            let metrics = watched.remove(&function.name).unwrap_or_default();
            for metric in ["Errors", "Throttles"] {
                ensure!(metrics.iter().any(|it| it == metric), "no alarm on {metric} of {}", function.name);
            }
        }
        for queue in ["DeadLetters", "LostMessages", "WakeQueue", "ZoneWakeQueue", "HookQueue"] {
            let name = self.stack.physical_id(queue)?.rsplit('/').next().unwrap_or_default();
            ensure!(watched.remove(name).is_some(), "no alarm on {queue}");
        }
        for rule in ["ReplaceInstanceResync", "ShiftDnsResync", "LifecycleHookResync"] {
            ensure!(watched.remove(self.stack.physical_id(rule)?).is_some(), "no alarm on {rule}");
        }
        for queue in ["IntakeQueue", "ZoneIntakeQueue"] {
            let name = self.stack.physical_id(queue)?.rsplit('/').next().unwrap_or_default();
            ensure!(watched.remove(name).is_some(), "no alarm on what waits in {queue}");
        }
        for due in ["replace-instancehomeostat", "shift-dnshomeostat"] {
            ensure!(watched.remove(due).is_some(), "no alarm on what is due: {due}");
        }
        ensure!(watched.is_empty(), "alarms on what the stack doesn't have: {watched:?}");
        Ok(())
    }

    /// Else nobody would ask whether alarms may use it.
    async fn the_topic_has_its_own_key(&self) -> Result<()> {
        let topics = aws_sdk_sns::Client::new(&self.stage.sandbox().sdk_config());
        let asked = topics.get_topic_attributes().topic_arn(self.stack.output("TopicArn")?).send().await?;
        let key = asked.attributes().and_then(|attributes| attributes.get("KmsMasterKeyId"));
        ensure!(key.map(String::as_str) == Some(self.stack.physical_id("TopicKey")?), "encrypted by {key:?}");
        Ok(())
    }

    /// Every own alarm is in OK.
    async fn all_is_quiet(&self) -> Result<()> {
        let own = self.stage.own_alarms();
        self.in_ok("all own alarms in OK", &own).await
    }

    async fn in_ok(&self, awaited: &str, names: &[String]) -> Result<()> {
        let is_ok = |world: &World, name: &String| {
            world.alarm(name).is_some_and(|alarm| alarm.standing.state == AlarmState::Ok)
        };
        let all = |world: &World| names.iter().all(|name| is_ok(world, name)).then_some(());
        self.stage.wait_for_world(awaited, all).await
    }

    /// The owner gets an event, which it can't serve; the schedule of the sweep is switched off.
    async fn begin(&self) -> Result<()> {
        self.stage.sandbox().relay().switch_rule(self.stack.physical_id("SweepSchedule")?, false).await?;
        // It comes past the intake queue, where what fails waits in a mark and is no error.
        let detail = json!({ "instance-id": first_in_service(self.stage, "web")? });
        let kind = "EC2 Instance Rebalance Recommendation";
        let event = json!({ "source": "aws.ec2", "detail-type": kind, "resources": [], "detail": detail });
        let published = self.stage.sandbox().relay().publish(event).await?;
        ensure!(!published.invoked().is_empty(), "nobody was told of it: {published:?}");
        Ok(())
    }

    /// Each of the three messages comes, whatever else is told meanwhile, and says what it is about.
    async fn is_told(&self, inbox: &Inbox) -> Result<()> {
        let mut heard: BTreeMap<String, Message> = BTreeMap::new();
        while !TOLD.iter().all(|(name, ..)| heard.contains_key(*name)) {
            let messages = inbox.receive_until(PATIENCE, |message| message.subject.starts_with("ALARM: ")).await?;
            let alarm = messages.into_iter().next_back().context("no message")?;
            let name = alarm.subject.split('"').nth(1).context("a subject without a name")?.to_owned();
            heard.insert(name, alarm);
        }
        for (name, ..) in TOLD {
            self.says_what_it_is_about(&heard[name], name)?;
        }
        Ok(())
    }

    fn says_what_it_is_about(&self, message: &Message, name: &str) -> Result<()> {
        let told = TOLD.iter().find(|told| told.0 == name);
        let (_, namespace, metric, of) = told.context("no such alarm")?;
        let body: Value = serde_json::from_str(&message.body)?;
        ensure!(message.subject == format!("ALARM: \"{name}\" in US East (N. Virginia)"), "{message:?}");
        ensure!(body["NewStateValue"] == "ALARM" && body["OldStateValue"] == "OK", "{message:?}");
        ensure!(
            body["AlarmName"] == name && body["AlarmActions"] == json!([self.stack.output("TopicArn")?]),
            "{message:?}"
        );
        ensure!(body["AlarmArn"].as_str().is_some_and(|arn| arn.ends_with(&format!(":alarm:{name}"))), "{message:?}");
        ensure!(body["AlarmDescription"].as_str().is_some_and(|what| what.contains("First:")), "{message:?}");
        let trigger = &body["Trigger"];
        ensure!(trigger["Namespace"] == *namespace && trigger["MetricName"] == *metric, "{message:?}");
        let watched = trigger["Dimensions"][0]["value"].as_str().context("no dimension")?;
        ensure!(self.stack.physical_id(of)?.ends_with(watched), "{watched} is not {of}: {message:?}");
        Ok(())
    }

    /// A person switches the sweep on again and empties the queue, once no more dead letters come.
    async fn end(&self) -> Result<()> {
        self.stage.sandbox().relay().switch_rule(self.stack.physical_id("SweepSchedule")?, true).await?;
        let errors: Vec<String> =
            self.stage.own_alarms().into_iter().filter(|name| name.ends_with("-errors")).collect();
        self.in_ok("no more errors", &errors).await?;
        self.queue().purge_queue().queue_url(self.stack.output("DeadLettersUrl")?).send().await?;
        self.all_is_quiet().await
    }
}
