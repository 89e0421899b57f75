//! Commands that are shown to be copied: a name in them must reach the command as that name.
//!
//! This module never runs anything.

/// The word as a POSIX shell reads it: in quotes, unless it needs none. A group may be called `web; reboot`.
pub fn word(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"#_./:=@,-".contains(&byte);
    let starts_plain = !text.starts_with(['#', '-', '=']);
    if !text.is_empty() && starts_plain && text.bytes().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_stays_one_word() {
        for (text, word_) in [
            ("group#web", "group#web"),
            ("eu-west-1#instance#i-0123456789abcdef0", "eu-west-1#instance#i-0123456789abcdef0"),
            ("group#web; reboot", "'group#web; reboot'"),
            ("it's", r"'it'\''s'"),
            ("$(id)", "'$(id)'"),
            ("", "''"),
            ("-f", "'-f'"),
        ] {
            assert_eq!(word(text), word_);
        }
    }
}
