//! Between AWS's wire protocols and one tree.
//!
//! Speaks what the served services speak: Query (Auto Scaling, ELBv2), its EC2 dialect, for CloudWatch rpc-v2-cbor and JSON,
//! and Route 53's XML.
//! It never interprets an action: names and values pass through as they are.

mod cbor;
pub(crate) use cbor::action as cbor_action;
mod json;
pub mod query;
pub(crate) mod rest_xml;
pub mod xml;

use hyper::HeaderMap;

use crate::api::ApiError;
use crate::tree::Tree;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Query,
    Ec2Query,
    Cbor,
    Json,
    RestXml,
}

/// A request, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub protocol: Protocol,
    pub action: String,
    pub input: Tree,
}

/// An answer, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Protocol {
    pub fn of(service: &str, headers: &HeaderMap) -> Self {
        if headers.get("smithy-protocol").is_some_and(|name| name == "rpc-v2-cbor") {
            Self::Cbor
        } else if headers.contains_key("x-amz-target") {
            Self::Json
        } else if service == "ec2" {
            Self::Ec2Query
        } else if service == "route53" {
            Self::RestXml
        } else {
            Self::Query
        }
    }

    /// `name` is what names the action where the body doesn't: the path, for JSON the header `x-amz-target`, and for XML the
    /// action itself, since its method has a part in it.
    pub fn read(self, name: &str, body: &[u8]) -> Result<Request, ApiError> {
        let (action, input) = match self {
            Self::Cbor => cbor::read(name, body)?,
            Self::Json => json::read(name, body)?,
            Self::Query | Self::Ec2Query => query::read(body)?,
            Self::RestXml => (name.to_owned(), xml::of_body(body)?),
        };
        Ok(Request { protocol: self, action, input })
    }

    pub fn answer(self, action: &str, outcome: Result<&Tree, &ApiError>, request_id: &str) -> Answer {
        let (status, content_type, body) = match (self, outcome) {
            (Self::Cbor, Ok(tree)) => (200, "application/cbor", cbor::write(tree)),
            (Self::Cbor, Err(error)) => (error.status, "application/cbor", cbor::write_error(error)),
            (Self::Json, Ok(tree)) => (200, "application/x-amz-json-1.0", json::write(tree)),
            (Self::Json, Err(error)) => (error.status, "application/x-amz-json-1.0", json::write_error(error)),
            (Self::Query, Ok(tree)) => (200, "text/xml", xml::response(action, tree, request_id).into_bytes()),
            (Self::Query, Err(error)) => (error.status, "text/xml", xml::error(error, request_id).into_bytes()),
            (Self::RestXml, Ok(tree)) => {
                (200, "text/xml", rest_xml::document(&format!("{action}Response"), tree).into_bytes())
            }
            (Self::RestXml, Err(error)) => (error.status, "text/xml", rest_xml::error(error, request_id).into_bytes()),
            (Self::Ec2Query, Ok(tree)) => (200, "text/xml", xml::ec2_response(action, tree, request_id).into_bytes()),
            (Self::Ec2Query, Err(error)) => (error.status, "text/xml", xml::ec2_error(error, request_id).into_bytes()),
        };
        let mut headers = vec![("content-type", content_type.to_owned()), ("x-amzn-requestid", request_id.to_owned())];
        if self == Self::Cbor {
            headers.push(("smithy-protocol", "rpc-v2-cbor".to_owned()));
            // CloudWatch moved from Query to CBOR; its clients still match on the old codes, which this header carries.
            if let Err(error) = outcome {
                headers.push(("x-amzn-query-error", format!("{};{}", error.code, blame(error))));
            }
        }
        Answer { status, headers, body }
    }
}

/// What names the action where the body doesn't.
pub(crate) fn name<'a>(headers: &'a HeaderMap, path: &'a str) -> &'a str {
    headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or(path)
}

/// Whose fault an error is, as AWS puts it.
fn blame(error: &ApiError) -> &'static str {
    if error.status >= 500 { "Receiver" } else { "Sender" }
}
