//! Whether a launch is let through although it is not ready, because something that it depends on moves.
//!
//! This module never spares a launch that its machine's own evidence calls unhealthy.

use homeostat_core::aws::fleet::Checks;
use homeostat_core::aws::lifecycle::ActionResult;
use homeostat_core::dependency::{Dependent, Readings};
use homeostat_core::id::AlarmArn;
use jiff::{SignedDuration, Timestamp};

use super::decide::{Judgement, Situation};
use super::launch::judge;
use super::memory::Memory;
use super::observation::Observation;
use super::reasons::{Because, Decision, Evidence, HookStep, Waits};
use super::state::HookState;
use super::time::latest;
use crate::hook::policy::{HeldBy, HookPolicy, LaunchPolicy};

/// A look takes less, from its reading to its decision: whoever is judged when the time is over was asked about.
const A_LOOK: SignedDuration = SignedDuration::from_secs(15);

/// The alarms to read of a launch that would be abandoned at this look.
pub(super) fn to_read(
    now: Timestamp,
    kept: &HookState,
    seen: &Observation,
    policy: &LaunchPolicy,
    check_every: SignedDuration,
) -> Option<Vec<AlarmArn>> {
    let alarms: Vec<AlarmArn> = policy.depends_on.iter().flat_map(|on| &on.alarms).cloned().collect();
    let is_over = now + A_LOOK >= latest(kept, policy.within, check_every, None).at;
    (is_over && !alarms.is_empty() && !judge(seen, policy).is_ready()).then_some(alarms)
}

fn dependent<'a>(now: Timestamp, read: &'a Readings, memory: &'a Memory, policy: &'a LaunchPolicy) -> Dependent<'a> {
    Dependent { now, on: &policy.depends_on, read, lately: &memory.dependency }
}

/// What is remembered of a launch that was let through for this.
pub(super) fn remembered(
    now: Timestamp,
    seen: &Observation,
    because: &[Evidence],
    policy: &HookPolicy,
    kept: &HookState,
    memory: Memory,
) -> Memory {
    let moves = because.iter().find_map(|Evidence::Hook(because)| match because {
        Because::Dependency { moves, .. } => Some(moves),
        _ => None,
    });
    let (Some(moves), Some(HeldBy::Launch(policy))) = (moves, policy.of(&kept.group, &kept.hook)) else {
        return memory;
    };
    let none = Readings::new();
    let read = seen.dependencies.as_ref().unwrap_or(&none);
    match dependent(now, read, &memory, policy).remembered(moves) {
        Some(dependency) => Memory { dependency, ..memory },
        None => memory,
    }
}

impl Situation<'_> {
    /// It would be abandoned, or the group kept from launching, for a launch that may lack nothing but what it depends on.
    pub(super) fn spared(&self) -> Option<Decision> {
        let Some(HeldBy::Launch(policy)) = self.held_by().filter(|_| !self.fails_by_itself()) else { return None };
        if policy.depends_on.is_empty() || !self.would_be_abandoned() {
            return None;
        }
        let missing = judge(self.seen, policy).missing;
        let Some(read) = &self.seen.dependencies else {
            return Some(self.so(Judgement::Wait(Waits::Evidence { missing })));
        };
        let moves = dependent(self.now, read, &self.around.limits.memory, policy).moves()?;
        Some(self.go_on(Because::Dependency { missing, moves }))
    }

    fn would_be_abandoned(&self) -> bool {
        match self.by_its_policy() {
            Judgement::Complete(ActionResult::Abandon, because) => matches!(because, Because::NotReady { .. }),
            Judgement::First(step, _) => matches!(step, HookStep::SuspendLaunch { .. }),
            Judgement::Complete(ActionResult::Continue, _) | Judgement::Wait(_) | Judgement::Ask => false,
        }
    }

    fn fails_by_itself(&self) -> bool {
        match &self.seen.machine {
            Some(Ok(Some(machine))) => !machine.is_running() || matches!(machine.checks, Checks::Impaired { .. }),
            Some(Ok(None)) => true,
            Some(Err(_)) | None => false,
        }
    }

    pub(super) fn dependencies_in_words(&self) -> String {
        match (self.held_by(), &self.seen.dependencies) {
            (Some(HeldBy::Launch(policy)), Some(read)) => {
                dependent(self.now, read, &self.around.limits.memory, policy).in_words()
            }
            (Some(HeldBy::Launch(policy)), None) if !policy.depends_on.is_empty() => {
                "its time is not over, so what it depends on is not asked about".to_owned()
            }
            _ => "it depends on nothing that the policy names".to_owned(),
        }
    }
}
