//! Texts from outside, as they may be told.
//!
//! This module never lets a control character, an escape sequence or a change of direction through, and never more than it is asked for.

use std::fmt;

/// A text on one line that shows what it holds.
pub fn one_line(text: &str, longest: usize) -> String {
    let mut line = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == longest {
            line.push('…');
            break;
        }
        match character {
            '"' | '\'' | '\\' => line.push(character),
            // Letters by their category, and blank: Hangul's fillers.
            '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' => line.extend(character.escape_unicode()),
            _ => line.extend(character.escape_debug()),
        }
    }
    line
}

/// `a, b or c`.
pub fn one_of(words: &[impl AsRef<str>]) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => words.concat(),
    }
}

/// `a and b and c`.
pub fn list<T: fmt::Display>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(" and ")
}
