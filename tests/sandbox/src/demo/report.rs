//! What the demo saw, for people and (as JSON) for machines.
//!
//! It never adds a figure of its own.

use std::fmt;

use homeostat_remedies::instance::reasons::Incident;
use serde::Serialize;
use serde_json::Value;

use super::rolling::Rolled;
use super::weights::Shifted;
use crate::journal::Call;
use crate::roles::prefix;
use crate::stage::Message;

#[derive(Debug, Serialize)]
pub struct Report {
    pub heal: Heal,
    /// The same alarm's event once more.
    pub again: Nothing,
    /// An alarm on a group that the policy doesn't name.
    pub outside: Nothing,
    /// The second act.
    pub shifted: Shifted,
    /// The third act.
    pub rolled: Rolled,
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
            call: format!("{}:{}", call.service.as_deref().map_or("unsigned", prefix), call.action),
            about: call.subject.clone(),
            error: call.error.clone(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heal = &self.heal;
        writeln!(f, "\nWhat was seen\n")?;
        item(f, "alarm", &format!("{}: {}", heal.alarm, heal.alarm_reason))?;
        item(f, "decision", &heal.decision)?;
        heal.calls(f)?;
        item(f, "longest chain", &format!("{} calls, one after another: {}", heal.chain.len(), heal.chain_in_words()))?;
        item(f, "new instance", &format!("{} is in service, instead of {}", heal.replacement, heal.replaced))?;
        heal.incident(f)?;
        for message in &heal.messages {
            item(f, "told by SNS", &message.subject)?;
        }
        item(f, "time to mitigate", &format!("{:.1} s from the alarm to the termination", heal.seconds_to_mitigate))?;
        item(f, "time to recover", &format!("{:.1} s from the alarm to a whole group", heal.seconds_to_recover))?;
        item(f, "the alarm again", &format!("nothing done: {}", self.again.why))?;
        item(f, "another group", &format!("nothing done: {}", self.outside.why))?;
        writeln!(f, "\nThe second act: an endpoint gets slow\n")?;
        write!(f, "{}", self.shifted)?;
        writeln!(f, "\nThe third act: a group is replaced, one instance after the other\n")?;
        write!(f, "{}", self.rolled)?;
        item(f, "took", &format!("{:.0} s, sam build and sam deploy included", self.wall_seconds))
    }
}

impl Heal {
    fn calls(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.calls_to_effect.first().map_or(0, |call| call.started_ms);
        for (index, call) in self.calls_to_effect.iter().enumerate() {
            let title = if index == 0 { "calls" } else { "" };
            let error = call.error.as_deref().map(|code| format!(" -> {code}")).unwrap_or_default();
            let (after, took) = (call.started_ms.saturating_sub(first), call.took_ms);
            item(f, title, &format!("{after:>3} ms, {took:>2} ms long: {}{error}", call.call))?;
        }
        Ok(())
    }

    fn chain_in_words(&self) -> String {
        self.chain.iter().map(|call| call.call.as_str()).collect::<Vec<_>>().join(", ")
    }

    fn incident(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Incident { subject, state, version, notes, .. } = &self.incident;
        item(f, "incident", &format!("SUBJECT#{subject}: {state:?}, version {version}"))?;
        for note in notes {
            // The decision stands above, whole.
            let what = if note.what == self.decision { "act, as above" } else { &note.what };
            item(f, "", &format!("{:.1} {what}", note.at))?;
        }
        Ok(())
    }
}

/// One line, or as many as it takes, in the width of a terminal.
pub(super) fn item(f: &mut fmt::Formatter<'_>, title: &str, said: &str) -> fmt::Result {
    const WIDTH: usize = 100;
    const INDENT: &str = "                   ";
    let first = format!("  {title:<16} ");
    let options = textwrap::Options::new(WIDTH).initial_indent(&first).subsequent_indent(INDENT);
    writeln!(f, "{}", textwrap::fill(said, options))
}
