//! Conditions of a statement: all operators and all keys must be met, by any one of their values.
//!
//! Never takes what it does not understand for met.

use serde_json::Value;

use super::document::Conditions;
use super::{Key, matches};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    Yes,
    No,
    /// Asks for something that is not modelled.
    Unknown,
}

pub(super) fn all(conditions: &Conditions, key: &dyn Fn(&str) -> Key) -> Met {
    let mut met = Met::Yes;
    for (operator, keys) in conditions {
        for (name, values) in keys {
            let wanted: Vec<String> = values.as_slice().iter().map(plain).collect();
            match one(operator, &wanted, key(&name.to_lowercase())) {
                Met::No => return Met::No,
                Met::Unknown => {
                    tracing::warn!(operator, key = name, ?wanted, "a condition is not modelled: taken as refusing");
                    met = Met::Unknown;
                }
                Met::Yes => {}
            }
        }
    }
    met
}

fn one(operator: &str, wanted: &[String], key: Key) -> Met {
    if wanted.iter().any(|value| value.contains("${")) {
        return Met::Unknown;
    }
    let present = match key {
        Key::Is(value) => Some(value),
        Key::Absent => None,
        Key::Unmodelled => return Met::Unknown,
    };
    if operator == "Null" {
        let absent = present.is_none().to_string();
        return yes_or_no(wanted.iter().any(|value| value.eq_ignore_ascii_case(&absent)));
    }
    let base = operator.strip_suffix("IfExists").unwrap_or(operator);
    let Some(test) = test_of(base) else { return Met::Unknown };
    match present {
        Some(value) => yes_or_no(wanted.iter().any(|wanted| (test.fits)(wanted, &value)) != test.negated),
        // A negated operator is met by what is not there, and so is any with IfExists.
        None => yes_or_no(test.negated || base != operator),
    }
}

struct Test {
    fits: fn(&str, &str) -> bool,
    negated: bool,
}

fn test_of(operator: &str) -> Option<Test> {
    let equal: fn(&str, &str) -> bool = |wanted, value| wanted == value;
    let (fits, negated) = match operator {
        "StringEquals" => (equal, false),
        "StringNotEquals" => (equal, true),
        "StringLike" | "ArnLike" | "ArnEquals" => (matches as fn(&str, &str) -> bool, false),
        "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => (matches as fn(&str, &str) -> bool, true),
        _ => return None,
    };
    Some(Test { fits, negated })
}

fn yes_or_no(met: bool) -> Met {
    if met { Met::Yes } else { Met::No }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
