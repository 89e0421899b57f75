//! Answers of the Query protocol, written; and such answers, read (of services that MiniStack serves).
//!
//! Never validates: what it reads is what MiniStack wrote.

use ciborium::Value;
use jiff::Timestamp;
use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::Event;

use super::blame;
use crate::api::ApiError;
use crate::tree::{EPOCH_SECONDS, Tree, make};

/// What an item of a list is called.
#[derive(Clone, Copy)]
struct ItemName(&'static str);

pub(super) fn response(action: &str, tree: &Tree, request_id: &str) -> String {
    let mut result = String::new();
    write(&mut result, tree, ItemName("member"));
    // Clients of actions that return nothing skip the result; those of all others insist that it comes first.
    format!(
        "<{action}Response><{action}Result>{result}</{action}Result>\
         <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>"
    )
}

pub(super) fn error(error: &ApiError, request_id: &str) -> String {
    format!(
        "<ErrorResponse><Error><Type>{}</Type><Code>{}</Code><Message>{}</Message></Error>\
         <RequestId>{request_id}</RequestId></ErrorResponse>",
        blame(error),
        escape(error.code.as_str()),
        escape(error.message.as_str())
    )
}

pub(super) fn ec2_response(action: &str, tree: &Tree, request_id: &str) -> String {
    let mut result = String::new();
    write(&mut result, tree, ItemName("item"));
    format!("<{action}Response><requestId>{request_id}</requestId>{result}</{action}Response>")
}

pub(super) fn ec2_error(error: &ApiError, request_id: &str) -> String {
    format!(
        "<Response><Errors><Error><Code>{}</Code><Message>{}</Message></Error></Errors>\
         <RequestID>{request_id}</RequestID></Response>",
        escape(error.code.as_str()),
        escape(error.message.as_str())
    )
}

fn write(out: &mut String, tree: &Tree, item: ItemName) {
    match tree {
        Value::Map(fields) => {
            for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
                element(out, name.as_text().unwrap_or_default(), value, item);
            }
        }
        Value::Array(items) => items.iter().for_each(|value| element(out, item.0, value, item)),
        Value::Text(text) => out.push_str(&escape(text.as_str())),
        Value::Integer(number) => out.push_str(&i128::from(*number).to_string()),
        Value::Float(number) => out.push_str(&number.to_string()),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Tag(EPOCH_SECONDS, seconds) => out.push_str(&iso_8601(seconds)),
        other => tracing::error!(?other, "no way to write this as XML"),
    }
}

fn element(out: &mut String, name: &str, value: &Tree, item: ItemName) {
    out.push_str(&format!("<{name}>"));
    write(out, value, item);
    out.push_str(&format!("</{name}>"));
}

pub(super) fn iso_8601(seconds: &Tree) -> String {
    let seconds = seconds.as_float().unwrap_or_default();
    #[expect(clippy::cast_possible_truncation, reason = "out of range saturates, which Timestamp refuses")]
    let at = Timestamp::from_millisecond((seconds * 1000.0).round() as i64).unwrap_or_default();
    format!("{at:.3}")
}

/// Reads a document: children become a record, `member` and `item` children a list, text a text.
/// The root's own name is dropped. A name that occurs twice becomes a list.
pub fn read(document: &str) -> Result<Tree, quick_xml::Error> {
    let mut reader = Reader::from_str(document);
    loop {
        match reader.read_event()? {
            Event::Start(_) => return read_inside(&mut reader),
            Event::Empty(_) | Event::Eof => return Ok(make::nothing()),
            _ => {}
        }
    }
}

/// A request without a body asks for nothing in it.
pub(super) fn of_body(body: &[u8]) -> Result<Tree, ApiError> {
    let malformed = |why: String| ApiError::new(400, "InvalidInput", format!("Invalid XML ; {why}"));
    let text = std::str::from_utf8(body).map_err(|error| malformed(error.to_string()))?;
    read(text).map_err(|error| malformed(error.to_string()))
}

fn read_inside(reader: &mut Reader<&[u8]>) -> Result<Tree, quick_xml::Error> {
    let mut text = String::new();
    let mut children: Vec<(String, Tree)> = Vec::new();
    loop {
        match reader.read_event()? {
            Event::Start(start) => {
                let name = start.local_name().as_ref().to_owned();
                children.push((name, read_inside(reader)?));
            }
            Event::Empty(start) => {
                children.push((start.local_name().as_ref().to_owned(), make::text("")));
            }
            Event::Text(part) => text.push_str(&part),
            Event::CData(part) => text.push_str(&part),
            Event::GeneralRef(entity) => match entity.resolve_char_ref()? {
                Some(character) => text.push(character),
                None => text.push_str(resolve_predefined_entity(&entity).unwrap_or_default()),
            },
            Event::End(_) | Event::Eof => break,
            _ => {}
        }
    }
    Ok(if children.is_empty() { make::text(text) } else { gather(children) })
}

fn gather(children: Vec<(String, Tree)>) -> Tree {
    if children.iter().all(|(name, _)| name == "member" || name == "item") {
        return make::list(children.into_iter().map(|(_, value)| value));
    }
    let mut fields: Vec<(Value, Tree)> = Vec::new();
    for (name, value) in children {
        match fields.iter_mut().find(|(known, _)| known.as_text() == Some(name.as_str())) {
            None => fields.push((make::text(name), value)),
            Some((_, Value::Array(items))) => items.push(value),
            Some((_, first)) => *first = make::list([std::mem::replace(first, Value::Null), value]),
        }
    }
    Value::Map(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::read as get;

    #[test]
    fn an_answer_wraps_its_result_and_spells_lists_as_members() {
        let tree = make::record([
            ("Groups", make::list([make::record([("Name", make::text("a<b&c")), ("Size", make::integer(3))])])),
            ("At", make::timestamp("2026-11-20T12:00:00.250Z".parse().unwrap())),
            ("On", make::flag(true)),
            ("Ratio", make::float(0.5)),
        ]);
        assert_eq!(
            response("Describe", &tree, "id-1"),
            "<DescribeResponse><DescribeResult><Groups><member><Name>a&lt;b&amp;c</Name><Size>3</Size></member></Groups>\
             <At>2026-11-20T12:00:00.250Z</At><On>true</On><Ratio>0.5</Ratio></DescribeResult>\
             <ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></DescribeResponse>"
        );
    }

    #[test]
    fn a_null_field_is_left_out() {
        let tree = make::record([("A", Value::Null), ("B", make::text("b"))]);
        assert!(response("X", &tree, "id").contains("<XResult><B>b</B></XResult>"));
    }

    #[test]
    fn an_error_escapes_its_message_and_says_whose_fault_it_is() {
        let written = error(&ApiError::new(500, "InternalFailure", "a < b"), "id-1");
        assert!(written.contains("<Type>Receiver</Type><Code>InternalFailure</Code><Message>a &lt; b</Message>"));
    }

    #[test]
    fn ec2_has_a_dialect_of_its_own() {
        let tree = make::record([("instanceStatusSet", make::texts(["i-1"]))]);
        assert_eq!(
            ec2_response("DescribeInstanceStatus", &tree, "id-1"),
            "<DescribeInstanceStatusResponse><requestId>id-1</requestId><instanceStatusSet><item>i-1</item>\
             </instanceStatusSet></DescribeInstanceStatusResponse>"
        );
    }

    #[test]
    fn what_is_written_reads_back() {
        let tree = make::record([("Names", make::texts(["a&b", "\"c\" é"])), ("Empty", make::text(""))]);
        let read = read(&response("X", &tree, "id")).unwrap();
        assert_eq!(get::field(&read, "XResult"), Some(&tree));
    }

    #[test]
    fn a_name_that_occurs_twice_is_a_list() {
        let read = read("<a><b>1</b><b>2</b><b>3</b><c/></a>").unwrap();
        assert_eq!(get::texts(&read, "b").unwrap(), ["1", "2", "3"]);
    }
}
