//! An event, served by a function's one remedy: all that was delivered together, one after the other, in one answer.
//!
//! This module never knows what the remedy is, and never decides what becomes of a signal: the loop does.

use homeostat_core::id::Subject;
use homeostat_core::incident::{Decision, Incident, Kind};
use homeostat_core::ports::{Clock, Ledger, Unavailable, WakeUps};
use homeostat_core::reconcile::{self, Look, Ports, Remedy, Served, Surveyed};
use homeostat_core::signal::{self, NoSignal, Signal};
use serde_json::{Value, json};

use crate::answers::{attended, ignored};
use crate::{Answers, Failure};

/// Serves an event. The answer says what was decided, for `sam local invoke` and for tests.
///
/// # Errors
/// [`Failure::Drop`] for a malformed event; [`Failure::Retry`] if AWS or the ledger could not be read or written.
pub async fn serve<R, L, C, W>(remedy: &R, ports: Ports<'_, L, C, W>, event: &Value) -> Result<Value, Failure>
where
    R: Remedy,
    L: Ledger + Sync,
    C: Clock,
    W: WakeUps,
{
    let mut answers = Answers::default();
    for parsed in signal::read(event, ports.clock.now()) {
        if let Some(signal) = answers.signal(parsed) {
            one(remedy, ports, &signal, &mut answers).await;
        }
    }
    answers.together()
}

pub(crate) async fn one<R, L, C, W>(remedy: &R, ports: Ports<'_, L, C, W>, signal: &Signal, answers: &mut Answers)
where
    R: Remedy,
    L: Ledger + Sync,
    C: Clock,
    W: WakeUps,
{
    tracing::info!(key = %signal.key, "a signal");
    take(reconcile::serve(remedy, ports, signal, &log).await, answers);
}

/// Adds what became of a signal to the answer.
pub(crate) fn take<K: Kind>(served: Result<Served<K>, Unavailable>, answers: &mut Answers) {
    match served {
        Ok(Served::Nothing(why @ NoSignal::Unreadable { .. })) => answers.add(Err(Failure::Drop(why.to_string()))),
        Ok(Served::Nothing(why)) => answers.add(Ok(ignored(&why))),
        Ok(Served::Hints(looks)) => {
            let are_several = looks.len() > 1;
            for look in looks {
                let subject = look.subject.clone();
                let named = |failure| if are_several { of(&subject, failure) } else { failure };
                answers.add(answer(look).map_err(named));
            }
        }
        Ok(Served::Survey(surveyed, looks)) => answers.add(found(surveyed, looks)),
        Err(unavailable) => answers.add(Err(unavailable.into())),
    }
}

fn of(subject: &Subject, failure: Failure) -> Failure {
    match failure {
        Failure::Retry(why) => Failure::Retry(format!("{subject}: {why}")),
        Failure::Drop(why) => Failure::Drop(format!("{subject}: {why}")),
        Failure::Page(why) => Failure::Page(format!("{subject}: {why}")),
    }
}

pub(crate) fn answer<K: Kind>(look: Look<K>) -> Result<Value, Failure> {
    if let Some(error) = look.not_woken {
        // If it gets lost, the sweep comes round all the same.
        tracing::warn!("left to the sweep: {error}");
    }
    Ok(attended(look.outcome?))
}

pub(crate) fn found<K: Kind>(surveyed: Surveyed, looks: Vec<Look<K>>) -> Result<Value, Failure> {
    let Surveyed { looked_at, marked, failed, partial, mut unread, left, .. } = surveyed;
    let mut failures: Vec<String> = failed.into_iter().map(|(name, why)| format!("{name}: {why}")).collect();
    unread.extend(partial.into_iter().map(|(name, why)| format!("{name}: {why}")));
    if !unread.is_empty() {
        tracing::warn!("could not ask all that tells of what is wrong: {}", unread.join("; "));
    }
    let mut found = Vec::new();
    for look in looks {
        let subject = look.subject.clone();
        match answer(look) {
            Ok(answer) => found.push(answer),
            Err(failure) => failures.push(of(&subject, failure).to_string()),
        }
    }
    if left > 0 {
        tracing::info!(left, "the resync goes on in the next slice");
    }
    if failures.is_empty() {
        let mut answer = json!({ "looked_at": looked_at, "found": found });
        if let Some(answer) = answer.as_object_mut() {
            let marked: Vec<String> = marked.iter().map(ToString::to_string).collect();
            answer.extend((!marked.is_empty()).then(|| ("marked".to_owned(), json!(marked))));
            answer.extend((left > 0).then(|| ("left".to_owned(), json!(left))));
        }
        Ok(answer)
    } else {
        Err(Failure::Retry(failures.join("; ")))
    }
}

pub(crate) fn log<K: Kind>(incident: &Incident<K>, decision: &Decision<K>) {
    tracing::info!(subject = %incident.subject, scope = %incident.scope(), "{decision}");
}
