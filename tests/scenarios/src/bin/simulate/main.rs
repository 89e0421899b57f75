//! Tells many histories, and says which of them broke a rule.
//!
//! This program never decides anything about a history; its seed does.

mod report;
mod run;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use clap::error::ErrorKind;
use scenarios::simulator::Play;

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
struct Plays(Vec<Play>);

fn plays(text: &str) -> Result<Plays, String> {
    if text == "all" { Ok(Plays(Play::ALL.to_vec())) } else { Ok(Plays(vec![text.parse()?])) }
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
    eprintln!("from seed {}", order.from);
    let outcome = run(&order);
    let at_least = arguments.at_least.unwrap_or(USUAL);
    if arguments.json {
        report::print_json(&outcome, order.from, at_least);
    } else {
        report::print_text(&outcome, at_least);
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
        (true, _) => vec![Play::Dns],
        (_, true) => vec![Play::Hooks],
        _ => arguments.play.0.clone(),
    };
    let lasts = minutes.map(|minutes| Duration::from_secs(minutes.saturating_mul(60)));
    Order { plays, from, seeds, lasts, jobs: arguments.jobs.unwrap_or(cores), log: arguments.log }
}
