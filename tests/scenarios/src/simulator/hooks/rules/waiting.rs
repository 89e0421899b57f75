//! Rules about waiting: no action of a policy's hook runs into its timeout, no work is lost, and waiting costs little.

use homeostat_core::id::Subject;
use homeostat_core::incident::LEASE;
use homeostat_remedies::hook::policy::HookPolicy;
use homeostat_remedies::hook::reasons::Incident;
use jiff::{SignedDuration, Timestamp};
use world::{ActionEnd, LifecycleAction, Loss, LossReason};

use super::{LOOK, SKEWS};
use crate::simulator::Broken;
use crate::simulator::hooks::annals::Annals;
use crate::simulator::stage::Stage;

/// A hook with so long a timeout survives so many faults within it. One that is shorter may not survive the first: what a crash
/// leaves behind is taken up after a minute and a half.
const SURVIVES: &[(SignedDuration, usize)] = &[(SignedDuration::from_mins(5), 2), (SignedDuration::from_mins(15), 6)];

/// Whether an action of a policy's hook ended as it may; `timeout` is its hook's.
pub(in crate::simulator::hooks) fn judge_ended(
    stage: &Stage,
    ended: &LifecycleAction,
    timeout: SignedDuration,
    annals: &Annals,
) -> Result<(), Broken> {
    if ended.ended_by != ActionEnd::TimedOut {
        return Ok(());
    }
    // What a fault left unsettled just before keeps others off for as long as its lease lasts.
    let from = ended.started_at.max(ended.ended_at - timeout) - LEASE - SKEWS;
    let faults = annals.faults_for(&ended.instance, from, ended.ended_at);
    let secs = timeout.as_secs();
    if annals.was_silent(from, ended.ended_at) {
        stage.count(&format!("timeout: of {secs} s, while something was silent"));
        return Ok(());
    }
    if annals.untold.contains(&ended.token) {
        stage.count(&format!("timeout: of {secs} s, and no event told of it in time"));
        return Ok(());
    }
    stage.count(&format!("timeout: of {secs} s, after {faults} faults"));
    let survived = SURVIVES.iter().rev().find(|(least, _)| timeout >= *least).map_or(0, |(_, most)| *most);
    if faults > survived {
        return Ok(());
    }
    let what =
        format!("{} of {}, held since {:.3}, after {faults} faults", ended.hook, ended.instance, ended.started_at);
    Err(Broken::end("no action of the policy's hooks ends by its timeout", what, ended.ended_at))
}

/// `drains_jobs` = whoever was let go without an excuse has nothing in flight.
pub(in crate::simulator::hooks) fn judge_losses(
    losses: &[Loss],
    annals: &Annals,
    drains_jobs: bool,
) -> Result<(), Broken> {
    for loss in losses.iter().filter(|loss| loss.why == LossReason::ShutDown && drains_jobs) {
        let let_go = loss.instance.as_ref().and_then(|id| annals.let_go.get(id));
        let Some(let_go) = let_go.filter(|let_go| let_go.excuse.is_none() && loss.at <= let_go.at + LOOK) else {
            continue;
        };
        let what = format!("{:?} had {} when it was let go at {:.3}", loss.instance, loss.stream, let_go.at);
        return Err(Broken::end("who is let go has no work", what, loss.at));
    }
    Ok(())
}

pub(in crate::simulator::hooks) struct Sent<'a> {
    pub(in crate::simulator::hooks) subject: &'a Subject,
    pub(in crate::simulator::hooks) at: Timestamp,
    pub(in crate::simulator::hooks) held: SignedDuration,
    pub(in crate::simulator::hooks) count: u32,
    /// Heartbeats that came to nothing.
    pub(in crate::simulator::hooks) failed: u32,
}

/// One for each look, one for each heartbeat and step, and what is sent twice. Seeds 986957163, 199705523, 199716359 and 26081839: a
/// heartbeat that fails is looked after, and tried again each tenth of a timeout of 30 s.
pub(in crate::simulator::hooks) fn judge_sent(sent: &Sent<'_>, policy: &HookPolicy) -> Result<(), Broken> {
    const A_FEW: i64 = 20;
    let looks = sent.held.as_secs() / policy.check_every.as_secs().max(1);
    if i64::from(sent.count) > A_FEW + looks * 2 + i64::from(sent.failed) * 2 {
        let what = format!("{} for {} in {:#}", sent.count, sent.subject, sent.held);
        return Err(Broken::end("wake-ups don't multiply", what, sent.at));
    }
    Ok(())
}

/// A page and its reminders, and a few words at the end.
pub(in crate::simulator::hooks) fn judge_told<'a>(
    incidents: impl Iterator<Item = &'a Incident>,
    policy: &HookPolicy,
    now: Timestamp,
) -> Result<(), Broken> {
    const A_FEW: i64 = 3;
    for incident in incidents {
        let lasted = now.duration_since(incident.opened_at).as_secs();
        let reminders = lasted / policy.remind_every.as_secs().max(1);
        if i64::from(incident.notify_seq) > A_FEW + reminders {
            let what =
                format!("{} told {} times, {reminders} of them reminders", incident.subject, incident.notify_seq);
            return Err(Broken::end("people are told little", what, now));
        }
    }
    Ok(())
}

/// An incident that is opened is about an action that Homeostat has not completed; `begun`: when each action of that hook and instance
/// began.
pub(in crate::simulator::hooks) fn judge_found(
    opened: &Incident,
    completed_at: Timestamp,
    begun: &[Timestamp],
) -> Result<(), Broken> {
    // An event that comes twice is looked at twice, side by side: the second look may have read before the first has closed.
    let side_by_side = opened.opened_at < completed_at + LOOK;
    // Of an action that was completed at once, a wrong clock may show that it began after the last one was closed (seeds 404480364 and
    // 404480896).
    if side_by_side || begun.iter().any(|at| *at + SKEWS > completed_at) {
        return Ok(());
    }
    let what = format!("{}, completed at {completed_at:.3}", opened.subject);
    Err(Broken::end("what is completed is not found again", what, opened.opened_at))
}
