//! Route 53's protocol: the method and the path name the action, the bodies are XML.
//!
//! A list is an element around others of one name, so a tree holds it as a field of a field. Never validates, no more than
//! [`xml`](super::xml), which reads it.

use ciborium::Value;
use quick_xml::escape::escape;

use super::blame;
use super::xml::iso_8601;
use crate::api::ApiError;
use crate::tree::{EPOCH_SECONDS, Tree};

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>"#;
const NAMESPACE: &str = "https://route53.amazonaws.com/doc/2013-04-01/";

pub(crate) fn document(root: &str, tree: &Tree) -> String {
    let mut inside = String::new();
    write(&mut inside, tree);
    format!("{HEAD}\n<{root} xmlns=\"{NAMESPACE}\">{inside}</{root}>")
}

/// Not the shape of the API reference with its `Messages`: AWS sends this one, and its SDK finds no code in the other.
pub(super) fn error(error: &ApiError, request_id: &str) -> String {
    format!(
        "{HEAD}\n<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>{}</Type><Code>{}</Code><Message>{}</Message></Error>\
         <RequestId>{request_id}</RequestId></ErrorResponse>",
        blame(error),
        escape(error.code.as_str()),
        escape(error.message.as_str())
    )
}

fn write(out: &mut String, tree: &Tree) {
    match tree {
        Value::Map(fields) => fields.iter().for_each(|(name, value)| {
            element(out, name.as_text().unwrap_or_default(), value);
        }),
        Value::Text(text) => out.push_str(&escape(text.as_str())),
        Value::Integer(number) => out.push_str(&i128::from(*number).to_string()),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Tag(EPOCH_SECONDS, seconds) => out.push_str(&iso_8601(seconds)),
        other => tracing::error!(?other, "no way to write this as XML"),
    }
}

fn element(out: &mut String, name: &str, value: &Tree) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| element(out, name, item)),
        Value::Null => {}
        one => {
            out.push_str(&format!("<{name}>"));
            write(out, one);
            out.push_str(&format!("</{name}>"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::xml;

    #[test]
    fn what_is_read_is_written_as_it_was() {
        let inside = "<Changes><Change><Action>DELETE</Action><Name>a.x.</Name></Change><Change><Action>CREATE</Action>\
            <ResourceRecords><ResourceRecord><Value>&quot;a &amp; b&quot;</Value></ResourceRecord></ResourceRecords></Change>\
            </Changes><Comment></Comment>";
        let read = xml::read(&format!("<ChangeBatch>{inside}</ChangeBatch>")).unwrap();
        assert!(document("ChangeBatch", &read).ends_with(&format!("{inside}</ChangeBatch>")));
    }

    #[test]
    fn an_error_is_in_the_shape_in_which_the_sdk_finds_its_code() {
        let written = error(&ApiError::new(400, "InvalidChangeBatch", "[a < b]"), "id-1");
        assert!(written.contains("<Code>InvalidChangeBatch</Code><Message>[a &lt; b]</Message></Error>"), "{written}");
    }
}
