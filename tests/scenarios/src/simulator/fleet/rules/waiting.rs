//! Rules about alarms that are not verdicts, and about who waits.

use homeostat_core::budget::PAGED_FOR;
use homeostat_core::id::InstanceId;
use homeostat_core::incident::State;
use homeostat_core::policy::Mode;
use homeostat_remedies::instance::reasons::{Decision, Hold, HoldReason};
use jiff::{SignedDuration, Timestamp};

use super::Scene;
use super::acting::{EVIDENCE_LAGS, cases, is_announced};
use super::recording::changes;
use crate::RESYNC_EVERY;
use crate::simulator::fleet::alarms::DISK;

/// So long after an alarm was muted or a process suspended, an event that was late and a read that was old are over.
const SEEN_BY_NOW: SignedDuration = SignedDuration::from_mins(6);

/// Beside the limit itself: what its group was to replace by itself, and a few looks.
const A_FEW_LOOKS: SignedDuration = SignedDuration::from_mins(15);

/// All of its slices, and the wait for the next one.
const A_RESYNC_LASTS: SignedDuration = SignedDuration::from_mins(2);

/// As long as a group must have been parked or started again before anything is asked of it.
const SETTLED: SignedDuration = SignedDuration::from_mins(30);

pub(super) fn disk_is_no_reason(scene: &Scene<'_>) -> Result<(), String> {
    for (id, known, ..) in cases(scene) {
        let was_sick = known.last_sick.is_some_and(|at| scene.now <= at + EVIDENCE_LAGS);
        let rang = known.heard.disk_rang.filter(|at| scene.now <= *at + EVIDENCE_LAGS);
        if let (Some(rang), false, false) = (rang, was_sick, is_announced(scene, known)) {
            return Err(format!("{id} is healthy, and its disk alarm was in ALARM at {rang}"));
        }
    }
    Ok(())
}

/// Whatever opens an incident has the policy's word, and its actions on.
pub(super) fn others_open_nothing(scene: &Scene<'_>) -> Result<(), String> {
    let Some(before) = scene.before else { return Ok(()) };
    for open in scene.after.open.values().filter(|open| !before.open.contains_key(&open.subject)) {
        let (Some(alarms), Some(id)) = (open.kind.alarms(), open.subject.instance()) else { continue };
        let mut names = alarms.arns().map(|arn| arn.alarm_name().to_owned());
        let names_verdicts =
            scene.policy.instances.group(open.kind.group()).is_some_and(|policy| !policy.health_alarms.is_empty());
        if names_verdicts && let Some(disk) = names.find(|name| name.starts_with(DISK)) {
            return Err(format!("{id} has an incident by {disk}, which is not a verdict"));
        }
        let only_disk = alarms.arns().count() == 1 && alarms.arns().all(|arn| arn.alarm_name().starts_with(DISK));
        let known = scene.truth.instances.get(&id);
        let muted = known.and_then(|known| known.heard.disk_muted_since);
        let is_muted = muted.is_some_and(|since| scene.now > since + SEEN_BY_NOW);
        let is_well = known.is_some_and(|known| known.last_sick.is_none_or(|at| scene.now > at + EVIDENCE_LAGS));
        if only_disk && is_muted && is_well {
            return Err(format!("{id} has an incident by its disk alarm, whose actions have been off since {muted:?}"));
        }
    }
    Ok(())
}

/// A group whose `HealthCheck` is suspended takes nobody out for not running. What EC2 announces it takes out all the same.
pub(super) fn is_left_to_who_looks(scene: &Scene<'_>) -> Result<(), String> {
    for (before, incident) in changes(scene) {
        // What the sweep writes says nothing new (seed 813984439).
        if before.is_some_and(|before| before.decision == incident.decision) {
            continue;
        }
        let Some(Decision::Hold { because: Hold::Own(HoldReason::GroupReplaces { why }), .. }) = &incident.decision
        else {
            continue;
        };
        if !why.starts_with("EC2 says") {
            continue;
        }
        let known = incident.subject.instance().and_then(|id| scene.truth.instances.get(&id));
        let Some(known) = known.filter(|known| known.is_here) else { continue };
        let Some(facts) = scene.truth.groups.get(&known.group) else { continue };
        let is_long = |since: Option<Timestamp>| since.is_some_and(|since| scene.now > since + SEEN_BY_NOW);
        if is_long(facts.looks_at_nobody_since) && is_long(known.unmarked_since) {
            let (subject, since) = (&incident.subject, facts.looks_at_nobody_since);
            return Err(format!("{subject} is left to {}, which has looked at nobody since {since:?}", known.group));
        }
    }
    Ok(())
}

/// Whatever became of the events: who has been unhealthy beyond doubt for two resyncs has an incident, or its group has.
pub(super) fn nobody_is_unheard(scene: &Scene<'_>) -> Result<(), String> {
    for (id, since) in &scene.proven.0 {
        let Some(known) = scene.truth.instances.get(id) else { continue };
        let Some(facts) = scene.truth.groups.get(&known.group) else { continue };
        let was_parked = facts.last_parked.is_some_and(|at| scene.now <= at + SETTLED);
        if was_parked || scene.now <= *since + RESYNC_EVERY + A_RESYNC_LASTS {
            continue;
        }
        let is_heard = scene.after.open.values().any(|open| match open.subject.instance() {
            Some(instance) => instance == *id,
            None => open.kind.group() == &known.group,
        });
        if !is_heard {
            return Err(format!(
                "{id} of {} is unhealthy beyond doubt since {since:.0}, and has no incident",
                known.group
            ));
        }
    }
    Ok(())
}

/// Whoever waits for the account's budget is told of by one page within an hour.
fn is_asked_about_the_budget(scene: &Scene<'_>, id: &InstanceId) -> bool {
    let waits = scene.after.open.values().find(|open| open.subject.is_instance(id));
    let waits =
        waits.is_some_and(|open| matches!(&open.decision, Some(Decision::Hold { because: Hold::SharedBudget(_), .. })));
    waits && scene.after.shared.paged.as_ref().is_some_and(|paged| scene.now <= paged.at + PAGED_FOR + A_FEW_LOOKS)
}

/// Nobody is proven unhealthy for longer than that without an act or a page, whatever holds.
pub(super) fn nobody_waits_for_ever(scene: &Scene<'_>) -> Result<(), String> {
    for (id, since) in &scene.proven.0 {
        let Some(known) = scene.truth.instances.get(id) else { continue };
        let (Some(facts), Some(policy)) =
            (scene.truth.groups.get(&known.group), scene.policy.instances.group(&known.group))
        else {
            continue;
        };
        let was_parked = facts.last_parked.is_some_and(|at| scene.now <= at + policy.max_wait + SETTLED);
        let until = *since + policy.max_wait + policy.recover_within + A_FEW_LOOKS;
        if policy.mode == Mode::Watch || was_parked || scene.now <= until {
            continue;
        }
        let is_answered = scene.after.open.values().any(|open| match open.subject.instance() {
            Some(instance) => instance == *id && (open.acted_at.is_some() || open.state == State::Escalated),
            None => open.kind.group() == &known.group && open.state == State::Escalated,
        });
        if !is_answered && !is_asked_about_the_budget(scene, id) {
            let decision = scene.after.open.values().find(|open| open.subject.is_instance(id));
            let decision = decision.map(|open| open.decision.as_ref().map(ToString::to_string));
            return Err(format!("{id} of {} is proven unhealthy since {since:.0}: {decision:?}", known.group));
        }
    }
    Ok(())
}
