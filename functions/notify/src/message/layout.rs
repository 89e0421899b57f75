//! The shape of a message as lines: what is said first, and what stands below it.
//!
//! This module never leaves out a part of a message. It shortens what an incident's story quotes: the ledger has the whole of it.

use homeostat_core::line::one_line;
use homeostat_core::view::{Command, Message, Point, Story, capitalized, some};

/// A note is cut here: this is read on a phone.
const LONGEST_NOTE: usize = 160;

pub(super) fn lines(message: &Message) -> Vec<String> {
    let mut lines = message.summary.clone();
    for point in &message.points {
        lines.push(String::new());
        lines.extend(of_point(point));
    }
    lines.extend(message.now.iter().map(|now| format!("Now: {now}.")));
    lines.extend(message.details.iter().cloned());
    lines.extend(message.acknowledge.iter().flat_map(acknowledge));
    lines.extend(message.times.iter().map(|time| format!("{time}.")));
    lines.extend(message.stop.iter().map(command));
    lines.extend(message.story.iter().flat_map(story));
    lines
}

fn of_point(point: &Point) -> Vec<String> {
    let Point { seen, asked_because, why, done, facts, you, commands, next } = point;
    let mut lines = Vec::new();
    lines.extend(seen.iter().map(|seen| format!("Seen: {seen}.")));
    lines.extend(asked_because.iter().map(|why| format!("Why you were asked: {why}.")));
    lines.extend(why.iter().map(|why| format!("Why: {why}.")));
    lines.extend([done, facts, you].into_iter().flatten().cloned());
    lines.extend(commands.iter().map(command));
    lines.extend(next.iter().map(|next| format!("Next: {next}")));
    lines
}

fn command(command: &Command) -> String {
    let Command { purpose, line, consequences } = command;
    let besides = consequences.iter().map(|consequence| format!(" ({consequence})"));
    [format!("{purpose}: {line}")].into_iter().chain(besides).collect()
}

fn acknowledge(command: &Command) -> Vec<String> {
    let Command { purpose, line, consequences } = command;
    let also = consequences.iter().map(|consequence| format!("Acknowledging also {consequence}."));
    [format!("{purpose}: {line}")].into_iter().chain(also).collect()
}

fn story(story: &Story) -> Vec<String> {
    let Story { seen, notice, alarms, notes } = story;
    let mut lines = vec![String::new()];
    lines.extend(notice.iter().map(|notice| format!("Announced at {:.0}: {notice}.", notice.at)));
    if !alarms.is_empty() {
        lines.push(format!("Its alarms at the last look: {}.", some(alarms, "; ")));
    }
    lines.push(format!("{}. What happened:", capitalized(seen)));
    lines.extend(notes.iter().map(|note| format!("{:.0} {}", note.at, one_line(&note.what, LONGEST_NOTE))));
    lines
}
