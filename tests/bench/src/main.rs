//! How long `shift-dns` takes to move weight, from a process that isn't there yet, beside a bare bootstrap in the same run.
//!
//! It never measures a build of development, and never reports a round in which the record was not changed. The sandbox around it,
//! whose proxy and MiniStack stand for AWS, is no part of the figures that it gives as the function's own.

mod decisions;
mod emulator;
mod ground;
mod package;
mod report;
mod round;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use decisions::decisions;
use emulator::Kit;
use ground::Ground;
use package::packages;
use report::Report;
use round::{Subject, chain, measure};

/// Measures shift-dns under the Runtime Interface Emulator, beside a bare bootstrap.
#[derive(Parser)]
struct Arguments {
    /// Each begins with a process of its own for each of the two.
    #[arg(long, default_value_t = 10)]
    rounds: usize,
    /// Another build of shift-dns that takes turns with this one: a change is judged within one run.
    #[arg(long)]
    against: Vec<PathBuf>,
    /// Prints every round and the summary as JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<()> {
    ensure!(arguments.rounds > 0, "no rounds, no figures");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let root = root.canonicalize().with_context(|| format!("finding the project at {}", root.display()))?;
    let run_dir = tempfile::Builder::new().prefix("bench-").tempdir_in(root.join("target"))?;
    let mut terminated = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    // What was started is ended when it is dropped.
    let report = tokio::select! {
        report = play(&root, run_dir.path(), &arguments) => report?,
        _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted"),
        _ = terminated.recv() => anyhow::bail!("terminated"),
    };
    print(&if arguments.json { serde_json::to_string_pretty(&report)? } else { report.to_string() });
    Ok(())
}

async fn play(root: &Path, run_dir: &Path, arguments: &Arguments) -> Result<Report> {
    say("starting the sandbox, deploying");
    let mut ground = Ground::lay(root, run_dir).await?;
    let measured = on_ground(root, run_dir, arguments, &mut ground).await;
    ground.clear().await?;
    measured
}

async fn on_ground(root: &Path, run_dir: &Path, arguments: &Arguments, ground: &mut Ground) -> Result<Report> {
    let (kit, built, rounds) = (Kit::new(root, run_dir)?, root.join("target/release"), arguments.rounds);
    let subjects = subjects(&built, run_dir, arguments, ground)?;
    let mut report = Report::new(&subjects)?;
    report.packages = packages(&built, run_dir).await?;
    report.decisions = decisions(&built).await?;
    for number in 0..rounds {
        // Whoever comes first finds colder caches, so they take turns.
        for turn in 0..subjects.len() {
            let Some(subject) = subjects.get((number + turn) % subjects.len()) else { continue };
            let event = ground.put_back().await?;
            let round = measure(&kit, subject, ground, &event).await?;
            say(&format!("  round {} of {rounds}: {round}", number + 1));
            report.add(round);
        }
    }
    let event = ground.put_back().await?;
    report.chain_to_change = chain(&ground.calls_of_deployed(&event).await?)?;
    report.end()?;
    Ok(report)
}

/// The bare bootstrap last.
fn subjects(built: &Path, run_dir: &Path, arguments: &Arguments, ground: &Ground) -> Result<Vec<Subject>> {
    let built = |name: &str| -> Result<PathBuf> {
        let path = built.join(name);
        path.canonicalize().with_context(|| format!("{name} is not built for release: make bench does that"))
    };
    let mut subjects = vec![Subject::shift_dns("shift-dns".to_owned(), run_dir, &built("shift-dns")?, ground)?];
    for other in &arguments.against {
        let name = other.file_name().context("--against names no file")?.to_string_lossy().into_owned();
        subjects.push(Subject::shift_dns(format!("against {name}"), run_dir, other, ground)?);
    }
    subjects.push(Subject::bare(run_dir, &built("bare")?)?);
    Ok(subjects)
}

/// Progress goes to standard error, the result to standard output.
fn say(line: &str) {
    eprintln!("{line}");
}

#[expect(clippy::print_stdout, reason = "the result of the command")]
fn print(text: &str) {
    println!("{text}");
}
