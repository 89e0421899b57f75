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

use jiff::{SignedDuration, Timestamp};

use super::Told;
use super::census::Census;
pub use aws::Double;
use history::History;

/// Tells the history of a seed, with its log if that is asked for.
pub fn tell(seed: u64, logs: bool) -> Told {
    tell_with(seed, logs, Double::None)
}

/// The same over a port that breaks its promise: what the rules are there to catch.
pub fn tell_with(seed: u64, logs: bool, double: Double) -> Told {
    // 2026-03-01T12:00:00Z.
    let noon = Timestamp::from_second(1_772_366_400).unwrap_or_default();
    let flags = " --hooks";
    match History::new(seed, noon, logs, double) {
        Err(broken) => {
            let (census, lasted) = (Census::default(), SignedDuration::ZERO);
            Told { seed, flags, broken: Some(broken), census, lasted, log: Vec::new() }
        }
        Ok(mut history) => {
            let broken = history.run().err();
            let lasted = history.now().duration_since(noon);
            if let Some(broken) = &broken {
                history.stage.log(|| format!("broken: {}: {}", broken.rule, broken.what));
            }
            Told { seed, flags, broken, census: history.stage.take_census(), lasted, log: history.stage.take_log() }
        }
    }
}
