//! What is said of many histories in the end, to people and to machines.
//!
//! This module never tells a history but to show one that broke a rule.

use std::collections::BTreeMap;

use scenarios::simulator::shrink::Shrunk;
use scenarios::simulator::{PlayName, Told};
use serde_json::{Value, json};

use crate::run::{OfPlay, Outcome};

/// Of what broke, as many are shrunk and told in full; of the others, the rule and the seed.
const MOST_TOLD: usize = 3;

/// What was expected and occurred less often than that.
pub(crate) fn rare(play: PlayName, of: &OfPlay, at_least: u64) -> Vec<(&'static str, u64)> {
    let counted = play.expected().map(|what| (what, of.census.of(what)));
    counted.filter(|(_, count)| *count < at_least).collect()
}

#[expect(clippy::print_stdout, reason = "the program's output")]
pub(crate) fn print_text(outcome: &Outcome, at_least: Option<u64>) {
    for (play, of) in outcome.told.iter().filter(|_| at_least.is_some()) {
        println!("{play}: {} seeds\n{}", of.seeds, of.census);
    }
    for (play, told) in outcome.broken().take(MOST_TOLD) {
        // Told again, this time at its shortest and with its log.
        match play.shrink(told.seed) {
            Some(shrunk) => print!("{shrunk}"),
            None => print!("{told}"),
        }
    }
    for (play, of) in &outcome.told {
        for (rule, seeds) in by_rule(of) {
            let shown: Vec<String> = seeds.iter().take(12).map(ToString::to_string).collect();
            println!("{:>6} of {play} broke: {rule}\n       seeds {}", seeds.len(), shown.join(" "));
        }
        let Some(at_least) = at_least else { continue };
        let rare = rare(*play, of, at_least);
        for (what, count) in &rare {
            println!("{count:>10}  {play}: {what}, fewer than {at_least}");
        }
        let expected = play.expected().count();
        println!("{play}: {} of {expected} expected occurred {at_least} times or more", expected - rare.len());
    }
    let rate = f64::from(u32::try_from(outcome.seeds()).unwrap_or(u32::MAX)) / outcome.seconds.max(f64::MIN_POSITIVE);
    let (seeds, broken) = (outcome.seeds(), outcome.broken().count());
    println!("{seeds} seeds in {:.1} s, {rate:.0} a second, {broken} broke a rule", outcome.seconds);
}

fn by_rule(of: &OfPlay) -> BTreeMap<&str, Vec<u64>> {
    let mut rules: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for Told { seed, broken, .. } in &of.broken {
        if let Some(broken) = broken {
            rules.entry(&broken.rule).or_default().push(*seed);
        }
    }
    rules
}

#[expect(clippy::print_stdout, reason = "the program's output")]
pub(crate) fn print_json(outcome: &Outcome, from: u64, at_least: u64) {
    let plays: BTreeMap<&str, Value> =
        outcome.told.iter().map(|(play, of)| (play.name(), of_play(*play, of, at_least))).collect();
    println!("{}", json!({ "from": from, "seeds": outcome.seeds(), "seconds": outcome.seconds, "plays": plays }));
}

fn of_play(play: PlayName, of: &OfPlay, at_least: u64) -> Value {
    let broken: Vec<Value> = of
        .broken
        .iter()
        .filter_map(|told| Some((told.seed, told.broken.as_ref()?)))
        .enumerate()
        .map(|(nth, (seed, broken))| {
            let shrunk = (nth < MOST_TOLD).then(|| play.shrink(seed)).flatten();
            let shrunk = shrunk.as_ref().map(of_shrunk);
            json!({ "seed": seed, "rule": broken.rule, "what": broken.what, "shrunk": shrunk })
        })
        .collect();
    let rare: BTreeMap<&str, u64> = rare(play, of, at_least).into_iter().collect();
    json!({ "seeds": of.seeds, "broken": broken, "census": of.census.0, "at_least": at_least, "rare": rare })
}

fn of_shrunk(shrunk: &Shrunk) -> Value {
    let left = shrunk.left.iter().map(|(number, one)| json!({ "number": number, "at": one.at, "what": one.what }));
    let left: Vec<Value> = left.collect();
    let calm_after = shrunk.calm_after.map(|after| after.as_mins());
    json!({ "left": left, "of": shrunk.of, "calm_after": calm_after, "again": shrunk.again() })
}
