//! The sandbox with a record one of whose endpoints is slow, again and again as if nobody had acted on it yet.
//!
//! Nothing of what is deployed acts here by itself: no event is brought to it, no schedule runs, and its queues and its stream feed
//! nobody.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use aws_sdk_dynamodb::Client as DynamoDb;
use aws_sdk_lambda::Client as Lambda;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_route53::Client as Route53;
use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, RrType};
use homeostat_core::aws::alarm::AlarmState;
use homeostat_core::signal;
use sandbox::account::{OPERATOR, REGION, sdk_config};
use sandbox::face::Face;
use sandbox::journal::Call;
use sandbox::stage::balance::KIND;
use sandbox::stage::{Balance, PATIENCE, POLICY, Stage};
use sandbox::zone::Weighted;
use sandbox::{Sandbox, Stack};
use serde_json::Value;
use tokio::time::{Instant, sleep};
use world::EndpointState;

const SICK: &str = "blue";
const STATE: &str = "/detail/state/value";
/// Two periods of the alarm and a little: what was measured while the endpoint had no traffic is no datapoint of it any more.
const FORGOTTEN_WITHIN: Duration = Duration::from_millis(2500);

pub(crate) struct Ground {
    pub(crate) sandbox: Sandbox,
    face: Face,
    balance: Balance,
    stack: Stack,
    /// What the deployed functions have in their zips.
    policy: PathBuf,
    /// As they are to be found at the beginning of each round.
    records: Vec<Weighted>,
    told: Option<Value>,
}

impl Ground {
    pub(crate) async fn lay(root: &Path, run_dir: &Path) -> Result<Self> {
        let (sandbox, face) = Stage::unannounced(root, run_dir, 0, Stage::fleet()?).await?;
        let balance = Balance::make_in(&sandbox, &face, "").await?;
        let records = balance.zone.records(&balance.name, &KIND).await?;
        let deployment = Stage::deployment_for(root, run_dir, &[&balance], &root.join(POLICY))?;
        let mut build_env = deployment.build_env.iter();
        let policy = build_env.find_map(|(name, value)| (name == "HOMEOSTAT_POLICY").then(|| PathBuf::from(value)));
        let policy = policy.context("the deployment names no policy")?;
        let stack = sandbox.deploy(&deployment, &mut |_| {}).await?;
        let ground = Ground { sandbox, face, balance, stack, policy, records, told: None };
        ground.cut_off_functions().await?;
        let slow = ground.face.with(|world| world.break_endpoint(SICK, EndpointState::Slow));
        slow.map_err(|refusal| anyhow!("{refusal}"))?;
        Ok(ground)
    }

    async fn cut_off_functions(&self) -> Result<()> {
        let lambda = self.lambda();
        let mappings = lambda.list_event_source_mappings().send().await.context("listing what feeds the functions")?;
        for id in mappings.event_source_mappings().iter().filter_map(|mapping| mapping.uuid()) {
            lambda.delete_event_source_mapping().uuid(id).send().await.context("cutting off a function")?;
        }
        Ok(())
    }

    pub(crate) fn policy(&self) -> &Path {
        &self.policy
    }

    /// As Lambda would set them for `shift-dns`, with the credentials of the sandbox's operator.
    pub(crate) fn env(&self, task_root: &Path) -> Result<Vec<(String, String)>> {
        let queues = format!(r#"{{ "hosted-zone": "{}" }}"#, self.stack.physical_id("ZoneWakeQueue")?);
        let pairs = [
            ("TABLE_NAME", self.stack.output("TableName")?),
            ("WAKE_QUEUES", &queues),
            ("INTAKE_QUEUE", self.stack.physical_id("ZoneIntakeQueue")?),
            ("STACK_NAME", "homeostat"),
            ("LAMBDA_TASK_ROOT", &task_root.display().to_string()),
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", OPERATOR.0),
            ("AWS_SECRET_ACCESS_KEY", OPERATOR.1),
            ("AWS_ENDPOINT_URL", self.sandbox.endpoint()),
        ];
        Ok(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec())
    }

    /// What `shift-dns` sends to itself to look again.
    pub(crate) fn wake_up(&self) -> Result<Value> {
        Ok(signal::wake(&self.balance.subject()?))
    }

    /// All as it was before anybody acted. Returns the event of the alarm that is in ALARM now.
    pub(crate) async fn put_back(&mut self) -> Result<Value> {
        self.balance.zone.put(&self.balance.name, &KIND, &self.records).await?;
        self.delete_generation().await?;
        self.empty_table().await?;
        sleep(FORGOTTEN_WITHIN).await;
        self.alarm().await
    }

    /// Where a batch of Homeostat leaves its generation.
    async fn delete_generation(&self) -> Result<()> {
        let (client, name) = (Route53::new(&self.sandbox.sdk_config()), format!("_homeostat.{}.", self.balance.name));
        let request = client.list_resource_record_sets().hosted_zone_id(self.balance.zone.id());
        let page = request.start_record_name(&name).start_record_type(RrType::Txt).send().await?;
        let found = page.resource_record_sets.into_iter().find(|set| set.name == name);
        let Some(set) = found else { return Ok(()) };
        let change = Change::builder().action(ChangeAction::Delete).resource_record_set(set).build()?;
        let batch = ChangeBatch::builder().changes(change).build()?;
        let request = client.change_resource_record_sets().hosted_zone_id(self.balance.zone.id());
        request.change_batch(batch).send().await.context("deleting the generation")?;
        Ok(())
    }

    /// Fewer items than a page holds.
    async fn empty_table(&self) -> Result<()> {
        let client = DynamoDb::new(&sdk_config(self.sandbox.ministack().endpoint()));
        let table = self.stack.output("TableName")?;
        let page = client.scan().table_name(table).send().await.context("reading the table")?;
        for mut item in page.items.unwrap_or_default() {
            item.retain(|name, _| name == "pk" || name == "sk");
            let request = client.delete_item().table_name(table).set_key(Some(item));
            request.send().await.context("emptying the table")?;
        }
        Ok(())
    }

    /// The world's own event of the change to the state that the alarm is in now. It tells of each change once.
    async fn alarm(&mut self) -> Result<Value> {
        let (name, deadline) = (self.balance.slow_alarm(SICK), Instant::now() + PATIENCE);
        loop {
            let (events, goes_off) = self.face.with(|world| {
                let state = world.alarm(&name).map(|alarm| alarm.standing.state);
                (world.take_events(), state == Some(AlarmState::Alarm))
            });
            let about_it = |event: &Value| text(event, "/detail/alarmName") == name && text(event, STATE) == "ALARM";
            self.told = events.into_iter().rfind(about_it).or(self.told.take());
            if let (true, Some(event)) = (goes_off, &self.told) {
                return Ok(event.clone());
            }
            ensure!(Instant::now() < deadline, "{name} does not go off");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// What the deployed function calls for the same event. The sandbox makes each of its calls take longer, so that those that are
    /// sent together can be told from a sequence; those of the emulator's function are answered too quickly for that.
    pub(crate) async fn calls_of_deployed(&self, event: &Value) -> Result<Vec<Call>> {
        let (function, mark) = (self.stack.physical_id("ShiftDns")?, self.sandbox.journal().mark());
        let request = self.lambda().invoke().function_name(function).payload(Blob::new(event.to_string()));
        let answer = request.send().await.context("invoking the deployed function")?;
        ensure!(answer.function_error().is_none(), "the deployed function failed: {:?}", answer.payload());
        Ok(self.sandbox.journal().select(|call| call.sequence >= mark && call.who.function() == Some(function)))
    }

    fn lambda(&self) -> Lambda {
        Lambda::new(&sdk_config(self.sandbox.ministack().endpoint()))
    }

    /// Whether the sick endpoint has lost its weight.
    pub(crate) async fn is_shifted(&self) -> Result<bool> {
        let weights = self.balance.weights().await?;
        Ok(weights.get(SICK) == Some(&0))
    }

    pub(crate) async fn clear(self) -> Result<()> {
        self.sandbox.stop().await
    }
}

fn text<'a>(event: &'a Value, pointer: &str) -> &'a str {
    event.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
