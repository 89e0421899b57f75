//! What a look would come to, and why: the loop's own reading and deciding, and nothing after that.
//!
//! This module never writes and never performs anything.

use serde::Serialize;

use super::{Attended, Reading, Remedy, in_time, leave_it, read};
use crate::incident::Incident;
use crate::ports::{Clock, Ledger, Unavailable};
use crate::signal::Hint;

/// One step of a ladder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rung {
    pub name: &'static str,
    /// `None` = not reached.
    pub passed: Option<bool>,
    /// What it goes by, with today's values.
    pub by: String,
}

/// A ladder with its steps' names, whether each lets pass, and what it goes by. Past the first that doesn't, none is reached.
pub(crate) fn climbed(steps: impl IntoIterator<Item = (&'static str, bool, String)>) -> Vec<Rung> {
    let mut is_reached = true;
    let rung = |(name, passes, by)| {
        let passed = is_reached.then_some(passes);
        is_reached &= passes;
        Rung { name, passed, by }
    };
    steps.into_iter().map(rung).collect()
}

#[derive(Debug, Clone)]
pub struct Explanation {
    pub outcome: Outlook,
    pub rungs: Vec<Rung>,
}

#[derive(Debug, Clone)]
pub enum Outlook {
    Attended(Attended),
    /// The last call took effect, and nobody has recorded that yet.
    TookEffect(Box<Incident>),
}

/// What would be decided now.
///
/// # Errors
/// [`Unavailable`]: something could not be read.
pub async fn explain<R: Remedy>(
    remedy: &R,
    ledger: &impl Ledger,
    clock: &impl Clock,
    hint: &Hint,
) -> Result<Explanation, Unavailable> {
    // Asked by a person, it is never too early.
    match read(remedy, ledger, clock, hint, true).await? {
        Reading::Nothing(ignored) => {
            Ok(Explanation { outcome: Outlook::Attended(Attended::Ignored(ignored)), rungs: Vec::new() })
        }
        Reading::TookEffect { settled, .. } => {
            Ok(Explanation { outcome: Outlook::TookEffect(settled), rungs: Vec::new() })
        }
        Reading::Looked(looked) => {
            let now = looked.now;
            let decision = remedy.decide(now, &looked.incident, &looked.seen, &looked.around);
            let decision = in_time(now, &looked.incident, decision, &remedy.times(&looked.incident));
            let rungs = remedy.rungs(now, &looked.incident, &looked.seen, &looked.around);
            let outcome = match leave_it(hint, &looked.incident, &decision) {
                Some(ignored) => Attended::Ignored(ignored),
                None => Attended::Decided { decision, incident: Box::new(looked.incident) },
            };
            Ok(Explanation { outcome: Outlook::Attended(outcome), rungs })
        }
    }
}
