//! Conditions of a statement: all operators and all keys must be met, by any one of their values; of a key that holds
//! several values itself, the operator says how many must fit.
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
    let (present, is_set) = match key {
        Key::Is(value) => (vec![value], false),
        Key::Several(values) => (values, true),
        Key::Absent => (Vec::new(), false),
        Key::Unmodelled => return Met::Unknown,
    };
    if operator == "Null" {
        let absent = present.is_empty().to_string();
        return yes_or_no(wanted.iter().any(|value| value.eq_ignore_ascii_case(&absent)));
    }
    let (quantifier, operator) = match operator.split_once(':') {
        Some((quantifier, operator)) => (Some(quantifier), operator),
        None => (None, operator),
    };
    let base = operator.strip_suffix("IfExists").unwrap_or(operator);
    let Some(test) = test_of(base) else { return Met::Unknown };
    let fits = |value: &String| wanted.iter().any(|wanted| (test.fits)(wanted, value)) != test.negated;
    let unless_there = base != operator && present.is_empty();
    match quantifier {
        // True of no value at all: an Allow has to ask with Null whether there is one.
        Some("ForAllValues") => yes_or_no(present.iter().all(fits)),
        Some("ForAnyValue") => yes_or_no(present.iter().any(fits) || unless_there),
        Some(_) => Met::Unknown,
        // AWS leaves open what comes of it (IAM User Guide, "Set operators for multivalued context keys").
        None if is_set => Met::Unknown,
        // A negated operator is met by what is not there, and so is any with IfExists.
        None => yes_or_no(present.first().map_or(test.negated || unless_there, fits)),
    }
}

struct Test {
    fits: fn(&str, &str) -> bool,
    negated: bool,
}

fn test_of(operator: &str) -> Option<Test> {
    let equal: fn(&str, &str) -> bool = |wanted, value| wanted == value;
    let (fits, negated) = match operator {
        "StringEquals" | "Bool" => (equal, false),
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

pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
