//! What a look would come to, and why: the loop's own reading and deciding, and nothing after that.
//!
//! This module never writes and never performs anything.

use super::{Reading, Reconciled, Remedy, Rung, in_time, not_opened, read};
use crate::incident::{Incident, Kind};
use crate::outcome::Unavailable;
use crate::ports::{Clock, Ledger};
use crate::signal::Hint;

#[derive(Debug, Clone)]
pub struct Explanation<K: Kind> {
    pub outcome: Outlook<K>,
    pub rungs: Vec<Rung>,
}

#[derive(Debug, Clone)]
pub enum Outlook<K: Kind> {
    Reconciled(Reconciled<K>),
    /// The last call took effect, and nobody has recorded that yet.
    TookEffect(Box<Incident<K>>),
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
) -> Result<Explanation<R::Kind>, Unavailable> {
    // Asked by a person, it is never too early.
    match read(remedy, ledger, clock, hint, true).await? {
        Reading::Nothing(ignored) => {
            Ok(Explanation { outcome: Outlook::Reconciled(Reconciled::Ignored(ignored)), rungs: Vec::new() })
        }
        Reading::TookEffect { settled, .. } => {
            Ok(Explanation { outcome: Outlook::TookEffect(settled), rungs: Vec::new() })
        }
        Reading::Looked(looked) => {
            let now = looked.now;
            let decided = remedy.decide(now, &looked.incident, &looked.seen, &looked.around);
            let decision = in_time(now, &looked.incident, decided.clone(), &remedy.times(&looked.incident));
            let mut rungs = remedy.rungs(now, &looked.incident, &looked.seen, &looked.around);
            if decision != decided {
                rungs.iter_mut().for_each(|rung| rung.passed = None);
                let by = format!("unhealthy since {}", since(&looked.incident));
                rungs.insert(0, Rung { name: "it has not waited too long without a page", passed: Some(false), by });
            }
            let outcome = match not_opened(remedy, hint, &looked.incident, &decision) {
                Some(ignored) => Reconciled::Ignored(ignored),
                None => Reconciled::Decided { decision, incident: Box::new(looked.incident) },
            };
            Ok(Explanation { outcome: Outlook::Reconciled(outcome), rungs })
        }
    }
}

fn since<K: Kind>(incident: &Incident<K>) -> String {
    incident.unhealthy_since.map_or_else(|| "no look".to_owned(), |since| format!("{since:.0}"))
}
