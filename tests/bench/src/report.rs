//! The rounds in numbers: medians and ranges, and how many times a bare bootstrap's they are.
//!
//! It never leaves out a round.

use std::fmt;

use anyhow::{Context, Result};
use procfs::{Current, LoadAverage};
use serde::Serialize;

use crate::round::{Round, Subject, Who};

#[derive(Serialize)]
pub(crate) struct Report {
    /// In bytes, as built.
    pub(crate) shift_dns_size: u64,
    pub(crate) bare_size: u64,
    /// Of the last minute, before and after: what else the machine was busy with is in the figures.
    pub(crate) load: Vec<f32>,
    pub(crate) summary: Vec<Line>,
    /// The longest sequence of calls up to the change of which each waited for the one before it, as deployed.
    pub(crate) chain_to_change: Vec<String>,
    pub(crate) rounds: Vec<Round>,
}

#[derive(Serialize)]
pub(crate) struct Line {
    pub(crate) what: &'static str,
    pub(crate) shift_dns: Range,
    pub(crate) bare: Range,
    /// Of the medians.
    pub(crate) ratio: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Range {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

type Measure = (&'static str, fn(&Round) -> f64);

const MEASURES: [Measure; 8] = [
    ("first answer, ms", |round| round.first.milliseconds),
    ("  without the endpoint's time", |round| round.first.own_milliseconds()),
    ("  processor's time", |round| round.first.cpu_milliseconds),
    ("  calls", |round| count(&round.first.calls)),
    ("warm answer, ms", |round| round.warm.milliseconds),
    ("  without the endpoint's time", |round| round.warm.own_milliseconds()),
    ("  calls", |round| count(&round.warm.calls)),
    ("memory, MiB resident", |round| kib(round.resident_kib) / 1024.0),
];

impl Report {
    pub(crate) fn new(shift_dns: &Subject, bare: &Subject) -> Result<Self> {
        let size = |subject: &Subject| anyhow::Ok(std::fs::metadata(&subject.bootstrap)?.len());
        Ok(Report {
            shift_dns_size: size(shift_dns)?,
            bare_size: size(bare)?,
            load: vec![load()?],
            summary: Vec::new(),
            chain_to_change: Vec::new(),
            rounds: Vec::new(),
        })
    }

    pub(crate) fn add(&mut self, round: Round) {
        self.rounds.push(round);
    }

    pub(crate) fn end(&mut self, chain_to_change: Vec<String>) -> Result<()> {
        self.chain_to_change = chain_to_change;
        self.load.push(load()?);
        let of = |who: Who, measure: fn(&Round) -> f64| {
            let rounds = self.rounds.iter().filter(|round| round.who == who);
            Range::of(rounds.map(measure).collect()).with_context(|| format!("no round of {who}"))
        };
        let lines = MEASURES.map(|(what, measure)| {
            let (shift_dns, bare) = (of(Who::ShiftDns, measure)?, of(Who::Bare, measure)?);
            Ok(Line { what, shift_dns, bare, ratio: shift_dns.median / bare.median })
        });
        self.summary = lines.into_iter().collect::<Result<_>>()?;
        Ok(())
    }
}

fn load() -> Result<f32> {
    Ok(LoadAverage::current().context("reading the load")?.one)
}

fn count(calls: &[String]) -> f64 {
    u32::try_from(calls.len()).map_or(f64::NAN, f64::from)
}

fn kib(size: u64) -> f64 {
    u32::try_from(size).map_or(f64::NAN, f64::from)
}

impl Range {
    /// `None` = of nothing.
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let half = values.len() / 2;
        let upper = *values.get(half)?;
        let lower = if values.len().is_multiple_of(2) { *values.get(half - 1)? } else { upper };
        Some(Range { median: f64::midpoint(lower, upper), least: *values.first()?, most: *values.last()? })
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:.1} ({:.1} to {:.1})", self.median, self.least, self.most))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounds = self.rounds.len() / 2;
        writeln!(f, "Medians of {rounds} rounds (least to most), each with a fresh process of both\n")?;
        writeln!(f, "{:<32} {:<26} {:<26} ratio", "", "shift-dns", "bare bootstrap")?;
        for Line { what, shift_dns, bare, ratio } in &self.summary {
            let ratio = if ratio.is_finite() { format!("{ratio:.2}") } else { "-".to_owned() };
            writeln!(f, "{what:<32} {shift_dns:<26} {bare:<26} {ratio}")?;
        }
        let size = |bytes: u64| kib(bytes / 1024) / 1024.0;
        let (shift_dns, bare) = (size(self.shift_dns_size), size(self.bare_size));
        writeln!(f, "{:<32} {shift_dns:<26.1} {bare:<26.1} {:.2}", "binary, MiB", shift_dns / bare)?;
        if let Some(round) = self.rounds.iter().find(|round| round.who == Who::ShiftDns) {
            writeln!(f, "\ncalls of the first answer: {}", round.first.calls.join(", "))?;
            let chain = &self.chain_to_change;
            writeln!(f, "longest chain to the change, {} calls: {}", chain.len(), chain.join(", "))?;
            writeln!(f, "calls of the warm answer: {}", round.warm.calls.join(", "))?;
            writeln!(f, "the first answer: {}", round.first.answer)?;
            writeln!(f, "the warm answer: {}", round.warm.answer)?;
        }
        let load: Vec<String> = self.load.iter().map(|load| format!("{load:.2}")).collect();
        write!(f, "\nload before and after: {}", load.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_lies_in_the_middle_or_between_the_two_there() {
        assert_eq!(Range::of(vec![3.0, 1.0, 2.0]), Some(Range { median: 2.0, least: 1.0, most: 3.0 }));
        assert_eq!(Range::of(vec![4.0, 1.0, 2.0, 3.0]), Some(Range { median: 2.5, least: 1.0, most: 4.0 }));
        assert_eq!(Range::of(Vec::new()), None);
    }
}
