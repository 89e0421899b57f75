//! A pause in words: what is left alone, on whose word, why, until when, and how to end it.

use homeostat_core::id::Named;
use homeostat_core::line::one_line;
use homeostat_core::shell;
use homeostat_core::view::{Command, Message, Point, Severity, Sort};
use homeostat_remedies::registry;

use crate::pauses::Pause;

/// People's own words: as long as the operator's command lets them be.
const LONGEST_WORDS: usize = 300;

pub(super) fn set(pause: &Pause) -> Message {
    let scope = &pause.scope;
    let until =
        pause.until.map_or_else(|| "until somebody removes the pause".to_owned(), |until| format!("until {until:.0}"));
    let next = match pause.until {
        Some(until) => format!("it ends by itself at {until:.0}. Incidents are still opened and reported."),
        None => "it holds until somebody removes it. Incidents are still opened and reported.".to_owned(),
    };
    let hooks = "Instances that a lifecycle hook of the policy holds there are released at once: new ones enter service without a readiness check, and leaving ones are not drained.";
    let first = format!("Homeostat is paused for {}: {until}, {}.", covered(pause), stops(pause));
    let sort = Sort { event: "paused", severity: Severity::Warning, reason: "paused" };
    Message {
        points: vec![Point { facts: word(pause), next: Some(next), ..Point::default() }],
        details: has_instances(pause).then(|| hooks.to_owned()).into_iter().collect(),
        stop: (!covers_nothing(pause))
            .then(|| Command::new("To end it now", format!("homeostat resume {}", shell::word(scope)))),
        ..Message::new(sort, format!("paused {scope}, {until}"), vec![first])
    }
}

pub(super) fn lifted(pause: &Pause) -> Message {
    let scope = &pause.scope;
    let is_of_nothing = covers_nothing(pause);
    let next = "whatever waited is looked at again, and acted on if the evidence still says unhealthy.".to_owned();
    let others = "homeostat status lists the other pauses. CloudTrail shows who lifted this one, if it logs DynamoDB data events.";
    let then = match is_of_nothing {
        true => "It covered nothing, so nothing changes.",
        false => "Homeostat acts there again, unless another pause covers it.",
    };
    let first = format!("Somebody lifted the pause for {}. {then}", covered(pause));
    let again = format!("homeostat pause {} --reason …", shell::word(scope));
    let sort = Sort { event: "resumed", severity: Severity::Info, reason: "resumed" };
    Message {
        points: vec![Point { facts: word(pause), next: (!is_of_nothing).then_some(next), ..Point::default() }],
        details: vec![others.to_owned()],
        stop: (!is_of_nothing).then(|| Command::new("To pause it again", again)),
        ..Message::new(sort, format!("resumed {scope}"), vec![first])
    }
}

fn word(pause: &Pause) -> Vec<String> {
    vec![
        format!("Paused by: {}.", one_line(&pause.by, LONGEST_WORDS)),
        format!("Why: {}", one_line(&pause.reason, LONGEST_WORDS)),
    ]
}

/// What it covers. A pause that was written by hand may be of what no pause can cover: then it holds nothing back.
fn covers(pause: &Pause) -> Option<Named> {
    registry::paused(&pause.scope).filter(|named| named.pausable.contains(&pause.scope))
}

fn covers_nothing(pause: &Pause) -> bool {
    pause.scope != "all" && covers(pause).is_none()
}

fn has_instances(pause: &Pause) -> bool {
    pause.scope == "all" || covers(pause).is_some_and(|named| named.has_instances)
}

fn covered(pause: &Pause) -> String {
    match covers(pause) {
        Some(named) => named.words,
        None if pause.scope == "all" => "all groups, hooks and records".to_owned(),
        None => pause.scope.clone(),
    }
}

fn stops(pause: &Pause) -> String {
    if covers_nothing(pause) {
        return format!("but that covers nothing: a pause is of {}", registry::PAUSABLE);
    }
    let all = "replaces nothing, and moves no weight, neither away nor back";
    format!("Homeostat {}", covers(pause).map_or(all, |named| named.stops))
}
