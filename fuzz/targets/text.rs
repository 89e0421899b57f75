//! Changes one text.
//!
//! This mutator never leaves bytes that are no text.

use fastrand::Rng;
use libfuzzer_sys::fuzzer_mutate;

/// By how much a text may grow at once.
const GROWTH: usize = 64;

/// What a text does harm with: it moves the cursor, ends the line, turns the direction, can't be seen, or goes on for too long.
const HARM: [&str; 8] = ["\u{1b}[2J", "\u{9b}31m", "\n", "\u{202e}", "\u{2066}", "\u{200b}", "\u{0}", LONG];
const LONG: &str =
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// The ends of what a timestamp holds, and nothing at all.
const EXTREMES: [&str; 4] = ["9999-12-30T22:00:00Z", "-009999-01-02T01:59:59Z", "Thu, 30 Dec 9999 22:00:00 GMT", ""];

/// Mutated, a word of the dictionary or an extreme instead, or something harmful within.
pub(crate) fn changed_text(text: &str, rng: &mut Rng) -> String {
    match rng.u8(..8) {
        0 => EXTREMES[rng.usize(..EXTREMES.len())].to_owned(),
        1 => mutated(""),
        2 | 3 => {
            let places: Vec<usize> = text.char_indices().map(|(place, _)| place).chain([text.len()]).collect();
            let harm = HARM[rng.usize(..HARM.len())].repeat(if rng.u8(..8) == 0 { 20 } else { 1 });
            let (before, after) = text.split_at(places[rng.usize(..places.len())]);
            format!("{before}{harm}{after}")
        }
        _ => mutated(text),
    }
}

/// By libFuzzer.
pub(crate) fn mutated(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(text.len() + GROWTH, 0);
    let size = fuzzer_mutate(&mut bytes, text.len(), text.len() + GROWTH);
    String::from_utf8_lossy(&bytes[..size]).into_owned()
}
