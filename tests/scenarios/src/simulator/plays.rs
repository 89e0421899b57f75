//! The plays by their names: fleets, weighted records, lifecycle hooks.
//!
//! This module never tells a history by itself.

use std::fmt;
use std::str::FromStr;

use super::script::Script;
use super::shrink::{Shrunk, shrink};
use super::{Told, dns, fleet, hooks};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlayName {
    Fleet,
    Dns,
    Hooks,
}

impl PlayName {
    pub const ALL: [PlayName; 3] = [PlayName::Fleet, PlayName::Dns, PlayName::Hooks];

    pub fn name(self) -> &'static str {
        match self {
            PlayName::Fleet => "fleet",
            PlayName::Dns => "dns",
            PlayName::Hooks => "hooks",
        }
    }

    pub fn tell(self, seed: u64, logs: bool) -> Told {
        self.tell_by(seed, &Script::default().logged(logs))
    }

    /// The same by a script, which may leave some of it out.
    pub fn tell_by(self, seed: u64, script: &Script) -> Told {
        match self {
            PlayName::Fleet => fleet::tell_by(seed, script),
            PlayName::Dns => dns::tell_by(seed, dns::Double::None, script),
            PlayName::Hooks => hooks::tell_by(seed, hooks::Double::None, script),
        }
    }

    /// The shortest history found that breaks the rule which the seed breaks, with its log.
    pub fn shrink(self, seed: u64) -> Option<Shrunk> {
        shrink(|script| self.tell_by(seed, script))
    }

    /// Every fault, disturbance and decision that nobody should believe in unless it happened.
    pub fn expected(self) -> impl Iterator<Item = &'static str> {
        let text = match self {
            PlayName::Fleet => include_str!("expected/fleet.txt"),
            PlayName::Dns => include_str!("expected/dns.txt"),
            PlayName::Hooks => include_str!("expected/hooks.txt"),
        };
        text.lines().map(str::trim).filter(|line| !line.is_empty())
    }
}

impl fmt::Display for PlayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for PlayName {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = PlayName::ALL.into_iter().find(|play| play.name() == text);
        found.ok_or_else(|| "it is fleet, dns, hooks or all".to_owned())
    }
}
