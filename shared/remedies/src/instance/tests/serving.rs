//! That each is attended to whatever becomes of the others, and that what follows is done.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use homeostat_core::aws::rates::Pacer;
use homeostat_core::budget::Purchase;
use homeostat_core::id::{Scope, Subject};
use homeostat_core::incident::{Kind, Verdict};
use homeostat_core::ports::{Clock, Ledger, Limits, NotWritten, Outcome, Unavailable, WakeUps, Write};
use homeostat_core::reconcile::{
    Foreseen, Ignored, Look, NotSurveyed, Ports, Remedy, Route, Rung, Served, Surveyed, Times, WakeUp, foresee, serve,
};
use homeostat_core::signal::{Hint, NoSignal, Signal};
use jiff::SignedDuration;
use jiff::Timestamp;

use crate::instance::kind::InstanceKind;
use crate::instance::memory::Memory;
use crate::instance::reasons::{Circumstances, Decision, History, Hold, Incident, Reconciled, Step};
use crate::made::{resync, woken};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// A remedy that never finds anything wrong. Of the group `gone` it can read nothing, after the group `first` it looks at
/// `second` too, and at `gone` after `doomed`, and it wakes itself for each that is called `woken`.
#[derive(Default)]
struct Made {
    names: Vec<&'static str>,
    failed: Vec<(String, String)>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

fn group(name: &str) -> Subject {
    format!("eu-west-1#group#{name}").parse().unwrap()
}

impl Remedy for Made {
    type Kind = InstanceKind;
    type Prefetch = ();
    type Observation = ();
    type Survey = ();
    type Shared = ();

    const SIDE_BY_SIDE: usize = 2;

    fn route(&self, signal: &Signal) -> Result<Route<()>, NoSignal> {
        let is_resync = signal.key.to_string() == "resync";
        is_resync.then_some(Route::Survey(())).ok_or_else(|| NoSignal::NotOurs { about: signal.fact.about() })
    }

    fn parts(&self, (): &()) -> Vec<String> {
        Vec::new()
    }

    fn part(&self, (): &(), _: &[String]) {}

    fn period(&self) -> SignedDuration {
        SignedDuration::ZERO
    }

    async fn survey(
        &self,
        _: &(impl Ledger + Sync),
        _: &impl Clock,
        _: &mut Pacer,
        (): &mut (),
        (): &(),
    ) -> Result<Surveyed, NotSurveyed> {
        let hints = self.names.iter().map(|name| Hint::wake(group(name))).collect();
        Ok(Surveyed { hints, failed: self.failed.clone(), ..Surveyed::default() })
    }

    fn follow_up(&self, _: Timestamp, attended: &Reconciled) -> Option<Hint> {
        let Reconciled::Ignored(Ignored::NothingOpen { subject }) = attended else { panic!("{attended:?}") };
        let next = match subject.name() {
            "first" => "second",
            "doomed" => "gone",
            _ => return None,
        };
        Some(Hint::wake(group(next)))
    }

    fn wake_after(&self, _: Timestamp, attended: &Reconciled) -> Option<WakeUp> {
        let Reconciled::Ignored(Ignored::NothingOpen { subject }) = attended else { panic!("{attended:?}") };
        let look = (subject.name() == "woken-once").then_some(NOW);
        subject.name().starts_with("woken").then_some(WakeUp { after: SignedDuration::from_secs(-3), look })
    }

    async fn prefetch(&self, hint: &Hint) -> Result<(), Unavailable> {
        let now = self.at_once.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_at_once.fetch_max(now, Ordering::Relaxed);
        // So that another's turn comes.
        let mut has_waited = false;
        std::future::poll_fn(|context| {
            context.waker().wake_by_ref();
            if std::mem::replace(&mut has_waited, true) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
        self.at_once.fetch_sub(1, Ordering::Relaxed);
        match hint.subject.name() {
            "gone" => Err(Unavailable { doing: "look".into(), why: "it is gone".into() }),
            _ => Ok(()),
        }
    }

    fn open(&self, _: Timestamp, hint: &Hint, (): &(), _: &History) -> Result<Incident, Ignored> {
        Err(Ignored::NothingOpen { subject: hint.subject.clone() })
    }

    fn join(&self, incident: Incident, _: &Hint) -> Incident {
        incident
    }

    fn scope(&self, _: &Subject) -> Option<Scope> {
        None
    }

    fn is_early(&self, _: Timestamp, _: &Incident, _: &Hint) -> bool {
        false
    }

    fn absorb(&self, _: Timestamp, incident: Incident, (): &(), _: &Limits<InstanceKind>) -> Incident {
        incident
    }

    fn verdict(&self, _: Timestamp, _: &Incident, (): &()) -> Verdict {
        Verdict::Unknown
    }

    fn follows(&self, _: Timestamp, _: &Incident) -> Option<(Timestamp, Hold)> {
        None
    }

    async fn observe(&self, _: Timestamp, (): (), _: &Incident) -> Result<(), Unavailable> {
        panic!("nothing is open")
    }

    fn purchase(&self, _: &Incident, (): &()) -> Option<Purchase> {
        None
    }

    fn seen_since(&self) -> Option<Timestamp> {
        None
    }

    fn others_not_serving(&self, _: &Incident, (): &()) -> Vec<Subject> {
        panic!("nothing is open")
    }

    fn took_effect(&self, _: &Incident, (): &()) -> bool {
        panic!("nothing is open")
    }

    fn decide(&self, _: Timestamp, _: &Incident, (): &(), _: &Circumstances) -> Decision {
        panic!("nothing is open")
    }

    fn rungs(&self, _: Timestamp, _: &Incident, (): &(), _: &Circumstances) -> Vec<Rung> {
        panic!("nothing is open")
    }

    fn remember(&self, _: Timestamp, _: &Incident, (): &(), _: &Decision, _: &Memory) -> Option<Memory> {
        panic!("nothing is open")
    }

    fn not_opened(&self, _: &Hint, _: &Incident, _: &Decision) -> Option<Ignored> {
        panic!("nothing is open")
    }

    fn times(&self, _: &Incident) -> Times {
        panic!("nothing is open")
    }

    fn policy_hash(&self) -> &str {
        ""
    }

    async fn perform(&self, _: &Step) -> Outcome {
        panic!("nothing is to be done")
    }
}

/// Knows of nothing; remembers who was to be woken, for which look, and after what time.
#[derive(Default)]
struct Outside(Mutex<Vec<(String, Option<Timestamp>, SignedDuration)>>);

impl Ledger for Outside {
    async fn history<K: Kind>(
        &self,
        _: &Subject,
        _: Option<&homeostat_core::aws::alarm::AlarmChange>,
    ) -> Result<homeostat_core::ports::History<K>, Unavailable> {
        Ok(homeostat_core::ports::History::default())
    }
    async fn limits<K: Kind>(&self, _: &Subject, _: &Scope) -> Result<Limits<K>, Unavailable> {
        Ok(Limits::default())
    }
    async fn open_among(&self, _: &[Subject]) -> Result<Vec<Subject>, Unavailable> {
        Ok(Vec::new())
    }
    async fn write<K: Kind>(&self, _: Write<'_, K>) -> Result<(), NotWritten> {
        panic!("there is nothing to write")
    }
    async fn resync(&self, _: &'static str) -> Result<homeostat_core::resync::Resync, Unavailable> {
        panic!("nothing is in slices")
    }
    async fn write_resync(&self, _: &'static str, _: &homeostat_core::resync::Resync) -> Result<(), NotWritten> {
        panic!("nothing is in slices")
    }
}

impl Clock for Outside {
    fn now(&self) -> Timestamp {
        NOW
    }
    async fn wait(&self, _: SignedDuration) {}
    async fn back_off(&self, _: u32) {}
}

impl WakeUps for Outside {
    async fn wake(&self, subject: &Subject, after: SignedDuration) -> Result<(), Unavailable> {
        if subject.name() == "woken-never" {
            return Err(Unavailable { doing: "wake".into(), why: "the queue is gone".into() });
        }
        self.0.lock().unwrap().push((subject.name().to_owned(), None, after));
        Ok(())
    }
    async fn wake_for(&self, subject: &Subject, look: Timestamp, after: SignedDuration) -> Result<(), Unavailable> {
        self.0.lock().unwrap().push((subject.name().to_owned(), Some(look), after));
        Ok(())
    }
    async fn order(&self, _: &homeostat_core::signal::Order, _: SignedDuration) -> Result<(), Unavailable> {
        panic!("nothing is in slices")
    }
}

fn run<T>(mut future: impl Future<Output = T> + Unpin) -> T {
    for _ in 0..100 {
        if let Some(done) = (&mut future).now_or_never() {
            return done;
        }
    }
    panic!("it waits for something")
}

fn served(remedy: &Made, outside: &Outside, signal: &Signal) -> Served<InstanceKind> {
    let ports = Ports { ledger: outside, clock: outside, wake_ups: outside };
    run(Box::pin(serve(remedy, ports, signal, &|_, _| ()))).unwrap()
}

fn names(looks: &[Look<InstanceKind>]) -> Vec<(&str, bool)> {
    let mut names: Vec<_> = looks.iter().map(|look| (look.subject.name(), look.outcome.is_ok())).collect();
    names.sort_unstable();
    names
}

#[test]
fn what_does_not_concern_the_remedy_is_answered_with_its_reason() {
    let served = served(&Made::default(), &Outside::default(), &woken("eu-west-1#group#web"));
    let Served::Nothing(why) = served else { panic!("{served:?}") };
    assert_eq!(why.to_string(), "eu-west-1#group#web is not this function's to look after");
}

#[test]
fn one_that_fails_keeps_no_other_from_being_attended_to() {
    let remedy =
        Made { names: vec!["a", "gone", "b", "c", "d"], failed: vec![("e".into(), "gone".into())], ..Made::default() };
    let Served::Survey(surveyed, looks) = served(&remedy, &Outside::default(), &resync()) else { panic!() };
    assert_eq!(names(&looks), [("a", true), ("b", true), ("c", true), ("d", true), ("gone", false)]);
    assert_eq!(surveyed.failed, remedy.failed);
    assert_eq!(remedy.most_at_once.into_inner(), Made::SIDE_BY_SIDE);
}

#[test]
fn what_follows_from_a_look_is_looked_at_too_and_fails_with_it() {
    let remedy = Made { names: vec!["first", "doomed", "other"], ..Made::default() };
    let Served::Survey(_, looks) = served(&remedy, &Outside::default(), &resync()) else { panic!() };
    assert_eq!(names(&looks), [("doomed", false), ("first", true), ("other", true)], "one answer each");
    let (remedy, outside) = (Made { names: vec!["first", "other", "second"], ..Made::default() }, Outside::default());
    let Ok(Foreseen::Looks { looks, .. }) = run(Box::pin(foresee(&remedy, &outside, &outside, &resync(), &|_, _| ())))
    else {
        panic!()
    };
    let subjects: Vec<&str> = looks.iter().map(|(hint, _)| hint.subject.name()).collect();
    assert_eq!(subjects, ["first", "second", "other"]);
}

#[test]
fn a_remedy_is_woken_for_one_look_or_for_any_and_never_in_the_past() {
    let remedy = Made { names: vec!["woken-once", "woken", "woken-never", "other"], ..Made::default() };
    let outside = Outside::default();
    let Served::Survey(_, looks) = served(&remedy, &outside, &resync()) else { panic!() };
    let mut sent = outside.0.into_inner().unwrap();
    sent.sort_unstable();
    let now = SignedDuration::ZERO;
    assert_eq!(sent, [("woken".to_owned(), None, now), ("woken-once".to_owned(), Some(NOW), now)]);
    let lost: Vec<&str> =
        looks.iter().filter(|look| look.not_woken.is_some()).map(|look| look.subject.name()).collect();
    assert_eq!((lost, names(&looks).len()), (vec!["woken-never"], 4), "the sweep comes round all the same");
}
