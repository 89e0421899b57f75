//! When the world was last looked at, so that nobody looks twice at the same.
//!
//! This module never looks at what is in the world.

use homeostat_core::ports::Clock;
use jiff::{SignedDuration, Timestamp};
use world::Cloud;

#[derive(Debug, Clone, Default)]
pub(super) struct Noted(Option<(u64, Timestamp)>);

/// What depends on time alone is noted so often.
const AGAIN: SignedDuration = SignedDuration::from_secs(1);

impl Noted {
    /// Whether anything may have changed since it last was so.
    pub(super) fn is_news(&mut self, cloud: &Cloud) -> bool {
        let (revision, now) = (cloud.revision(), cloud.clock().now());
        let is_known = self.0.is_some_and(|(known, at)| known == revision && now < at + AGAIN);
        if !is_known {
            self.0 = Some((revision, now));
        }
        !is_known
    }
}
