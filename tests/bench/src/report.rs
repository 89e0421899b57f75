//! The rounds in numbers: medians and ranges, and how many times a bare bootstrap's they are.
//!
//! It never leaves out a round.

use std::fmt;

use anyhow::{Context, Result};
use procfs::{Current, LoadAverage};
use serde::Serialize;

use crate::decisions::Decisions;
use crate::package::Package;
use crate::round::{Round, Subject};

#[derive(Serialize)]
pub(crate) struct Report {
    /// Of the last minute, before and after: what else the machine was busy with is in the figures.
    pub(crate) load: Vec<f32>,
    /// In the order of the table's columns. The last is the bare bootstrap.
    pub(crate) subjects: Vec<String>,
    pub(crate) summary: Vec<Line>,
    /// The longest sequence of calls up to the change of which each waited for the one before it, as deployed.
    pub(crate) chain_to_change: Vec<String>,
    pub(crate) packages: Vec<Package>,
    pub(crate) decisions: Vec<Decisions>,
    pub(crate) rounds: Vec<Round>,
}

/// Of each subject.
#[derive(Serialize)]
pub(crate) struct Line {
    pub(crate) what: &'static str,
    pub(crate) figures: Vec<Figure>,
}

#[derive(Serialize)]
pub(crate) struct Figure {
    pub(crate) range: Range,
    /// Of the medians, to the bare bootstrap's.
    pub(crate) ratio: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Range {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

type Measure = (&'static str, fn(&Round) -> f64);

const MEASURES: [Measure; 9] = [
    ("first answer, ms", |round| round.first.milliseconds),
    ("  without the endpoint's time", |round| round.first.own_milliseconds()),
    ("  processor's time", |round| round.first.cpu_milliseconds),
    ("  calls", |round| count(&round.first.calls)),
    ("warm answer, ms", |round| round.warm.milliseconds),
    ("  without the endpoint's time", |round| round.warm.own_milliseconds()),
    ("  processor's time", |round| round.warm.cpu_milliseconds - round.first.cpu_milliseconds),
    ("  calls", |round| count(&round.warm.calls)),
    ("memory, MiB resident", |round| kib(round.resident_kib) / 1024.0),
];

impl Report {
    pub(crate) fn new(subjects: &[Subject]) -> Result<Self> {
        Ok(Report {
            load: vec![load()?],
            subjects: subjects.iter().map(|subject| subject.name.clone()).collect(),
            summary: Vec::new(),
            chain_to_change: Vec::new(),
            packages: Vec::new(),
            decisions: Vec::new(),
            rounds: Vec::new(),
        })
    }

    pub(crate) fn add(&mut self, round: Round) {
        self.rounds.push(round);
    }

    pub(crate) fn end(&mut self) -> Result<()> {
        self.load.push(load()?);
        self.summary = MEASURES.map(|(what, measure)| self.line(what, measure)).into_iter().collect::<Result<_>>()?;
        Ok(())
    }

    fn line(&self, what: &'static str, measure: fn(&Round) -> f64) -> Result<Line> {
        let range = |who: &String| {
            let rounds = self.rounds.iter().filter(|round| round.who == *who);
            Range::of(rounds.map(measure).collect()).with_context(|| format!("no round of {who}"))
        };
        let ranges = self.subjects.iter().map(range).collect::<Result<Vec<_>>>()?;
        let bare = ranges.last().map_or(f64::NAN, |range| range.median);
        let figure = |range: Range| Figure { range, ratio: range.median / bare };
        Ok(Line { what, figures: ranges.into_iter().map(figure).collect() })
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
    pub(crate) fn of(mut values: Vec<f64>) -> Option<Self> {
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

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ratio = if self.ratio.is_finite() { format!("{:.2} ×", self.ratio) } else { String::new() };
        f.pad(&format!("{} {ratio}", self.range))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounds = self.rounds.len() / self.subjects.len().max(1);
        writeln!(f, "Medians of {rounds} rounds (least to most), each with a fresh process of everyone, and × bare\n")?;
        let row = |cells: Vec<String>| cells.iter().map(|cell| format!("{cell:<34}")).collect::<String>();
        writeln!(f, "{:<32} {}", "", row(self.subjects.clone()).trim_end())?;
        for Line { what, figures } in &self.summary {
            writeln!(f, "{what:<32} {}", row(figures.iter().map(ToString::to_string).collect()).trim_end())?;
        }
        if let Some(round) = self.rounds.iter().find(|round| round.shifts) {
            let chain = &self.chain_to_change;
            writeln!(f, "\ncalls of the first answer: {}", round.first.calls.join(", "))?;
            writeln!(f, "longest chain to the change, {} calls: {}", chain.len(), chain.join(", "))?;
            writeln!(f, "calls of the warm answer: {}", round.warm.calls.join(", "))?;
            writeln!(f, "the first answer: {}", round.first.answer)?;
            writeln!(f, "the warm answer: {}", round.warm.answer)?;
        }
        writeln!(f, "\npackaged, by python3 -m zipfile")?;
        for package in &self.packages {
            writeln!(f, "  {package}")?;
        }
        writeln!(f, "\ndecisions on one core")?;
        for decisions in &self.decisions {
            writeln!(f, "  {decisions}")?;
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
