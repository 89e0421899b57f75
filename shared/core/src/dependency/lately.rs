//! For how long a dependent was held lately for what it depends on: however often that moves, it is held for half an hour in any two.
//!
//! This module never asks what it was held for.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Longer than a failover of a database takes, and short enough that a dependency whose alarm is stuck keeps nobody unhealthy for long.
pub const MOST_HELD: SignedDuration = SignedDuration::from_mins(30);
pub const WINDOW: SignedDuration = SignedDuration::from_hours(2);

/// Granted at a time: who is held is remembered by a write, and one for each look would be many.
const STRETCH: SignedDuration = SignedDuration::from_mins(5);
/// Less is not worth a write.
pub(super) const LEAST: SignedDuration = SignedDuration::from_mins(1);

/// What was granted within the window, oldest first, none overlapping another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HeldLately(Vec<Stretch>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    pub from: Timestamp,
    pub until: Timestamp,
}

impl HeldLately {
    pub const fn none() -> Self {
        HeldLately(Vec::new())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Until when it may be held by what was granted before, if it may now.
    pub fn covers(&self, now: Timestamp) -> Option<Timestamp> {
        self.0.iter().find(|stretch| stretch.from <= now && now < stretch.until).map(|stretch| stretch.until)
    }

    /// With a stretch more from now on, but not beyond `until`. `None`: there is no room for it. Between two looks of one hold it was
    /// held, too.
    #[must_use]
    pub fn more(&self, now: Timestamp, until: Timestamp) -> Option<HeldLately> {
        let mut stretches: Vec<Stretch> = self.0.iter().filter(|it| it.until > now - WINDOW).copied().collect();
        let mut newest = match stretches.pop() {
            Some(last) if now < last.until + STRETCH => Stretch { until: last.until.max(now), ..last },
            other => {
                stretches.extend(other);
                Stretch { from: now, until: now }
            }
        };
        let room = MOST_HELD - used(now, stretches.iter().chain([&newest]));
        if room < LEAST {
            return None;
        }
        newest.until = newest.until.max(until.min(now + STRETCH.min(room)));
        stretches.push(newest);
        Some(HeldLately(stretches))
    }

    pub fn in_words(&self, now: Timestamp) -> String {
        format!("for {:#} of {MOST_HELD:#} within {WINDOW:#}", whole(used(now, self.0.iter())))
    }
}

/// Within the window that ends now.
fn used<'a>(now: Timestamp, stretches: impl Iterator<Item = &'a Stretch>) -> SignedDuration {
    let within = |it: &Stretch| it.until.min(now).duration_since(it.from.max(now - WINDOW)).max(SignedDuration::ZERO);
    stretches.map(within).fold(SignedDuration::ZERO, |sum, it| sum + it)
}

fn whole(time: SignedDuration) -> SignedDuration {
    SignedDuration::from_secs(time.as_secs())
}
