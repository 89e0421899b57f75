//! A part of a weighted record's answers.
//!
//! This module never says which weights give it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::aws::record::Weight;

/// A part of a record's answers, in millionths: fine enough for any sum of weights that Route 53 can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Share(u32);

/// All of the answers, in millionths.
pub const WHOLE: u64 = 1_000_000;

impl Share {
    pub const NONE: Share = Share(0);
    pub const ALL: Share = Share(1_000_000);
    /// One weight beside one of 255: no smaller share can be had wherever the others stand.
    pub const FINEST: Share = Share(1_000_000_u32.div_ceil(Weight::MAX as u32));

    pub const fn percent(percent: u8) -> Share {
        Share(if percent < 100 { percent as u32 * 10_000 } else { 1_000_000 })
    }

    #[must_use]
    pub fn less(self, other: Share) -> Share {
        Share(self.0.saturating_sub(other.0))
    }

    /// All of the answers at most.
    #[must_use]
    pub fn plus(self, other: Share) -> Share {
        Share::from_millionths(self.millionths() + other.millionths())
    }

    /// That part of another share.
    #[must_use]
    pub fn of(self, other: Share) -> Share {
        Share::from_millionths(u64::from(self.0) * u64::from(other.0) / WHOLE)
    }

    pub fn from_millionths(millionths: u64) -> Share {
        Share(u32::try_from(millionths.min(WHOLE)).unwrap_or_default())
    }

    pub fn millionths(self) -> u64 {
        u64::from(self.0)
    }
}

impl FromStr for Share {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let percent: u8 = text.strip_suffix('%').ok_or(())?.parse().map_err(|_| ())?;
        if percent <= 100 { Ok(Share::percent(percent)) } else { Err(()) }
    }
}

/// In per cent, rounded to a tenth.
impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 + 500) / 1000;
        match tenths % 10 {
            0 => write!(f, "{} %", tenths / 10),
            tenth => write!(f, "{}.{tenth} %", tenths / 10),
        }
    }
}
