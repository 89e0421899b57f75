//! How often each kind of fault, disturbance and decision really occurred.
//!
//! This module never counts what was only possible.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Census(pub BTreeMap<String, u64>);

impl Census {
    pub(super) fn count(&mut self, what: &str) {
        match self.0.get_mut(what) {
            Some(count) => *count += 1,
            None => _ = self.0.insert(what.to_owned(), 1),
        }
    }

    pub fn add(&mut self, other: &Census) {
        for (what, count) in &other.0 {
            *self.0.entry(what.clone()).or_default() += count;
        }
    }

    pub fn of(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or_default()
    }
}

impl fmt::Display for Census {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(what, count)| writeln!(f, "{count:>10}  {what}"))
    }
}

/// The name of an enum's variant: the first word of its `Debug`.
pub(super) fn variant(value: &impl fmt::Debug) -> String {
    let mut word = FirstWord(String::new());
    // It ends by an error: that is how it stops.
    _ = write!(word, "{value:?}");
    word.0
}

struct FirstWord(String);

impl Write for FirstWord {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let word: String = text.chars().take_while(|letter| letter.is_alphanumeric()).collect();
        self.0.push_str(&word);
        if word.len() == text.len() { Ok(()) } else { Err(fmt::Error) }
    }
}
