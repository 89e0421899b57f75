//! All that was read of an account, or why it was not.
//!
//! This module never holds an empty list in place of one that could not be read.

use homeostat_core::doctor::{Read, Shared, Unread};
use homeostat_core::ports::Pause;

use crate::hook::doctor::HookFacts;
use crate::hosted_zone::doctor::DnsFacts;
use crate::instance::doctor::InstanceFacts;
use crate::registry::AnyIncident;

#[derive(Debug, Clone)]
pub struct Facts {
    pub shared: Shared,
    pub audience: Read<Audience>,
    /// How many messages are in the dead-letter queue.
    pub dead_letters: Read<u64>,
    pub open: Read<Vec<AnyIncident>>,
    pub pauses: Read<Vec<Pause>>,
    pub instances: InstanceFacts,
    pub dns: DnsFacts,
    pub hooks: HookFacts,
}

/// Who hears of incidents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Audience {
    pub confirmed: usize,
    pub pending: usize,
}

impl Facts {
    pub(super) fn all_unread(&self) -> Vec<&Unread> {
        let mut unread = Vec::new();
        unread.extend(self.shared.groups.as_ref().err());
        unread.extend(self.audience.as_ref().err());
        unread.extend(self.dead_letters.as_ref().err());
        unread.extend(self.open.as_ref().err());
        unread.extend(self.pauses.as_ref().err());
        unread.extend(self.instances.unread());
        unread.extend(self.dns.unread());
        unread.extend(self.hooks.unread());
        unread
    }

    /// Whether AWS told nothing at all: then there is nothing to say about an account.
    pub fn is_blind(&self) -> bool {
        self.instances.alarms.is_err() && self.open.is_err() && self.pauses.is_err()
    }
}
