//! The simulator for lifecycle hooks: histories from seeds, as the one for fleets tells them.
//!
//! A seed decides everything. The oracle never asks the code that judges an instance whether it is right: it reads the world's own
//! history of actions, targets and machines, and takes from the ledger only what was recorded and when.

mod annals;
mod aws;
mod calm;
mod deed;
mod draw;
mod history;
mod people;
mod queue;
mod rules;
mod truth;
mod weather;

use super::script::Script;
use super::{Told, noon};
pub use aws::Double;
use history::History;

/// Tells the history of a seed, with its log if that is asked for.
pub fn tell(seed: u64, logs: bool) -> Told {
    tell_with(seed, logs, Double::None)
}

/// The same over a port that breaks its promise: what the rules are there to catch.
pub fn tell_with(seed: u64, logs: bool, double: Double) -> Told {
    tell_by(seed, double, &Script::default().logged(logs))
}

/// The same by a script, which may leave some of it out.
pub fn tell_by(seed: u64, double: Double, script: &Script) -> Told {
    let flags = " --hooks";
    match History::new(seed, noon(), script, double) {
        Err(broken) => Told::undrawn(seed, flags, broken),
        Ok(mut history) => {
            let broken = history.run().err();
            if let Some(broken) = &broken {
                history.stage.log(|| format!("broken: {}: {}", broken.rule, broken.what));
            }
            Told::of(seed, flags, broken, &history.stage)
        }
    }
}
