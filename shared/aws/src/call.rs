//! What a failed call means, in one place for all services.
//!
//! This module never takes silence for a "no": an effect without a clear answer is unknown.

use aws_sdk_autoscaling::config::http::HttpResponse;
use aws_sdk_autoscaling::error::{ProvideErrorMetadata, SdkError};
use homeostat_core::ports::{Outcome, Unavailable};

/// Codes that say "not now". The call may be repeated after another look.
const NOT_NOW: [&str; 8] = [
    "ExpiredToken",
    "RequestLimitExceeded",
    "ResourceContention",
    "ScalingActivityInProgress",
    "ServiceUnavailable",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// A read or a write of the ledger that failed, with AWS's code and words.
pub(crate) fn unavailable<E>(doing: &str, error: &SdkError<E, HttpResponse>) -> Unavailable
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    Unavailable { doing: doing.to_owned(), why: words(error) }
}

/// What an effect that ended in an error came to: refused only if AWS clearly said so.
pub(crate) fn outcome<E>(error: &SdkError<E, HttpResponse>) -> Outcome
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let why = words(error);
    let clear_no = match error {
        SdkError::ServiceError(answer) => {
            let code = answer.err().code();
            answer.raw().status().is_client_error() && code.is_some_and(|code| !NOT_NOW.contains(&code))
        }
        _ => false,
    };
    if clear_no { Outcome::Refused { why } } else { Outcome::Unknown { why } }
}

/// `AccessDenied: User … is not authorized …`, or the chain of causes where no service answered.
pub(crate) fn words<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error {
        SdkError::ServiceError(answer) => match (answer.err().code(), answer.err().message()) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(code), None) => code.to_owned(),
            (None, _) => format!("HTTP {} without an error code", answer.raw().status().as_u16()),
        },
        other => chain(other),
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
