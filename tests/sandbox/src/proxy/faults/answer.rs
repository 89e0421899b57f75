//! Errors in the words and the wire shape of the service that was called.
//!
//! It never answers in a shape that the caller's SDK could not read as that very error: for services that it does not know
//! it refuses.

use serde_json::{Value, json};

use super::Kind;
use crate::api::ApiError;
use crate::journal::is_form;
use crate::proxy::front::Incoming;
use crate::wire::{Answer, Protocol};

/// Common errors of AWS's APIs.
const UNAVAILABLE: &str = "The request has failed due to a temporary failure of the server.";

#[derive(Debug, thiserror::Error)]
pub(in crate::proxy) enum NoWireShape {
    #[error("the wire shape of {service}'s errors is not known here")]
    Unknown { service: String },
    #[error("{service}:{action} has no such conflict")]
    NoConflict { service: String, action: String },
}

/// The answer with which a call fails.
pub(in crate::proxy) fn injected(kind: &Kind, call: &Incoming) -> Result<Answer, NoWireShape> {
    let service = call.service();
    let headers = &call.head.headers;
    let known = service == "route53"
        || is_form(headers)
        || ["x-amz-target", "smithy-protocol"].iter().any(|name| headers.contains_key(*name));
    if !known {
        return Err(NoWireShape::Unknown { service: service.to_owned() });
    }
    let error = match kind {
        Kind::Throttle => throttled(service),
        Kind::Denied => denied(service, &call.action),
        Kind::Conflict => conflict(call)?,
        Kind::Unavailable => ApiError::new(503, "ServiceUnavailable", UNAVAILABLE),
        _ => failed(service),
    };
    let mut answer = Protocol::of(service, headers).answer(&call.action, Err(&error), &call.request_id());
    if service == "sqs" {
        // SQS moved from Query to JSON; its clients still match on the old codes, which this header carries.
        let blame = if error.status >= 500 { "Receiver" } else { "Sender" };
        answer.headers.push(("x-amzn-query-error", format!("{};{blame}", error.code)));
    }
    if error.code == "TransactionCanceledException" {
        answer.body = cancellation(&error, operations(call)).to_string().into_bytes();
    }
    Ok(answer)
}

fn throttled(service: &str) -> ApiError {
    let (status, code) = match service {
        "dynamodb" => (400, "ProvisionedThroughputExceededException"),
        "ec2" => (503, "RequestLimitExceeded"),
        "sns" => (429, "Throttled"),
        "sqs" => (403, "RequestThrottled"),
        _ => (400, "Throttling"),
    };
    ApiError::new(status, code, "Rate exceeded")
}

fn failed(service: &str) -> ApiError {
    let code = match service {
        "dynamodb" => "InternalServerError",
        "ec2" | "sns" => "InternalError",
        _ => "InternalFailure",
    };
    ApiError::new(500, code, "Internal server error")
}

fn denied(service: &str, action: &str) -> ApiError {
    let (status, code) = match service {
        "dynamodb" => (400, "AccessDeniedException"),
        "ec2" => (403, "UnauthorizedOperation"),
        "sns" => (403, "AuthorizationError"),
        _ => (403, "AccessDenied"),
    };
    let permission = format!("{}:{action}", crate::roles::prefix(service));
    let because = format!("because no identity-based policy allows the {permission} action");
    ApiError::new(status, code, format!("User is not authorized to perform: {permission} {because}"))
}

fn conflict(call: &Incoming) -> Result<ApiError, NoWireShape> {
    let (service, action) = (call.service(), call.action.as_str());
    match (service, action) {
        ("dynamodb", "TransactWriteItems") => {
            let reasons: Vec<&str> = (0..operations(call)).map(reason).collect();
            let words = "Transaction cancelled, please refer cancellation reasons for specific reasons";
            Ok(ApiError::new(400, "TransactionCanceledException", format!("{words} [{}]", reasons.join(", "))))
        }
        ("dynamodb", "PutItem" | "UpdateItem" | "DeleteItem") => {
            Ok(ApiError::new(400, "TransactionConflictException", "Transaction is ongoing for the item"))
        }
        ("route53", "ChangeResourceRecordSets") => {
            let words = "The request was rejected because Route 53 was still processing a prior request.";
            Ok(ApiError::new(400, "PriorRequestNotComplete", words))
        }
        _ => Err(NoWireShape::NoConflict { service: service.to_owned(), action: action.to_owned() }),
    }
}

/// The first operation met another transaction, and the others would have gone well.
fn reason(index: usize) -> &'static str {
    if index == 0 { "TransactionConflict" } else { "None" }
}

fn cancellation(error: &ApiError, operations: usize) -> Value {
    let reasons = (0..operations).map(|index| match reason(index) {
        "None" => json!({ "Code": "None" }),
        code => json!({ "Code": code, "Message": "Transaction is ongoing for the item" }),
    });
    // This one error spells its message with a capital.
    json!({ "__type": error.code, "Message": error.message, "CancellationReasons": reasons.collect::<Vec<_>>() })
}

fn operations(call: &Incoming) -> usize {
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    body.get("TransactItems").and_then(Value::as_array).map_or(0, Vec::len)
}
