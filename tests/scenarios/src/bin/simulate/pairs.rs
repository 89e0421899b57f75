//! Many seeds, each with Homeostat and with nobody: how the two differ.
//!
//! This module never judges: the worst are named, for somebody to look at.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;

use scenarios::simulator::pairs::{Pair, pair};
use serde_json::{Value, json};

/// Named one by one.
const WORST: usize = 10;

/// How many seeds between two lines of progress.
const PROGRESS_EVERY: usize = 200;

pub(crate) struct Pairs {
    from: u64,
    pairs: Vec<Pair>,
}

pub(crate) fn run(from: u64, seeds: u64, jobs: u64) -> Pairs {
    let next = AtomicU64::new(0);
    let mut pairs = Vec::new();
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..jobs {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    if nth >= seeds || sender.send(pair(from.wrapping_add(nth))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for found in receiver {
            pairs.extend(found);
            if pairs.len() % PROGRESS_EVERY == 0 {
                eprintln!("{} of {seeds} pairs told", pairs.len());
            }
        }
    });
    // The most that was lost because of Homeostat first.
    pairs.sort_by(|one, other| gain(one).total_cmp(&gain(other)).then(one.seed.cmp(&other.seed)));
    Pairs { from, pairs }
}

/// Group-hours that Homeostat saved.
fn gain(pair: &Pair) -> f64 {
    (pair.difference.lost_by_nobody - pair.difference.lost) / 3600.0
}

impl Pairs {
    fn share(&self, holds: impl Fn(&Pair) -> bool) -> usize {
        self.pairs.iter().filter(|pair| holds(pair)).count()
    }

    /// Of the gains, in order.
    fn quantile(&self, percent: usize) -> f64 {
        let nth = self.pairs.len().saturating_sub(1) * percent / 100;
        self.pairs.get(nth).map_or(0.0, gain)
    }

    fn worst_minutes(&self) -> Vec<&Pair> {
        let mut all: Vec<&Pair> = self.pairs.iter().collect();
        all.sort_by(|one, other| other.difference.worst_minute.total_cmp(&one.difference.worst_minute));
        all.truncate(WORST);
        all
    }

    pub(crate) fn json(&self) -> Value {
        let row = |pair: &Pair| {
            json!({
                "seed": pair.seed, "saved_group_hours": gain(pair), "worst_minute_groups": pair.difference.worst_minute,
                "worse_end_groups": pair.difference.worse_end,
            })
        };
        json!({
            "from": self.from,
            "seeds": self.pairs.len(),
            "lost_more": self.share(|pair| gain(pair) < 0.0),
            "worse_end": self.share(|pair| pair.difference.worse_end > 0.001),
            "saved_group_hours": {
                "p0": self.quantile(0), "p5": self.quantile(5), "p50": self.quantile(50), "p95": self.quantile(95),
                "p100": self.quantile(100),
                "sum": self.pairs.iter().map(gain).sum::<f64>(),
            },
            "worst_in_all": self.pairs.iter().take(WORST).map(row).collect::<Vec<_>>(),
            "worst_at_a_minute": self.worst_minutes().into_iter().map(row).collect::<Vec<_>>(),
        })
    }

    #[expect(clippy::print_stdout, reason = "the program's output")]
    pub(crate) fn print(&self) {
        let (count, lost, ends) = (
            self.pairs.len(),
            self.share(|pair| gain(pair) < 0.0),
            self.share(|pair| pair.difference.worse_end > 0.001),
        );
        println!("{count} pairs from seed {}: {lost} lost more than with nobody, {ends} ended worse", self.from);
        let [least, low, half, high, most] = [0, 5, 50, 95, 100].map(|percent| self.quantile(percent));
        println!(
            "group-hours saved: {least:.2} at least, {low:.2} (5 %), {half:.2} (half), {high:.2} (95 %), {most:.2} at most"
        );
        println!("the ten that lost most:");
        self.pairs.iter().take(WORST).for_each(print_row);
        println!("the ten with the worst minute:");
        self.worst_minutes().into_iter().for_each(print_row);
    }
}

#[expect(clippy::print_stdout, reason = "the program's output")]
fn print_row(pair: &Pair) {
    let difference = pair.difference;
    println!(
        "  seed {}: saved {:.3} group-hours, at worst {:.2} groups below nobody's, at the end {:.2}",
        pair.seed,
        gain(pair),
        difference.worst_minute,
        difference.worse_end.max(0.0)
    );
}
