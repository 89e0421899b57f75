//! How much of a DynamoDB item a value takes. An item holds 400 KB, and a write of more is refused whole: what it was about is then
//! decided by nobody any more.
//!
//! This module never shortens anything.

use serde::Serialize;
use serde_json::Value;

/// What an item may hold, names of attributes included (DynamoDB Developer Guide, "Service, account, and table quotas").
pub const MOST: usize = 400 * 1024;

/// What an item may come to before nothing more is begun that would make it larger. Half is left for what can't wait.
pub const ENOUGH: usize = MOST / 2;

/// As DynamoDB counts an item (Developer Guide, "DynamoDB item sizes and formats"), but for its keys. What can't be stored at all takes
/// more than there is.
pub fn of(stored: &impl Serialize) -> usize {
    match serde_json::to_value(stored) {
        Ok(Value::Object(attributes)) => attributes.iter().map(|(name, value)| name.len() + of_value(value)).sum(),
        Ok(value) => of_value(&value),
        Err(_) => usize::MAX,
    }
}

/// A list or a map takes three bytes, and one for each element.
fn of_value(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 1,
        Value::String(text) => text.len(),
        // "(number of significant digits ÷ 2) + 1", and one more for a sign.
        Value::Number(number) => number.to_string().len().div_ceil(2) + 1,
        Value::Array(elements) => 3 + elements.iter().map(|element| 1 + of_value(element)).sum::<usize>(),
        Value::Object(pairs) => 3 + pairs.iter().map(|(name, value)| 1 + name.len() + of_value(value)).sum::<usize>(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_item_takes_what_dynamodb_says_that_it_takes() {
        assert_eq!(of(&json!({})), 0);
        assert_eq!(of(&json!({ "by": "ana" })), 5);
        assert_eq!(of(&json!({ "is": true, "no": null, "of": 1234 })), 3 + 3 + 5);
        assert_eq!(of(&json!({ "a": ["é", "b"] })), 1 + 3 + (1 + 2) + (1 + 1));
        assert_eq!(of(&json!({ "a": { "bc": "d" } })), 1 + 3 + (1 + 2 + 1));
    }
}
