//! The ladder for a held instance as it is climbed, for people: the first rung that is not passed decides, and most of them complete
//! the hook.
//!
//! This module never decides anything: it asks what the decision asks.

use jiff::Timestamp;

use super::decide::{Case, IS_IT_KNOWN, Judgement, STILL_SHOWN};
use super::said::Because;
use crate::attend::{Rung, climbed};
use crate::policy::{HeldBy, Mode};

pub(super) fn rungs(case: &Case<'_>) -> Vec<Rung> {
    let completed = case.kept.completed(case.incident.intent.as_ref());
    let (in_flight, left, refused, unseen) = (case.in_flight(), case.left(), case.refused(), case.unseen());
    let (policy, pause, course) = (case.held_by(), case.pause(), case.course());
    let judgement = policy.as_ref().map(|policy| case.by_policy(policy, course));
    let is_acting = policy.as_ref().is_some_and(|policy| policy.mode() == Mode::Act);
    let may_have_come_out = is_acting && case.may_have_come_out(course);
    let is_done = matches!(judgement, Some(Judgement::Complete(_, Because::Ready { .. } | Because::Drained)));
    climbed([
        ("nobody else is acting on it", in_flight.is_none(), in_flight.map_or("no call is under way".into(), until)),
        (
            "its hook is not completed yet",
            completed.is_none(),
            completed.map_or("no completion took effect".into(), |result| format!("{result} took effect")),
        ),
        ("it still waits", left.is_none(), left.unwrap_or_else(|| shown(case))),
        ("no refusal keeps it from being tried", refused.is_none(), refused.unwrap_or_else(|| "none does".into())),
        ("Auto Scaling shows it waiting", unseen.is_none(), unseen.unwrap_or_else(|| shown(case))),
        ("its action is known to be there", case.kept.beat.is_some(), known_since(case.kept.beat)),
        (
            "the policy names the hook",
            policy.is_some(),
            format!("hook {} of group {}", case.kept.hook, case.kept.group),
        ),
        ("nothing is paused", pause.is_none(), pause.map_or("no pause covers it".into(), |pause| pause.scope.clone())),
        (
            "where it goes is certain",
            !may_have_come_out,
            if may_have_come_out { STILL_SHOWN.to_owned() } else { format!("it goes {course}") },
        ),
        ("it is to serve, or served", !course.serves_nobody(), format!("it is on its way {course}")),
        ("the policy says act", is_acting, format!("mode = {:?}", if is_acting { "act" } else { "watch" })),
        (
            match policy {
                Some(HeldBy::Termination(_)) => "nothing of it is in use",
                _ => "it is ready",
            },
            is_done,
            judgement.as_ref().map_or_else(String::new, told),
        ),
    ])
}

fn until(lease: Timestamp) -> String {
    format!("a call is under way, until {lease:.0} at most")
}

fn shown(case: &Case<'_>) -> String {
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

fn told(judgement: &Judgement) -> String {
    match judgement {
        Judgement::Complete(result, because) => format!("{result}: {because}"),
        Judgement::First(step, because) => format!("{step}: {because}"),
        Judgement::Wait(waits) => waits.to_string(),
        Judgement::Ask => format!("held for {IS_IT_KNOWN}"),
    }
}
