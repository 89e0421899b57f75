//! AWS's Runtime Interface Emulator with one bootstrap under it, and what /proc tells of that bootstrap.
//!
//! It listens on loopback only, and ends only the two processes that it started.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use procfs::process::{Process, all_processes};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

const INVOCATIONS: &str = "/2015-03-31/functions/function/invocations";
const LISTENS_WITHIN: Duration = Duration::from_secs(10);
/// Longer than the function's timeout in the template.
const ANSWERS_WITHIN: Duration = Duration::from_secs(40);

/// What every emulator is started from.
pub(crate) struct Kit {
    binary: PathBuf,
    log: PathBuf,
}

pub(crate) struct Emulator {
    process: Child,
    bootstrap: Option<i32>,
    address: String,
    http: Client<HttpConnector, Full<Bytes>>,
}

/// Of the bootstrap's process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Footprint {
    pub(crate) resident_kib: u64,
    pub(crate) peak_kib: u64,
    pub(crate) cpu: Duration,
}

impl Kit {
    /// The emulator comes with the SAM CLI, which the project pins with hashes.
    pub(crate) fn new(root: &Path, run_dir: &Path) -> Result<Self> {
        let lib = root.join(".venv/sam/lib");
        let pythons = std::fs::read_dir(&lib).with_context(|| format!("reading {}: make setup", lib.display()))?;
        let inside = "site-packages/samcli/local/rapid/aws-lambda-rie-x86_64";
        let mut found = pythons.filter_map(|python| Some(python.ok()?.path().join(inside)));
        let binary = found.find(|path| path.is_file());
        Ok(Kit {
            binary: binary.context("the SAM CLI in .venv brings no Runtime Interface Emulator")?,
            log: run_dir.join("emulator.log"),
        })
    }

    /// Listening, and with no bootstrap yet: the emulator starts that at the first event.
    pub(crate) async fn start(&self, bootstrap: &Path, env: &[(String, String)]) -> Result<Emulator> {
        let (address, runtime_api) = (free_address()?, free_address()?);
        let log = File::options().create(true).append(true).open(&self.log).context("opening the emulator's log")?;
        let mut command = Command::new(&self.binary);
        command
            .args(["--runtime-interface-emulator-address", &address, "--runtime-api-address", &runtime_api])
            .args(["--log-level", "warn"])
            .arg(bootstrap)
            .env_clear()
            .envs(env.iter().map(|(name, value)| (name, value)))
            .current_dir(bootstrap.parent().context("a bootstrap in no folder")?)
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("sharing the log")?)
            .stderr(log)
            .kill_on_drop(true);
        let process = command.spawn().with_context(|| format!("starting {}", self.binary.display()))?;
        let http = Client::builder(TokioExecutor::new()).build_http();
        let emulator = Emulator { process, bootstrap: None, address, http };
        timeout(LISTENS_WITHIN, emulator.listens()).await.context("the emulator does not listen")?;
        Ok(emulator)
    }

    pub(crate) fn log_tail(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let mut lines: Vec<&str> = log.lines().rev().take(10).collect();
        lines.reverse();
        lines.join("\n")
    }
}

impl Emulator {
    async fn listens(&self) {
        while TcpStream::connect(&self.address).await.is_err() {
            // No way to be told: the port opens when it opens.
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// The function's answer to an event, and how long it took.
    pub(crate) async fn ask(&mut self, event: &Value) -> Result<(Value, Duration)> {
        let body = Full::new(Bytes::from(event.to_string()));
        let request = Request::post(format!("http://{}{INVOCATIONS}", self.address)).body(body)?;
        let asked = Instant::now();
        let answer = timeout(ANSWERS_WITHIN, async {
            let answer = self.http.request(request).await?;
            anyhow::Ok(answer.into_body().collect().await?.to_bytes())
        });
        let answer = answer.await.context("the function gives no answer")??;
        let took = asked.elapsed();
        self.bootstrap = Some(self.find_bootstrap()?);
        let answer: Value = serde_json::from_slice(&answer)
            .with_context(|| format!("reading the answer {:?}", String::from_utf8_lossy(&answer)))?;
        if answer.get("errorType").is_some() {
            bail!("the function failed: {answer}");
        }
        Ok((answer, took))
    }

    fn find_bootstrap(&self) -> Result<i32> {
        let emulator = i32::try_from(self.process.id().context("the emulator has ended")?)?;
        let mut stats = all_processes()?.filter_map(|process| process.ok()?.stat().ok());
        Ok(stats.find(|stat| stat.ppid == emulator).context("the emulator has no bootstrap")?.pid)
    }

    pub(crate) fn footprint(&self) -> Result<Footprint> {
        let process = Process::new(self.bootstrap.context("no bootstrap was started yet")?)?;
        let status = process.status()?;
        let tasks = process.tasks()?.flatten().filter_map(|task| task.schedstat().ok());
        Ok(Footprint {
            resident_kib: status.vmrss.context("no VmRSS")?,
            peak_kib: status.vmhwm.context("no VmHWM")?,
            cpu: Duration::from_nanos(tasks.map(|task| task.sum_exec_runtime).sum()),
        })
    }

    pub(crate) async fn stop(mut self) -> Result<()> {
        self.process.kill().await.context("ending the emulator")
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Its parent's end may have ended it already.
        let bootstrap = self.bootstrap.filter(|pid| is_bootstrap(*pid)).and_then(Pid::from_raw);
        if let Some(bootstrap) = bootstrap {
            _ = kill_process(bootstrap, Signal::KILL);
        }
    }
}

fn is_bootstrap(pid: i32) -> bool {
    Process::new(pid).and_then(|process| process.stat()).is_ok_and(|stat| stat.comm == "bootstrap")
}

/// One that was free a moment ago. Should another process be quicker, the emulator says so and ends.
fn free_address() -> Result<String> {
    Ok(TcpListener::bind(("127.0.0.1", 0)).context("looking for a free port")?.local_addr()?.to_string())
}
