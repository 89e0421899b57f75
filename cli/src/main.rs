//! The operator's command. `sam build` runs its `policy check`, so that a bad policy never reaches a function.
//!
//! This program never changes anything in an account.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use homeostat_core::policy;

/// Homeostat: heals a web application on AWS.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// What Homeostat may touch, and how far it may go.
    #[command(subcommand)]
    Policy(PolicyCommand),
}

#[derive(Subcommand)]
enum PolicyCommand {
    /// Reads a policy and names all its mistakes.
    Check { file: PathBuf },
}

fn main() -> ExitCode {
    let Command::Policy(PolicyCommand::Check { file }) = Arguments::parse().command;
    match check(&file) {
        Ok(said) => {
            eprintln!("{said}");
            ExitCode::SUCCESS
        }
        Err(said) => {
            eprintln!("{said}");
            ExitCode::FAILURE
        }
    }
}

fn check(file: &PathBuf) -> Result<String, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("can't read {}: {error}", file.display()))?;
    match policy::parse(&text) {
        Ok(policy) => Ok(format!("{}: {} group(s), no mistakes", file.display(), policy.group_names().len())),
        Err(mistakes) => {
            let lines = mistakes.iter().map(|mistake| format!("{}:{mistake}", file.display()));
            Err(lines.collect::<Vec<_>>().join("\n"))
        }
    }
}
