//! Why an event could not be served, and what should become of it.
//!
//! This module never hides an error: each reaches Lambda as an error, so that it is retried or kept as a dead letter.

use homeostat_core::json::Malformed;
use homeostat_core::ports::Unavailable;
use homeostat_core::reconcile::ReconcileError;
use lambda_runtime::Diagnostic;

/// An event that was not served. Its disposition is the error's type in Lambda's answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Later may be better: Lambda's retries, then the sweep.
    #[error("{0}")]
    Retry(String),
    /// The same event will never do: it belongs into the dead-letter queue.
    #[error("{0}")]
    Drop(String),
    /// A person must fix it: the deployment is broken.
    #[error("{0}")]
    Page(String),
}

impl Failure {
    pub fn disposition(&self) -> &'static str {
        match self {
            Failure::Retry(_) => "Retry",
            Failure::Drop(_) => "Drop",
            Failure::Page(_) => "Page",
        }
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Diagnostic { error_type: failure.disposition().to_owned(), error_message: failure.to_string() }
    }
}

impl From<Malformed> for Failure {
    fn from(malformed: Malformed) -> Self {
        Failure::Drop(malformed.to_string())
    }
}

impl From<Unavailable> for Failure {
    fn from(unavailable: Unavailable) -> Self {
        Failure::Retry(unavailable.to_string())
    }
}

impl From<ReconcileError> for Failure {
    fn from(trouble: ReconcileError) -> Self {
        Failure::Retry(trouble.to_string())
    }
}
