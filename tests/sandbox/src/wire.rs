//! Between AWS's wire protocols and one tree.
//!
//! Speaks what the served services speak: Query (Auto Scaling, ELBv2), its EC2 dialect, and rpc-v2-cbor (CloudWatch).
//! It never interprets an action: names and values pass through as they are.

mod cbor;
pub(crate) use cbor::action as cbor_action;
pub mod query;
pub mod xml;

use hyper::HeaderMap;

use crate::api::ApiError;
use crate::tree::Tree;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Query,
    Ec2Query,
    Cbor,
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
        } else if service == "ec2" {
            Self::Ec2Query
        } else {
            Self::Query
        }
    }

    pub fn read(self, path: &str, body: &[u8]) -> Result<Request, ApiError> {
        let (action, input) = match self {
            Self::Cbor => cbor::read(path, body)?,
            Self::Query | Self::Ec2Query => query::read(body)?,
        };
        Ok(Request { protocol: self, action, input })
    }

    pub fn answer(self, action: &str, outcome: Result<&Tree, &ApiError>, request_id: &str) -> Answer {
        let (status, content_type, body) = match (self, outcome) {
            (Self::Cbor, Ok(tree)) => (200, "application/cbor", cbor::write(tree)),
            (Self::Cbor, Err(error)) => (error.status, "application/cbor", cbor::write_error(error)),
            (Self::Query, Ok(tree)) => (200, "text/xml", xml::response(action, tree, request_id).into_bytes()),
            (Self::Query, Err(error)) => (error.status, "text/xml", xml::error(error, request_id).into_bytes()),
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

/// Whose fault an error is, as AWS puts it.
fn blame(error: &ApiError) -> &'static str {
    if error.status >= 500 { "Receiver" } else { "Sender" }
}
