//! One invocation of a function, asynchronous as EventBridge's are, or one that is never repeated.
//!
//! It never asks for permission: whoever calls has done so.

use aws_sdk_lambda::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::operation::invoke::{InvokeError, InvokeOutput};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use hyper::header::HeaderValue;

use super::{Ended, Label, Relay};

pub(super) struct Failure {
    pub code: String,
    pub message: String,
}

impl Relay {
    pub(super) async fn invoke(&self, function_arn: &str, input: &str, label: Option<&Label>) -> Result<(), Failure> {
        match self.send(function_arn, input, InvocationType::Event, label).await {
            Ok(_) => Ok(()),
            Err(error) => {
                let code = error.code().unwrap_or("SDK_CLIENT_ERROR").to_owned();
                Err(Failure { code, message: DisplayErrorContext(&error).to_string() })
            }
        }
    }

    /// A synchronous invocation, which Lambda never repeats; whoever publishes does not wait for it.
    pub(super) fn invoke_once(&self, function_arn: &str, input: &str, label: &Label) {
        let (relay, function, input, label) = (self.clone(), function_arn.to_owned(), input.to_owned(), label.clone());
        tokio::spawn(async move {
            let failure = match relay.send(&function, &input, InvocationType::RequestResponse, Some(&label)).await {
                Ok(answer) => answer.function_error().map(|_| {
                    let payload = answer.payload().map(|payload| payload.as_ref().to_vec()).unwrap_or_default();
                    String::from_utf8_lossy(&payload).into_owned()
                }),
                Err(error) => Some(DisplayErrorContext(&error).to_string()),
            };
            relay.ends.add(Ended { label: label.name, function, failure });
        });
    }

    async fn send(
        &self,
        function_arn: &str,
        input: &str,
        how: InvocationType,
        label: Option<&Label>,
    ) -> Result<InvokeOutput, SdkError<InvokeError>> {
        let trace = label.and_then(|label| HeaderValue::try_from(self.labels.trace(&label.name)).ok());
        let request = self.lambda.invoke().function_name(function_arn).invocation_type(how).payload(Blob::new(input));
        let request = request.customize().mutate_request(move |http| {
            if let Some(trace) = &trace {
                http.headers_mut().insert("x-amzn-trace-id", trace.clone());
            }
        });
        request.send().await
    }
}
