//! The sweep: finds the open incidents whose time has come and wakes their owners. What no event tells is found by it, and so
//! is an owner that does not do its part.
//!
//! This module never decides about an incident, and never changes anything of it but `wake_at`, `wakes` and its two marks.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::{SignedDuration, Timestamp};

use crate::outcome::Unavailable;
use crate::ports::{Clock, Due, DueIncidents, Mark, NotWritten, WakeUps};

/// The sweep's own pace. What falls due before the next one is woken by this one, with a delay: else every look would come up
/// to a minute late. An owner that was woken but wrote nothing is woken again this much later.
const PACE: SignedDuration = SignedDuration::from_mins(1);

/// Wake-ups without an answer that make an incident stuck. Each had a minute, and the queue retries within it.
const MOST_WAKES: u32 = 3;

/// Unanswered wake-ups of one owner that are its own load rather than one incident's trouble. Five looks at a time, of two seconds each,
/// answer as many in less than a minute; where more are unanswered they wait in the queue, each for minutes, and the next is no wiser.
/// Which incident is broken can't be told then: the queue has an alarm on the age of its oldest message, which needs neither the sweep nor
/// the ledger, and where AWS throttles the owner's looks, which leaves no message, one incident is marked for all.
const OWN_LOAD: u32 = 100;

/// Wake-ups of instances, and of groups, in one sweep: as many as looks at them have room for within AWS's rates. What is due beyond them is
/// woken by the next sweeps, what has acted first, and is no trouble of its incident's. Of other subjects there is no such number: their
/// owners wake themselves while time presses.
const MOST_OF_ONE: usize = 100;

/// So many of them are looked at as soon as they are due. The others follow one by one over the minute: all at once, their looks would pass
/// what AWS takes at once, and those that it throttles would be unanswered.
const AT_ONCE: usize = 10;
const BETWEEN: SignedDuration = SignedDuration::from_millis(600);

/// Under load, an incident with so many unanswered wake-ups is marked for all of its owner's: the owner has been behind, or throttled, for
/// a quarter of an hour.
const MOST_WAKES_UNDER_LOAD: u32 = 5;

/// Between two wake-ups of a stuck incident: its owner may be fixed, and until then each is in vain.
const STUCK_PACE: SignedDuration = SignedDuration::from_mins(5);

/// Between two marks of the same kind, each of which people hear of.
const REMIND_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// How much later than its deadline an incident is overdue: its owner looks once a minute, and shall be the first to say so.
const SLACK: SignedDuration = SignedDuration::from_mins(3);

/// Incidents that are woken at the same time. A thousand with two calls of 10 ms each take a second or so.
const SIDE_BY_SIDE: usize = 20;

/// A sweep stops here, well below its function's 30 s; what it did not come to is still due at the next one.
const LONGEST: SignedDuration = SignedDuration::from_secs(20);

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Swept {
    pub woken: u32,
    /// Somebody wrote since the index was read: not due any more.
    pub moved_on: u32,
    /// Left to the next sweep for lack of time, or since so many of their owner's are woken already.
    pub left: u32,
    /// Incidents whose owner does not do its part, as marked by this sweep.
    pub marked: u32,
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
    let began = clock.now();
    let listed = incidents.due(began + PACE).await?;
    let mut swept = Swept { failed: listed.unreadable, ..Swept::default() };
    let unanswered = Unanswered::of(&listed.due, began);
    let (now_due, put_off) = by_turn(&listed.due);
    let mut waiting = now_due.into_iter();
    let mut at_work: FuturesUnordered<_> =
        waiting.by_ref().take(SIDE_BY_SIDE).map(|turn| wake(incidents, wake_ups, clock, turn, &unanswered)).collect();
    while let Some((due, woken)) = at_work.next().await {
        match woken {
            Ok(Woken { marked, sent }) => {
                swept.woken += u32::from(sent);
                swept.marked += u32::from(marked);
            }
            Err(NotWritten::Conflict) => swept.moved_on += 1,
            Err(NotWritten::Unavailable(unavailable)) => swept.failed.push(format!("{}: {unavailable}", due.subject)),
        }
        if clock.now() < began + LONGEST {
            at_work.extend(waiting.next().map(|turn| wake(incidents, wake_ups, clock, turn, &unanswered)));
        }
    }
    swept.left = u32::try_from(waiting.count() + put_off).unwrap_or(u32::MAX);
    Ok(swept)
}

/// An incident that this sweep wakes, and how much later than the sweep at the soonest.
struct Turn<'a> {
    due: &'a Due,
    not_before: SignedDuration,
}

/// What this sweep wakes, soonest first, and how much it leaves to the next.
fn by_turn(due: &[Due]) -> (Vec<Turn<'_>>, usize) {
    let mut of_one = BTreeMap::<&str, usize>::new();
    let mut now_due = Vec::new();
    // What has acted is waited for; what is only held can wait.
    let (begun, held): (Vec<&Due>, Vec<&Due>) = due.iter().partition(|due| due.deadline.is_some());
    for due in begun.into_iter().chain(held) {
        let count = of_one.entry(due.subject.tag()).or_default();
        let is_bounded = due.subject.instance().is_some() || due.subject.group().is_some();
        if *count < MOST_OF_ONE || !is_bounded {
            let before = i32::try_from(count.saturating_sub(AT_ONCE)).unwrap_or(i32::MAX);
            let not_before = if is_bounded { BETWEEN * before } else { SignedDuration::ZERO };
            *count += 1;
            now_due.push(Turn { due, not_before });
        }
    }
    let put_off = due.len() - now_due.len();
    (now_due, put_off)
}

struct Woken {
    marked: bool,
    sent: bool,
}

/// Wake-ups that were sent and not answered, by the tag of whom they are about. Not by owner: the sweep knows none.
struct Unanswered<'a>(BTreeMap<&'a str, OfOne<'a>>);

#[derive(Default)]
struct OfOne<'a> {
    count: u32,
    /// Under load, the one that is marked for all.
    longest: Option<&'a Due>,
    /// One was marked lately.
    is_reported: bool,
}

impl<'a> Unanswered<'a> {
    fn of(due: &'a [Due], now: Timestamp) -> Self {
        let mut by_tag = BTreeMap::<&str, OfOne<'_>>::new();
        for due in due {
            let of_one = by_tag.entry(due.subject.tag()).or_default();
            of_one.count = of_one.count.saturating_add(due.wakes);
            of_one.is_reported |= due.stuck.is_some_and(|at| now < at + REMIND_EVERY);
            if due.wakes >= MOST_WAKES_UNDER_LOAD && of_one.longest.is_none_or(|longest| longest.wakes < due.wakes) {
                of_one.longest = Some(due);
            }
        }
        Unanswered(by_tag)
    }

    /// Whether an owner may be behind with its wake-ups, so that one that is unanswered says nothing of its incident.
    fn may_wait(&self, due: &Due) -> bool {
        self.0.get(due.subject.tag()).is_some_and(|of_one| {
            let speaks_for_all = of_one.longest.is_some_and(|longest| longest.subject == due.subject);
            of_one.count > OWN_LOAD && (of_one.is_reported || !speaks_for_all)
        })
    }
}

async fn wake<'a>(
    incidents: &impl DueIncidents,
    wake_ups: &impl WakeUps,
    clock: &impl Clock,
    turn: Turn<'a>,
    unanswered: &Unanswered<'_>,
) -> (&'a Due, Result<Woken, NotWritten>) {
    let may_wait = unanswered.may_wait(turn.due);
    (turn.due, try_wake(incidents, wake_ups, clock.now(), &turn, may_wait).await)
}

async fn try_wake(
    incidents: &impl DueIncidents,
    wake_ups: &impl WakeUps,
    now: Timestamp,
    Turn { due, not_before }: &Turn<'_>,
    may_wait: bool,
) -> Result<Woken, NotWritten> {
    let is_silent = due.wakes >= MOST_WAKES;
    if is_silent && now < due.wake_at {
        // Its owner has until then to answer the last wake-up.
        return Ok(Woken { marked: false, sent: false });
    }
    let marks = marks(now, due, is_silent && !may_wait);
    let after = due.wake_at.duration_since(now).max(*not_before);
    let pace = if is_silent { STUCK_PACE } else { PACE };
    incidents.postpone(due, now + after + pace, &marks, now).await?;
    wake_ups.wake(&due.subject, after).await?;
    Ok(Woken { marked: !marks.is_empty(), sent: true })
}

fn marks(now: Timestamp, due: &Due, is_stuck: bool) -> Vec<Mark> {
    let is_news = |last: Option<Timestamp>| last.is_none_or(|last| now >= last + REMIND_EVERY);
    let is_overdue = due.deadline.is_some_and(|deadline| now > deadline + SLACK);
    let stuck = (is_stuck && is_news(due.stuck)).then_some(Mark::Stuck);
    let overdue = (is_overdue && is_news(due.overdue)).then_some(Mark::Overdue);
    stuck.into_iter().chain(overdue).collect()
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
        Due { subject, version: 1, wake_at, wakes: 0, deadline: None, stuck: None, overdue: None }
    }

    struct Noon;

    impl Clock for Noon {
        fn now(&self) -> Timestamp {
            at(0)
        }
        async fn wait(&self, _: SignedDuration) {}
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
        async fn postpone(&self, due: &Due, until: Timestamp, marks: &[Mark], _: Timestamp) -> Result<(), NotWritten> {
            if self.conflicts.contains(&due.subject) {
                return Err(NotWritten::Conflict);
            }
            for mark in marks {
                self.note(format!("mark {} {mark:?}", due.subject.name()));
            }
            self.note(format!("{} to {}", due.subject.name(), until.duration_since(at(0)).as_secs()));
            Ok(())
        }
    }

    impl WakeUps for Noted {
        async fn wake_for(&self, _: &Subject, _: Timestamp, _: SignedDuration) -> Result<(), Unavailable> {
            panic!("the sweep takes no look of its own")
        }

        async fn wake(&self, subject: &Subject, after: SignedDuration) -> Result<(), Unavailable> {
            if self.unreachable.contains(subject) {
                return Err(Unavailable { doing: "send".into(), why: "no".into() });
            }
            self.note(format!("wake {} after {}", subject.name(), after.as_secs()));
            Ok(())
        }

        async fn order(&self, _: &crate::signal::Order, _: SignedDuration) -> Result<(), Unavailable> {
            panic!("the sweep has no queue of its own")
        }
    }

    fn swept(noted: &Noted) -> (Swept, Vec<String>) {
        let swept = sweep(noted, noted, &Noon).now_or_never().unwrap().unwrap();
        (swept, noted.done.lock().unwrap().clone())
    }

    #[test]
    fn so_many_that_aws_has_no_room_for_their_looks_are_woken_by_turns() {
        let list: Vec<Due> = (0..=u8::MAX).map(|number| due(number, at(i64::from(number) - 300))).collect();
        let (swept, done) = swept(&Noted { list: DueList { due: list, unreadable: vec![] }, ..Noted::default() });
        assert_eq!((swept.woken, swept.left), (100, 156));
        let woken: Vec<&String> = done.iter().filter(|what| what.starts_with("wake ")).collect();
        let longest_waiting =
            (0..100).all(|number| woken.iter().any(|what| what.contains(&format!("i-{number:017x} "))));
        assert!(longest_waiting && woken.len() == 100, "{woken:?}");
        // Over the minute, and each after the one before it.
        let at_once = woken.iter().filter(|what| what.ends_with("after 0")).count();
        assert!((AT_ONCE..20).contains(&at_once) && woken.iter().any(|what| what.ends_with("after 53")), "{woken:?}");
        assert!(!done.iter().any(|what| what.contains("mark")), "who isn't woken is not stuck: {done:?}");
    }

    /// What AWS throttles answers no wake-up and is no failure of anything: somebody has to say so, and once.
    #[test]
    fn of_many_whose_wake_ups_are_unanswered_for_a_quarter_of_an_hour_one_is_marked_and_no_other_within_an_hour() {
        let silent = |number: u8| Due { wakes: 5, ..due(number, at(-5)) };
        let marked = |due: Vec<Due>| {
            let (_, done) = swept(&Noted { list: DueList { due, unreadable: vec![] }, ..Noted::default() });
            done.iter().filter(|what| what.starts_with("mark ")).count()
        };
        assert_eq!(marked((0..40).map(silent).collect()), 1);
        let is_reported = |number| Due { stuck: (number == 3).then(|| at(-600)), ..silent(number) };
        assert_eq!(marked((0..40).map(is_reported).collect()), 0);
        assert_eq!(marked((0..40).map(|number| Due { wakes: 4, ..silent(number) }).collect()), 0);
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

    fn one(due: Due) -> (Swept, Vec<String>) {
        swept(&Noted { list: DueList { due: vec![due], unreadable: vec![] }, ..Noted::default() })
    }

    #[test]
    fn an_owner_that_answers_no_wake_up_is_marked_once_and_woken_less_often() {
        let silent = |wake_at, stuck| Due { wakes: 3, stuck, ..due(1, wake_at) };
        let (_, done) = one(silent(at(30), None));
        assert_eq!(done.len(), 1, "it has until half a minute from now: {done:?}");
        let (marked, done) = one(silent(at(-1), None));
        assert_eq!(marked.marked, 1);
        assert_eq!(done[1..3], ["mark i-00000000000000001 Stuck", "i-00000000000000001 to 300"]);
        let (again, _) = one(Due { wakes: 4, ..silent(at(-1), Some(at(-600))) });
        assert_eq!((again.marked, again.woken), (0, 1), "people heard of it ten minutes ago");
        let (reminded, _) = one(Due { wakes: 20, ..silent(at(-1), Some(at(-3600))) });
        assert_eq!(reminded.marked, 1);
        assert_eq!(one(Due { wakes: 2, ..due(1, at(-1)) }).0.marked, 0);
    }

    /// An owner that is behind with its work is told of by its queue's alarm, not by each incident that waits.
    #[test]
    fn a_backlog_of_wake_ups_marks_no_incident_as_stuck_and_is_woken_no_faster_for_it() {
        let silent = |number| Due { wakes: 3, ..due(number, at(-1)) };
        let backlog = |count| DueList { due: (0..count).map(silent).collect(), unreadable: vec![] };
        let (few, _) = swept(&Noted { list: backlog(33), ..Noted::default() });
        assert_eq!((few.marked, few.woken), (33, 33), "99 unanswered: a broken owner may have as many incidents");
        let (many, done) = swept(&Noted { list: backlog(34), ..Noted::default() });
        assert_eq!((many.marked, many.woken), (0, 34), "102 unanswered");
        assert!(done.iter().any(|what| what.ends_with("to 300")), "as slowly as a stuck one: {done:?}");
        let zone = Due { subject: "aws-global#hosted-zone#Z0123456789ABC".parse().unwrap(), ..silent(0) };
        let mut list = backlog(34);
        list.due.push(zone);
        let (both, done) = swept(&Noted { list, ..Noted::default() });
        assert_eq!(both.marked, 1, "another owner's incident: {done:?}");
    }

    #[test]
    fn an_incident_that_outlives_its_deadline_is_marked_although_its_owner_answers() {
        let late = |deadline| Due { deadline: Some(deadline), ..due(1, at(0)) };
        assert_eq!(one(late(at(-180))).0.marked, 0, "its owner may still say so itself");
        let (marked, done) = one(late(at(-181)));
        assert_eq!(marked.marked, 1);
        assert_eq!(done[1], "mark i-00000000000000001 Overdue");
    }
}
