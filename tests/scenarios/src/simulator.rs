//! The simulator: histories from seeds, through the functions' own code and the world in virtual time.
//!
//! A seed decides everything: what the fleet and its policy are, what breaks, which call fails and how, who runs when. The
//! simulator never decides about an incident, and never reads a clock: the same seed gives the same history, to the last line
//! of its log.

mod alarms;
mod bulletins;
mod calm;
mod census;
mod deliveries;
mod dice;
pub mod dns;
mod fleet;
pub mod gated;
mod heard;
mod hindsight;
mod history;
pub mod hooks;
mod invocation;
mod note;
mod noted;
mod play;
mod proven;
mod rules;
mod stage;
mod tally;
mod toll;
mod truth;
mod view;
mod weather;

use jiff::{SignedDuration, Timestamp};

pub use census::Census;
pub use gated::{Answer, Call, Gate, Gated, Passage};
use history::History;
pub use play::Play;
pub use rules::Broken;

/// What became of one seed.
#[derive(Debug, Clone)]
pub struct Told {
    pub seed: u64,
    /// What the command that tells it again wants beside the seed.
    pub flags: &'static str,
    pub broken: Option<Broken>,
    pub census: Census,
    /// How much virtual time went by.
    pub lasted: SignedDuration,
    /// Empty, unless it was asked for.
    pub log: Vec<String>,
}

/// Tells the history of a seed, with its log if that is asked for.
pub fn tell(seed: u64, logs: bool) -> Told {
    // 2026-03-01T12:00:00Z.
    let noon = Timestamp::from_second(1_772_366_400).unwrap_or_default();
    match History::new(seed, noon, logs) {
        Err(broken) => {
            let (census, lasted) = (Census::default(), SignedDuration::ZERO);
            Told { seed, flags: "", broken: Some(broken), census, lasted, log: Vec::new() }
        }
        Ok(mut history) => {
            let broken = history.run().err();
            let lasted = history.now().duration_since(noon);
            let (census, log) = (history.stage.take_census(), history.stage.take_log());
            Told { seed, flags: "", broken, census, lasted, log }
        }
    }
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for line in &self.log {
            writeln!(f, "{line}")?;
        }
        match &self.broken {
            None => writeln!(f, "seed {}: every rule held for {:#}", self.seed, self.lasted),
            Some(Broken { rule, what, at }) => {
                let at = at.map(|at| format!("{at:.3}")).unwrap_or_default();
                writeln!(f, "seed {} broke the rule: {rule}\n  at {at}: {what}", self.seed)?;
                writeln!(f, "  again: target/debug/simulate{} --seed {} --log", self.flags, self.seed)
            }
        }
    }
}
