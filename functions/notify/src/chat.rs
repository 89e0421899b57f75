//! The same message for chat: the custom notification that AWS's chat clients render (Amazon Q Developer in chat applications,
//! Administrator Guide, "Custom notifications"; formerly AWS Chatbot). Those clients subscribe by `https`; everybody else goes on
//! getting the plain text.
//!
//! This module never lets a name format, link or mention anything: each character that a client reads as more than itself is
//! replaced by its full-width twin, which looks the same and means nothing. A command stands as code, so that it can be copied.

use homeostat_core::line::one_line;
use homeostat_core::view::Sort;
use homeostat_remedies::registry::AnyIncident;
use serde_json::{Value, json};

use crate::attributes::{name, number};
use crate::message::Message;
use crate::news::News;

/// AWS's page names no limits, and Slack's block of text takes 3000 characters (Slack, "Section block"); the rest is in the ledger.
const LONGEST_TEXT: usize = 2_800;
const LONGEST_STEP: usize = 600;
const MOST_STEPS: usize = 8;

/// The lines that say what comes next, and what a person can do.
const STEPS: [&str; 4] = ["You: ", "Next: ", "To ", "When it is fixed"];

const COMMANDS: [&str; 2] = [": homeostat ", ": aws "];

/// What SNS takes for different protocols (`MessageStructure`), as text.
pub(crate) fn by_protocol(news: &News, message: &Message) -> String {
    json!({ "default": message.body, "https": notification(news, message).to_string() }).to_string()
}

fn notification(news: &News, message: &Message) -> Value {
    let Sort { event, severity, reason } = message.sort;
    let severity = severity.as_str();
    let (steps, text): (Vec<&str>, Vec<&str>) = message.body.lines().partition(|line| is_step(line));
    let title = message.subject.trim_start_matches("Homeostat: ");
    let thread = inert(&news.incident().map_or_else(|| number(news), |incident| name(&incident.head())));
    let incident = news.incident().map(AnyIncident::head);
    let related = incident.as_ref().map(|incident| inert(&one_line(&incident.subject.handle(), LONGEST_STEP)));
    json!({
        "version": "1.0",
        "source": "custom",
        "id": inert(&number(news)),
        "content": {
            "textType": "client-markdown",
            "title": inert(&format!("Homeostat: {title}")),
            "description": cut(&inert(&text.join("\n")), LONGEST_TEXT),
            "nextSteps": steps.iter().take(MOST_STEPS).map(|line| step(line)).collect::<Vec<_>>(),
            "keywords": [event, severity, reason],
        },
        "metadata": {
            "threadId": thread,
            "summary": inert(title),
            "eventType": event,
            "relatedResources": related.into_iter().collect::<Vec<_>>(),
            "additionalContext": {
                "remedy": incident.map_or("notify", |incident| incident.remedy),
                "severity": severity,
            },
        },
    })
}

fn is_step(line: &str) -> bool {
    STEPS.iter().any(|step| line.starts_with(step))
}

/// A line that may hold a command, as code only where it can be copied as it is: whole, and without a character that a client
/// would read as more than itself.
fn step(line: &str) -> String {
    let shown = cut(line, LONGEST_STEP);
    let command = COMMANDS.iter().filter_map(|command| line.find(command)).min().map(|before| before + ": ".len());
    let Some((words, command)) = command.and_then(|at| shown.split_at_checked(at)) else { return inert(&shown) };
    // What a person should know of it stands behind it, in parentheses; those of a quoted name are no end.
    let end = command.rfind(" (").filter(|_| command.ends_with([')', '.']));
    let (command, remark) = command.split_at(end.unwrap_or(command.len()));
    if shown != line || command.contains(['`', '<', '>', '&']) {
        return inert(&shown);
    }
    format!("{}`{command}`{}", inert(words), inert(remark))
}

/// Markdown of Slack and of Teams: emphasis, code, quotes, headings, mentions (`<!here>`, `<@U1>`, `@name`), entities, links.
fn inert(text: &str) -> String {
    let text = text.replace("->", "→").replace("://", "：//");
    let lines = text.lines().map(|line| match line.trim_start().strip_prefix('#') {
        Some(heading) => format!("＃{heading}"),
        None => line.to_owned(),
    });
    let marks = ['&', '<', '>', '*', '_', '~', '`', '[', ']', '|', '\\', '@'];
    twins(&lines.collect::<Vec<_>>().join("\n"), &marks)
}

/// Each printable character of ASCII has a twin (Unicode, "Halfwidth and Fullwidth Forms").
fn twins(text: &str, marks: &[char]) -> String {
    let twin = |c: char| char::from_u32(u32::from(c) - 0x20 + 0xFF00).unwrap_or('?');
    text.chars().map(|c| if marks.contains(&c) { twin(c) } else { c }).collect()
}

fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests;
