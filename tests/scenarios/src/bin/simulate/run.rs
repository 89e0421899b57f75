//! Many histories on all cores.
//!
//! This module never decides anything about a history; its seed does.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use scenarios::simulator::{Census, PlayName, Told};

/// Between two lines of progress.
const PROGRESS_EVERY: Duration = Duration::from_secs(10);

/// Which histories.
pub(crate) struct Order {
    pub(crate) plays: Vec<PlayName>,
    pub(crate) from: u64,
    /// Of each play. `None` = until the time is over.
    pub(crate) seeds: Option<u64>,
    pub(crate) lasts: Option<Duration>,
    pub(crate) jobs: u64,
    pub(crate) log: bool,
}

pub(crate) struct Outcome {
    pub(crate) told: BTreeMap<PlayName, OfPlay>,
    pub(crate) seconds: f64,
}

#[derive(Default)]
pub(crate) struct OfPlay {
    pub(crate) seeds: u64,
    pub(crate) broken: Vec<Told>,
    pub(crate) census: Census,
}

impl Outcome {
    pub(crate) fn seeds(&self) -> u64 {
        self.told.values().map(|of| of.seeds).sum()
    }

    pub(crate) fn broken(&self) -> impl Iterator<Item = (PlayName, &Told)> {
        self.told.iter().flat_map(|(play, of)| of.broken.iter().map(|told| (*play, told)))
    }
}

/// The plays take turns, so that a run that is ended early has told as many of each.
pub(crate) fn run(order: &Order) -> Outcome {
    let (next, began) = (AtomicU64::new(0), Instant::now());
    let mut outcome =
        Outcome { told: order.plays.iter().map(|play| (*play, OfPlay::default())).collect(), seconds: 0.0 };
    let count = order.plays.len() as u64;
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..order.jobs {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    let is_over = order.seeds.is_some_and(|seeds| nth >= seeds.saturating_mul(count))
                        || order.lasts.is_some_and(|lasts| began.elapsed() >= lasts);
                    let turn = usize::try_from(nth % count).unwrap_or_default();
                    let Some(play) = order.plays.get(turn).filter(|_| !is_over) else { return };
                    let told = play.tell(order.from.wrapping_add(nth / count), order.log);
                    if sender.send((*play, told)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        gather(&receiver, order, began, &mut outcome);
    });
    for of in outcome.told.values_mut() {
        of.broken.sort_by_key(|told| told.seed);
    }
    outcome.seconds = began.elapsed().as_secs_f64();
    outcome
}

#[expect(clippy::print_stdout, reason = "a log that was asked for is the program's output")]
fn gather(receiver: &mpsc::Receiver<(PlayName, Told)>, order: &Order, began: Instant, outcome: &mut Outcome) {
    let mut said = began;
    for (play, told) in receiver {
        if order.log {
            print!("{told}");
        }
        let of = outcome.told.entry(play).or_default();
        of.seeds += 1;
        of.census.add(&told.census);
        if told.broken.is_some() {
            of.broken.push(told);
        }
        if said.elapsed() >= PROGRESS_EVERY {
            said = Instant::now();
            eprintln!("{}", progress(order, outcome, began.elapsed()));
        }
    }
}

fn progress(order: &Order, outcome: &Outcome, elapsed: Duration) -> String {
    let (done, broken) = (outcome.seeds(), outcome.broken().count());
    let rate = f64::from(u32::try_from(done).unwrap_or(u32::MAX)) / elapsed.as_secs_f64().max(0.001);
    let all = order.seeds.map(|seeds| seeds.saturating_mul(order.plays.len() as u64));
    let by_count = all.map(|all| {
        let left = u32::try_from(all.saturating_sub(done)).unwrap_or(u32::MAX);
        Duration::from_secs_f64(f64::from(left) / rate.max(0.001))
    });
    let by_time = order.lasts.map(|lasts| lasts.saturating_sub(elapsed));
    let left = by_count.into_iter().chain(by_time).min().unwrap_or_default().as_secs();
    let of = all.map(|all| format!(" of {all}")).unwrap_or_default();
    format!("{done}{of} told, {rate:.0} a second, {broken} broke a rule, {} min {} s left", left / 60, left % 60)
}
