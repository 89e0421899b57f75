//! The sandbox by hand: `up` keeps one running, `demo` plays the main job.
//!
//! It leaves nothing running when it ends, by whatever cause.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::LazyLock;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use sandbox::{demo, up};

/// An AWS account on this machine, for trying Homeostat: no credentials, no Docker, nothing of AWS.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Keeps a sandbox running, and says how to point `aws` and `sam` at it.
    Up {
        /// The port of its one endpoint.
        #[arg(long, default_value_t = 4599)]
        port: u16,
    },
    /// Deploys Homeostat, breaks an application, and shows how it is healed.
    Demo {
        /// Prints the summary as JSON; what happens meanwhile goes to standard error.
        #[arg(long)]
        json: bool,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let level = tracing_subscriber::filter::LevelFilter::WARN;
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level).init();
    match run(Arguments::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sandbox: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<()> {
    LazyLock::force(&BEGAN);
    let root = root()?;
    std::fs::create_dir_all(root.join("target"))?;
    let run_dir = tempfile::Builder::new().prefix("sandbox-").tempdir_in(root.join("target"))?;
    let played = tokio::select! {
        played = play(command, &root, run_dir.path()) => played,
        interrupted = tokio::signal::ctrl_c() => interrupted.context("listening for Ctrl-C"),
    };
    if played.is_err() {
        eprintln!("sandbox: its logs are kept in {}", run_dir.keep().display());
    }
    played
}

async fn play(command: Command, root: &Path, run_dir: &Path) -> Result<()> {
    match command {
        Command::Up { port } => up::stay(root, run_dir, port).await,
        Command::Demo { json } => {
            let report = demo::play(root, run_dir, say).await?;
            let text = if json { serde_json::to_string_pretty(&report)? } else { report.to_string() };
            print(&text);
            Ok(())
        }
    }
}

fn root() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().with_context(|| format!("finding the project at {}", root.display()))
}

static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Progress goes to standard error, the result to standard output.
fn say(line: &str) {
    eprintln!("{:>6.1} s  {line}", BEGAN.elapsed().as_secs_f64());
}

#[expect(clippy::print_stdout, reason = "the result of the command")]
fn print(text: &str) {
    println!("{text}");
}
