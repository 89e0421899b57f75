//! Reads untrusted JSON by path and says, when something is amiss, where it was, what was there and what was expected.
//!
//! This module never fills in a default: a field that is read is there, of the right kind, or the event is malformed.

use crate::line;
use serde_json::Value;

/// Why an event can't be read. Disposition: drop, to the dead-letter queue: the same bytes will never parse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("malformed event: {path} is {got}, expected {expected}")]
pub struct Malformed {
    pub path: String,
    pub got: String,
    pub expected: String,
}

/// A place in a JSON document, present or not.
#[derive(Debug, Clone)]
pub struct JsonCursor<'a> {
    path: String,
    value: Option<&'a Value>,
}

impl<'a> JsonCursor<'a> {
    pub fn root(value: &'a Value) -> Self {
        JsonCursor { path: "$".to_owned(), value: Some(value) }
    }

    /// A document within another one.
    pub fn rooted(path: String, value: &'a Value) -> Self {
        JsonCursor { path, value: Some(value) }
    }

    pub fn path(&self) -> &str {
        &self.path
    }

    pub fn field(&self, name: &str) -> JsonCursor<'a> {
        JsonCursor { path: format!("{}.{name}", self.path), value: self.value.and_then(|value| value.get(name)) }
    }

    pub fn item(&self, index: usize) -> JsonCursor<'a> {
        JsonCursor { path: format!("{}[{index}]", self.path), value: self.value.and_then(|value| value.get(index)) }
    }

    /// The items of a list; a missing list has none, anything else that is no list is malformed.
    pub fn items(&self) -> Result<Vec<JsonCursor<'a>>, Malformed> {
        match self.value {
            None => Ok(Vec::new()),
            Some(Value::Array(list)) => Ok((0..list.len()).map(|index| self.item(index)).collect()),
            Some(_) => Err(self.malformed("a list")),
        }
    }

    pub fn text(&self) -> Result<&'a str, Malformed> {
        self.value.and_then(Value::as_str).ok_or_else(|| self.malformed("a text"))
    }

    pub fn integer(&self) -> Result<i64, Malformed> {
        self.value.and_then(Value::as_i64).ok_or_else(|| self.malformed("a whole number"))
    }

    /// The text, if it is one of these.
    pub fn one_of(&self, known: &[&str]) -> Result<&'a str, Malformed> {
        let text = self.value.and_then(Value::as_str).filter(|text| known.contains(text));
        text.ok_or_else(|| self.malformed(&line::one_of(known)))
    }

    /// This, if it is an object.
    pub fn object(self) -> Result<JsonCursor<'a>, Malformed> {
        if self.value.is_some_and(Value::is_object) { Ok(self) } else { Err(self.malformed("an object")) }
    }

    /// The names of an object's fields.
    pub fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.value.and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.as_str())
    }

    pub fn is_list(&self) -> bool {
        self.value.is_some_and(Value::is_array)
    }

    pub fn is_present(&self) -> bool {
        self.value.is_some_and(|value| !value.is_null())
    }

    /// The text, as whatever it must parse to.
    pub fn parse<T: std::str::FromStr>(&self, expected: &str) -> Result<T, Malformed> {
        self.text().map_err(|_| self.malformed(expected))?.parse().map_err(|_| self.malformed(expected))
    }

    pub fn malformed(&self, expected: &str) -> Malformed {
        Malformed { path: self.path.clone(), got: self.describe(), expected: expected.to_owned() }
    }

    /// What is here, short and on one line: the value may come from anybody.
    fn describe(&self) -> String {
        const LONGEST: usize = 80;
        let Some(value) = self.value else { return "missing".to_owned() };
        let shown = match value {
            Value::Object(_) => return "an object".to_owned(),
            Value::Array(_) => return "a list".to_owned(),
            Value::String(text) => format!("{text:?}"),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        };
        match shown.char_indices().nth(LONGEST) {
            None => shown,
            Some((end, _)) => format!("{}…", shown.get(..end).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_malformed_event_names_path_value_and_expectation() {
        let event = json!({"detail": {"metrics": [{"period": 60}]}});
        let at = JsonCursor::root(&event).field("detail").field("metrics").item(0).field("period");
        assert_eq!(
            at.text().unwrap_err().to_string(),
            "malformed event: $.detail.metrics[0].period is 60, expected a text"
        );
        let gone = JsonCursor::root(&event).field("nowhere").field("deeper");
        assert_eq!(
            gone.text().unwrap_err().to_string(),
            "malformed event: $.nowhere.deeper is missing, expected a text"
        );
    }

    #[test]
    fn a_hostile_value_stays_short_and_on_one_line() {
        let event = json!("\u{1b}[31m\n".repeat(1000));
        let said = JsonCursor::root(&event).parse::<u32>("a number").unwrap_err().to_string();
        assert!(said.len() < 300 && !said.contains(['\n', '\u{1b}']), "{said}");
    }
}
