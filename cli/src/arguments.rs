//! The command line.
//!
//! This module never looks at an account: a word that can't be right is refused before anything is asked or written.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

#[cfg(feature = "account")]
use crate::account::AccountCommand;

/// Homeostat: heals a web application on AWS.
///
/// Exit codes: 0 fine, or warnings alone; 1 there is an error to be fixed, or there was nothing to do; 2 the command line is
/// wrong or AWS could not be read.
#[derive(Parser)]
#[command(name = "homeostat", version)]
pub(crate) struct Arguments {
    /// Prints JSON instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// What Homeostat may touch, and how far it may go.
    #[command(subcommand)]
    Policy(PolicyCommand),
    #[cfg(feature = "account")]
    #[command(flatten)]
    Account(AccountCommand),
}

#[derive(Subcommand)]
pub(crate) enum PolicyCommand {
    /// Reads a policy and names all its mistakes.
    Check {
        /// The policy, such as policy.toml
        file: PathBuf,
    },
    /// Prints every setting with its form, default and meaning, as Markdown.
    Reference,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }
}
