//! A remedy that does what another does, and counts how many times a second that one decides.
//!
//! It never changes what is decided, and counts only decisions to act: those climb the whole ladder, and say why. What else the machine
//! is busy with doesn't count: the time is the processor's, of this thread.

use std::hint::black_box;
use std::sync::Mutex;
use std::time::Duration;

use homeostat_core::aws::rates::Pacer;
use homeostat_core::budget::Purchase;
use homeostat_core::id::{Scope, Subject};
use homeostat_core::incident::{Decision, Hold, Incident, Kind, Verdict};
use homeostat_core::ports::{Clock, History, Ledger, Limits, Outcome, Unavailable};
use homeostat_core::reconcile::{
    Circumstances, Ignored, NotSurveyed, Reconciled, Remedy, Route, Rung, Surveyed, Times, WakeUp,
};
use homeostat_core::signal::{Hint, NoSignal, Signal};
use jiff::{SignedDuration, Timestamp};

const BATCHES: usize = 15;
const BATCH: Duration = Duration::from_millis(40);
/// Between two looks at the clock.
const AT_ONCE: u32 = 2000;

pub(crate) struct Timed<'a, R> {
    pub(crate) remedy: R,
    pub(crate) counted: &'a Mutex<Option<Counted>>,
}

pub(crate) struct Counted {
    pub(crate) decision: String,
    /// One for each batch, from the least.
    pub(crate) per_second: Vec<f64>,
}

/// How long this thread has run on a processor; `None` = the kernel doesn't say.
fn busy() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    stat.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

fn count<K: Kind>(decide: impl Fn() -> Decision<K>) -> Vec<f64> {
    let batch = |_| -> Option<f64> {
        let (began, mut made) = (busy()?, 0);
        loop {
            for _ in 0..AT_ONCE {
                drop(black_box(decide()));
            }
            made += AT_ONCE;
            let took = busy()?.saturating_sub(began);
            if took >= BATCH {
                return Some(f64::from(made) / took.as_secs_f64());
            }
        }
    };
    let mut per_second: Vec<f64> = (0..BATCHES).filter_map(batch).collect();
    per_second.sort_by(f64::total_cmp);
    per_second
}

impl<R: Remedy + Sync> Remedy for Timed<'_, R> {
    type Kind = R::Kind;
    type Prefetch = R::Prefetch;
    type Observation = R::Observation;
    type Survey = R::Survey;
    type Shared = R::Shared;

    const SIDE_BY_SIDE: usize = R::SIDE_BY_SIDE;

    fn route(&self, signal: &Signal) -> Result<Route<R::Survey>, NoSignal> {
        self.remedy.route(signal)
    }

    fn parts(&self, survey: &R::Survey) -> Vec<String> {
        self.remedy.parts(survey)
    }

    fn part(&self, survey: &R::Survey, names: &[String]) -> R::Survey {
        self.remedy.part(survey, names)
    }

    fn period(&self) -> SignedDuration {
        self.remedy.period()
    }

    async fn survey(
        &self,
        ledger: &(impl Ledger + Sync),
        clock: &impl Clock,
        pacer: &mut Pacer,
        shared: &mut R::Shared,
        survey: &R::Survey,
    ) -> Result<Surveyed, NotSurveyed> {
        self.remedy.survey(ledger, clock, pacer, shared, survey).await
    }

    fn follow_up(&self, now: Timestamp, attended: &Reconciled<R::Kind>) -> Option<Hint> {
        self.remedy.follow_up(now, attended)
    }

    fn wake_after(&self, now: Timestamp, attended: &Reconciled<R::Kind>) -> Option<WakeUp> {
        self.remedy.wake_after(now, attended)
    }

    fn decide(
        &self,
        now: Timestamp,
        incident: &Incident<R::Kind>,
        seen: &R::Observation,
        around: &Circumstances<R::Kind>,
    ) -> Decision<R::Kind> {
        let decide = || self.remedy.decide(black_box(now), black_box(incident), black_box(seen), black_box(around));
        let decision = decide();
        if let (Decision::Act { .. }, Ok(mut counted)) = (&decision, self.counted.lock()) {
            counted.get_or_insert_with(|| Counted { decision: decision.to_string(), per_second: count(decide) });
        }
        decision
    }

    async fn prefetch(&self, hint: &Hint) -> Result<R::Prefetch, Unavailable> {
        self.remedy.prefetch(hint).await
    }

    fn open(
        &self,
        now: Timestamp,
        hint: &Hint,
        prefetch: &R::Prefetch,
        history: &History<R::Kind>,
    ) -> Result<Incident<R::Kind>, Ignored> {
        self.remedy.open(now, hint, prefetch, history)
    }

    fn join(&self, incident: Incident<R::Kind>, hint: &Hint) -> Incident<R::Kind> {
        self.remedy.join(incident, hint)
    }

    fn scope(&self, subject: &Subject) -> Option<Scope> {
        self.remedy.scope(subject)
    }

    fn is_early(&self, now: Timestamp, incident: &Incident<R::Kind>, hint: &Hint) -> bool {
        self.remedy.is_early(now, incident, hint)
    }

    fn absorb(
        &self,
        now: Timestamp,
        incident: Incident<R::Kind>,
        seen: &R::Observation,
        limits: &Limits<R::Kind>,
    ) -> Incident<R::Kind> {
        self.remedy.absorb(now, incident, seen, limits)
    }

    async fn observe(
        &self,
        now: Timestamp,
        prefetch: R::Prefetch,
        incident: &Incident<R::Kind>,
    ) -> Result<R::Observation, Unavailable> {
        self.remedy.observe(now, prefetch, incident).await
    }

    fn purchase(&self, incident: &Incident<R::Kind>, seen: &R::Observation) -> Option<Purchase> {
        self.remedy.purchase(incident, seen)
    }

    fn seen_since(&self) -> Option<Timestamp> {
        self.remedy.seen_since()
    }

    fn others_not_serving(&self, incident: &Incident<R::Kind>, seen: &R::Observation) -> Vec<Subject> {
        self.remedy.others_not_serving(incident, seen)
    }

    fn took_effect(&self, incident: &Incident<R::Kind>, seen: &R::Observation) -> bool {
        self.remedy.took_effect(incident, seen)
    }

    fn follows(&self, now: Timestamp, settled: &Incident<R::Kind>) -> Option<(Timestamp, Hold<R::Kind>)> {
        self.remedy.follows(now, settled)
    }

    fn not_opened(&self, hint: &Hint, incident: &Incident<R::Kind>, decision: &Decision<R::Kind>) -> Option<Ignored> {
        self.remedy.not_opened(hint, incident, decision)
    }

    fn rungs(
        &self,
        now: Timestamp,
        incident: &Incident<R::Kind>,
        seen: &R::Observation,
        around: &Circumstances<R::Kind>,
    ) -> Vec<Rung> {
        self.remedy.rungs(now, incident, seen, around)
    }

    fn remember(
        &self,
        now: Timestamp,
        incident: &Incident<R::Kind>,
        seen: &R::Observation,
        decision: &Decision<R::Kind>,
        memory: &<R::Kind as Kind>::Memory,
    ) -> Option<<R::Kind as Kind>::Memory> {
        self.remedy.remember(now, incident, seen, decision, memory)
    }

    fn verdict(&self, now: Timestamp, incident: &Incident<R::Kind>, seen: &R::Observation) -> Verdict {
        self.remedy.verdict(now, incident, seen)
    }

    fn times(&self, incident: &Incident<R::Kind>) -> Times {
        self.remedy.times(incident)
    }

    fn policy_hash(&self) -> &str {
        self.remedy.policy_hash()
    }

    async fn perform(&self, step: &<R::Kind as Kind>::Step) -> Outcome {
        self.remedy.perform(step).await
    }
}
