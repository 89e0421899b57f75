//! Docker on this machine, asked by its own command.
//!
//! It never asks another daemon than sam does, which knows nothing of Docker's contexts.

use std::ffi::OsStr;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::Command;
use tokio::time::timeout;

/// A daemon that is there answers at once.
const ANSWERS_WITHIN: Duration = Duration::from_secs(15);

pub(super) struct Docker {
    bridge: IpAddr,
}

/// Why nothing can be run here.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoDocker {
    #[error("Docker is not installed: there is no command `docker`")]
    NotInstalled,
    #[error("Docker does not answer: {0}")]
    Silent(String),
    #[error("Docker answers, but not on this machine, so its containers can't reach the sandbox: {0}")]
    Elsewhere(String),
}

impl Docker {
    pub(super) async fn here() -> Result<Self, NoDocker> {
        let asked = command(["version", "--format", "{{.Server.Version}}"]).output();
        match timeout(ANSWERS_WITHIN, asked).await {
            Err(_) => return Err(NoDocker::Silent(format!("it took more than {ANSWERS_WITHIN:?}"))),
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => return Err(NoDocker::NotInstalled),
            Ok(Err(error)) => return Err(NoDocker::Silent(error.to_string())),
            Ok(Ok(output)) if !output.status.success() => return Err(NoDocker::Silent(last_line(&output))),
            Ok(Ok(_)) => {}
        }
        let bridge = bridge().await.map_err(|error| NoDocker::Elsewhere(format!("{error:#}")))?;
        Ok(Docker { bridge })
    }

    /// This machine's address on the network of the containers.
    pub(super) fn bridge(&self) -> IpAddr {
        self.bridge
    }

    /// What a command of Docker prints; an error if it fails or takes longer.
    pub(super) async fn ask<const N: usize>(&self, words: [&str; N], within: Duration) -> Result<String> {
        ask(words, within).await
    }
}

async fn ask<const N: usize>(words: [&str; N], within: Duration) -> Result<String> {
    let asked = timeout(within, command(words).output()).await;
    let output = asked.with_context(|| format!("it took more than {within:?}"))?.context("starting docker")?;
    if !output.status.success() {
        bail!("{}", last_line(&output));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn command<S: AsRef<OsStr>>(words: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new("docker");
    command.args(words).env("DOCKER_CONTEXT", "default").stdin(Stdio::null()).kill_on_drop(true);
    command
}

fn last_line(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it doesn't say why").trim().to_owned()
}

/// Docker doesn't name its own address on the default bridge until the first container runs; it is the first of the subnet.
async fn bridge() -> Result<IpAddr> {
    const FORMAT: &str = "{{with index .IPAM.Config 0}}{{or .Gateway .Subnet}}{{end}}";
    let told = ask(["network", "inspect", "bridge", "--format", FORMAT], ANSWERS_WITHIN).await?;
    let address = first_of(&told).with_context(|| format!("its bridge has the address {told:?}"))?;
    TcpListener::bind((address, 0))
        .with_context(|| format!("its bridge's address {address} is none of this machine"))?;
    Ok(address.into())
}

fn first_of(told: &str) -> Option<Ipv4Addr> {
    match told.split_once('/') {
        Some((subnet, _)) => Some(Ipv4Addr::from_bits(subnet.parse::<Ipv4Addr>().ok()?.to_bits() + 1)),
        None => told.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bridge_is_where_docker_says_or_at_the_beginning_of_its_subnet() {
        assert_eq!(first_of("172.18.0.5"), Some(Ipv4Addr::new(172, 18, 0, 5)));
        assert_eq!(first_of("172.17.0.0/16"), Some(Ipv4Addr::new(172, 17, 0, 1)));
        assert_eq!(first_of("fe80::/64"), None);
        assert_eq!(first_of(""), None);
    }
}
