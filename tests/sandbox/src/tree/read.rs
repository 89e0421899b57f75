//! Reading fields out of a tree. Never invents a value: what is absent is absent, what is unreadable is an error.

use ciborium::Value;
use jiff::Timestamp;

use super::{EPOCH_SECONDS, Tree};
use crate::api::ApiError;

/// The field of that name, unless it is absent or null.
pub fn field<'a>(tree: &'a Tree, name: &str) -> Option<&'a Tree> {
    tree.as_map()?.iter().find_map(|(key, value)| (key.as_text() == Some(name) && !value.is_null()).then_some(value))
}

pub fn text<'a>(tree: &'a Tree, name: &str) -> Result<&'a str, ApiError> {
    maybe_text(tree, name)?
        .filter(|found| !found.is_empty())
        .ok_or_else(|| ApiError::invalid(format!("{name} is required")))
}

pub fn maybe_text<'a>(tree: &'a Tree, name: &str) -> Result<Option<&'a str>, ApiError> {
    field(tree, name).map(|value| value.as_text().ok_or_else(|| unreadable(name, value, "a text"))).transpose()
}

pub fn integer(tree: &Tree, name: &str) -> Result<Option<i64>, ApiError> {
    let Some(value) = field(tree, name) else { return Ok(None) };
    let read = match value {
        Value::Integer(number) => i64::try_from(*number).ok(),
        Value::Text(digits) => digits.parse().ok(),
        _ => None,
    };
    read.map(Some).ok_or_else(|| unreadable(name, value, "a whole number"))
}

pub fn float(tree: &Tree, name: &str) -> Result<Option<f64>, ApiError> {
    let Some(value) = field(tree, name) else { return Ok(None) };
    as_float(value).map(Some).ok_or_else(|| unreadable(name, value, "a number"))
}

pub fn flag(tree: &Tree, name: &str) -> Result<Option<bool>, ApiError> {
    let Some(value) = field(tree, name) else { return Ok(None) };
    let read = match value {
        Value::Bool(flag) => Some(*flag),
        Value::Text(word) => word.to_ascii_lowercase().parse().ok(),
        _ => None,
    };
    read.map(Some).ok_or_else(|| unreadable(name, value, "true or false"))
}

pub fn timestamp(tree: &Tree, name: &str) -> Result<Option<Timestamp>, ApiError> {
    let Some(value) = field(tree, name) else { return Ok(None) };
    let read = match value {
        Value::Tag(EPOCH_SECONDS, seconds) => as_float(seconds).and_then(at_epoch_seconds),
        Value::Text(iso) => iso.parse().ok(),
        _ => None,
    };
    read.map(Some).ok_or_else(|| unreadable(name, value, "a timestamp"))
}

/// The items of a list; absent means empty, and so does the empty text by which Query writes an empty list.
pub fn items<'a>(tree: &'a Tree, name: &str) -> Result<&'a [Tree], ApiError> {
    match field(tree, name) {
        None => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(Value::Text(nothing)) if nothing.is_empty() => Ok(&[]),
        Some(other) => Err(unreadable(name, other, "a list")),
    }
}

pub fn texts<'a>(tree: &'a Tree, name: &str) -> Result<Vec<&'a str>, ApiError> {
    items(tree, name)?.iter().map(|item| item.as_text().ok_or_else(|| unreadable(name, item, "a text"))).collect()
}

fn as_float(value: &Tree) -> Option<f64> {
    match value {
        Value::Float(number) => Some(*number),
        Value::Text(digits) => digits.parse().ok(),
        Value::Integer(number) => i64::try_from(*number).ok().and_then(|whole| whole.to_string().parse().ok()),
        _ => None,
    }
}

fn at_epoch_seconds(seconds: f64) -> Option<Timestamp> {
    #[expect(clippy::cast_possible_truncation, reason = "out of range saturates, which Timestamp refuses")]
    Timestamp::from_millisecond((seconds * 1000.0).round() as i64).ok()
}

fn unreadable(name: &str, value: &Tree, wanted: &str) -> ApiError {
    ApiError::invalid(format!("{name} is not {wanted}: {value:?}"))
}

#[cfg(test)]
mod tests {
    use super::super::make;
    use super::*;

    #[test]
    fn a_number_reads_from_text_and_from_a_typed_value() {
        let query = make::record([("MaxRecords", make::text("20"))]);
        let cbor = make::record([("MaxRecords", make::integer(20))]);
        assert_eq!(integer(&query, "MaxRecords").unwrap(), Some(20));
        assert_eq!(integer(&cbor, "MaxRecords").unwrap(), Some(20));
    }

    #[test]
    fn a_flag_that_is_no_flag_names_the_field_and_the_value() {
        let tree = make::record([("ShouldDecrement", make::text("maybe"))]);
        let refused = flag(&tree, "ShouldDecrement").unwrap_err();
        assert!(refused.message.contains("ShouldDecrement") && refused.message.contains("maybe"), "{refused:?}");
    }

    #[test]
    fn a_timestamp_survives_both_spellings() {
        let noon: Timestamp = "2026-11-20T12:00:00.250Z".parse().unwrap();
        let typed = make::record([("At", make::timestamp(noon))]);
        let spelt = make::record([("At", make::text("2026-11-20T12:00:00.250Z"))]);
        assert_eq!(timestamp(&typed, "At").unwrap(), Some(noon));
        assert_eq!(timestamp(&spelt, "At").unwrap(), Some(noon));
    }

    #[test]
    fn an_empty_text_is_required_in_vain() {
        let tree = make::record([("Name", make::text(""))]);
        assert_eq!(text(&tree, "Name").unwrap_err().code, "ValidationError");
    }
}
