//! Holds the policy against an account, and says what a person should fix before it costs them a night.
//!
//! Facts go in and findings come out: this module never reads anything, and never takes what could not be read for fine.

mod deployment;
#[cfg(test)]
mod tests;

use homeostat_core::doctor::{self, Finding, Read, Shared, Unread};
use homeostat_core::ports::Pause;

use crate::hook::doctor::HookFacts;
use crate::hosted_zone::doctor::DnsFacts;
use crate::instance::doctor::InstanceFacts;
use crate::policy::Policy;
use crate::registry::AnyIncident;
use crate::{hook, hosted_zone, instance};

/// All that was read of an account, or why it was not. It never holds an empty list in place of one that could not be read.
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

/// All that is to be said, worst first: what all remedies share, and what each looks at by itself. Without a policy, nothing that a
/// policy names is looked at.
pub fn examine(policy: Option<&Policy>, facts: &Facts) -> Vec<Finding> {
    let (shared, mut findings) = (&facts.shared, deployment::check(policy, facts));
    let instances = doctor::Facts { shared, own: &facts.instances };
    findings.extend(instance::doctor::check(policy.map(|policy| &policy.instances), &instances));
    let records = doctor::Facts { shared, own: &facts.dns };
    findings.extend(hosted_zone::doctor::check(policy.and_then(|policy| policy.dns.as_ref()), &records));
    let hooks = doctor::Facts { shared, own: &facts.hooks };
    findings.extend(hook::doctor::check(policy.and_then(|policy| policy.hooks.as_ref()), &hooks));
    findings.sort();
    findings.dedup();
    findings
}

impl Facts {
    fn all_unread(&self) -> Vec<&Unread> {
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
