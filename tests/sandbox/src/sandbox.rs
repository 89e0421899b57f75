//! The whole of it: MiniStack, the proxy in front of it, the relay beside it.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::ChildStdout;

use crate::account::{Account, sdk_config};
use crate::api::Api;
use crate::census::Census;
use crate::deploy::{self, Deployment, Progress, Site, Stack};
use crate::journal::Journal;
use crate::ministack::{MiniStack, Tools};
use crate::proxy::dns::Dns;
use crate::proxy::faults::Faults;
use crate::proxy::killer::Killer;
use crate::proxy::{Backends, Door, Entrance, Proxy};
use crate::relay::Relay;
use crate::roles::Roles;

/// About what AWS takes within a Region, and more than a function takes to send off calls side by side.
const LATENCY: Duration = Duration::from_millis(20);

#[derive(Debug, Clone)]
pub struct Options {
    pub tools: Tools,
    /// Logs and what is built go here; it is made if it is not there.
    pub run_dir: PathBuf,
    /// Of the proxy; 0 means any.
    pub port: u16,
    /// How much longer each call of a function takes than it would by itself.
    pub latency: Duration,
}

impl Options {
    pub fn new(tools: Tools, run_dir: impl Into<PathBuf>) -> Self {
        Self { tools, run_dir: run_dir.into(), port: 0, latency: LATENCY }
    }
}

pub struct Sandbox {
    /// The test that runs it, by its thread: whose account of the rights this is.
    story: String,
    tools: Tools,
    run_dir: PathBuf,
    journal: Journal,
    roles: Roles,
    census: Census,
    account: Account,
    relay: Relay,
    faults: Faults,
    dns: Dns,
    ministack: MiniStack,
    proxy: Proxy,
}

impl Sandbox {
    pub async fn start(options: Options, api: Arc<dyn Api>) -> Result<Self> {
        let Options { tools, run_dir, port, latency } = options;
        std::fs::create_dir_all(&run_dir).with_context(|| format!("making {}", run_dir.display()))?;
        let run_dir = std::fs::canonicalize(&run_dir).with_context(|| format!("finding {}", run_dir.display()))?;
        // MiniStack tells its functions the proxy's address, and the proxy forwards to MiniStack's.
        let door = Door::open(port).await?;
        let mut ministack = MiniStack::start(&tools, &run_dir, door.endpoint()).await?;
        let (journal, roles, upstream) = (Journal::new(), Roles::default(), ministack.endpoint().to_owned());
        if let Some(lines) = ministack.invocations() {
            tokio::spawn(journal_invocations(lines, journal.clone()));
        }
        let census = Census::at(&upstream, journal.clone(), roles.clone());
        let (account, relay) = (Account::at(&upstream), Relay::at(&upstream, journal.labels().clone()));
        let faults = Faults::with(Killer::of_functions_under(ministack.process()?)?);
        let dns = Dns::default();
        let backends = Backends {
            api,
            roles: roles.clone(),
            journal: journal.clone(),
            census: Some(census.clone()),
            upstream,
            latency,
            faults: faults.clone(),
            dns: dns.clone(),
        };
        let proxy = Proxy::serve(door, backends)?;
        let story = std::thread::current().name().unwrap_or("unnamed").to_owned();
        Ok(Self { story, tools, run_dir, journal, roles, census, account, relay, faults, dns, ministack, proxy })
    }

    /// The one endpoint of the account.
    pub fn endpoint(&self) -> &str {
        self.proxy.endpoint()
    }

    /// The same endpoint at another address, for one caller, whose calls go by that label.
    pub async fn side_door(&self, address: IpAddr, label: &str) -> Result<Entrance> {
        self.proxy.side_door(address, label).await
    }

    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    pub fn relay(&self) -> &Relay {
        &self.relay
    }

    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    pub fn dns(&self) -> &Dns {
        &self.dns
    }

    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    pub fn ministack(&self) -> &MiniStack {
        &self.ministack
    }

    /// An operator's clients. Their calls go through the proxy and are journalled.
    pub fn sdk_config(&self) -> SdkConfig {
        sdk_config(self.endpoint())
    }

    /// Builds and deploys, then learns whose keys the functions sign with and what their roles allow.
    pub async fn deploy(&self, deployment: &Deployment, progress: Progress<'_>) -> Result<Stack> {
        let site =
            Site { tools: &self.tools, run_dir: &self.run_dir, endpoint: self.endpoint(), account: &self.account };
        let mut stack = deploy::deploy(&site, deployment, progress).await?;
        stack.functions = self.census.take().await?;
        self.census.of_services().await?;
        self.roles.register().names(&stack.resources);
        Ok(stack)
    }

    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    /// The lines of a log group of the deployed functions, oldest first.
    pub async fn log_lines(&self, group: &str) -> Result<Vec<String>> {
        self.account.log_lines(group).await
    }

    /// Ends every process that was started, and leaves word of the rights that were needed where [`rights`] looks for it.
    ///
    /// [`rights`]: crate::rights
    pub async fn stop(self) -> Result<()> {
        if let Some(folder) = crate::rights::folder() {
            self.roles.register().keep(&self.story, &folder)?;
        }
        self.ministack.stop().await
    }
}

/// Until MiniStack ends.
async fn journal_invocations(lines: ChildStdout, journal: Journal) {
    let mut lines = BufReader::new(lines).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Err(error) = journal.record_invocation(&line) {
            tracing::error!("an invocation is not journalled: {error:#}");
        }
    }
}

#[cfg(test)]
mod tests;
