//! The operator's command: is the policy right, is the account in order, what is open, and hands off.
//!
//! This program never touches an instance or a group. All that it writes in an account are pauses and acknowledgements, in
//! Homeostat's own table.

#[cfg(feature = "account")]
mod account;
mod arguments;
mod page;
mod policy_check;
mod policy_reference;
mod report;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command, PolicyCommand};
use report::{Failed, Said};

fn main() -> ExitCode {
    let Arguments { json, command } = Arguments::parse();
    match run(command) {
        Ok(said) => said.show(json),
        Err(failed) => failed.show(),
    }
}

fn run(command: Command) -> Result<Said, Failed> {
    match command {
        Command::Policy(PolicyCommand::Check { file }) => policy_check::check(&file).map(|checked| Said::of(&checked)),
        Command::Policy(PolicyCommand::Reference) => Ok(Said::of(&policy_reference::reference())),
        #[cfg(feature = "account")]
        Command::Account(command) => account::run(command),
    }
}
