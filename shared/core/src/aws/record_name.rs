//! Names of DNS records, in the one form in which they can be compared.
//!
//! This module never compares names by their order: Route 53 sorts by reversed labels, so a name that "sorts later" may
//! well come first.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A record's name as Route 53 and the condition keys of its permissions have it: lower case, without the trailing dot, every
/// other character than a–z, 0–9, `-`, `_` and the dot between labels as `\` and three octal digits, `*` included (Route 53
/// Developer Guide, "DNS domain name format").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RecordName(Arc<str>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{got:?} is not a record's name: labels of 1 to 63 characters, 253 together, such as www.example.com or *.example.com"
)]
pub struct InvalidName {
    got: String,
}

/// A name has at most 255 bytes, with a length before each label and an empty one at the end (RFC 1035, 3.1).
const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;

impl RecordName {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name with one more label before it, unless that is too long for a name.
    pub fn under(&self, label: &str) -> Result<RecordName, InvalidName> {
        format!("{label}.{}", self.0).parse()
    }

    /// Whether it is the other name with this one label before it.
    pub fn is_under(&self, label: &str, other: &RecordName) -> bool {
        let rest = self.0.strip_prefix(label).and_then(|rest| rest.strip_prefix('.'));
        rest.is_some_and(|rest| *rest == *other.0)
    }

    /// Whether it is the other name, or in the domain that the other names.
    pub fn is_within(&self, other: &RecordName) -> bool {
        self.0.strip_suffix(&*other.0).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

impl FromStr for RecordName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        normal(text).map(|name| RecordName(name.into())).ok_or_else(|| InvalidName { got: text.to_owned() })
    }
}

/// `None` if it is no name.
fn normal(text: &str) -> Option<String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let (mut name, mut in_label, mut length) = (String::new(), 0, 0);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        length += 1;
        if byte == b'.' {
            if in_label == 0 {
                return None;
            }
            in_label = 0;
            name.push('.');
            continue;
        }
        let byte = if byte == b'\\' { escaped(&mut bytes)? } else { byte };
        in_label += 1;
        if in_label > LONGEST_LABEL {
            return None;
        }
        match byte.to_ascii_lowercase() {
            plain @ (b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_') => name.push(char::from(plain)),
            other => name.push_str(&format!("\\{other:03o}")),
        }
    }
    (in_label > 0 && length <= LONGEST_NAME).then_some(name)
}

/// The byte that three octal digits stand for.
fn escaped(bytes: &mut impl Iterator<Item = u8>) -> Option<u8> {
    let mut value = 0_u32;
    for _ in 0..3 {
        value = value * 8 + char::from(bytes.next()?).to_digit(8)?;
    }
    u8::try_from(value).ok()
}

impl TryFrom<String> for RecordName {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<RecordName> for String {
    fn from(name: RecordName) -> Self {
        name.0.as_ref().to_owned()
    }
}

/// As people write it: `*.example.com`.
impl fmt::Display for RecordName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.replace(r"\052", "*"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_name_is_the_same_name() {
        for (text, normal) in [
            ("www.example.com", "www.example.com"),
            ("WWW.Example.COM.", "www.example.com"),
            (r"\167ww.example.com", "www.example.com"),
            ("*.example.com", r"\052.example.com"),
            (r"\052.example.com.", r"\052.example.com"),
            (r"a\056b.example.com", r"a\056b.example.com"),
            ("_homeostat.www.example.com", "_homeostat.www.example.com"),
            ("grün.example.com", r"gr\303\274n.example.com"),
        ] {
            assert_eq!(text.parse::<RecordName>().unwrap().as_str(), normal, "{text}");
        }
    }

    #[test]
    fn what_is_no_name_never_becomes_one() {
        let long_label = format!("{}.example.com", "a".repeat(64));
        let long_name = ["abcdefghi"; 30].join(".");
        for text in ["", ".", "..", "a..b", ".a", r"a\05", r"a\999", r"a\777", &long_label, &long_name] {
            assert!(text.parse::<RecordName>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_name_is_under_the_one_that_it_was_put_under_and_no_other() {
        let name = |text: &str| text.parse::<RecordName>().unwrap();
        let (www, under) = (name("www.example.com"), name("www.example.com").under("_homeostat").unwrap());
        assert!(under.is_under("_homeostat", &www));
        for other in ["example.com", "w.example.com", "a.www.example.com"] {
            assert!(!under.is_under("_homeostat", &name(other)), "{other}");
        }
        assert!(!under.is_under("_home", &www) && !www.is_under("www", &www));
    }

    #[test]
    fn a_domain_holds_its_names_and_no_others() {
        let name = |text: &str| text.parse::<RecordName>().unwrap();
        assert!(name("_homeostat.www.example.com").is_within(&name("www.example.com")));
        assert!(name("www.example.com").is_within(&name("www.example.com")));
        for other in ["awww.example.com", "example.com", "www.example.com.evil.com"] {
            assert!(!name(other).is_within(&name("www.example.com")), "{other}");
        }
    }

    #[test]
    fn a_wildcard_is_shown_as_people_write_it() {
        assert_eq!("*.example.com".parse::<RecordName>().unwrap().to_string(), "*.example.com");
    }
}
