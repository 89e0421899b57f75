//! The commands that look at a deployed Homeostat, with the operator's own credentials.
//!
//! This module never asks an account before the whole command line is known to make sense.

mod ack;
mod doctor;
mod explain;
mod moment;
mod pause;
mod place;
mod resume;
mod scope;
mod status;
mod who;

use homeostat_remedies::registry;
use std::path::PathBuf;

use clap::Subcommand;
use homeostat_core::incident::Month;
use jiff::Timestamp;

use crate::report::{Failed, Said};
use place::Place;

#[derive(Subcommand)]
pub(crate) enum AccountCommand {
    /// What is open, what is paused, and what is held back.
    Status {
        #[command(flatten)]
        place: Place,
        /// What is shown besides what the open incidents are about [default: policy.toml, if it is there]
        #[arg(long)]
        policy: Option<PathBuf>,
        /// What closed in that month (UTC) instead, newest first: such as 2026-11
        #[arg(long, conflicts_with = "policy")]
        month: Option<Month>,
    },
    /// Holds the policy against the account, and says what to fix, worst first.
    Doctor {
        #[command(flatten)]
        place: Place,
        #[arg(long, default_value = "policy.toml")]
        policy: PathBuf,
    },
    /// What would become of an event, and why, rung by rung. Changes nothing.
    Explain {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        wish: explain::Wish,
    },
    /// Has Homeostat keep its hands off, for a while; instances that lifecycle hooks hold there are released at once, with CONTINUE.
    Pause {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        pause: pause::Wish,
    },
    /// Ends a pause.
    Resume {
        #[command(flatten)]
        place: Place,
        #[arg(value_parser = scope::pausable, help = format!("As it was paused: {}", registry::pausable()))]
        scope: scope::Scope,
    },
    /// Says that you know: ends an incident's reminders, closes a group's breaker, forgives its abandoned launches, or lifts a
    /// zone's latches.
    Ack {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        word: ack::Word,
    },
}

pub(crate) fn run(command: AccountCommand) -> Result<Said, Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failed::because(format!("can't start: {error}")))?;
    runtime.block_on(execute(command))
}

async fn execute(command: AccountCommand) -> Result<Said, Failed> {
    let now = Timestamp::now();
    match command {
        AccountCommand::Status { place, month: Some(month), .. } => {
            let deployment = place.find().await?;
            let place = deployment.place.clone();
            status::closed(&deployment.ledger(), place, now, month).await.map(|status| Said::of(&status))
        }
        AccountCommand::Status { place, policy, month: None } => {
            let named = status::named(policy)?;
            let deployment = place.find().await?;
            status::status(&deployment, now, named).await.map(|status| Said::of(&status))
        }
        AccountCommand::Doctor { place, policy } => {
            let policy = crate::policy_check::read(&policy).map(|read| (policy, read))?;
            doctor::doctor(&place.find().await?, now, policy).await.map(|report| Said::of(&report))
        }
        AccountCommand::Explain { place, wish } => {
            explain::explain(place, wish).await.map(|explained| Said::of(&explained))
        }
        AccountCommand::Pause { place, pause } => {
            let until = pause.until(now)?;
            pause::pause(&place.find().await?, now, until, pause).await.map(|paused| Said::of(&paused))
        }
        AccountCommand::Resume { place, scope } => {
            let deployment = place.find().await?;
            resume::resume(&deployment.ledger(), now, &scope).await.map(|resumed| Said::of(&resumed))
        }
        AccountCommand::Ack { place, word } => {
            let deployment = place.find().await?;
            let by = who::who(word.by.clone(), &deployment).await?;
            ack::ack(&deployment.ledger(), now, word, by).await.map(|acknowledged| Said::of(&acknowledged))
        }
    }
}
