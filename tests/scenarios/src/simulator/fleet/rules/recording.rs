//! Rules about what is written into the ledger.

use homeostat_core::id::Subject;
use homeostat_core::incident::State;
use homeostat_remedies::instance::reasons::{Close, Decision, Incident};
use jiff::SignedDuration;

use super::Scene;
use crate::simulator::fleet::truth::Known;
use crate::simulator::rules;

/// What the step changed; nothing, if it did not write.
pub(super) fn changes<'a>(scene: &'a Scene<'_>) -> impl Iterator<Item = (Option<&'a Incident>, &'a Incident)> {
    scene.before.into_iter().flat_map(|before| rules::changes(before, scene.after))
}

/// The opening, the act, what the group does by itself, one page before an act and one after it, and the reminders. Whatever
/// makes a member flap may add a few. Seed 41020204: the act's answer was lost, which is reported too, and another hold was asked about.
pub(super) fn tells_little(scene: &Scene<'_>) -> Result<(), String> {
    const A_FEW: i64 = 6;
    for (_, incident) in changes(scene) {
        let policy = scene.policy.instances.group(incident.kind.group());
        let every = policy.map_or(SignedDuration::from_mins(30), |group| group.remind_every);
        let reminders = scene.now.duration_since(incident.opened_at).as_secs() / every.as_secs().max(1);
        // Seed 613023093: two calls were lost, then another was out, and two more were lost: what came of each was news.
        let key = (incident.subject.clone(), incident.opened_at);
        let doubts = scene.tally.doubts.get(&key).copied().unwrap_or_default();
        // Seed 193670585: each time that somebody closed the breaker, others went first, and the breaker opened again.
        let forgiven = scene.tally.forgiven.get(&key).copied().unwrap_or_default();
        let more = i64::from(doubts.saturating_sub(1)) + i64::from(forgiven.saturating_sub(1));
        if i64::from(incident.notify_seq) > A_FEW + reminders + 2 * more {
            return Err(format!(
                "{} told {} times, {reminders} of them reminders",
                incident.subject, incident.notify_seq
            ));
        }
    }
    Ok(())
}

/// What broke or left so shortly before may have been well when it was looked at: two checks of a target, the call itself, and a
/// read that was old.
const JUST_NOW: SignedDuration = SignedDuration::from_mins(3);

pub(super) fn recovered_is_whole(scene: &Scene<'_>) -> Result<(), String> {
    for closed in scene.after.newly_closed.iter().filter(|_| scene.before.is_some()) {
        if closed.decision != Some(Decision::Close(Close::Recovered)) {
            continue;
        }
        let group = closed.kind.group();
        let Some(facts) = scene.truth.groups.get(group) else { continue };
        // Seed 71060002: where the load balancer has no subnet, nobody checks whether it serves.
        let is_checked = |known: &Known| facts.has_targets && known.heard.checked_since.is_some();
        let served = |known: &Known| if is_checked(known) { known.last_serving } else { known.last_in_service };
        let is_well = |known: &Known| served(known).is_some_and(|at| at + JUST_NOW >= scene.now);
        let well: u32 = scene.truth.members(group).filter(|(_, known)| is_well(known)).map(|(_, it)| it.units).sum();
        let views = scene.before.into_iter().chain([scene.after]);
        let others = views.map(|view| open_others(view.open.keys(), &view.open, closed)).max().unwrap_or_default();
        let others = u32::try_from(others).unwrap_or(u32::MAX).saturating_mul(facts.largest);
        let needed = facts.least_desired.saturating_sub(others);
        if well < needed {
            return Err(format!("{} is closed, and {well} of {needed} of {group} are well", closed.subject));
        }
    }
    Ok(())
}

/// How long a group must have been parked: what was under way is over by then.
const SETTLED: SignedDuration = SignedDuration::from_mins(30);

/// Somebody who stopped a group on purpose is not woken for it.
pub(super) fn parked_is_quiet(scene: &Scene<'_>) -> Result<(), String> {
    for (before, incident) in changes(scene) {
        let group = scene.truth.groups.get(incident.kind.group());
        let is_parked = group.and_then(|facts| facts.parked_since).is_some_and(|since| scene.now > since + SETTLED);
        let pages =
            (incident.paged_at, incident.reminders) != before.map_or((None, 0), |it| (it.paged_at, it.reminders));
        if is_parked && pages && matches!(incident.state, State::Escalated) {
            return Err(format!("{} asks for a person: {:?}", incident.subject, incident.decision));
        }
    }
    Ok(())
}

fn open_others<'a>(
    subjects: impl Iterator<Item = &'a Subject>,
    open: &std::collections::BTreeMap<Subject, Incident>,
    closed: &Incident,
) -> usize {
    let of_group = |subject: &&Subject| open.get(*subject).is_some_and(|open| open.kind.group() == closed.kind.group());
    subjects.filter(of_group).filter(|subject| **subject != closed.subject).count()
}
