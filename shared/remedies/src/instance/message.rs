//! What was decided about an instance or a group, in words.
//!
//! This module never says of what was only watched or followed that Homeostat did it.

mod ended;
mod plan;

use ended::{closed, last_call};
use homeostat_core::incident::State;
use homeostat_core::shell;
use homeostat_core::view::{Command, Message, Point, Severity, Sort, capitalized};
use jiff::Timestamp;
use plan::{needed, waits_for};

use super::view::ReplacementView;
use crate::instance::reasons::{About, Decision, Evidence, GroupState, Hold, HoldReason, Page, PageReason, Step};

pub(super) fn decided(view: &ReplacementView) -> Message {
    let About { incident, short, .. } = &view.about;
    match &incident.decision {
        Some(Decision::Act { step, because }) => acts(view, step, because),
        Some(Decision::Hold { because, .. }) if incident.state == State::Escalated => {
            let you = vec!["You: see below what happened, and finish by hand.".to_owned()];
            let asked = asks(view, &because.to_string(), Point { you, ..Point::default() });
            Message { headline: format!("STILL NEEDS YOU: {short}"), ..asked }
        }
        Some(Decision::Hold { because: Hold::Watching { step, because }, .. }) => watches(view, step, because),
        Some(Decision::Hold {
            because: because @ Hold::Own(HoldReason::GroupState(GroupState::Parked { .. })),
            ..
        }) => parked(view, because),
        Some(Decision::Hold { because: because @ Hold::Own(HoldReason::Planned { until, .. }), .. }) => {
            plans(view, because, *until)
        }
        Some(Decision::Hold { because, .. }) => holds(view, because),
        Some(Decision::Page(page)) => {
            let asked = asks(view, &page.to_string(), needed(page));
            Message { headline: format!("{}: {}", asked.headline, in_short(page)), ..asked }
        }
        Some(Decision::Close(close)) => closed(view, close),
        None => view.about.undecided(sort(view)),
    }
}

fn sort(view: &ReplacementView) -> Sort {
    let step = match view.about.incident.decision.as_ref().and_then(Decision::step) {
        Some(Step::MarkUnhealthy { .. }) => "mark-unhealthy",
        _ => "replace",
    };
    view.about.sort(step)
}

fn message(view: &ReplacementView, headline: String, first: String, point: Point) -> Message {
    Message { points: vec![point], ..Message::new(sort(view), headline, vec![first]) }
}

fn proofs(because: &[Evidence]) -> Vec<String> {
    because.iter().map(ToString::to_string).collect()
}

fn acts(view: &ReplacementView, step: &Step, because: &[Evidence]) -> Message {
    let next = "it watches until the group is whole again, and tells you then, or if it isn't in time.";
    let point = Point {
        why: proofs(because),
        done: vec![format!("What it does: {step}.")],
        next: Some(next.to_owned()),
        ..Point::default()
    };
    let About { short, long, .. } = &view.about;
    message(view, format!("replacing {short}"), format!("Homeostat is replacing {long}."), point)
}

fn watches(view: &ReplacementView, step: &Step, because: &[Evidence]) -> Message {
    let next = "it keeps watching. The policy says mode = \"watch\"; with \"act\" it would act.";
    let point = Point {
        seen: Some(view.seen()),
        why: proofs(because),
        done: vec![format!("What it would do: {step}.")],
        next: Some(next.to_owned()),
        ..Point::default()
    };
    let About { short, long, .. } = &view.about;
    let first = format!("{} {long}. Homeostat only watches, and changes nothing.", trouble(view));
    message(view, format!("only watching, would replace {short}"), first, point)
}

fn holds(view: &ReplacementView, because: &Hold) -> Message {
    let About { incident, short, long } = &view.about;
    let verb = if incident.state == State::Following { "following" } else { "holding still about" };
    let point = Point {
        seen: Some(view.seen()),
        why: vec![because.to_string()],
        next: Some(waits_for(because).to_owned()),
        ..Point::default()
    };
    let first = format!("{} {long}, and Homeostat changes nothing for now.", trouble(view));
    message(view, format!("{verb} {short}"), first, point)
}

/// Who wants to stop it has until then.
fn plans(view: &ReplacementView, because: &Hold, until: Timestamp) -> Message {
    let About { incident, short, long } = &view.about;
    let stop = incident.subject.instance().map(|id| {
        let scope = shell::word(&format!("instance#{id}"));
        Command::new("You: nothing, or to keep it, before then", format!("homeostat pause {scope} --reason …"))
    });
    let point = Point {
        seen: Some(view.seen()),
        why: vec![because.to_string()],
        commands: stop.into_iter().collect(),
        next: Some(format!("it looks at it again, and has it replaced at {until:.0} if it is still unhealthy.")),
        ..Point::default()
    };
    let first = format!("{} {long}. Homeostat is going to replace it at {until:.0}.", trouble(view));
    message(view, format!("will replace {short} at {until:.0}"), first, point)
}

/// Nothing is wrong, and nobody has to do anything.
fn parked(view: &ReplacementView, because: &Hold) -> Message {
    let About { short, long, .. } = &view.about;
    let next = "it watches the group as usual once an instance runs again or a process is resumed.";
    let point = Point { seen: Some(because.to_string()), next: Some(next.to_owned()), ..Point::default() };
    let first = format!("{} is parked, and Homeostat leaves it alone.", capitalized(long));
    // Somebody meant it so.
    let sort = Sort { severity: Severity::Info, ..sort(view) };
    Message { sort, ..message(view, format!("parked: {short}"), first, point) }
}

fn trouble(view: &ReplacementView) -> &'static str {
    if view.is_yet_to_come() { "AWS has announced something of" } else { "Something is wrong with" }
}

fn asks(view: &ReplacementView, why: &str, needed: Point) -> Message {
    let About { incident, short, long } = &view.about;
    let (urgency, first) = view.about.needs_you(long);
    let point = Point { why: vec![why.to_owned()], done: last_call(incident).into_iter().collect(), ..needed };
    let asked = message(view, format!("{urgency}: {short}"), first, point);
    Message { acknowledge: Some(view.about.acknowledge()), ..asked }
}

/// What fits a subject line.
fn in_short(page: &Page) -> &'static str {
    match page {
        Page::Refused { .. } => "AWS refused the call",
        Page::NotRecovered { .. } => "not recovered in time",
        Page::Own(PageReason::NotInPolicy { .. }) => "not in the policy any more",
        Page::Waited { .. } => "sick, and held back",
        Page::SharedBudget(_) => "the budget for replacements is used up",
        Page::NoRoom { .. } => "no room left to record a replacement",
        Page::Own(PageReason::GroupStalled { .. }) => "the group does not replace it",
        Page::Own(PageReason::ReplacementsFail { .. }) => "its replacements fail",
        Page::Own(PageReason::TooManyUnhealthy(_)) => "too many are unhealthy at once",
        Page::Own(PageReason::TargetGroupGone(_)) => "its target group does not exist",
    }
}
