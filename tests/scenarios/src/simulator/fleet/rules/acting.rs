//! Rules about the moment in which an effect starts.

use homeostat_core::id::InstanceId;
use homeostat_core::policy::{Budget, Mode};
use homeostat_remedies::instance::policy::{EvidenceSource, GroupPolicy};
use homeostat_remedies::instance::reasons::{Incident, Step};
use jiff::{SignedDuration, Timestamp};

use super::Scene;
use crate::simulator::fleet::tally::Act;
use crate::simulator::fleet::truth::{Announced, GroupFacts, Known};
use crate::simulator::note::{InvocationId, What};
use crate::simulator::storm::MOST_SKEW;

/// How long after the fact the slowest evidence still says otherwise: three healthy checks or two periods of an alarm, a look
/// that takes half a minute, a read that is ten seconds old, a second try of the loop.
pub(super) const EVIDENCE_LAGS: SignedDuration = SignedDuration::from_mins(5);

/// The longest that an invocation may act on what it saw: its timeout, and a stale read before it.
const LOOK_LASTS: SignedDuration = SignedDuration::from_mins(1);

fn starting<'a>(scene: &'a Scene<'_>) -> impl Iterator<Item = (&'a InstanceId, InvocationId)> {
    scene.notes.iter().filter_map(|note| match &note.what {
        What::EffectStarts { instance } => Some((instance, note.by)),
        _ => None,
    })
}

/// Who is acted on, in truth and in the policy.
pub(super) fn cases<'a>(
    scene: &'a Scene<'_>,
) -> impl Iterator<Item = (&'a InstanceId, &'a Known, &'a GroupFacts, &'a GroupPolicy)> {
    starting(scene).filter_map(|(id, _)| {
        let known = scene.truth.instances.get(id)?;
        Some((id, known, scene.truth.groups.get(&known.group)?, scene.policy.instances.group(&known.group)?))
    })
}

fn incident<'a>(scene: &'a Scene<'_>, id: &InstanceId) -> Option<&'a Incident> {
    scene.after.open.values().find(|open| open.subject.is_instance(id))
}

pub(super) fn has_its_intent(scene: &Scene<'_>) -> Result<(), String> {
    for (id, by) in starting(scene) {
        let open = incident(scene, id).ok_or_else(|| format!("{id} has no open incident"))?;
        let intent = open.intent.as_ref().ok_or_else(|| format!("{id} has no intent"))?;
        let (Step::Replace { instance, .. } | Step::MarkUnhealthy { instance, .. }) = &intent.step;
        if instance != id || intent.outcome.is_some() {
            return Err(format!("the intent for {id} is {intent:?}"));
        }
        if scene.now >= intent.until {
            return Err(format!("the lease on {id} ended at {}", intent.until));
        }
        let wrote = scene.tally.wrote.get(&(by, open.subject.clone()));
        if wrote != Some(&open.version) {
            return Err(format!("#{by} wrote {wrote:?}, and the ledger has {} of {id}", open.version));
        }
        let slots = scene.after.slots.get(open.kind.group());
        if !slots.is_some_and(|slots| slots.holders.contains_key(&open.subject)) {
            return Err(format!("{id} holds no slot"));
        }
    }
    Ok(())
}

pub(super) fn is_alone(scene: &Scene<'_>) -> Result<(), String> {
    let crowded = scene.tally.in_flight.iter().find(|(_, calls)| calls.len() > 1);
    crowded.map_or(Ok(()), |(id, calls)| Err(format!("{id} is acted on by {calls:?}")))
}

pub(super) fn is_allowed(scene: &Scene<'_>) -> Result<(), String> {
    for (id, _) in starting(scene) {
        let known = scene.truth.instances.get(id).ok_or_else(|| format!("{id} never was"))?;
        let policy = scene.policy.instances.group(&known.group).ok_or_else(|| format!("{id} is in {}", known.group))?;
        if policy.mode == Mode::Watch {
            return Err(format!("{id} is in {}, which is only watched", known.group));
        }
    }
    Ok(())
}

pub(super) fn is_sick(scene: &Scene<'_>) -> Result<(), String> {
    for (id, known, ..) in cases(scene) {
        if known.last_sick.is_none_or(|at| scene.now > at + EVIDENCE_LAGS) && !is_announced(scene, known) {
            return Err(format!("{id} was last sick at {:?}, of it {:?}", known.last_sick, known.announced));
        }
    }
    Ok(())
}

/// Whether EC2 will end it, and its group has had its time.
pub(super) fn is_announced(scene: &Scene<'_>, known: &Known) -> bool {
    let skew = MOST_SKEW;
    let holds = |it: &Announced| scene.now + skew >= it.ours_from && scene.now <= it.last + EVIDENCE_LAGS;
    known.announced.is_some_and(|announced| holds(&announced))
}

pub(super) fn is_touchable(scene: &Scene<'_>) -> Result<(), String> {
    for (id, known, ..) in cases(scene) {
        if known.untouchable_since.is_some_and(|since| scene.now > since + LOOK_LASTS) {
            return Err(format!("{id} has been out of bounds since {:?}", known.untouchable_since));
        }
    }
    Ok(())
}

pub(super) fn is_past_its_grace(scene: &Scene<'_>) -> Result<(), String> {
    for (id, known, facts, policy) in cases(scene) {
        let grace = policy.grace.max(facts.grace);
        let has_booted = scene.now + MOST_SKEW >= known.launched_at + grace;
        // Seed 912775665: it was started again between the look and the call.
        let was_started_just_now =
            known.launched_at > known.first_launched_at && scene.now < known.launched_at + LOOK_LASTS;
        if !has_booted && !was_started_just_now && !is_announced(scene, known) {
            return Err(format!("{id} was launched at {}, and has {grace:#}", known.launched_at));
        }
    }
    Ok(())
}

/// Whatever is taken out must come back, and get traffic.
pub(super) fn comes_back(scene: &Scene<'_>) -> Result<(), String> {
    for (id, known, facts, _) in cases(scene) {
        if facts.cannot_replace_since.is_some_and(|since| scene.now > since + LOOK_LASTS) {
            let since = facts.cannot_replace_since;
            return Err(format!("{id} is taken out, and {} could not replace it since {since:?}", known.group));
        }
    }
    Ok(())
}

/// Sick for so long that nobody can have missed it, as far as one kind of evidence can tell.
fn shows(
    evidence: EvidenceSource,
    known: &Known,
    facts: &GroupFacts,
    lasts: impl Fn(Option<Timestamp>) -> bool,
) -> bool {
    match evidence {
        // Whom no target group checks is unknown to it: absent from a list is no answer.
        EvidenceSource::TargetHealth => {
            facts.has_targets && lasts(known.heard.checked_since) && lasts(known.sick_since)
        }
        EvidenceSource::InstanceStatus => lasts(known.machine_bad_since),
        // A machine that is broken publishes nothing, and one that was mended takes its time to be heard again.
        EvidenceSource::Alarm => {
            lasts(known.heard.own_alarm_since) && lasts(known.app_dead_since) && lasts(known.machine_well_since)
        }
    }
}

/// Whether all of the policy's evidence must have said "sick" for so long: then nobody may forget it.
pub(in crate::simulator::fleet) fn is_plainly_sick(
    known: &Known,
    facts: &GroupFacts,
    policy: &GroupPolicy,
    now: Timestamp,
    lags: SignedDuration,
) -> bool {
    let booted = known.launched_at + policy.grace.max(facts.grace) + lags;
    let lasts = |since: Option<Timestamp>| since.is_some_and(|since| now > since + lags);
    let sick = policy.evidence.iter().all(|evidence| shows(*evidence, known, facts, lasts));
    known.is_here && lasts(known.in_service_since) && now > booted && sick
}

pub(super) fn is_no_outage(scene: &Scene<'_>) -> Result<(), String> {
    for (id, known, facts, policy) in cases(scene) {
        let plainly =
            |(_, member): &(&InstanceId, &Known)| is_plainly_sick(member, facts, policy, scene.now, EVIDENCE_LAGS);
        let by_units = facts.has_weights && matches!(policy.max_unhealthy, Budget::Percent(_));
        let counts = |(_, member): (_, &Known)| if by_units { member.units } else { 1 };
        let sick: u32 = scene.truth.members(&known.group).filter(plainly).map(counts).sum();
        let is_one = scene.truth.members(&known.group).filter(plainly).count() <= 1;
        let desired = facts.desired.max(facts.most_desired);
        let smallest = scene.truth.members(&known.group).filter(|(_, it)| it.is_here).map(|(_, it)| it.units).min();
        let is_small = desired.div_ceil(smallest.unwrap_or(1).max(1)) <= 4;
        let are_too_many = match policy.max_unhealthy {
            Budget::Percent(100) => false,
            Budget::Percent(percent) if is_small => u64::from(sick) * 100 > u64::from(desired) * u64::from(percent),
            Budget::Percent(percent) => u64::from(sick) * 100 >= u64::from(desired) * u64::from(percent),
            Budget::Instances(most) => sick > most.min(desired),
        };
        if are_too_many && !is_one {
            let who: Vec<String> =
                scene.truth.members(&known.group).filter(plainly).map(|it| it.0.to_string()).collect();
            let (group, who) = (&known.group, who.join(" and "));
            return Err(format!(
                "{id} is acted on while {sick} of {group} are sick ({who}) of {desired}, under max-unhealthy {:?}",
                policy.max_unhealthy
            ));
        }
    }
    Ok(())
}

/// Replacing did not help where what was launched after an act had to be replaced itself.
pub(super) fn is_within_the_breaker(scene: &Scene<'_>) -> Result<(), String> {
    for (id, known, facts, policy) in cases(scene) {
        let acts = scene.tally.acts.get(&known.group).map(Vec::as_slice).unwrap_or_default();
        // Seed 702000910: one that was to retire is no failure of what was launched before it, nor of what came after.
        let is_relapse = |act: &&Act| {
            let mut others = acts.iter().filter(|before| !before.is_foretold);
            others.any(|before| before.at < act.launched_at && before.at + policy.breaker_within > act.at)
        };
        let counts = |act: &&Act| act.version == facts.newest_version && act.at + policy.breaker_within > scene.now;
        let count = acts.iter().filter(counts).filter(is_relapse).count();
        let most = policy.breaker + policy.budget.slots(facts.most_desired);
        if count > usize::try_from(most).unwrap_or(usize::MAX) {
            return Err(format!("{id} is relapse {count} in {}, at most {most}", known.group));
        }
    }
    Ok(())
}
