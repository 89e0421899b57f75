//! An outcome that isn't what people were told to expect: whether the call took effect is not known, or known only now.
//!
//! This module never says that nothing happened where AWS didn't say so. The ordinary outcome has no message of its own: the
//! opening was sent a second before it, and the next message says it. A refusal is a page.

use homeostat_core::incident::{Doubt, Incident, Intent};

use super::{Told, long, short};

pub(super) fn of(incident: &Incident) -> Told {
    let (name, what) = (short(incident), long(incident));
    let (tried, outcome) = said(incident.intent.as_ref());
    if incident.doubt == Some(Doubt::Settled) {
        let lines = vec![
            format!("What Homeostat tried about {what} took effect after all."),
            String::new(),
            format!("What it tried: {tried}."),
            format!("AWS: {outcome}."),
            "Next: it goes on watching, and tells you when all is well, or if it isn't in time.".to_owned(),
        ];
        return (format!("took effect: {name}"), lines);
    }
    let lines = vec![
        format!("Homeostat doesn't know whether its call about {what} took effect. It tried twice."),
        String::new(),
        format!("What it tried: {tried}."),
        format!("AWS: {outcome}."),
        "You: nothing yet, unless AWS itself has trouble (AWS Health).".to_owned(),
        "Next: it looks again before each further try, and tells you once it took effect, or if it doesn't in time."
            .to_owned(),
    ];
    (format!("outcome unknown: {name}"), lines)
}

fn said(intent: Option<&Intent>) -> (String, String) {
    let tried = intent.map_or_else(|| "not recorded".to_owned(), |intent| intent.step.to_string());
    let outcome = intent.and_then(|intent| intent.outcome.as_ref());
    (tried, outcome.map_or_else(|| "no answer".to_owned(), ToString::to_string))
}
