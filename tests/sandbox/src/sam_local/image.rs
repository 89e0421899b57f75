//! The base image that sam wants for the functions' runtime: the public one, or a stand-in where that can't be pulled.
//!
//! It never builds or pulls what is there, and always says which of the two it is.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::geteuid;
use serde_json::Value;
use tokio::process::Command;

use super::docker::Docker;
use crate::deploy::ARCHITECTURE;
use crate::deploy::run::to_its_end;

/// sam's name for the runtime in template.yaml, up to the architecture.
const BASE: &str = "public.ecr.aws/lambda/provided:al2023-";
/// The same with sam's own emulator in it. sam makes it once and takes no notice when the base changes.
const LAYERED: &str = "public.ecr.aws/lambda/provided:al2023-rapid-";
/// On a stand-in, and on nothing else.
const LABEL: &str = "homeostat.stand-in";

const SCRIPT: &str = "tests/sandbox/src/sam_local/stand-in.sh";
const EMULATOR: &str = "site-packages/samcli/local/rapid/aws-lambda-rie-";

const LOOKED_UP_WITHIN: Duration = Duration::from_secs(15);
/// The public image is about 50 MB.
const PULLED_WITHIN: Duration = Duration::from_secs(120);

/// Makes sure of the image, and says in a sentence what it is.
pub(super) async fn ready(docker: &Docker, root: &Path, run_dir: &Path, say: fn(&str)) -> Result<String> {
    if let Ok(there) = inspect(docker).await {
        return Ok(there);
    }
    // Not there, as a rule; should it be in use, sam would go on with the old one, and so does this.
    _ = docker.ask(["image", "rm", &of_here(LAYERED)], LOOKED_UP_WITHIN).await;
    let base = of_here(BASE);
    say(&format!("pulling {base}"));
    let Err(why) = docker.ask(["pull", "--quiet", &base], PULLED_WITHIN).await else {
        return Ok(format!("the base image is {base}, just pulled"));
    };
    say(&format!("  it can't be pulled: {why:#}"));
    let began = Instant::now();
    build_stand_in(root, run_dir, say)
        .await
        .context("building a stand-in for the base image, which can't be pulled")?;
    Ok(format!("{}; built in {:.0} s", inspect(docker).await?, began.elapsed().as_secs_f64()))
}

fn of_here(name: &str) -> String {
    format!("{name}{ARCHITECTURE}")
}

/// An error if it isn't there.
async fn inspect(docker: &Docker) -> Result<String> {
    let base = of_here(BASE);
    let labels =
        docker.ask(["image", "inspect", &base, "--format", "{{json .Config.Labels}}"], LOOKED_UP_WITHIN).await?;
    let labels: Value = serde_json::from_str(&labels).with_context(|| format!("reading the labels {labels}"))?;
    Ok(match labels.get(LABEL).and_then(Value::as_str) {
        None => format!("the base image is {base}"),
        Some(system) => format!("the base image is a stand-in for {base}, made of {system}"),
    })
}

async fn build_stand_in(root: &Path, run_dir: &Path, say: fn(&str)) -> Result<()> {
    ensure!(geteuid().is_root(), "that needs root: run it once as root, or once where there is a network");
    say("  building a stand-in from Debian's packages, which takes about a minute");
    // Mounts of its own, and processes that end with the first: nothing is left of it, however it ends.
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "bash"])
        .arg(root.join(SCRIPT))
        .args([&of_here(BASE), LABEL])
        .arg(emulator(root)?)
        .env("TMPDIR", run_dir)
        .env("DOCKER_CONTEXT", "default");
    let telling =
        ["I: Retrieving InRelease", "I: Installing", "I: Unpacking the base", "I: Configuring ca-", "I: Base"];
    let mut progress = |line: &str| {
        if telling.iter().any(|beginning| line.starts_with(beginning)) {
            say(&format!("  {line}"));
        }
    };
    to_its_end(command, &mut progress).await
}

/// It comes with the SAM CLI, which the project pins with hashes.
fn emulator(root: &Path) -> Result<PathBuf> {
    let lib = root.join(".venv/sam/lib");
    let pythons = std::fs::read_dir(&lib).with_context(|| format!("reading {}: make setup", lib.display()))?;
    let mut found = pythons.filter_map(|python| Some(python.ok()?.path().join(of_here(EMULATOR))));
    found.find(|path| path.is_file()).context("the SAM CLI in .venv brings no Runtime Interface Emulator")
}
