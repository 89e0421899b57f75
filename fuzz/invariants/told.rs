//! What must hold of every text that people or their terminals get to see.
//!
//! This check never asks what a text says.

/// On one line, and as it stands: nothing that moves a cursor, hides a part or turns the direction.
pub(crate) fn is_plain(text: &str) -> bool {
    !text.contains(|character: char| {
        character.is_control()
            || matches!(character,
                '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    })
}
