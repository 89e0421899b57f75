//! Building trees. Nothing here drops a field: an optional one is left out by the caller with [`maybe`].

use ciborium::Value;
use jiff::Timestamp;

use super::{EPOCH_SECONDS, Tree};

pub fn text(value: impl Into<String>) -> Tree {
    Value::Text(value.into())
}

pub fn integer(value: impl Into<i64>) -> Tree {
    Value::Integer(value.into().into())
}

/// A double. CBOR clients refuse an integer where the model says double, so the two are not interchangeable.
pub fn float(value: f64) -> Tree {
    Value::Float(value)
}

pub fn flag(value: bool) -> Tree {
    Value::Bool(value)
}

pub fn timestamp(value: Timestamp) -> Tree {
    let milliseconds = value.as_millisecond();
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 stay far below 2^53")]
    let seconds = milliseconds as f64 / 1000.0;
    Value::Tag(EPOCH_SECONDS, Box::new(Value::Float(seconds)))
}

pub fn list(items: impl IntoIterator<Item = Tree>) -> Tree {
    Value::Array(items.into_iter().collect())
}

pub fn texts<T: Into<String>>(items: impl IntoIterator<Item = T>) -> Tree {
    list(items.into_iter().map(text))
}

pub fn record(fields: impl IntoIterator<Item = (&'static str, Tree)>) -> Tree {
    Value::Map(fields.into_iter().map(|(name, value)| (text(name), value)).collect())
}

/// A field that may be absent: `record([…].into_iter().chain(maybe("NextToken", token.map(text))))`.
pub fn maybe(name: &'static str, value: Option<Tree>) -> Option<(&'static str, Tree)> {
    value.map(|value| (name, value))
}

/// The answer of an action that returns nothing.
pub fn nothing() -> Tree {
    Value::Map(Vec::new())
}
