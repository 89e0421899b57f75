//! A pause in words: what is left alone, on whose word, why, until when, and how to end it.

use homeostat_core::line::one_line;
use homeostat_core::shell;

use super::Told;
use crate::pauses::Pause;

/// People's own words: as long as the operator's command lets them be.
const LONGEST_WORDS: usize = 300;

pub(super) fn set(pause: &Pause) -> Told {
    let scope = &pause.scope;
    let until =
        pause.until.map_or_else(|| "until somebody removes the pause".to_owned(), |until| format!("until {until:.0}"));
    let mut lines =
        vec![format!("Homeostat is paused for {}: {until}, {}.", covered(pause), stops(pause)), String::new()];
    lines.extend(word(pause));
    lines.push(match pause.until {
        Some(until) => format!("Next: it ends by itself at {until:.0}. Incidents are still opened and reported."),
        None => "Next: it holds until somebody removes it. Incidents are still opened and reported.".to_owned(),
    });
    if pause.zone().is_none() {
        lines.push(
            "Instances that a lifecycle hook of the policy holds there are released at once: new ones enter service without a readiness check, and leaving ones are not drained."
                .to_owned(),
        );
    }
    lines.push(format!("To end it now: homeostat resume {}", shell::word(scope)));
    (format!("paused {scope}, {until}"), lines)
}

pub(super) fn lifted(pause: &Pause) -> Told {
    let scope = &pause.scope;
    let mut lines = vec![
        format!(
            "Somebody lifted the pause for {}. Homeostat acts there again, unless another pause covers it.",
            covered(pause)
        ),
        String::new(),
    ];
    lines.extend(word(pause));
    lines.push(
        "Next: whatever waited is looked at again, and acted on if the evidence still says unhealthy.".to_owned(),
    );
    lines.push(
        "homeostat status lists the other pauses. CloudTrail shows who lifted this one, if it logs DynamoDB data events."
            .to_owned(),
    );
    lines.push(format!("To pause it again: homeostat pause {} --reason …", shell::word(scope)));
    (format!("resumed {scope}"), lines)
}

fn word(pause: &Pause) -> [String; 2] {
    [
        format!("Paused by: {}.", one_line(&pause.by, LONGEST_WORDS)),
        format!("Why: {}", one_line(&pause.reason, LONGEST_WORDS)),
    ]
}

fn covered(pause: &Pause) -> String {
    match pause.scope.split_once('#') {
        None if pause.scope == "all" => "all groups, hooks and records".to_owned(),
        Some(("group", name)) => format!("group {name}"),
        Some(("instance", id)) => format!("instance {id}"),
        Some(("zone", id)) => format!("hosted zone {id}"),
        _ => pause.scope.clone(),
    }
}

fn stops(pause: &Pause) -> &'static str {
    match pause.scope.split_once('#') {
        Some(("group" | "instance", _)) => "Homeostat replaces nothing there",
        Some(("zone", _)) => "Homeostat moves no weight there, neither away nor back",
        _ => "Homeostat replaces nothing, and moves no weight, neither away nor back",
    }
}
