//! What every function needs to boot and to answer Lambda truthfully: logs, settings, policy, clock, answers, failures.
//!
//! This crate never knows what a function does. A function that can't start well says so to every event, and does nothing.

pub mod answers;
mod clock;
mod due;
mod failure;
mod intake;
mod log;
mod serve;
pub mod settings;

use std::future::Future;

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

pub use answers::Answers;
pub use clock::SystemClock;
pub use failure::Failure;
pub use intake::serve_intake;
use log::log_as_json;
pub use serve::serve;

/// Runs a function: `boot` once, then `handle` for each event.
///
/// Where `boot` failed, every event is answered with its reason, as an error: so the event is retried and then lands in the
/// dead-letter queue, and nothing is changed by a function that doesn't know what it may touch.
///
/// # Errors
/// Only if Lambda's runtime interface itself fails.
pub async fn run<Ready, Answer>(
    boot: impl Future<Output = Result<Ready, Failure>>,
    handle: impl Fn(&'static Ready, Value) -> Answer,
) -> Result<(), lambda_runtime::Error>
where
    Ready: Send + Sync + 'static,
    Answer: Future<Output = Result<Value, Failure>>,
{
    log_as_json();
    let ready: &'static Result<Ready, Failure> = Box::leak(Box::new(boot.await));
    let handle = &handle;
    let serve = service_fn(move |event: LambdaEvent<Value>| async move {
        let answer = match ready {
            // Boxed: the futures of a look, nested in those of the runtime, are too deep for the compiler to lay out.
            Ok(ready) => Box::pin(handle(ready, event.payload)).await,
            Err(reason) => Err(reason.clone()),
        };
        // The one place where a failure is logged.
        answer.inspect_err(|failure| tracing::error!(disposition = failure.disposition(), "{failure}"))
    });
    lambda_runtime::run(serve).await
}
