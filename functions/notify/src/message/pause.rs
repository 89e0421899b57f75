//! A pause in words: what is left alone, on whose word, why, until when, and how to end it.

use std::fmt;

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
    let covered = Covered::by(pause);
    let first = format!("Homeostat is paused for {covered}: {until}, {}.", covered.stops());
    let sort = Sort { event: "paused", severity: Severity::Warning, reason: "paused" };
    Message {
        points: vec![Point { facts: word(pause), next: Some(next), ..Point::default() }],
        details: covered.has_instances().then(|| hooks.to_owned()).into_iter().collect(),
        stop: (!covered.is_nothing())
            .then(|| Command::new("To end it now", format!("homeostat resume {}", shell::word(scope)))),
        ..Message::new(sort, format!("paused {scope}, {until}"), vec![first])
    }
}

pub(super) fn lifted(pause: &Pause) -> Message {
    let scope = &pause.scope;
    let covered = Covered::by(pause);
    let is_of_nothing = covered.is_nothing();
    let next = "whatever waited is looked at again, and acted on if the evidence still says unhealthy.".to_owned();
    let others = "homeostat status lists the other pauses. CloudTrail shows who lifted this one, if it logs DynamoDB data events.";
    let then = match is_of_nothing {
        true => "It covered nothing, so nothing changes.",
        false => "Homeostat acts there again, unless another pause covers it.",
    };
    let first = format!("Somebody lifted the pause for {covered}. {then}");
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

/// What a pause covers.
enum Covered {
    All,
    One(Named),
    /// It was written by hand, of what no pause can cover: it holds nothing back.
    Nothing(String),
}

impl Covered {
    fn by(pause: &Pause) -> Self {
        let scope = &pause.scope;
        if scope == "all" {
            return Covered::All;
        }
        let named = registry::paused(scope).filter(|named| named.pausable.contains(scope));
        named.map_or_else(|| Covered::Nothing(scope.clone()), Covered::One)
    }

    fn is_nothing(&self) -> bool {
        matches!(self, Covered::Nothing(_))
    }

    fn has_instances(&self) -> bool {
        match self {
            Covered::All => true,
            Covered::One(named) => named.has_instances,
            Covered::Nothing(_) => false,
        }
    }

    fn stops(&self) -> String {
        match self {
            Covered::All => "Homeostat changes nothing, except that it completes lifecycle hooks at once".to_owned(),
            Covered::One(named) => format!("Homeostat {}", named.stops),
            Covered::Nothing(_) => format!("but that covers nothing: a pause is of {}", registry::pausable()),
        }
    }
}

impl fmt::Display for Covered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Covered::All => "everything it manages",
            Covered::One(named) => &named.words,
            Covered::Nothing(scope) => scope,
        })
    }
}
