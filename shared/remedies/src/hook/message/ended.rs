//! How a held instance went on, for those that went otherwise than they should.
//!
//! This module never calls an instance well or ready that nothing showed to be so.

use homeostat_core::aws::lifecycle::{Course, Transition};
use homeostat_core::view::{Message, Point, Severity, Sort};

use super::over::over;
use super::{held, part_of, plan, sort, stop};
use crate::hook::reasons::{About, Because, Ended, Limit, Page, PageReason};
use crate::hook::state::HookState;
use crate::hook::view::HookView;

pub(super) fn closed(view: &HookView, ended: &Ended) -> Message {
    if let Some(Page::Own(PageReason::LaunchesFail(fail))) = &view.about.incident.paged_because {
        return over(view, fail);
    }
    let (About { short, long, .. }, kept) = (&view.about, view.kept);
    let HookState { instance, group, .. } = kept;
    let left = match &ended.because {
        Some(because @ Because::NotReady { .. }) => abandoned(view, because),
        Some(because @ Because::OutOfTime { limit, .. }) => in_use(view, because, limit),
        Some(because @ Because::MachineGone { .. }) => registered(view, because),
        Some(because @ Because::Unjudged { .. }) => unproven(view, because),
        Some(because @ Because::Dependency { .. }) => spared(view, because),
        _ if !ended.not_done.is_empty() => Left {
            sort: warning(view, "left-undone"),
            headline: format!("left undone: {instance} of {group}"),
            first: format!("Homeostat is done with {long}, and could not do all that was to be done before."),
            point: Point::default(),
        },
        _ => Left {
            sort: sort(view),
            headline: format!("closed: {short}"),
            first: format!("The incident about {long} is closed: {ended}."),
            point: Point::default(),
        },
    };
    let is_abandoned = matches!(&ended.because, Some(Because::NotReady { .. }));
    let Left { sort, headline, first, point } = left;
    let undone = ended.not_done.iter().map(|undone| format!("Left undone: {undone}."));
    let facts = held(view).into_iter().chain(undone).chain(part_of(kept)).collect();
    let you = (!ended.not_done.is_empty()).then(plan::undone).into_iter().chain(point.you).collect();
    Message {
        points: vec![Point { facts, you, ..point }],
        stop: is_abandoned.then(|| stop(kept)),
        ..Message::new(sort, headline, vec![first])
    }
}

/// How it went on, besides what is said of each.
struct Left {
    sort: Sort,
    headline: String,
    first: String,
    point: Point,
}

fn warning(view: &HookView, reason: &'static str) -> Sort {
    Sort { severity: Severity::Warning, reason, ..sort(view) }
}

fn point(because: &Because, you: &[&str], next: &str) -> Point {
    let you = you.iter().map(|you| (*you).to_owned()).collect();
    Point { why: vec![because.to_string()], you, next: Some(next.to_owned()), ..Point::default() }
}

fn abandoned(view: &HookView, because: &Because) -> Left {
    let HookState { instance, group, .. } = view.kept;
    let you =
        "You: find out why it was not ready: its image or version, what it depends on, or evidence that it can't show.";
    let next = "Auto Scaling terminates it, and launches another unless Launch is suspended; the hook holds that one just \
                so. After as many in a row as the policy's max-abandoned, you are asked once, and the group is left as its \
                on-limit says.";
    Left {
        sort: Sort { event: "needs-you", severity: Severity::Critical, reason: "launch-abandoned" },
        headline: format!("NEEDS YOU: launch abandoned: {instance} into {group}"),
        first: format!("Homeostat abandoned the launch of {instance} into group {group}. It never came into service."),
        point: Point { commands: vec![plan::look()], ..point(because, &[you], next) },
    }
}

fn in_use(view: &HookView, because: &Because, limit: &Limit) -> Left {
    let HookState { instance, group, course, .. } = view.kept;
    let lost = "You: see whether what it was doing is lost, and have that done again.";
    let oftener = match limit {
        Limit::Policy { .. } => "If its work takes longer as a rule, raise the hook's timeout in the policy.",
        Limit::Global => {
            "If its work takes longer as a rule, raise the hook's heartbeat timeout: 100 of them are its limit."
        }
        Limit::Timeout => "See the log of lifecycle-hook for why no heartbeat came through.",
        Limit::Spot { .. } => "A Spot Instance gives two minutes and no more: its work has to fit into them.",
    };
    let next = match course {
        Some(Course::BackToPool) => "Auto Scaling takes it back into the warm pool.",
        _ => "Auto Scaling terminates it. Homeostat does nothing more about it.",
    };
    Left {
        sort: warning(view, "left-in-use"),
        headline: format!("left in use: {instance} of {group}"),
        first: format!("Homeostat let {instance} of group {group} go although it was still in use."),
        point: point(because, &[lost, oftener], next),
    }
}

fn registered(view: &HookView, because: &Because) -> Left {
    let HookState { instance, group, .. } = view.kept;
    let you = "You: see whose address it is now. If it is nobody's, deregister it: the next machine that gets the address would be \
               sent requests.";
    Left {
        sort: warning(view, "left-registered"),
        headline: format!("left registered: {instance} of {group}"),
        first: format!("Homeostat let {instance} of group {group} go, and left what was registered by its address."),
        point: point(because, &[you], "Homeostat does nothing more about it."),
    }
}

fn unproven(view: &HookView, because: &Because) -> Left {
    let HookState { instance, group, .. } = view.kept;
    let you = "You: see for yourself whether it serves well; and see the log of lifecycle-hook for why its evidence couldn't be \
               read or no heartbeat came through.";
    let next = "it serves like any other, and is judged like any other from now on: by its target groups, by its group, and \
                by replace-instance if the policy names the group there. What is launched next is held as usual.";
    Left {
        sort: warning(view, "admitted-unproven"),
        headline: format!("admitted unproven: {instance} into {group}"),
        first: format!("Homeostat let {instance} into service in group {group} without proof that it is ready."),
        point: point(because, &[you], next),
    }
}

fn spared(view: &HookView, because: &Because) -> Left {
    let HookState { instance, group, .. } = view.kept;
    let you = "You: nothing, if it recovers with what it depends on; else see what keeps it from being ready.";
    let next = "it serves like any other, and is judged like any other from now on. What is launched next is held as usual, and is \
                abandoned again once what it depends on no longer moves.";
    Left {
        sort: warning(view, "admitted-unproven"),
        headline: format!("admitted unproven: {instance} into {group}"),
        first: format!(
            "Homeostat let {instance} into service in group {group} although it is not ready, since what it depends on moves."
        ),
        point: point(because, &[you], next),
    }
}

/// What Auto Scaling does with the instance once its hook ends with that result.
pub(super) fn comes_of(transition: Transition, is_continue: bool) -> &'static str {
    match (transition, is_continue) {
        (Transition::Launching, true) => "the instance comes into service, unproven",
        (Transition::Launching, false) => "the instance is terminated, and another is launched",
        (Transition::Terminating, _) => "the instance goes, whatever of it is in use",
    }
}
