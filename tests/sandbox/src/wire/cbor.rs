//! smithy's rpc-v2-cbor, which aws-sdk-cloudwatch speaks. Never looks at the name of the service in the path.

use ciborium::Value;

use crate::api::ApiError;
use crate::tree::{Tree, make};

/// Reads `POST /service/<name>/operation/<action>`; an action without input may have an empty body.
pub(super) fn read(path: &str, body: &[u8]) -> Result<(String, Tree), ApiError> {
    let action = action(path)
        .ok_or_else(|| ApiError::invalid(format!("{path} is not a path of rpc-v2-cbor: /service/…/operation/…")))?;
    let input = if body.is_empty() {
        make::nothing()
    } else {
        ciborium::from_reader(body)
            .map_err(|error| ApiError::new(400, "SerializationException", format!("the CBOR body: {error}")))?
    };
    Ok((action.to_owned(), input))
}

pub(crate) fn action(path: &str) -> Option<&str> {
    let (_, action) = path.strip_prefix("/service/")?.split_once("/operation/")?;
    (!action.is_empty()).then_some(action)
}

pub(super) fn write(tree: &Tree) -> Vec<u8> {
    let mut body = Vec::new();
    // Writing a tree into memory has no way to fail; an empty body would read as a broken answer, not as a success.
    if let Err(error) = ciborium::into_writer(tree, &mut body) {
        tracing::error!(%error, "a tree could not be written as CBOR");
        body.clear();
    }
    body
}

pub(super) fn write_error(error: &ApiError) -> Vec<u8> {
    write(&Value::Map(vec![
        (make::text("__type"), make::text(&error.code)),
        (make::text("message"), make::text(&error.message)),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::read as get;
    use crate::wire::Protocol;

    #[test]
    fn a_request_is_named_by_its_path() {
        let body = write(&make::record([("AlarmNames", make::texts(["cpu"]))]));
        let request =
            Protocol::Cbor.read("/service/GraniteServiceVersion20100801/operation/DescribeAlarms", &body).unwrap();
        assert_eq!(request.action, "DescribeAlarms");
        assert_eq!(get::texts(&request.input, "AlarmNames").unwrap(), ["cpu"]);
    }

    #[test]
    fn a_path_without_an_operation_is_refused() {
        assert_eq!(Protocol::Cbor.read("/service/x", &[]).unwrap_err().code, "ValidationError");
    }

    #[test]
    fn an_empty_body_is_an_empty_input() {
        let request = Protocol::Cbor.read("/service/x/operation/DescribeAlarms", &[]).unwrap();
        assert_eq!(request.input, make::nothing());
    }

    #[test]
    fn indefinite_maps_as_the_sdk_writes_them_are_read() {
        // {_ "A": 1}: the Rust SDK opens every map without a length.
        let request = Protocol::Cbor.read("/service/x/operation/Y", &[0xbf, 0x61, 0x41, 0x01, 0xff]).unwrap();
        assert_eq!(get::integer(&request.input, "A").unwrap(), Some(1));
    }

    #[test]
    fn an_error_carries_its_code_in_the_body_and_in_the_header_of_old_clients() {
        let error = ApiError::new(404, "ResourceNotFound", "no such alarm");
        let answer = Protocol::Cbor.answer("DescribeAlarms", Err(&error), "id-1");
        let body: Tree = ciborium::from_reader(answer.body.as_slice()).unwrap();
        assert_eq!(get::text(&body, "__type").unwrap(), "ResourceNotFound");
        assert_eq!(answer.status, 404);
        assert!(answer.headers.contains(&("x-amzn-query-error", "ResourceNotFound;Sender".to_owned())));
        assert!(answer.headers.contains(&("smithy-protocol", "rpc-v2-cbor".to_owned())));
    }

    #[test]
    fn a_timestamp_is_written_as_tag_one() {
        let body = write(&make::timestamp("1970-01-01T00:00:01.5Z".parse().unwrap()));
        assert_eq!(body.first(), Some(&0xc1));
    }
}
