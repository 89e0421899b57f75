//! One round: a fresh process is given an alarm's event, and right after its answer a wake-up.
//!
//! It never takes an answer's word for it: a round of `shift-dns` counts only if the record was changed, once.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use sandbox::journal::{Call, is_effect, longest_chain, up_to_the_effect};
use serde::Serialize;
use serde_json::Value;

use crate::emulator::Kit;
use crate::ground::Ground;

/// What is measured, in a folder as Lambda would unpack it.
pub(crate) struct Subject {
    pub(crate) name: String,
    /// A build of shift-dns, from which a changed record is expected.
    pub(crate) shifts: bool,
    pub(crate) bootstrap: PathBuf,
    env: Vec<(String, String)>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Round {
    pub(crate) who: String,
    pub(crate) shifts: bool,
    pub(crate) first: Answered,
    pub(crate) warm: Answered,
    pub(crate) resident_kib: u64,
    pub(crate) peak_kib: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Answered {
    /// From the event to the answer; of a first answer, the start of the process is in it.
    pub(crate) milliseconds: f64,
    /// Of these, while the endpoint was at work on at least one call.
    pub(crate) endpoint_milliseconds: f64,
    /// The processor's time of the bootstrap since it was started.
    pub(crate) cpu_milliseconds: f64,
    pub(crate) calls: Vec<String>,
    pub(crate) answer: Value,
}

impl Answered {
    pub(crate) fn own_milliseconds(&self) -> f64 {
        self.milliseconds - self.endpoint_milliseconds
    }
}

impl Subject {
    pub(crate) fn shift_dns(name: String, run_dir: &Path, binary: &Path, ground: &Ground) -> Result<Self> {
        let folder = run_dir.join(&name);
        let bootstrap = unpack(&folder, binary)?;
        std::fs::copy(ground.policy(), folder.join("policy.toml")).context("adding the policy")?;
        Ok(Subject { name, shifts: true, bootstrap, env: ground.env(&folder)? })
    }

    pub(crate) fn bare(run_dir: &Path, binary: &Path) -> Result<Self> {
        let bootstrap = unpack(&run_dir.join("bare"), binary)?;
        Ok(Subject { name: "bare bootstrap".to_owned(), shifts: false, bootstrap, env: Vec::new() })
    }
}

fn unpack(folder: &Path, binary: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let bootstrap = folder.join("bootstrap");
    std::fs::copy(binary, &bootstrap).with_context(|| format!("copying {}", binary.display()))?;
    Ok(bootstrap)
}

pub(crate) async fn measure(kit: &Kit, subject: &Subject, ground: &Ground, event: &Value) -> Result<Round> {
    let mut emulator = kit.start(&subject.bootstrap, &subject.env).await?;
    let mut seen = Vec::new();
    // Nobody but the function calls the proxy meanwhile.
    for event in [event, &ground.wake_up()?] {
        let mark = ground.sandbox.journal().mark();
        let asked = emulator.ask(event).await;
        let (answer, took) = asked.with_context(|| format!("the emulator's log ends:\n{}", kit.log_tail()))?;
        seen.push((answer, took, emulator.footprint()?, ground.sandbox.journal().select(|call| call.sequence >= mark)));
    }
    emulator.stop().await?;
    let Ok([first, warm]) = <[_; 2]>::try_from(seen) else { bail!("two events, and not two answers") };
    let footprint = warm.2;
    if subject.shifts {
        ensure!(ground.is_shifted().await?, "the endpoint kept its weight; the answer was {}", first.0);
        chain(&first.3).with_context(|| format!("the answer was {}", first.0))?;
    }
    let answered =
        |(answer, took, footprint, calls): (Value, Duration, crate::emulator::Footprint, Vec<Call>)| Answered {
            milliseconds: milliseconds(took),
            endpoint_milliseconds: milliseconds(busy(&calls)),
            cpu_milliseconds: milliseconds(footprint.cpu),
            calls: calls.iter().map(name).collect(),
            answer,
        };
    Ok(Round {
        who: subject.name.clone(),
        shifts: subject.shifts,
        first: answered(first),
        warm: answered(warm),
        resident_kib: footprint.resident_kib,
        peak_kib: footprint.peak_kib,
    })
}

/// Of one invocation's calls.
pub(crate) fn chain(calls: &[Call]) -> Result<Vec<String>> {
    let mut effects = calls.iter().filter(|call| is_effect(call));
    let (Some(effect), None) = (effects.next(), effects.next()) else { bail!("not one change of the record") };
    ensure!(effect.succeeded(), "the change was refused: {effect}");
    Ok(longest_chain(&up_to_the_effect(calls, effect)).iter().map(name).collect())
}

/// Calls side by side count once.
fn busy(calls: &[Call]) -> Duration {
    let mut spans: Vec<(Duration, Duration)> = calls.iter().map(|call| (call.started, call.ended)).collect();
    spans.sort();
    let (mut busy, mut until) = (Duration::ZERO, Duration::ZERO);
    for (started, ended) in spans {
        busy += ended.saturating_sub(started.max(until));
        until = until.max(ended);
    }
    busy
}

fn name(call: &Call) -> String {
    format!("{}:{}", call.service.as_deref().unwrap_or("unsigned"), call.action)
}

fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e5).round() / 100.0
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Round { who, first, warm, resident_kib, .. } = self;
        let resident = resident_kib / 1024;
        write!(
            f,
            "{who:<14}  first {:>6.1} ms, {:>6.1} of them its own; warm {:>6.1} ms; {resident} MiB",
            first.milliseconds,
            first.own_milliseconds(),
            warm.milliseconds
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_millisecond_is_rounded_to_hundredths() {
        assert_eq!(milliseconds(Duration::from_nanos(1_234_567)), 1.23);
    }
}
