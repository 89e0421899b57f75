//! The ladder for a held instance: all that decides about it, in order, and what each check goes by. Most ways down it complete the
//! hook.
//!
//! This module never decides anything itself: it asks [`Situation`].

use homeostat_core::guard;
use homeostat_core::policy::Mode;
use homeostat_core::reconcile::{Check, Rung, checked, climbed};
use jiff::Timestamp;

use super::decide::{IS_IT_KNOWN, Judgement, STILL_SHOWN, Situation, decide, undelayed};
use super::kind::HookKind;
use super::reasons::{Because, Decision, Hold, Page, Waits};
use crate::hook::policy::HeldBy;

pub(super) fn ladder<'a>() -> [Check<Situation<'a>, HookKind>; 12] {
    [
        Check {
            name: "nobody else is acting on it",
            stops: |case| {
                let until = guard::in_flight(case.now, case.incident)?;
                Some(Decision::Hold { until, because: Hold::InFlight })
            },
            by: |case| guard::in_flight(case.now, case.incident).map_or("no call is under way".into(), until),
        },
        Check {
            name: "its hook is not completed yet",
            stops: |case| Some(case.went_on(Some(case.kept.completed(case.incident.intent.as_ref())?), None)),
            by: |case| {
                let completed = case.kept.completed(case.incident.intent.as_ref());
                completed.map_or("no completion took effect".into(), |result| format!("{result} took effect"))
            },
        },
        Check {
            name: "it still waits",
            stops: |case| Some(case.went_on(None, Some(case.left()?))),
            by: |case| case.left().unwrap_or_else(|| shown(case)),
        },
        Check {
            name: "no refusal keeps it from being tried",
            stops: |case| Some(Decision::Page(Page::Refused { why: case.refused()? })),
            by: |case| case.refused().unwrap_or_else(|| "none does".into()),
        },
        Check {
            name: "Auto Scaling shows it waiting",
            stops: |case| Some(case.hold(Waits::Unseen { state: case.unseen()? })),
            by: |case| case.unseen().unwrap_or_else(|| shown(case)),
        },
        Check {
            name: "its action is known to be there",
            stops: |case| case.unknown(),
            by: |case| known_since(case.kept.last_heartbeat),
        },
        Check {
            name: "the policy names the hook",
            stops: |case| case.held_by().is_none().then(|| case.go_on(Because::NotInPolicy)),
            by: |case| format!("hook {} of group {}", case.kept.hook, case.kept.group),
        },
        Check {
            name: "nothing is paused",
            stops: |case| case.paused(),
            by: |case| guard::pauses(case.now, &case.around.limits),
        },
        Check {
            name: "where it goes is certain",
            stops: |case| case.uncertain(),
            by: |case| {
                case.uncertain().map_or_else(|| format!("it goes {}", case.course()), |_| STILL_SHOWN.to_owned())
            },
        },
        Check {
            name: "it is to serve, or served",
            stops: |case| case.serves_nobody(),
            by: |case| format!("it is on its way {}", case.course()),
        },
        Check {
            name: "the policy says act",
            stops: |case| case.watched(),
            by: |case| {
                let is_acting = case.held_by().is_some_and(|policy| policy.mode() == Mode::Act);
                format!("mode = {:?}", if is_acting { "act" } else { "watch" })
            },
        },
        Check {
            name: "nothing that it depends on moves",
            stops: |case| case.spared(),
            by: |case| case.dependencies_in_words(),
        },
    ]
}

/// The ladder as it was climbed, and how what is at its top stands.
pub(super) fn rungs(case: &Situation<'_>) -> Vec<Rung> {
    let (decision, undelayed) = (decide(case), undelayed(case));
    let is_asked = decision != undelayed;
    let by = if is_asked { decision.to_string() } else { "none is asked about".to_owned() };
    let other = [("no other action has to be asked about first", !is_asked, by)];
    let judgement = case.by_its_policy();
    let is_done = matches!(judgement, Judgement::Complete(_, Because::Ready { .. } | Because::Drained));
    let top = match case.held_by() {
        Some(HeldBy::Termination(_)) => "nothing of it is in use",
        _ => "it is ready",
    };
    climbed(other.into_iter().chain(checked(&ladder(), case)).chain([(top, is_done, in_words(&judgement))]))
}

fn until(lease: Timestamp) -> String {
    format!("a call is under way, until {lease:.0} at most")
}

fn shown(case: &Situation<'_>) -> String {
    match &case.seen.member {
        Some(Ok(Some(member))) => format!("it is {}", member.lifecycle.0),
        Some(Ok(None)) => "Auto Scaling shows no such instance".to_owned(),
        Some(Err(why)) => format!("it could not be read: {why}"),
        None => "it was not looked at".to_owned(),
    }
}

fn known_since(beat: Option<Timestamp>) -> String {
    beat.map_or_else(
        || "a heartbeat has to show that there is one".to_owned(),
        |beat| format!("last heard of at {beat:.0}"),
    )
}

fn in_words(judgement: &Judgement) -> String {
    match judgement {
        Judgement::Complete(result, because) => format!("{result}: {because}"),
        Judgement::First(step, because) => format!("{step}: {because}"),
        Judgement::Wait(waits) => waits.to_string(),
        Judgement::Ask => format!("held for {IS_IT_KNOWN}"),
    }
}
