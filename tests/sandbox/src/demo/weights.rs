//! The second act: one of two endpoints gets slow, its weight moves to the other, it recovers, and its weight comes back in steps.
//!
//! It shows only what it saw: the weights as Route 53 answers with them, and what resolvers would be given.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use homeostat_remedies::hosted_zone::reasons::Incident;
use serde::Serialize;
use tokio::task::JoinHandle;
use tokio::time::interval;
use world::EndpointState;

use super::decision_of;
use super::report::{Told, item};
use crate::Stack;
use crate::journal::{Call, longest_chain};
use crate::stage::balance::KIND;
use crate::stage::{Balance, Inbox, Message, PATIENCE, Stage};
use crate::zone::{Answers, Zone};

const CHANGE: &str = "ChangeResourceRecordSets";

/// Finer than any step of the return.
const TICK: Duration = Duration::from_millis(200);

#[derive(Debug, Serialize)]
pub struct Shifted {
    pub decision: String,
    /// Of the invocation that moved the weight away, up to and including the change, in order.
    pub calls_to_effect: Vec<Told>,
    /// The longest sequence of those calls of which each waited for the one before it.
    pub chain: Vec<Told>,
    pub weights: Vec<Row>,
    pub seconds_to_mitigate: f64,
    pub incident: Incident,
    pub messages: Vec<Message>,
}

/// The record at a moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    pub at_seconds: f64,
    pub weights: BTreeMap<String, u8>,
    /// Who gets which answer, in thousandths.
    pub shares: BTreeMap<String, u16>,
}

/// Blue gets slow, and is mended once its weight is gone.
pub async fn shift(stage: &Stage, stack: &Stack, balance: &Balance, inbox: &Inbox, say: fn(&str)) -> Result<Shifted> {
    let began = Instant::now();
    let watch = Watch::start(stage, balance, began, say);
    say(
        "www.example.com has two endpoints, blue 70 and green 30; now blue gets slow, and still passes its health check",
    );
    balance.set_state(stage, "blue", EndpointState::Slow)?;
    stage.wait_for_alarm(&balance.slow_alarm("blue"), "ALARM").await?;
    let journal = stage.sandbox().journal();
    let accepted = |call: &Call| call.is("route53", CHANGE) && call.who.function().is_some() && call.succeeded();
    let effect = journal.wait_for("the change of weights", PATIENCE, accepted).await?;
    say("blue's weight is gone; somebody mends it");
    balance.set_state(stage, "blue", EndpointState::Well)?;
    let subject = balance.subject()?;
    stage.wait_for_close_of(&subject).await?;
    let weights = watch.rows();
    let incident = stage.ledger(stack)?.newest(&subject).await?.context("no closed incident of the zone")?;
    let last = |message: &Message| message.subject.contains("recovered") && message.subject.contains("example.com");
    let messages = inbox.receive_until(PATIENCE, last).await?;
    let calls = crate::journal::up_to_the_effect(&journal.calls(), &effect);
    if calls.is_empty() {
        bail!("the change of weights belongs to no invocation: {effect}");
    }
    Ok(Shifted {
        decision: decision_of(&incident).context("the incident tells of no act")?,
        chain: longest_chain(&calls).iter().map(Told::of).collect(),
        calls_to_effect: calls.iter().map(Told::of).collect(),
        weights,
        seconds_to_mitigate: incident.time_to_mitigate().context("no time to mitigate")?.as_secs_f64(),
        incident,
        messages,
    })
}

/// Reads the record again and again, and keeps what changed.
struct Watch {
    rows: Arc<Mutex<Vec<Row>>>,
    watching: JoinHandle<()>,
}

impl Watch {
    /// Reads MiniStack directly, so that none of its calls is journalled or meets a fault.
    fn start(stage: &Stage, balance: &Balance, began: Instant, say: fn(&str)) -> Self {
        let config = crate::account::sdk_config(stage.sandbox().ministack().endpoint());
        let (zone, face, name) = (Zone::at(&config, balance.zone.id()), stage.face().clone(), balance.name.clone());
        let rows = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&rows);
        let watching = tokio::spawn(async move {
            let mut tick = interval(TICK);
            loop {
                tick.tick().await;
                let Ok(Answers { weights, shares }) = zone.answers(&name, &KIND, &face).await else { continue };
                let row = Row { at_seconds: began.elapsed().as_secs_f64(), weights, shares };
                let mut rows = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if rows.last().is_none_or(|last: &Row| last.weights != row.weights || last.shares != row.shares) {
                    say(&format!("  Route 53: {}", row.in_words()));
                    rows.push(row);
                }
            }
        });
        Watch { rows, watching }
    }

    fn rows(&self) -> Vec<Row> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

impl Row {
    fn in_words(&self) -> String {
        let weights: Vec<String> = self.weights.iter().map(|(name, weight)| format!("{name} {weight:>3}")).collect();
        format!("{}   answers: {}", weights.join("  "), self.answers())
    }

    fn answers(&self) -> String {
        let share = |(name, share): (&String, &u16)| format!("{name} {:>5.1} %", f64::from(*share) / 10.0);
        self.shares.iter().map(share).collect::<Vec<_>>().join("  ")
    }
}

impl fmt::Display for Shifted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        item(f, "decision", &self.decision)?;
        let first = self.calls_to_effect.first().map_or(0, |call| call.started_ms);
        for (index, call) in self.calls_to_effect.iter().enumerate() {
            let title = if index == 0 { "calls" } else { "" };
            let after = call.started_ms.saturating_sub(first);
            item(f, title, &format!("{after:>3} ms, {:>2} ms long: {}", call.took_ms, call.call))?;
        }
        let chain: Vec<&str> = self.chain.iter().map(|call| call.call.as_str()).collect();
        item(f, "longest chain", &format!("{} calls, one after another: {}", chain.len(), chain.join(", ")))?;
        for (index, row) in self.weights.iter().enumerate() {
            let title = if index == 0 { "weights" } else { "" };
            item(f, title, &format!("{:>5.1} s  {}", row.at_seconds, row.in_words()))?;
        }
        for (index, note) in self.incident.notes.iter().enumerate() {
            let title = if index == 0 { "incident" } else { "" };
            let what = if note.what == self.decision { "act, as above" } else { &note.what };
            item(f, title, &format!("{:.1} {what}", note.at))?;
        }
        for message in &self.messages {
            item(f, "told by SNS", &message.subject)?;
        }
        item(f, "time to mitigate", &format!("{:.1} s from the alarm to the change", self.seconds_to_mitigate))
    }
}
