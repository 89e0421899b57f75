//! What a failed call means, in one place for all services.
//!
//! This module never takes silence for a "no": an effect without a clear answer is unknown.

use aws_sdk_autoscaling::config::http::HttpResponse;
use aws_sdk_autoscaling::error::{ProvideErrorMetadata, SdkError};
use homeostat_core::ports::{Outcome, Unavailable};

/// Codes that say "never, however often it is tried". Whatever else an error says, throttles of all kinds among it, may pass.
const NEVER: [&str; 10] = [
    "AccessDenied",
    "AccessDeniedException",
    "InvalidInput",
    "InvalidParameterValue",
    "MissingParameter",
    "NoSuchHealthCheck",
    "NoSuchHostedZone",
    "OptInRequired",
    "UnauthorizedOperation",
    "ValidationError",
];

/// A read or a write of the ledger that failed, with AWS's code and words. Adapters in crates of their own use it too.
pub fn unavailable<E>(doing: &str, error: &SdkError<E, HttpResponse>) -> Unavailable
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
            answer.raw().status().is_client_error() && code.is_some_and(|code| NEVER.contains(&code))
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

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_autoscaling::error::ErrorMetadata;
    use aws_sdk_autoscaling::operation::terminate_instance_in_auto_scaling_group::TerminateInstanceInAutoScalingGroupError as Refusal;

    fn answered(status: u16, code: Option<&str>) -> Outcome {
        let metadata = ErrorMetadata::builder().message("said so");
        let metadata = code.into_iter().fold(metadata, |metadata, code| metadata.code(code)).build();
        let raw = HttpResponse::new(status.try_into().unwrap(), Vec::new().into());
        outcome(&SdkError::service_error(Refusal::generic(metadata), raw))
    }

    #[test]
    fn only_a_clear_no_is_a_refusal() {
        assert_eq!(answered(403, Some("AccessDenied")), Outcome::Refused { why: "AccessDenied: said so".into() });
        assert!(matches!(answered(400, Some("ValidationError")), Outcome::Refused { .. }));
    }

    #[test]
    fn not_now_and_no_code_and_a_servers_fault_are_unknown() {
        let throttles =
            ["Throttling", "ThrottledException", "RequestLimitExceeded", "SlowDown", "TooManyRequestsException"];
        let later =
            ["ScalingActivityInProgress", "ResourceContention", "ExpiredToken", "RequestExpired", "NeverSeenBefore"];
        for code in throttles.into_iter().chain(later) {
            assert!(matches!(answered(400, Some(code)), Outcome::Unknown { .. }), "{code}");
        }
        for (status, code) in [(502, None), (400, None), (500, Some("InternalFailure")), (503, Some("AccessDenied"))] {
            assert!(matches!(answered(status, code), Outcome::Unknown { .. }), "{status} {code:?}");
        }
    }

    #[test]
    fn silence_is_unknown() {
        let silent: [SdkError<Refusal, HttpResponse>; 2] =
            [SdkError::timeout_error("no answer in time"), SdkError::construction_failure("no request was built")];
        for error in silent {
            assert!(matches!(outcome(&error), Outcome::Unknown { .. }), "{error:?}");
        }
    }
}
