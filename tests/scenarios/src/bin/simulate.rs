//! Tells many histories, and says which of them broke a rule.
//!
//! This program never decides anything about a history; its seed does.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use clap::Parser;
use scenarios::simulator::{Census, Told, dns, hooks, tell};
use serde_json::json;

#[derive(Parser)]
#[command(about = "Tells histories of Homeostat from seeds, and holds each against the rules.")]
struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = 1000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// How many at a time.
    #[arg(long, default_value_t = 2)]
    jobs: u64,
    /// This one alone.
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
    /// Of weighted records instead of fleets.
    #[arg(long)]
    dns: bool,
    /// Of lifecycle hooks instead of fleets.
    #[arg(long, conflicts_with = "dns")]
    hooks: bool,
    /// With all that happened.
    #[arg(long)]
    log: bool,
    /// The result as JSON.
    #[arg(long)]
    json: bool,
}

/// Between two lines of progress.
const PROGRESS_EVERY: Duration = Duration::from_secs(10);

/// Of what broke, as many are told in full; of the others, the rule and the seed.
const MOST_TOLD: usize = 3;

struct Result {
    seeds: u64,
    broken: Vec<Told>,
    census: Census,
    seconds: f64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (from, seeds) = match arguments.seed {
        Some(seed) => (seed, 1),
        None => (arguments.from, arguments.seeds),
    };
    let tell = match (arguments.dns, arguments.hooks) {
        (true, _) => dns::tell,
        (_, true) => hooks::tell,
        _ => tell,
    };
    let result = run(tell, from, seeds, arguments.jobs.max(1), arguments.log);
    if arguments.json {
        print_json(&result)
    } else {
        print_text(tell, &result)
    }
    if result.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

type Teller = fn(u64, bool) -> Told;

fn run(tell: Teller, from: u64, seeds: u64, jobs: u64, log: bool) -> Result {
    let (next, began) = (AtomicU64::new(from), Instant::now());
    let mut result = Result { seeds, broken: Vec::new(), census: Census::default(), seconds: 0.0 };
    std::thread::scope(|scope| {
        let (sender, told) = mpsc::channel();
        for _ in 0..jobs {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from + seeds || sender.send(tell(seed, log)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        gather(&told, seeds, began, log, &mut result);
    });
    result.broken.sort_by_key(|told| told.seed);
    result.seconds = began.elapsed().as_secs_f64();
    result
}

#[expect(clippy::print_stdout, reason = "a log that was asked for is the program's output")]
fn gather(told: &mpsc::Receiver<Told>, seeds: u64, began: Instant, log: bool, result: &mut Result) {
    let (mut done, mut said) = (0_u64, began);
    for told in told {
        done += 1;
        result.census.add(&told.census);
        if log {
            print!("{told}");
        }
        if told.broken.is_some() {
            result.broken.push(told);
        }
        if said.elapsed() >= PROGRESS_EVERY {
            said = Instant::now();
            let rate = u128::from(done) * 1000 / began.elapsed().as_millis().max(1);
            eprintln!("{done} of {seeds} seeds, {rate} a second, {} broke a rule", result.broken.len());
        }
    }
}

#[expect(clippy::print_stdout, reason = "the program's output")]
fn print_text(tell: Teller, result: &Result) {
    let mut rules: std::collections::BTreeMap<&str, Vec<u64>> = std::collections::BTreeMap::new();
    for told in &result.broken {
        if let Some(broken) = &told.broken {
            rules.entry(&broken.rule).or_default().push(told.seed);
        }
    }
    println!("{}", result.census);
    for told in result.broken.iter().take(MOST_TOLD) {
        // Told again, this time with its log.
        print!("{}", tell(told.seed, true));
    }
    for (rule, seeds) in rules {
        let shown: Vec<String> = seeds.iter().take(12).map(ToString::to_string).collect();
        println!("{:>6} broke: {rule}\n       seeds {}", seeds.len(), shown.join(" "));
    }
    let rate =
        1.0 / (result.seconds / f64::from(u32::try_from(result.seeds).unwrap_or(u32::MAX))).max(f64::MIN_POSITIVE);
    println!(
        "{} seeds in {:.1} s, {rate:.0} a second, {} broke a rule",
        result.seeds,
        result.seconds,
        result.broken.len()
    );
}

#[expect(clippy::print_stdout, reason = "the program's output")]
fn print_json(result: &Result) {
    let broken: Vec<_> = result
        .broken
        .iter()
        .filter_map(|told| Some((told.seed, told.broken.as_ref()?)))
        .map(|(seed, broken)| json!({ "seed": seed, "rule": broken.rule, "what": broken.what }))
        .collect();
    println!(
        "{}",
        json!({ "seeds": result.seeds, "seconds": result.seconds, "broken": broken, "census": result.census.0 })
    );
}
