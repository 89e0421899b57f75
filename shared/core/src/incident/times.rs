//! How long an incident took, by its own record.
//!
//! This module never knows what time it is.

use jiff::SignedDuration;

use super::{Incident, Kind};

impl<K: Kind> Incident<K> {
    /// From the signal to the first look that proved it.
    pub fn time_to_detect(&self) -> Option<SignedDuration> {
        Some(self.timeline.detected_at?.duration_since(self.signalled_at))
    }

    /// From the first page to the first answer. Who answered before being asked took no time.
    pub fn time_to_acknowledge(&self) -> Option<SignedDuration> {
        let answered = self.timeline.acknowledged.as_ref()?.at.duration_since(self.timeline.paged_at?);
        Some(answered.max(SignedDuration::ZERO))
    }

    /// From the signal to the moment when the sick instance was taken out.
    pub fn time_to_mitigate(&self) -> Option<SignedDuration> {
        Some(self.mitigated_at?.duration_since(self.signalled_at))
    }

    /// From the signal to the first look at which the group was whole, and stayed so: later than the fact by up to the time
    /// between two looks, and by any relapse.
    pub fn time_to_recover(&self) -> Option<SignedDuration> {
        Some(self.recovered_at?.duration_since(self.signalled_at))
    }
}
