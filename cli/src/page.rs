//! Text for a terminal, without a character that a terminal would obey.
//!
//! This module never cuts anything off.

#[cfg(feature = "account")]
mod table;

#[cfg(feature = "account")]
pub(crate) use table::Row;

#[derive(Debug, Default)]
pub(crate) struct Page {
    lines: Vec<String>,
}

impl Page {
    /// Left whole: an editor finds the place of a mistake only in a line that starts with it.
    pub(crate) fn long_line(&mut self, text: &str) {
        self.lines.push(visible(text));
    }

    pub(crate) fn finish(self) -> String {
        self.lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
    }
}

/// With every character escaped that a terminal would obey, or that would show a text as another one: control characters,
/// escapes, overrides of the direction. Names and reasons come from anybody.
pub(crate) fn visible(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, character| {
        match character {
            '"' | '\'' | '\\' => shown.push(character),
            other => shown.extend(other.escape_debug()),
        }
        shown
    })
}

/// The same inside JSON, in its own words. What is not ASCII stands only within its strings.
pub(crate) fn visible_json(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, character| {
        let is_plain = character.is_ascii() && character != '\u{7f}' || character.escape_debug().count() == 1;
        if is_plain {
            shown.push(character);
        } else {
            let mut units = [0; 2];
            shown.extend(character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
        shown
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "web\u{1b}[2J\u{9b}31m\r\n\u{202e}live\u{2066}\u{200b}\u{7f}\u{e0041}";

    #[test]
    fn what_a_terminal_would_obey_is_shown_and_not_sent() {
        let text = visible(HOSTILE);
        assert!(text.chars().all(|character| (' '..='~').contains(&character)), "{text:?}");
        assert!(text.contains(r"\u{1b}[2J") && text.contains(r"\u{202e}"), "{text}");
        assert_eq!(visible("Grüße, \"web\" \\ 網"), "Grüße, \"web\" \\ 網");
    }

    #[test]
    fn json_says_the_same_and_obeys_nobody() {
        let json = visible_json(&serde_json::to_string(&HOSTILE).unwrap());
        assert!(json.chars().all(|character| (' '..='~').contains(&character)), "{json:?}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), HOSTILE);
        assert_eq!(visible_json("{\n  \"ü\": 1\n}"), "{\n  \"ü\": 1\n}");
    }
}
