//! The simulators' short run over seeds that nobody has looked at: others with each change of the project.

use std::io::Write;

use scenarios::seeds;
use scenarios::simulator::{Census, PlayName, Told};

/// So many times the seeds may be told until each kind of fault and decision has occurred.
const MOST_ROUNDS: u64 = 10;

/// Every rule holds in each history, and each kind of fault and decision occurs.
pub(crate) fn seeds_hold(play: PlayName, count: u64) {
    let from = seeds::of_the_tree().unwrap();
    // Past the capture of the test's output, which shows it only if the test fails.
    let again = format!("target/debug/simulate --play {play} --from {from} --seeds {count}");
    writeln!(std::io::stderr(), "{count} histories of {play}; again: {again}").unwrap();
    let mut census = Census::default();
    for round in 0..MOST_ROUNDS {
        census.add(&tell(play, from + round * count, count));
        let missing = play.expected().filter(|what| census.of(what) == 0).count();
        if missing == 0 {
            return;
        }
    }
    let missing: Vec<&str> = play.expected().filter(|what| census.of(what) == 0).collect();
    panic!("never occurred in {} histories from {from} on: {missing:?}\n{census}", MOST_ROUNDS * count);
}

/// A history that broke a rule is shown at its shortest, with its log.
pub(crate) fn holds(play: PlayName, told: &Told) {
    if told.broken.is_some() {
        panic!("{}", play.shrink(told.seed).unwrap());
    }
}

fn tell(play: PlayName, from: u64, count: u64) -> Census {
    let jobs = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let tell_part = |part: usize| {
        let mut census = Census::default();
        for seed in (from..from + count).skip(part).step_by(jobs) {
            let told = play.tell(seed, false);
            holds(play, &told);
            census.add(&told.census);
        }
        census
    };
    let mut census = Census::default();
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..jobs).map(|part| scope.spawn(move || tell_part(part))).collect();
        for part in parts {
            census.add(&part.join().unwrap_or_else(|broken| std::panic::resume_unwind(broken)));
        }
    });
    census
}
