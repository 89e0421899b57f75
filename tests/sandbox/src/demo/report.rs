//! What the demo saw, for people and (as JSON) for machines.
//!
//! It never adds a figure of its own.

use std::fmt;

use homeostat_core::incident::Incident;
use serde::Serialize;
use serde_json::Value;

use crate::journal::Call;
use crate::stage::Message;

#[derive(Debug, Serialize)]
pub struct Report {
    pub heal: Heal,
    /// The same alarm's event once more.
    pub again: Nothing,
    /// An alarm on a group that the policy doesn't name.
    pub outside: Nothing,
    pub wall_seconds: f64,
}

#[derive(Debug, Serialize)]
pub struct Heal {
    pub alarm: String,
    pub alarm_reason: String,
    #[serde(skip)]
    pub event: Value,
    pub decision: String,
    /// Of the invocation that replaced the instance, up to and including the effect, in order.
    pub calls_to_effect: Vec<Told>,
    /// The longest sequence of those calls of which each waited for the one before it.
    pub chain: Vec<Told>,
    pub replaced: String,
    pub replacement: String,
    /// From the alarm's change to the accepted termination.
    pub seconds_to_mitigate: f64,
    /// From the alarm's change to the first look at which the group was whole.
    pub seconds_to_recover: f64,
    pub seconds_from_death_to_close: f64,
    pub incident: Incident,
    pub messages: Vec<Message>,
}

#[derive(Debug, Serialize)]
pub struct Nothing {
    pub why: String,
    pub reads: usize,
}

/// One call, as far as people want to see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Told {
    pub started_ms: u128,
    pub took_ms: u128,
    pub call: String,
    pub about: String,
    pub error: Option<String>,
}

impl Told {
    pub fn of(call: &Call) -> Self {
        Told {
            started_ms: call.started.as_millis(),
            took_ms: call.ended.saturating_sub(call.started).as_millis(),
            call: format!("{}:{}", call.service.as_deref().unwrap_or("unsigned"), call.action),
            about: call.subject.clone(),
            error: call.error.clone(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Heal { incident, messages, .. } = &self.heal;
        writeln!(f, "\nSummary")?;
        line(f, "alarm", &format!("{} in ALARM: {}", self.heal.alarm, self.heal.alarm_reason))?;
        line(f, "decision", &self.heal.decision)?;
        let first = self.heal.calls_to_effect.first().map_or(0, |call| call.started_ms);
        line(f, "calls", "up to and including the effect:")?;
        for call in &self.heal.calls_to_effect {
            let error = call.error.as_deref().map(|code| format!("  {code}")).unwrap_or_default();
            writeln!(f, "{:19}+{:>4} ms {:>4} ms  {}{error}", "", call.started_ms - first, call.took_ms, call.call)?;
        }
        line(f, "longest chain", &format!("{} calls one after another: {}", self.heal.chain.len(), self.chain()))?;
        line(f, "new instance", &format!("{} in service, for {}", self.heal.replacement, self.heal.replaced))?;
        line(
            f,
            "incident",
            &format!("SUBJECT#{}: {:?}, version {}", incident.subject, incident.state, incident.version),
        )?;
        for note in &incident.notes {
            writeln!(f, "{:19}{:.1}  {}", "", note.at, note.what)?;
        }
        line(f, "told by SNS", &format!("{} messages", messages.len()))?;
        for message in messages {
            writeln!(f, "{:19}\"{}\"", "", message.subject)?;
        }
        line(f, "time to mitigate", &format!("{:.1} s after the alarm", self.heal.seconds_to_mitigate))?;
        line(f, "time to recover", &format!("{:.1} s after the alarm", self.heal.seconds_to_recover))?;
        line(f, "the alarm again", &format!("nothing done: {}", self.again.why))?;
        line(f, "outside policy", &format!("nothing done: {}", self.outside.why))?;
        line(f, "took", &format!("{:.0} s, sam build and sam deploy included", self.wall_seconds))
    }
}

impl Heal {
    fn chain(&self) -> String {
        self.chain.iter().map(|call| call.call.as_str()).collect::<Vec<_>>().join(" → ")
    }
}

impl Report {
    fn chain(&self) -> String {
        self.heal.chain()
    }
}

fn line(f: &mut fmt::Formatter<'_>, what: &str, said: &str) -> fmt::Result {
    writeln!(f, "  {what:<16} {said}")
}
