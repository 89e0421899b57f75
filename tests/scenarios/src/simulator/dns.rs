//! The simulator for weighted records: histories from seeds, as the one for fleets tells them.
//!
//! A seed decides everything. The oracle never asks the code that plans a change whether it is right: it reads the zone's own
//! history, and what was true of each endpoint.

mod annals;
mod calm;
mod draw;
mod history;
mod route53;
mod rules;
mod shares;
mod siblings;
mod truth;
mod weather;

use super::script::Script;
use super::{Told, noon};
use history::History;
pub use route53::Double;

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
    let flags = " --dns";
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
