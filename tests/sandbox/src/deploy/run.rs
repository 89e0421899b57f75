//! A command, with each line of its output passed on as it comes. It never waits for input.

use std::collections::VecDeque;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;
use tokio::sync::mpsc;

use super::Progress;

const LINES_SHOWN: usize = 40;

/// An error holds the end of the output.
pub(crate) async fn to_its_end(mut command: Command, progress: Progress<'_>) -> Result<()> {
    let name = command.as_std().get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().with_context(|| format!("starting {name}"))?;
    let (sender, mut lines) = mpsc::unbounded_channel();
    if let Some(output) = child.stdout.take() {
        tokio::spawn(pass_on(output, sender.clone()));
    }
    if let Some(output) = child.stderr.take() {
        tokio::spawn(pass_on(output, sender));
    }
    let mut last: VecDeque<String> = VecDeque::new();
    while let Some(line) = lines.recv().await {
        progress(&line);
        last.push_back(line);
        if last.len() > LINES_SHOWN {
            last.pop_front();
        }
    }
    let status = child.wait().await.with_context(|| format!("waiting for {name}"))?;
    if !status.success() {
        bail!("{name} failed ({status}); the end of its output:\n{}", Vec::from(last).join("\n"));
    }
    Ok(())
}

async fn pass_on(output: impl AsyncRead + Unpin, lines: mpsc::UnboundedSender<String>) {
    let mut chunks = BufReader::new(output).split(b'\n');
    while let Ok(Some(chunk)) = chunks.next_segment().await {
        let line = String::from_utf8_lossy(&chunk).trim_end().to_owned();
        if lines.send(line).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn every_line_is_passed_on() {
        let mut seen = Vec::new();
        to_its_end(shell("echo one; echo two"), &mut |line| seen.push(line.to_owned())).await.unwrap();
        assert_eq!(seen, ["one", "two"]);
    }

    #[tokio::test]
    async fn a_failure_shows_the_end_of_the_output() {
        let failed = to_its_end(shell("echo the reason >&2; exit 3"), &mut |_| {}).await.unwrap_err().to_string();
        assert!(failed.contains("the reason") && failed.contains('3'), "{failed}");
    }
}
