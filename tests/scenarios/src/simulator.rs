//! The simulator: histories from seeds, through the functions' own code and the world in virtual time.
//!
//! One engine tells them all; each remedy brings its play. A seed decides everything: what the world and its policy are, what breaks,
//! which call fails and how, who runs when. The simulator never decides about an incident, and never reads a clock: the same seed gives
//! the same history, to the last line of its log.

mod census;
mod deliveries;
mod dice;
pub mod dns;
mod engine;
pub(crate) mod fleet;
pub mod gated;
pub mod hooks;
mod index;
mod invocation;
mod note;
mod noted;
mod occasions;
pub mod pairs;
mod plays;
mod rules;
pub mod script;
pub mod service;
pub mod shrink;
mod stage;
mod storm;
mod toll;
mod view;

use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

pub use census::Census;
pub use gated::{Answer, Call, Gate, Gated, Passage};
pub use occasions::Book;
pub use plays::PlayName;
pub use rules::Broken;
use script::Befell;
use service::Service;
use stage::Stage;

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
    /// Every disturbance and fault, in their order. Empty where the script neither notes nor leaves out.
    pub befell: Vec<Befell>,
    /// What was thrown, if the script notes it.
    pub book: Arc<Book>,
    /// What the fleet answered, where the play measures that.
    pub service: Option<Service>,
}

/// When every history begins: 2026-03-01T12:00:00Z.
fn noon() -> Timestamp {
    Timestamp::from_second(1_772_366_400).unwrap_or_default()
}

impl Told {
    fn undrawn(seed: u64, flags: &'static str, broken: Broken) -> Self {
        let (census, lasted, book) = (Census::default(), SignedDuration::ZERO, Arc::default());
        let (log, befell) = (Vec::new(), Vec::new());
        Told { seed, flags, broken: Some(broken), census, lasted, log, befell, book, service: None }
    }

    fn of(seed: u64, flags: &'static str, broken: Option<Broken>, stage: &Stage) -> Self {
        let lasted = stage.now().duration_since(noon());
        let (census, log, befell) = (stage.take_census(), stage.take_log(), stage.take_befallen());
        let book = Arc::new(stage.take_book());
        Told { seed, flags, broken, census, lasted, log, befell, book, service: None }
    }

    /// The command that tells it again.
    fn again(&self) -> String {
        format!("target/debug/simulate{} --seed {}", self.flags, self.seed)
    }

    fn fmt_verdict(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Broken { rule, what, at }) = &self.broken else {
            return writeln!(f, "seed {}: every rule held for {:#}", self.seed, self.lasted);
        };
        let at = at.map(|at| format!("{at:.3}")).unwrap_or_default();
        writeln!(f, "seed {} broke the rule: {rule}\n  at {at}: {what}", self.seed)
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.log.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        self.fmt_verdict(f)?;
        self.broken.as_ref().map_or(Ok(()), |_| writeln!(f, "  again: {} --log", self.again()))
    }
}
