//! Changes a text line by line, so that most of it stays what it was: one broken line hides all that is wrong behind it.
//!
//! This mutator never makes up words by itself: they come from libFuzzer, which knows the dictionary and what the parser compared with,
//! or from elsewhere in the text.

use fastrand::Rng;
use libfuzzer_sys::fuzzer_mutate;

use super::text::{changed_text, mutated};

pub(crate) fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut rng = Rng::with_seed(seed.into());
    if let Some(text) = std::str::from_utf8(&data[..size]).ok().filter(|_| rng.u8(..4) > 0) {
        let written = changed(text, &mut rng);
        if written.len() <= max_size {
            data[..written.len()].copy_from_slice(written.as_bytes());
            return written.len();
        }
    }
    fuzzer_mutate(data, size, max_size)
}

fn changed(text: &str, rng: &mut Rng) -> String {
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    for _ in 0..rng.usize(1..4) {
        if lines.is_empty() {
            break;
        }
        let (one, other) = (rng.usize(..lines.len()), rng.usize(..lines.len()));
        match rng.u8(..8) {
            0 => _ = lines.remove(one),
            1 => lines.insert(other, lines[one].clone()),
            2 => lines.swap(one, other),
            3 => lines[one] = mutated(&lines[one]),
            4 => lines[one] = with_value_of(&lines[one], &lines[other]),
            // A table, from its head to the next.
            5 => {
                let rest = lines[one + 1..].iter().take_while(|line| !line.starts_with('[')).count();
                let table = lines[one..=one + rest].to_vec();
                _ = lines.splice(other..other, table);
            }
            _ => lines[one] = with_text_mutated(&lines[one], rng),
        }
    }
    lines.join("\n")
}

/// A key with the other's value.
fn with_value_of(line: &str, other: &str) -> String {
    match (line.split_once('='), other.split_once('=')) {
        (Some((key, _)), Some((_, value))) => format!("{key}={value}"),
        _ => other.to_owned(),
    }
}

/// One of the parts between two quotes.
fn with_text_mutated(line: &str, rng: &mut Rng) -> String {
    let mut parts: Vec<String> = line.split('"').map(str::to_owned).collect();
    match parts.len() / 2 {
        0 => mutated(line),
        texts => {
            let which = 2 * rng.usize(..texts) + 1;
            parts[which] = changed_text(&parts[which], rng);
            parts.join("\"")
        }
    }
}
