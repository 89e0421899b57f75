//! Whether an instance is left alone because something that its group depends on moves.
//!
//! This module never holds an instance for that which its machine's own evidence calls unhealthy.

use homeostat_core::aws::fleet::Checks;
use homeostat_core::dependency::Dependent;
use homeostat_core::guard;
use jiff::Timestamp;

use super::decide::Situation;
use super::memory::Memory;
use super::observation::Observation;
use crate::instance::policy::GroupPolicy;
use crate::instance::reasons::Hold;

pub(super) fn dependent<'a>(
    now: Timestamp,
    seen: &'a Observation,
    memory: &'a Memory,
    policy: &'a GroupPolicy,
) -> Dependent<'a> {
    Dependent { now, on: &policy.depends_on, read: &seen.dependencies, lately: &memory.dependency }
}

impl Situation<'_> {
    fn dependent(&self) -> Dependent<'_> {
        dependent(self.now, self.seen, &self.around.limits.memory, self.policy)
    }

    /// An alarm and target health may be the dependency's fault. EC2's checks of the machine are not, nor is what AWS announces.
    fn own_evidence(&self) -> Option<String> {
        if let Some(notice) = self.only_announced() {
            return Some(notice.to_string());
        }
        let machine = self.seen.machines.get(&self.id)?;
        match &machine.checks {
            _ if !machine.is_running() => Some(format!("EC2 says that it is {}", machine.state)),
            Checks::Impaired { checks, .. } => Some(format!("EC2 calls it impaired ({checks})")),
            Checks::Passed | Checks::Unknown { .. } => None,
        }
    }

    pub(super) fn dependency_moves(&self) -> Option<Hold> {
        if self.policy.depends_on.is_empty() || self.own_evidence().is_some() {
            return None;
        }
        guard::dependency(&self.dependent())
    }

    pub(super) fn dependencies_in_words(&self) -> String {
        let of_its_own = self.own_evidence().filter(|_| !self.policy.depends_on.is_empty());
        let held = self.dependent().in_words();
        of_its_own.map_or(held.clone(), |own| format!("{own}, whatever it depends on; {held}"))
    }
}
