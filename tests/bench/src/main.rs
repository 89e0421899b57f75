//! How long `shift-dns` takes to move weight, from a process that isn't there yet, beside a bare bootstrap in the same run.
//!
//! It never measures a build of development, and never reports a round in which the record was not changed. The sandbox around it,
//! whose proxy and MiniStack stand for AWS, is no part of the figures that it gives as the function's own.

mod emulator;
mod ground;
mod report;
mod round;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use emulator::Kit;
use ground::Ground;
use report::Report;
use round::{Subject, chain, measure};

/// Measures shift-dns under the Runtime Interface Emulator, beside a bare bootstrap.
#[derive(Parser)]
struct Arguments {
    /// Each begins with a process of its own for each of the two.
    #[arg(long, default_value_t = 10)]
    rounds: usize,
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
        report = play(&root, run_dir.path(), arguments.rounds) => report?,
        _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted"),
        _ = terminated.recv() => anyhow::bail!("terminated"),
    };
    print(&if arguments.json { serde_json::to_string_pretty(&report)? } else { report.to_string() });
    Ok(())
}

async fn play(root: &Path, run_dir: &Path, rounds: usize) -> Result<Report> {
    say("starting the sandbox, deploying");
    let mut ground = Ground::lay(root, run_dir).await?;
    let measured = on_ground(root, run_dir, rounds, &mut ground).await;
    ground.clear().await?;
    measured
}

async fn on_ground(root: &Path, run_dir: &Path, rounds: usize, ground: &mut Ground) -> Result<Report> {
    let kit = Kit::new(root, run_dir)?;
    let built = |name: &str| -> Result<PathBuf> {
        let path = root.join("target/release").join(name);
        path.canonicalize().with_context(|| format!("{name} is not built for release: make bench does that"))
    };
    let shift_dns = Subject::shift_dns(run_dir, &built("shift-dns")?, ground)?;
    let bare = Subject::bare(run_dir, &built("bare")?)?;
    let mut report = Report::new(&shift_dns, &bare)?;
    for number in 0..rounds {
        // Whoever comes first finds colder caches, so they take turns.
        let order = if number % 2 == 0 { [&shift_dns, &bare] } else { [&bare, &shift_dns] };
        for subject in order {
            let event = ground.put_back().await?;
            let round = measure(&kit, subject, ground, &event).await?;
            say(&format!("  round {} of {rounds}: {round}", number + 1));
            report.add(round);
        }
    }
    let event = ground.put_back().await?;
    report.end(chain(&ground.calls_of_deployed(&event).await?)?)?;
    Ok(report)
}

/// Progress goes to standard error, the result to standard output.
fn say(line: &str) {
    eprintln!("{line}");
}

#[expect(clippy::print_stdout, reason = "the result of the command")]
fn print(text: &str) {
    println!("{text}");
}
