//! The sandbox by hand: `up` keeps one running, `demo` plays the main job, `sam-local` runs the functions in Docker.
//!
//! When it ends, by whatever cause, all that it started ends within seconds.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::LazyLock;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use sandbox::rights::{self, Rights};
use sandbox::{demo, sam_local, up};
use tokio::signal::unix::{SignalKind, signal};

/// An AWS account on this machine, for trying Homeostat: no credentials, nothing of AWS, and Docker only for `sam-local`.
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
    /// Runs `sam local invoke` for the files of events/, and says what came of each. Ends with 3 where Docker isn't there.
    SamLocal {
        /// Prints the rows as JSON; what happens meanwhile goes to standard error.
        #[arg(long)]
        json: bool,
        /// Only these, such as events/wake.json; all if none is named.
        files: Vec<String>,
    },
    /// Says whether each right of the deployed roles was needed in the stories that left word in a folder.
    Rights {
        folder: PathBuf,
        /// Writes docs/RIGHTS.md instead of holding it against what was seen.
        #[arg(long)]
        write: bool,
    },
}

/// Nothing was run, and so nothing failed.
const SKIPPED: u8 = 3;

/// What a shell says of a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    let level = tracing_subscriber::filter::LevelFilter::WARN;
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level).init();
    match run(Arguments::parse().command).await {
        Ok(ending) => ending,
        Err(error) => {
            eprintln!("sandbox: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<ExitCode> {
    LazyLock::force(&BEGAN);
    let root = root()?;
    std::fs::create_dir_all(root.join("target"))?;
    let run_dir = tempfile::Builder::new().prefix("sandbox-").tempdir_in(root.join("target"))?;
    let played = tokio::select! {
        played = play(command, &root, run_dir.path()) => played,
        signal = told_to_stop() => {
            eprintln!("sandbox: {}; everything that it started ends now", signal?);
            return Ok(ExitCode::from(INTERRUPTED));
        }
    };
    match played {
        Ok(ending) => Ok(ending),
        Err(error) => {
            eprintln!("sandbox: {error:#}");
            keep_the_log(&root, run_dir.path());
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Ctrl-C, a terminal that was closed, or a plain `kill`.
async fn told_to_stop() -> Result<&'static str> {
    let mut terminated = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut hung_up = signal(SignalKind::hangup()).context("listening for SIGHUP")?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.map(|()| "interrupted").context("listening for Ctrl-C"),
        _ = terminated.recv() => Ok("terminated"),
        _ = hung_up.recv() => Ok("the terminal is gone"),
    }
}

/// Of a failed run only MiniStack's log, with the functions' own lines in it, is worth its space.
fn keep_the_log(root: &Path, run_dir: &Path) {
    let kept = root.join("target/sandbox-failed.log");
    if std::fs::copy(run_dir.join("ministack.log"), &kept).is_ok() {
        eprintln!("sandbox: what MiniStack and the functions logged is in {}", kept.display());
    }
}

async fn play(command: Command, root: &Path, run_dir: &Path) -> Result<ExitCode> {
    match command {
        Command::Up { port } => {
            up::stay(root, run_dir, port).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Demo { json } => {
            let report = demo::play(root, run_dir, say).await?;
            let text = if json { serde_json::to_string_pretty(&report)? } else { report.to_string() };
            print(&text);
            Ok(ExitCode::SUCCESS)
        }
        Command::Rights { folder, write } => hold_the_rights(root, &folder, write),
        Command::SamLocal { json, files } => match sam_local::play(root, run_dir, &files, say).await? {
            sam_local::Ending::Skipped(why) => {
                eprintln!("skipped: `sam local invoke` for the files of events/, since {why}");
                Ok(ExitCode::from(SKIPPED))
            }
            sam_local::Ending::Ran(report) => {
                let text = if json { serde_json::to_string_pretty(&report)? } else { report.to_string() };
                print(&text);
                let failed = report.failures().next().is_some();
                Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
            }
        },
    }
}

fn hold_the_rights(root: &Path, folder: &Path, write: bool) -> Result<ExitCode> {
    let (rights, page) = (Rights::read(folder)?, root.join(rights::PAGE));
    if write {
        std::fs::write(&page, rights.page()).with_context(|| format!("writing {}", page.display()))?;
    }
    let page = std::fs::read_to_string(&page).with_context(|| format!("reading {}", page.display()))?;
    let wrong = rights.wrong(&page);
    wrong.iter().for_each(|mistake| eprintln!("rights: {mistake}"));
    if wrong.is_empty() {
        print(&rights.summary());
    }
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
