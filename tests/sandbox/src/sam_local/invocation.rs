//! One `sam local invoke`.
//!
//! It never sees the environment of whoever runs it, nor asks AWS itself: what sam wants to know of AWS, the sandbox answers.

use std::net::Ipv4Addr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::json;
use tokio::process::Command;
use tokio::time::timeout;

use super::ground::Ground;
use super::report::Row;
use super::routes::Route;
use super::said::Said;
use crate::deploy::{ARCHITECTURE, strangers_to_the_user};
use crate::journal::Call;
use crate::roles::prefix;

/// Longer than a function's timeout, sam's own start and that of its container on a busy machine.
const ENDS_WITHIN: Duration = Duration::from_secs(120);

impl Ground {
    /// An error only if it could not be tried. Each has a number of its own, from 1.
    pub(super) async fn invoke(&self, number: u32, route: &Route) -> Result<Row> {
        let began = Instant::now();
        let Route { name, path, function } = route;
        let label = format!("{name} for {function}");
        let door = self.sandbox().side_door(self.bridge(), &label).await?;
        let deployed = self.function(route)?;
        let mut variables = deployed.variables.clone();
        variables.insert("AWS_ENDPOINT_URL".to_owned(), door.endpoint().to_owned());
        let variables = json!({ (route.logical_id()): variables });
        let file = self.folder().join(format!("variables-{name}-{function}.json"));
        std::fs::write(&file, variables.to_string()).context("writing the function's variables")?;

        let host = own_host(number).to_string();
        let mut command = Command::new(self.sam());
        command
            .args(["local", "invoke", &route.logical_id(), "--skip-pull-image", "--template"])
            .arg(self.template())
            .args(["--parameter-overrides", &format!("Architecture={ARCHITECTURE}")])
            .arg("--event")
            .arg(path)
            .arg("--env-vars")
            .arg(&file)
            .args(["--container-host", &host, "--container-host-interface", &host])
            .current_dir(self.folder())
            .env_clear()
            .envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "DOCKER_HOST"))
            .env("LC_ALL", "C.UTF-8")
            // sam asks whose credentials these are, and takes seconds to find that it can't.
            .env("AWS_ENDPOINT_URL", self.sandbox().endpoint());
        strangers_to_the_user(&mut command, self.folder())?;
        command
            .env("HOME", self.folder())
            .envs(deployed.session.variables())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let (said, log) = match timeout(ENDS_WITHIN, command.output()).await {
            Err(_) => (Said::Failed(format!("no answer within {ENDS_WITHIN:?}")), String::new()),
            Ok(output) => {
                let output = output.with_context(|| format!("starting {}", self.sam().display()))?;
                let log = String::from_utf8_lossy(&output.stderr).into_owned();
                let said = match output.status.success() {
                    true => Said::read(&String::from_utf8_lossy(&output.stdout), &log),
                    false => Said::Failed(format!("sam ended with {}", output.status)),
                };
                (said, log)
            }
        };
        let calls = self.sandbox().journal().calls_labelled(&label);
        let failure = said.fault(route.is_malformed()).or_else(|| calls.iter().find_map(not_meant));
        Ok(Row {
            file: name.clone(),
            function: function.clone(),
            decision: said.in_words(),
            calls: calls.iter().map(in_words).collect(),
            milliseconds: reported(&log),
            seconds: began.elapsed().as_secs_f64(),
            log: failure.is_some().then_some(log),
            failure,
        })
    }
}

/// A loopback address of its own: sam takes a port that was free a moment ago, and another sam might be quicker.
fn own_host(number: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(Ipv4Addr::LOCALHOST.to_bits() + number)
}

fn in_words(call: &Call) -> String {
    let error = call.error.as_deref().map(|code| format!(" -> {code}")).unwrap_or_default();
    format!("{}:{}{error}", call.service.as_deref().map_or("unsigned", prefix), call.action)
}

/// A call that the deployed role forbids, or that the sandbox can't answer: a function may cope with it, and so hide it.
fn not_meant(call: &Call) -> Option<String> {
    let code = call.error.as_deref()?;
    let is_meant =
        !["AccessDenied", "AuthorizationError", "NotModelled", "Sandbox"].iter().any(|part| code.contains(part));
    (!is_meant).then(|| format!("{}: {}", in_words(call), call.message.as_deref().unwrap_or_default()))
}

/// The function's time in the emulator's last line.
fn reported(log: &str) -> Option<f64> {
    let line = log.lines().rev().find(|line| line.contains("REPORT RequestId:"))?;
    let figure = line.split('\t').find_map(|part| part.trim().strip_prefix("Duration: "))?;
    figure.strip_suffix(" ms")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_containers_share_an_address_nor_leave_loopback() {
        assert_eq!(own_host(1), Ipv4Addr::new(127, 0, 0, 2));
        assert!(own_host(100_000).is_loopback());
    }

    #[test]
    fn the_functions_time_is_neither_its_start_nor_what_is_billed() {
        let log = "END RequestId: a\nREPORT RequestId: a\tInit Duration: 0.10 ms\tDuration: 106.87 ms\tBilled Duration: \
                   107 ms\tMemory Size: 256 MB\tMax Memory Used: 256 MB\t\n";
        assert_eq!(reported(log), Some(106.87));
        assert_eq!(reported("START\n"), None);
    }
}
