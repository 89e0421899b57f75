//! The sweep: finds the open incidents whose time has come and wakes their owners. What no event tells is found by it.
//!
//! This module never decides about an incident, and never changes anything of it but `wake_at` and `wakes`.

use jiff::SignedDuration;

use crate::ports::{Clock, Due, DueIncidents, NotWritten, Unavailable, WakeUps};

/// The sweep's own pace. What falls due before the next one is woken by this one, with a delay: else every look would come up
/// to a minute late. An owner that was woken but wrote nothing is woken again this much later.
const PACE: SignedDuration = SignedDuration::from_mins(1);

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Swept {
    pub woken: u32,
    /// Somebody wrote since the index was read: not due any more.
    pub moved_on: u32,
    /// What went wrong, one sentence each. All of it is due again at the next sweep.
    pub failed: Vec<String>,
}

/// Wakes every owner whose incident is due. One that fails keeps no other from being woken.
///
/// `wake_at` moves before the wake-up is sent: a crash in between costs one round, never a flood of wake-ups.
///
/// # Errors
/// [`Unavailable`]: what is due could not be read at all.
pub async fn sweep(
    incidents: &impl DueIncidents,
    wake_ups: &impl WakeUps,
    clock: &impl Clock,
) -> Result<Swept, Unavailable> {
    let listed = incidents.due(clock.now() + PACE).await?;
    let mut swept = Swept { failed: listed.unreadable, ..Swept::default() };
    for due in listed.due {
        match wake(incidents, wake_ups, clock, &due).await {
            Ok(()) => swept.woken += 1,
            Err(NotWritten::Conflict) => swept.moved_on += 1,
            Err(NotWritten::Unavailable(unavailable)) => swept.failed.push(format!("{}: {unavailable}", due.subject)),
        }
    }
    Ok(swept)
}

async fn wake(
    incidents: &impl DueIncidents,
    wake_ups: &impl WakeUps,
    clock: &impl Clock,
    due: &Due,
) -> Result<(), NotWritten> {
    let now = clock.now();
    let after = due.wake_at.duration_since(now).max(SignedDuration::ZERO);
    incidents.postpone(due, now + after + PACE).await?;
    wake_ups.wake(&due.subject, after).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures_util::FutureExt;
    use jiff::Timestamp;

    use super::*;
    use crate::id::Subject;
    use crate::ports::DueList;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn due(number: u8, wake_at: Timestamp) -> Due {
        let subject: Subject = format!("eu-west-1#instance#i-{number:017x}").parse().unwrap();
        Due { subject, version: 1, wake_at }
    }

    struct Noon;

    impl Clock for Noon {
        fn now(&self) -> Timestamp {
            at(0)
        }
        async fn back_off(&self, _: u32) {}
    }

    /// A table and a queue in one, which notes what is done to them in order.
    #[derive(Default)]
    struct Noted {
        list: DueList,
        conflicts: Vec<Subject>,
        unreachable: Vec<Subject>,
        done: Mutex<Vec<String>>,
    }

    impl Noted {
        fn note(&self, what: String) {
            self.done.lock().unwrap().push(what);
        }
    }

    impl DueIncidents for Noted {
        async fn due(&self, until: Timestamp) -> Result<DueList, Unavailable> {
            self.note(format!("due until {}", until.duration_since(at(0)).as_secs()));
            Ok(self.list.clone())
        }
        async fn postpone(&self, due: &Due, until: Timestamp) -> Result<(), NotWritten> {
            if self.conflicts.contains(&due.subject) {
                return Err(NotWritten::Conflict);
            }
            self.note(format!("{} to {}", due.subject.name(), until.duration_since(at(0)).as_secs()));
            Ok(())
        }
    }

    impl WakeUps for Noted {
        async fn wake(&self, subject: &Subject, after: SignedDuration) -> Result<(), Unavailable> {
            if self.unreachable.contains(subject) {
                return Err(Unavailable { doing: "send".into(), why: "no".into() });
            }
            self.note(format!("wake {} after {}", subject.name(), after.as_secs()));
            Ok(())
        }
    }

    fn swept(noted: &Noted) -> (Swept, Vec<String>) {
        let swept = sweep(noted, noted, &Noon).now_or_never().unwrap().unwrap();
        (swept, noted.done.lock().unwrap().clone())
    }

    #[test]
    fn wake_at_moves_before_the_wake_up_is_sent_and_the_wake_up_comes_when_it_is_due() {
        let list = DueList { due: vec![due(1, at(-5)), due(2, at(40))], unreadable: vec![] };
        let (swept, done) = swept(&Noted { list, ..Noted::default() });
        assert_eq!((swept.woken, swept.failed.len()), (2, 0));
        let expected = [
            "due until 60",
            "i-00000000000000001 to 60",
            "wake i-00000000000000001 after 0",
            "i-00000000000000002 to 100",
            "wake i-00000000000000002 after 40",
        ];
        assert_eq!(done, expected);
    }

    #[test]
    fn what_somebody_wrote_meanwhile_is_not_woken() {
        let one = due(1, at(0));
        let list = DueList { due: vec![one.clone()], unreadable: vec![] };
        let (swept, done) = swept(&Noted { list, conflicts: vec![one.subject], ..Noted::default() });
        assert_eq!((swept.woken, swept.moved_on), (0, 1));
        assert_eq!(done.len(), 1, "{done:?}");
    }

    #[test]
    fn one_that_fails_or_cannot_be_read_hides_no_other() {
        let list = DueList { due: vec![due(1, at(0)), due(2, at(0))], unreadable: vec!["item ? OPEN".into()] };
        let (swept, done) = swept(&Noted { unreachable: vec![due(1, at(0)).subject], list, ..Noted::default() });
        assert_eq!((swept.woken, swept.failed.len()), (1, 2), "{swept:?}");
        assert!(done.iter().any(|what| what.starts_with("wake i-00000000000000002")), "{done:?}");
    }
}
