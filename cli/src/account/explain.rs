//! `explain`: what the functions would make of an event, and why, rung by rung.
//!
//! This module never changes anything: it calls the functions' own reading and deciding, and nothing that comes after.

mod looks;
mod shown;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use clap::Args;
use homeostat_core::shell;
use homeostat_core::signal::{self, Parsed};
use homeostat_remedies::policy::Policy;
use jiff::Timestamp;
use looks::Account;
use serde_json::Value;

use super::place::Place;
use crate::policy_check;
use crate::report::Failed;

pub(super) use shown::Explained;
use shown::{Read, Record};

#[derive(Args)]
pub(crate) struct Wish {
    /// The event, as AWS sends it: a file, or - for standard input
    #[arg(long)]
    event: PathBuf,
    #[arg(long, default_value = "policy.toml")]
    policy: PathBuf,
    /// Only says what the event is, and asks no account
    #[arg(long)]
    offline: bool,
}

/// The longest event that Lambda takes from a queue, a topic or a rule, in bytes, is a sixth of this (Lambda Developer Guide,
/// "Lambda quotas"); by a direct call it is this.
const LONGEST: usize = 6 * 1024 * 1024;

pub(super) async fn explain(place: Place, wish: Wish) -> Result<Explained, Failed> {
    let event = event(&wish.event)?;
    let read = signal::read(&event, Timestamp::now());
    if wish.offline || !read.iter().any(|parsed| matches!(parsed, Ok(Parsed::Signal(_)))) {
        let records = read.into_iter().map(|parsed| Record { read: Read::of(&parsed), looks: Vec::new() }).collect();
        return Ok(Explained { place: None, records });
    }
    let policy = policy(&wish.policy)?;
    let deployment = place.find().await?;
    let account = Account::new(&deployment, &policy)?;
    let mut records = Vec::new();
    for parsed in read {
        let looks = match &parsed {
            Ok(Parsed::Signal(signal)) => account.looks(signal).await?,
            _ => Vec::new(),
        };
        records.push(Record { read: Read::of(&parsed), looks });
    }
    Ok(Explained { place: Some(deployment.place), records })
}

fn event(file: &Path) -> Result<Value, Failed> {
    let shown = file.display();
    let text =
        if file == Path::new("-") { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(file) };
    let text = text.map_err(|error| Failed::because(format!("can't read the event {shown}: {error}")))?;
    if text.len() > LONGEST {
        let bytes = text.len();
        return Err(Failed::because(format!(
            "{shown} has {bytes} bytes, and Lambda takes no event of more than {LONGEST}"
        )));
    }
    serde_json::from_str(&text).map_err(|error| Failed::because(format!("{shown} is no JSON: {error}")))
}

fn policy(file: &Path) -> Result<Policy, Failed> {
    policy_check::read(file)?.map_err(|_| {
        let file = shell::word(&file.display().to_string());
        Failed::because(format!("{file} has mistakes; to see them: homeostat policy check {file}"))
    })
}
