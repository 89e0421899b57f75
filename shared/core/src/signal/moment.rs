//! Times that an event tells.
//!
//! Whoever can send an event can write any time into it, so a time is a hint like the rest: this module never lets one through
//! that has not come yet, but for a date that AWS announces.

use std::ops::RangeInclusive;

use jiff::{SignedDuration, Timestamp};

use crate::json::{JsonCursor, Malformed};

/// What a time has to look like.
pub(super) const A_TIME: &str = "a time, such as 2026-03-01T02:03:04.567+0000";

/// Up to the year 3000. A sum panics where it leaves what a timestamp can hold, and would again at each look at an incident that
/// kept such a time.
const TIMES: RangeInclusive<Timestamp> = Timestamp::UNIX_EPOCH..=Timestamp::constant(32_503_680_000, 0);

/// How far AWS's clocks and a function's may be apart. AWS itself refuses a request whose time is further off (IAM User Guide,
/// "Signature Version 4", where it is five minutes for most services).
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(5);

/// When something happened, as an event says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// As written: the same change has it by every route and each time that it is delivered.
    pub told: Timestamp,
    /// To reckon with: now at the latest.
    pub at: Timestamp,
}

/// A time at which something is said to have happened.
pub(super) fn past(at: &JsonCursor<'_>, expected: &str, now: Timestamp) -> Result<Moment, Malformed> {
    let told = reckoned_with(at, expected, at.parse(expected)?)?;
    if told > now + CLOCKS_DIFFER {
        return Err(at.malformed(&format!("a time at most five minutes ahead of now, {now:.0}")));
    }
    Ok(Moment { told, at: told.min(now) })
}

/// A time that others can be reckoned from, and that may be to come: AWS announces some weeks ahead.
pub(super) fn reckoned_with(at: &JsonCursor<'_>, expected: &str, time: Timestamp) -> Result<Timestamp, Malformed> {
    if TIMES.contains(&time) { Ok(time) } else { Err(at.malformed(expected)) }
}
