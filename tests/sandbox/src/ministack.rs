//! MiniStack as a child process on a loopback port of its own.
//!
//! Its life hangs on a pipe: the child ends, and its bootstraps with it, as soon as this process closes its end, be it
//! by [`MiniStack::stop`], by dropping it, or by dying of whatever cause. It never sees the environment of whoever runs
//! the sandbox, and never talks to Docker.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{Instant, sleep, timeout};

use crate::account::http_client;

const GUARD: &str = include_str!("ministack/guard.py");
const HEALTHY_WITHIN: Duration = Duration::from_secs(30);
/// Longer than the guard gives MiniStack before it kills the whole group.
const STOPPED_WITHIN: Duration = Duration::from_secs(8);
const LOG_LINES_SHOWN: usize = 25;

/// The executables that the sandbox needs and does not bring.
#[derive(Debug, Clone)]
pub struct Tools {
    /// A Python that can import `ministack`.
    pub python: PathBuf,
    pub sam: PathBuf,
}

pub struct MiniStack {
    endpoint: String,
    log: PathBuf,
    scratch: PathBuf,
    child: Child,
}

impl MiniStack {
    /// Starts it and waits until it is healthy. `functions_call` is the endpoint that its functions get to know.
    pub async fn start(tools: &Tools, run_dir: &Path, functions_call: &str) -> Result<Self> {
        let port = free_port()?;
        let log = run_dir.join("ministack.log");
        let scratch = run_dir.join("ministack");
        // Left there if the last sandbox in this folder was killed.
        _ = std::fs::remove_dir_all(&scratch);
        std::fs::create_dir_all(&scratch).with_context(|| format!("making {}", scratch.display()))?;
        let child = spawn(tools, port, functions_call, &scratch, &log)?;
        let mut started = Self { endpoint: format!("http://127.0.0.1:{port}"), log, scratch, child };
        started.become_healthy().await?;
        Ok(started)
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Its process id.
    pub(crate) fn process(&self) -> Result<u32> {
        self.child.id().context("MiniStack has ended")
    }

    /// A line of JSON for each invocation that is over; once.
    pub(crate) fn invocations(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    pub fn log(&self) -> &Path {
        &self.log
    }

    pub async fn stop(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        if timeout(STOPPED_WITHIN, self.child.wait()).await.is_err() {
            self.child.kill().await.context("killing MiniStack, which did not stop by itself")?;
        }
        // What it unpacked of the functions' code; the log is elsewhere and stays.
        std::fs::remove_dir_all(&self.scratch).with_context(|| format!("removing {}", self.scratch.display()))
    }

    async fn become_healthy(&mut self) -> Result<()> {
        let http = http_client();
        let deadline = Instant::now() + HEALTHY_WITHIN;
        loop {
            if let Some(status) = self.child.try_wait().context("looking after MiniStack")? {
                bail!("MiniStack ended before it was healthy ({status}); the end of its log:\n{}", self.log_tail());
            }
            let request = Request::get(format!("{}/_ministack/health", self.endpoint)).body(Full::<Bytes>::default())?;
            if let Ok(Ok(answer)) = timeout(Duration::from_secs(1), http.request(request)).await
                && answer.status().is_success()
            {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("MiniStack was not healthy within {HEALTHY_WITHIN:?}; the end of its log:\n{}", self.log_tail());
            }
            // No way to be told: the port opens when it opens.
            sleep(Duration::from_millis(50)).await;
        }
    }

    fn log_tail(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines.iter().skip(lines.len().saturating_sub(LOG_LINES_SHOWN)).map(|line| format!("  {line}\n")).collect()
    }
}

fn spawn(tools: &Tools, port: u16, functions_call: &str, scratch: &Path, log: &Path) -> Result<Child> {
    let output = File::create(log).with_context(|| format!("opening {}", log.display()))?;
    let mut command = Command::new(&tools.python);
    command
        .args(["-c", GUARD])
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "LANG"))
        .env("HOME", scratch)
        .env("TMPDIR", scratch)
        .env("STATE_DIR", scratch.join("state"))
        .env("S3_DATA_DIR", scratch.join("s3"))
        .env("PYTHONUNBUFFERED", "1")
        .env("AUTH", "true")
        .env("BIND_HOST", "127.0.0.1")
        .env("GATEWAY_PORT", port.to_string())
        .env("AWS_ENDPOINT_URL", functions_call)
        .env("LAMBDA_ASYNC_RETRY_BASE_SECONDS", "0.2")
        // Listeners on fixed ports, of services that nobody asked for.
        .env("IOT_MTLS_ENABLED", "0")
        .env("SFTP_ENABLED", "0")
        // At boot it would remove containers of a Docker that it finds, of other MiniStacks among them.
        .env("DOCKER_HOST", format!("unix://{}", scratch.join("no-docker").display()))
        .current_dir(scratch)
        .stdin(Stdio::piped())
        // The guard keeps it for what the sandbox is told.
        .stdout(Stdio::piped())
        .stderr(output)
        // Ctrl-C must reach the sandbox first: it closes the pipe when it has told what happened.
        .process_group(0);
    command.spawn().with_context(|| format!("starting {} with MiniStack", tools.python.display()))
}

/// A port that was free a moment ago. Should another process be quicker, MiniStack says so and ends.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("looking for a free port")?;
    Ok(listener.local_addr()?.port())
}
