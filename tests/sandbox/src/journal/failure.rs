//! Why a call failed, whatever the shape of the answer. Never guesses: an answer may be without a code.

use ciborium::Value;
use hyper::HeaderMap;

use crate::tree::{Tree, read};
use crate::wire::xml;

/// The code and the message of an answer that is an error.
pub(crate) fn failure_of(status: u16, headers: &HeaderMap, body: &[u8]) -> (Option<String>, Option<String>) {
    if status < 400 {
        return (None, None);
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(bare);
    let tree = error_tree(headers, body);
    let within = |names: &[&str]| {
        let tree = tree.as_ref()?;
        names.iter().find_map(|name| read::field(tree, name)).and_then(Tree::as_text).map(str::to_owned)
    };
    let code = header("x-amzn-query-error")
        .or_else(|| header("x-amzn-errortype"))
        .or_else(|| within(&["__type", "Code", "code"]).map(|code| bare(&code)));
    (code, within(&["message", "Message"]))
}

/// `com.amazonaws.dynamodb.v20120810#X`, `X:http://…` and `X;Sender` are all X.
fn bare(code: &str) -> String {
    let code = code.rsplit('#').next().unwrap_or(code);
    code.split([':', ';']).next().unwrap_or(code).to_owned()
}

fn error_tree(headers: &HeaderMap, body: &[u8]) -> Option<Tree> {
    if headers.contains_key("smithy-protocol") {
        return ciborium::from_reader(body).ok();
    }
    let text = std::str::from_utf8(body).ok()?;
    if !text.trim_start().starts_with('<') {
        return Value::serialized(&serde_json::from_str::<serde_json::Value>(text).ok()?).ok();
    }
    let document = xml::read(text).ok()?;
    let errors = read::field(&document, "Errors").unwrap_or(&document);
    Some(read::field(errors, "Error").cloned().unwrap_or(document))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_code_of_a_failure_is_found_in_every_shape() {
        let code = |headers: &HeaderMap, body: &[u8]| failure_of(400, headers, body).0.unwrap();
        let none = HeaderMap::new();
        assert_eq!(
            code(&none, br#"{"__type":"com.amazonaws.dynamodb#TransactionCanceledException"}"#),
            "TransactionCanceledException"
        );
        assert_eq!(code(&none, b"<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>"), "Throttling");
        assert_eq!(code(&none, b"<Response><Errors><Error><Code>Busy</Code></Error></Errors></Response>"), "Busy");
        assert_eq!(
            code(&headers(&[("x-amzn-errortype", "TooManyRequestsException:http://x")]), b""),
            "TooManyRequestsException"
        );
        assert_eq!(failure_of(200, &none, b"<Error><Code>No</Code></Error>"), (None, None));
    }
}
