//! Small forms that several messages share.
//!
//! This module never shortens what an incident holds: only what is said of it at once.

use jiff::Timestamp;

use crate::incident::State;

/// Named one by one.
const MOST_NAMED: usize = 5;

/// The first few: the rest is in `homeostat status`.
pub fn some(items: &[String], between: &str) -> String {
    let named = items.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(between);
    match items.len().saturating_sub(MOST_NAMED) {
        0 => named,
        more => format!("{named}{between}and {more} more"),
    }
}

pub fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

pub fn at(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

pub fn state_word(state: State) -> &'static str {
    match state {
        State::Holding => "holding",
        State::Acting => "acting",
        State::Following => "following",
        State::Verifying => "verifying",
        State::Escalated => "escalated",
        State::Closed => "closed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_few_are_named_and_the_rest_counted() {
        let names = |count: usize| (1..=count).map(|number| number.to_string()).collect::<Vec<_>>();
        assert_eq!(some(&names(5), ", "), "1, 2, 3, 4, 5");
        assert_eq!(some(&names(7), ", "), "1, 2, 3, 4, 5, and 2 more");
    }
}
