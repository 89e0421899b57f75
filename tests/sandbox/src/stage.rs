//! The sandbox with a fleet on it, in real time: what the demo and the stories play on.
//!
//! It breaks nothing by itself, and tells Homeostat nothing but what AWS would: alarms through the deployed rules, and the
//! deployed schedules in compressed time.

pub mod balance;
pub mod held;
mod inbox;
mod own_alarms;
mod pump;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result};
use homeostat_aws::DynamoLedger;
use homeostat_core::id::{InstanceId, Subject};
use homeostat_remedies::instance::reasons::Incident;
use homeostat_remedies::registry::AnyIncident;
use world::{Demo, Pace, Place, World};

pub use balance::Balance;
pub use held::{Held, policy_with_hooks};
pub use inbox::{Inbox, Message};
use own_alarms::{Kept, OwnAlarms};
pub use pump::Announced;
use pump::Pump;

use crate::account::{ACCOUNT_ID, REGION};
use crate::clock::now;
use crate::deploy::Progress;
use crate::face::Face;
use crate::relay::Schedules;
use crate::{Deployment, Options, Sandbox, Stack, Tools};

/// How long a minute of the deployed schedules lasts here.
pub const MINUTE: Duration = Duration::from_secs(2);

/// What a wait on the stage may take at most. Whole heals take about fifteen seconds; a loaded machine takes its time.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// The sandbox's policy, in the project's folder.
pub const POLICY: &str = "tests/sandbox/policy.toml";

pub struct Stage {
    root: PathBuf,
    run_dir: PathBuf,
    sandbox: Sandbox,
    face: Face,
    own_alarms: OwnAlarms,
    kept: Kept,
    pump: Pump,
    schedules: Schedules,
}

impl Stage {
    /// A sandbox whose world is the demo's fleet, running well. `root` is the project's folder.
    pub async fn set(root: &Path, run_dir: &Path, port: u16, demo: Demo) -> Result<Self> {
        let (sandbox, face) = Stage::unannounced(root, run_dir, port, demo).await?;
        let own_alarms = OwnAlarms::of(&sandbox, face.clone(), MINUTE);
        let kept = own_alarms.keep();
        let pump = Pump::start(face.clone(), sandbox.relay().clone(), own_alarms.clone());
        let schedules = sandbox.relay().schedules(MINUTE);
        let (root, run_dir) = (root.to_owned(), run_dir.to_owned());
        Ok(Stage { root, run_dir, sandbox, face, own_alarms, kept, pump, schedules })
    }

    /// The same sandbox and world alone: nobody tells the deployed functions of anything.
    pub async fn unannounced(root: &Path, run_dir: &Path, port: u16, demo: Demo) -> Result<(Sandbox, Face)> {
        let (world, _) = demo.build(now())?;
        let face = Face::new(Arc::new(Mutex::new(world)), now);
        let tools = Tools { python: root.join(".venv/ministack/bin/python"), sam: root.join(".venv/sam/bin/sam") };
        let options = Options { port, ..Options::new(tools, run_dir) };
        let sandbox = Sandbox::start(options, Arc::new(face.clone())).await?;
        Ok((sandbox, face))
    }

    /// The demo's fleet at the sandbox's pace, in the sandbox's account.
    pub fn fleet() -> Result<Demo> {
        let place = Place { account: ACCOUNT_ID.to_owned(), region: REGION.parse()? };
        Ok(Demo { place, pace: Pace::sandbox(), ..Demo::new()? })
    }

    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    pub fn face(&self) -> &Face {
        &self.face
    }

    /// The names of the alarms that the deployed template brings.
    pub fn own_alarms(&self) -> Vec<String> {
        self.own_alarms.names()
    }

    /// What every alarm of the fleet does itself from now on when it goes to ALARM: functions that it calls, topics that it notifies.
    pub fn set_alarm_actions(&self, actions: Vec<String>) {
        self.pump.set_actions(actions);
    }

    /// The alarms' changes so far, and what became of each.
    pub fn announced(&self) -> Vec<Announced> {
        self.pump.announced()
    }

    /// The project's own template with the binaries of the profile `dev`, under a policy for compressed time.
    pub async fn deploy(&self, policy: &Path, progress: Progress<'_>) -> Result<Stack> {
        self.deploy_with(policy, Vec::new(), progress).await
    }

    /// The same, with weighted records beside it in the policy, and in the role.
    pub async fn deploy_for(&self, balances: &[&Balance], policy: &Path, progress: Progress<'_>) -> Result<Stack> {
        let deployment = Stage::deployment_for(&self.root, &self.run_dir, balances, policy)?;
        self.deploy_all_of(&deployment, progress).await
    }

    /// The project's own template with records beside what a policy says; what belongs to it is put into the folder.
    pub fn deployment_for(root: &Path, folder: &Path, balances: &[&Balance], policy: &Path) -> Result<Deployment> {
        let (policy, parameters) = balance::deployment(balances, policy, folder)?;
        Ok(Stage::deployment(root, &policy, parameters))
    }

    /// The project's own template under a policy, with these parameters.
    pub async fn deploy_with(
        &self,
        policy: &Path,
        parameters: Vec<(String, String)>,
        progress: Progress<'_>,
    ) -> Result<Stack> {
        self.deploy_all_of(&Stage::deployment(&self.root, policy, parameters), progress).await
    }

    async fn deploy_all_of(&self, deployment: &Deployment, progress: Progress<'_>) -> Result<Stack> {
        let stack = self.sandbox.deploy(deployment, progress).await?;
        self.own_alarms.load().await.context("taking over the deployed alarms")?;
        Ok(stack)
    }

    fn deployment(root: &Path, policy: &Path, parameters: Vec<(String, String)>) -> Deployment {
        let mut deployment = Deployment::of(root.join("template.yaml"), "homeostat");
        deployment.parameters = parameters;
        deployment.build_env = vec![
            ("HOMEOSTAT_PROFILE".to_owned(), "dev".to_owned()),
            ("HOMEOSTAT_POLICY".to_owned(), policy.display().to_string()),
        ];
        deployment
    }

    /// Where it keeps what it needs while it runs.
    pub fn folder(&self) -> &Path {
        &self.run_dir
    }

    /// The policy of the sandbox.
    pub fn policy(&self) -> PathBuf {
        self.root.join(POLICY)
    }

    /// Waits until the world gives an answer.
    pub async fn wait_for_world<T>(&self, awaited: &str, answer: impl Fn(&World) -> Option<T>) -> Result<T> {
        self.pump.wait_for(awaited, PATIENCE, || self.face.with(|world| answer(world))).await
    }

    /// Waits for an alarm's change of which the relay told the deployed rules.
    pub async fn wait_for_alarm(&self, alarm: &str, state: &str) -> Result<Announced> {
        let awaited = format!("{alarm} in {state}");
        let fits = |announced: &Announced| announced.alarm() == Some(alarm) && announced.state() == Some(state);
        self.pump.wait_for(&awaited, PATIENCE, || self.announced().into_iter().find(fits)).await
    }

    /// The deployed table.
    pub fn ledger(&self, stack: &Stack) -> Result<DynamoLedger> {
        Ok(DynamoLedger::new(&self.sandbox.sdk_config(), stack.output("TableName")?.to_owned()))
    }

    /// The instance's open incident, or else the one that was closed last.
    pub async fn newest_incident(&self, stack: &Stack, instance: &InstanceId) -> Result<Option<Incident>> {
        let subject = Subject::of_instance(REGION.parse()?, instance);
        self.ledger(stack)?.newest(&subject).await.context("reading the ledger")
    }

    /// Waits until the subject's incident was written so many times.
    pub async fn wait_for_version(&self, stack: &Stack, subject: &Subject, version: u64) -> Result<()> {
        let ledger = self.ledger(stack)?;
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let mark = self.sandbox.journal().mark();
            let newest = ledger.newest::<AnyIncident>(subject).await.context("reading the ledger")?;
            if newest.is_some_and(|incident| incident.head().version >= version) {
                return Ok(());
            }
            anyhow::ensure!(tokio::time::Instant::now() < deadline, "{subject} was not written {version} times");
            let id = subject.name();
            let written = |call: &crate::journal::Call| {
                call.sequence >= mark
                    && call.action.ends_with("Item") | call.action.ends_with("Items")
                    && call.subject.contains(id)
            };
            self.sandbox.journal().wait_for("the next write of the incident", PATIENCE, written).await?;
        }
    }

    /// Waits until the subject's incident was closed in the ledger.
    pub async fn wait_for_close_of(&self, subject: &Subject) -> Result<()> {
        self.wait_for_close_of_within(subject, PATIENCE).await
    }

    /// The same, of an incident that has to wait out a lease.
    pub async fn wait_for_close_of_within(&self, subject: &Subject, patience: Duration) -> Result<()> {
        let closed = format!("{subject}/CLOSED#");
        let fits = |call: &crate::journal::Call| {
            call.action == "TransactWriteItems" && call.subject.contains(&closed) && call.succeeded()
        };
        self.sandbox.journal().wait_for(&format!("the close of {subject}"), patience, fits).await?;
        Ok(())
    }

    /// Waits until the instance's incident was closed in the ledger.
    pub async fn wait_for_close(&self, instance: &InstanceId) -> Result<()> {
        self.wait_for_close_within(instance, PATIENCE).await
    }

    /// The same, of an incident that has to wait out a lease.
    pub async fn wait_for_close_within(&self, instance: &InstanceId, patience: Duration) -> Result<()> {
        let closed = format!("{instance}/CLOSED#");
        let fits = |call: &crate::journal::Call| {
            call.action == "TransactWriteItems" && call.subject.contains(&closed) && call.succeeded()
        };
        self.sandbox.journal().wait_for(&format!("the close of {instance}"), patience, fits).await?;
        Ok(())
    }

    /// The lines that a function logged so far, as CloudWatch Logs has them.
    pub async fn log_of(&self, function: &str) -> Result<Vec<String>> {
        self.sandbox.log_lines(&format!("/homeostat/homeostat/{function}")).await
    }

    /// Waits for a line of a function's log after the first `skip` ones.
    pub async fn wait_for_log(&self, function: &str, skip: usize, holds: impl Fn(&str) -> bool) -> Result<String> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let lines = self.log_of(function).await?;
            if let Some(line) = lines.iter().skip(skip).find(|line| holds(line)) {
                return Ok(line.clone());
            }
            let tail = lines.iter().rev().take(5).rev().cloned().collect::<Vec<_>>().join("\n");
            anyhow::ensure!(
                tokio::time::Instant::now() < deadline,
                "no such line of {function}; its log ends:\n{tail}"
            );
            // Logs can't be subscribed to here.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub async fn stop(self) -> Result<()> {
        drop((self.kept, self.pump));
        self.schedules.stop();
        self.sandbox.stop().await
    }
}
