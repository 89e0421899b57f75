//! Names by pattern: `*` stands for any characters, none included, and all else for itself.
//!
//! A pattern never has an escape: no name that AWS allows for an alarm is usually written with a `*`.

use std::fmt;
use std::str::FromStr;

use super::forms::Name;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pattern(String);

impl FromStr for Pattern {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        text.parse().map(|Name(name)| Pattern(name))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Pattern {
    pub fn matches(&self, name: &str) -> bool {
        let mut parts = self.0.split('*');
        let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
        let mut parts = parts.peekable();
        if parts.peek().is_none() {
            return rest.is_empty();
        }
        // Each part at the first place where it stands leaves the most for those after it.
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return rest.ends_with(part);
            }
            let Some((_, after)) = rest.split_once(part) else { return false };
            rest = after;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters_and_all_else_for_itself() {
        for (pattern, name, matches) in [
            ("*", "", true),
            ("*", "web-1", true),
            ("web-1", "web-1", true),
            ("web-1", "web-10", false),
            ("web-1", "my-web-1", false),
            ("web-*", "web-", true),
            ("web-*-failing", "web-i-0123-failing", true),
            ("web-*-failing", "web-failing", false),
            ("web-*-failing", "web-i-0123-failing-soon", false),
            ("*-failing", "web-failing-failing", true),
            ("a*b*c", "abbc", true),
            ("a*b*c", "acb", false),
            ("a**c", "abc", true),
            ("ab*ba", "aba", false),
            ("web.1", "web-1", false),
        ] {
            assert_eq!(pattern.parse::<Pattern>().unwrap().matches(name), matches, "{pattern:?} {name:?}");
        }
    }
}
