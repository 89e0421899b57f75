//! AWS's JSON protocol, which the AWS CLI speaks with CloudWatch. Never looks at the name of the service in the target.

use ciborium::Value;
use serde_json::{Map, Value as Json};

use crate::api::ApiError;
use crate::tree::Tree;

/// Reads a body whose action stands in the header `x-amz-target`, as `<service>.<action>`.
pub(super) fn read(target: &str, body: &[u8]) -> Result<(String, Tree), ApiError> {
    let broken = |why: String| ApiError::new(400, "SerializationException", format!("the JSON body: {why}"));
    let (_, action) = target
        .split_once('.')
        .ok_or_else(|| ApiError::invalid(format!("{target} is no x-amz-target: <service>.<action>")))?;
    let input: Json = serde_json::from_slice(body).map_err(|error| broken(error.to_string()))?;
    let tree = Value::serialized(&input).map_err(|error| broken(error.to_string()))?;
    Ok((action.to_owned(), tree))
}

pub(super) fn write(tree: &Tree) -> Vec<u8> {
    json(tree).to_string().into_bytes()
}

pub(super) fn write_error(error: &ApiError) -> Vec<u8> {
    serde_json::json!({ "__type": error.code, "message": error.message }).to_string().into_bytes()
}

/// Timestamps (tag 1) are seconds since 1970, as in CBOR, without a tag.
fn json(tree: &Tree) -> Json {
    match tree {
        Value::Text(text) => Json::from(text.as_str()),
        Value::Bool(flag) => Json::from(*flag),
        Value::Float(number) => Json::from(*number),
        Value::Integer(number) => i64::try_from(*number).map_or(Json::Null, Json::from),
        Value::Tag(_, inner) => json(inner),
        Value::Array(items) => items.iter().map(json).collect(),
        Value::Map(fields) => {
            let named = fields.iter().filter(|(_, value)| !value.is_null());
            let named = named.filter_map(|(name, value)| Some((name.as_text()?.to_owned(), json(value))));
            Json::Object(named.collect::<Map<_, _>>())
        }
        _ => Json::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{make, read as get};

    #[test]
    fn an_action_is_named_by_the_target() {
        let (action, input) =
            read("GraniteServiceVersion20100801.DescribeAlarms", br#"{"AlarmNames":["cpu"]}"#).unwrap();
        assert_eq!(action, "DescribeAlarms");
        assert_eq!(get::texts(&input, "AlarmNames").unwrap(), ["cpu"]);
    }

    #[test]
    fn neither_a_body_that_is_no_json_nor_a_target_without_an_action_is_read() {
        assert_eq!(read("X.DescribeAlarms", b"AlarmNames=cpu").unwrap_err().code, "SerializationException");
        assert_eq!(read("DescribeAlarms", b"{}").unwrap_err().code, "ValidationError");
    }

    #[test]
    fn a_timestamp_is_seconds_and_what_is_absent_is_not_written() {
        let tree = make::record([
            ("At", make::timestamp("1970-01-01T00:00:01.5Z".parse().unwrap())),
            ("Gone", make::nothing()),
        ]);
        let written = String::from_utf8(write(&tree)).unwrap();
        assert!(written.starts_with("{\"At\":1.5"), "{written}");
    }
}
