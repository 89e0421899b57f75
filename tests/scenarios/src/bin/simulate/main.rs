//! Tells many histories, and says which of them broke a rule.
//!
//! This program never decides anything about a history; its seed does.

mod pairs;
mod report;
mod run;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use clap::error::ErrorKind;
use jiff::SignedDuration;
use scenarios::simulator::PlayName;
use scenarios::simulator::pairs::both;
use scenarios::simulator::script::Script;
use scenarios::simulator::shrink::part;

use run::{Order, run};

/// 0 = every rule held, 1 = one was broken, 2 = the arguments are wrong, 3 = something occurred too rarely.
#[derive(Parser)]
#[command(
    about = "Tells histories of Homeostat from seeds, and holds each against the rules.",
    after_help = "Ends with 0 if every rule held, with 1 if not, with 2 for arguments that are wrong, and with 3 if every rule held and something of the census was too rare."
)]
struct Arguments {
    /// How many seeds of each play.
    #[arg(long, default_value_t = 1000, value_parser = count)]
    seeds: u64,
    /// For so long, whatever the number of seeds.
    #[arg(long, conflicts_with = "seeds", value_parser = count)]
    minutes: Option<u64>,
    /// The first seed; one at random without it.
    #[arg(long, value_parser = number)]
    from: Option<u64>,
    /// How many at a time; as many as there are cores without it.
    #[arg(long, value_parser = count)]
    jobs: Option<u64>,
    /// This one alone.
    #[arg(long, conflicts_with_all = ["seeds", "from", "minutes"], value_parser = number)]
    seed: Option<u64>,
    /// Of all that befalls the seed's history, only what has these numbers in a shrunk history: 3,7,9 or none. With its log.
    #[arg(long, requires = "seed", value_parser = only)]
    only: Option<Only>,
    /// The storm of that part ends after so many minutes at the latest.
    #[arg(long, requires = "only", value_parser = minutes)]
    calm_after: Option<i64>,
    /// So many seeds of the fleet play, each with Homeostat and with nobody: what was lost with the one and with the other. With --log
    /// the first one's two histories.
    #[arg(long, conflicts_with_all = ["seeds", "minutes", "seed", "at_least"], value_parser = count)]
    pairs: Option<u64>,
    /// fleet, dns, hooks or all.
    #[arg(long, default_value = "fleet", value_parser = plays)]
    play: Plays,
    /// The same as --play dns.
    #[arg(long, conflicts_with_all = ["play", "hooks"])]
    dns: bool,
    /// The same as --play hooks.
    #[arg(long, conflicts_with = "play")]
    hooks: bool,
    /// Fails if anything that is expected occurred less often.
    #[arg(long, value_parser = count)]
    at_least: Option<u64>,
    /// With all that happened.
    #[arg(long)]
    log: bool,
    /// The result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone)]
struct Plays(Vec<PlayName>);

fn plays(text: &str) -> Result<Plays, String> {
    if text == "all" { Ok(Plays(PlayName::ALL.to_vec())) } else { Ok(Plays(vec![text.parse()?])) }
}

#[derive(Debug, Clone)]
struct Only(Vec<usize>);

fn only(text: &str) -> Result<Only, String> {
    let numbers = text.split(',').filter(|number| *number != "none").map(str::parse).collect::<Result<_, _>>();
    numbers.map(Only).map_err(|_| "numbers with commas between them are needed, or none".to_owned())
}

fn minutes(text: &str) -> Result<i64, String> {
    text.parse().ok().filter(|minutes| *minutes >= 0).ok_or_else(|| "a whole number is needed".to_owned())
}

fn count(text: &str) -> Result<u64, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "a whole number above 0 is needed".to_owned())
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "a whole number is needed".to_owned())
}

/// In a long run nothing should be rarer, asked for or not.
const USUAL: u64 = 100;

fn main() -> ExitCode {
    match Arguments::try_parse() {
        Ok(arguments) => tell(&arguments),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => error.exit(),
        Err(error) => {
            let text = error.to_string();
            let sentence = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
            eprintln!("simulate: {}", sentence.split_whitespace().collect::<Vec<_>>().join(" "));
            ExitCode::from(2)
        }
    }
}

fn tell(arguments: &Arguments) -> ExitCode {
    let order = order(arguments);
    if let (Some(seed), Some(only)) = (arguments.seed, &arguments.only) {
        return tell_part(&order, seed, &only.0, arguments.calm_after);
    }
    eprintln!("from seed {}", order.from);
    if let Some(pairs) = arguments.pairs {
        if arguments.log {
            return tell_both(order.from);
        }
        return told_in_pairs(&pairs::run(order.from, pairs, order.jobs), arguments.json);
    }
    let outcome = run(&order);
    let at_least = arguments.at_least.unwrap_or(USUAL);
    if arguments.json {
        report::print_json(&outcome, order.from, at_least);
    } else {
        // What one history alone lacks says nothing.
        let counts = arguments.seed.is_none() || arguments.at_least.is_some();
        report::print_text(&outcome, counts.then_some(at_least));
    }
    let is_rare = || outcome.told.iter().any(|(play, of)| !report::rare(*play, of, at_least).is_empty());
    if outcome.broken().next().is_some() {
        ExitCode::FAILURE
    } else if arguments.at_least.is_some() && is_rare() {
        ExitCode::from(3)
    } else {
        ExitCode::SUCCESS
    }
}

#[expect(clippy::print_stdout, reason = "the program's output")]
fn tell_both(seed: u64) -> ExitCode {
    for told in both(seed, true) {
        print!("{told}");
    }
    ExitCode::SUCCESS
}

#[expect(clippy::print_stdout, reason = "the program's output")]
fn told_in_pairs(pairs: &pairs::Pairs, json: bool) -> ExitCode {
    match json {
        true => println!("{}", pairs.json()),
        false => pairs.print(),
    }
    ExitCode::SUCCESS
}

/// A part of a seed's history.
#[expect(clippy::print_stdout, reason = "the program's output")]
fn tell_part(order: &Order, seed: u64, only: &[usize], calm_after: Option<i64>) -> ExitCode {
    let mut breaks = false;
    for play in &order.plays {
        let script = part(&play.tell_by(seed, &Script::noted()), only);
        let told = play.tell_by(seed, &script.calm_after(calm_after.map(SignedDuration::from_mins)).logged(true));
        print!("{told}");
        breaks |= told.broken.is_some();
    }
    if breaks { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn order(arguments: &Arguments) -> Order {
    let cores = std::thread::available_parallelism().map_or(2, |cores| cores.get() as u64);
    let one = arguments.seed.map(|seed| (seed, Some(1)));
    let minutes = arguments.minutes;
    let several = || {
        let from = arguments.from.unwrap_or_else(|| fastrand::u64(..1_000_000_000));
        (from, Some(arguments.seeds).filter(|_| minutes.is_none()))
    };
    let (from, seeds) = one.unwrap_or_else(several);
    let plays = match (arguments.dns, arguments.hooks) {
        (true, _) => vec![PlayName::Dns],
        (_, true) => vec![PlayName::Hooks],
        _ => arguments.play.0.clone(),
    };
    let lasts = minutes.map(|minutes| Duration::from_secs(minutes.saturating_mul(60)));
    Order { plays, from, seeds, lasts, jobs: arguments.jobs.unwrap_or(cores), log: arguments.log }
}
