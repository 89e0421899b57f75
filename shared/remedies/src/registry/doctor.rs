//! Holds the policy against an account, and says what a person should fix before it costs them a night.
//!
//! Facts go in and findings come out: this module never reads anything, and never takes what could not be read for fine.

mod dependencies;
mod deployment;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use homeostat_core::doctor::{self, Finding, Read, Shared, Unread};
use homeostat_core::id::AlarmArn;
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
    /// Whether each alarm exists that says of a dependency whether it moves.
    pub dependencies: BTreeMap<AlarmArn, Read<bool>>,
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
    let mut findings = deployment::check(policy, facts);
    // Taken apart, so that the compiler asks what a further remedy looks at.
    let Facts { shared, instances, dns, hooks, dependencies: _, audience: _, dead_letters: _, open: _, pauses: _ } =
        facts;
    let own =
        policy.map(|Policy { instances, dns, hooks, dependencies: _, warnings: _, hash: _ }| (instances, dns, hooks));
    let (groups, records, held) =
        own.map_or((None, None, None), |(groups, records, held)| (Some(groups), records.as_ref(), held.as_ref()));
    findings.extend(instance::doctor::check(groups, &doctor::Facts { shared, own: instances }));
    findings.extend(hosted_zone::doctor::check(records, &doctor::Facts { shared, own: dns }));
    findings.extend(hook::doctor::check(held, &doctor::Facts { shared, own: hooks }));
    findings.extend(policy.into_iter().flat_map(|policy| dependencies::check(&policy.dependencies, facts)));
    findings.sort();
    findings.dedup();
    findings
}

impl Facts {
    fn all_unread(&self) -> Vec<&Unread> {
        let Facts { shared, audience, dead_letters, open, pauses, instances, dns, hooks, dependencies: _ } = self;
        let mut unread = Vec::new();
        unread.extend(shared.groups.as_ref().err());
        unread.extend(audience.as_ref().err());
        unread.extend(dead_letters.as_ref().err());
        unread.extend(open.as_ref().err());
        unread.extend(pauses.as_ref().err());
        unread.extend(instances.unread());
        unread.extend(dns.unread());
        unread.extend(hooks.unread());
        unread
    }

    /// Whether AWS told nothing at all: then there is nothing to say about an account.
    pub fn is_blind(&self) -> bool {
        self.instances.alarms.is_err() && self.open.is_err() && self.pauses.is_err()
    }
}
