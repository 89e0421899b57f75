//! The account's own key, and the few services for which an SDK would be too much: CloudFormation, IAM, S3, and what the
//! proxy sends on of Route 53.
//!
//! Talks to MiniStack directly: nothing here shows up in the journal.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_lambda::config::{Credentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{HeaderMap, Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::journal::failure_of;
use crate::tree::{Tree, read};
use crate::wire::xml;

pub const REGION: &str = "us-east-1";
pub const ACCOUNT_ID: &str = "000000000000";

/// The session by which the operator's command is known, which is held against the policy of docs/SECURITY.md.
pub const OPERATORS_COMMAND: &str = "operators-command";

/// The key and the secret of the account's root, as MiniStack knows it.
pub const OPERATOR: (&str, &str) = ("test", "test");

pub(crate) type HttpClient = Client<HttpConnector, Full<Bytes>>;

pub(crate) fn http_client() -> HttpClient {
    // MiniStack closes idle connections after 75 seconds; ours must go first, or a request may meet the closing.
    Client::builder(TokioExecutor::new())
        .pool_idle_timeout(Duration::from_secs(30))
        .pool_timer(TokioTimer::new())
        .build_http()
}

/// Operator's clients; the environment and the profiles of whoever runs this have no say in them.
pub fn sdk_config(endpoint: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials()))
        // Plain HTTP to loopback, whatever proxy the environment names.
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint)
        .build()
}

fn credentials() -> Credentials {
    Credentials::new(OPERATOR.0, OPERATOR.1, None, None, "sandbox operator")
}

#[derive(Clone)]
pub(crate) struct Account {
    endpoint: String,
    http: HttpClient,
}

/// A service of the Query protocol, with the version of its API.
#[derive(Clone, Copy)]
pub(crate) struct QueryApi {
    pub service: &'static str,
    pub version: &'static str,
}

pub(crate) const CLOUDFORMATION: QueryApi = QueryApi { service: "cloudformation", version: "2010-05-15" };
pub(crate) const IAM: QueryApi = QueryApi { service: "iam", version: "2010-05-08" };

/// An action that MiniStack answered with an error.
#[derive(Debug, thiserror::Error)]
#[error("{action} answered {status} {code}: {message}")]
pub(crate) struct Refused {
    pub action: String,
    pub status: u16,
    pub code: String,
    pub message: String,
}

impl Account {
    pub(crate) fn at(endpoint: &str) -> Self {
        Self { endpoint: endpoint.to_owned(), http: http_client() }
    }

    /// Calls an action of the Query protocol and returns the inside of its result.
    pub(crate) async fn query(&self, api: QueryApi, action: &str, parameters: &[(&str, &str)]) -> Result<Tree> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", action)
            .append_pair("Version", api.version)
            .extend_pairs(parameters)
            .finish();
        let (status, body) = self
            .send(
                Method::POST,
                "/",
                api.service,
                &[("content-type", "application/x-www-form-urlencoded")],
                form.into_bytes(),
            )
            .await
            .with_context(|| format!("calling {}:{action} of MiniStack", api.service))?;
        if status >= 400 {
            let (code, message) = failure_of(status, &HeaderMap::new(), &body);
            let (code, message) = (code.unwrap_or_default(), message.unwrap_or_default());
            let action = format!("{}:{action} {parameters:?}", api.service);
            return Err(Refused { action, status, code, message }.into());
        }
        let body = String::from_utf8_lossy(&body);
        let document = xml::read(&body).with_context(|| format!("reading the answer to {action}: {body}"))?;
        let result = read::field(&document, &format!("{action}Result")).cloned();
        result.with_context(|| format!("the answer to {action} has no result: {body}"))
    }

    /// Calls an action of a JSON protocol: `target` is its `x-amz-target`.
    pub(crate) async fn json(
        &self,
        service: &str,
        target: &str,
        input: &serde_json::Value,
    ) -> Result<serde_json::Value> {
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)];
        let (status, body) = self.send(Method::POST, "/", service, &headers, input.to_string().into_bytes()).await?;
        if status >= 400 {
            bail!("{target} {input} answered {status}: {}", String::from_utf8_lossy(&body));
        }
        serde_json::from_slice(&body).with_context(|| format!("reading the answer to {target} {input}"))
    }

    pub(crate) async fn make_bucket(&self, name: &str) -> Result<()> {
        let (status, body) = self.send(Method::PUT, &format!("/{name}"), "s3", &[], Vec::new()).await?;
        if status >= 400 {
            bail!("making the bucket {name} answered {status}: {}", String::from_utf8_lossy(&body));
        }
        Ok(())
    }

    /// The newest lines of a log group, oldest first; a group without a line has none.
    pub(crate) async fn log_lines(&self, group: &str) -> Result<Vec<String>> {
        let input = serde_json::json!({ "logGroupName": group, "limit": 10_000 });
        let answer = self.json("logs", "Logs_20140328.FilterLogEvents", &input).await?;
        let events = answer.get("events").and_then(|events| events.as_array()).map(Vec::as_slice).unwrap_or_default();
        let lines = events.iter().filter_map(|event| event.get("message")?.as_str());
        Ok(lines.map(|line| line.trim_end().to_owned()).collect())
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        service: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<(u16, Bytes)> {
        let uri = format!("{}{path}", self.endpoint);
        let identity = credentials().into();
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name(service)
            .time(SystemTime::now())
            .settings(settings)
            .build()?
            .into();
        let signable =
            SignableRequest::new(method.as_str(), &uri, headers.iter().copied(), SignableBody::Bytes(&body))?;
        let (instructions, _) = sign(signable, &parameters)?.into_parts();
        let mut builder = Request::builder().method(&method).uri(&uri);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let mut request = builder.body(Full::new(Bytes::from(body.clone())))?;
        instructions.apply_to_request_http1x(&mut request);
        let response = self.http.request(request).await?;
        let status = response.status().as_u16();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    }
}
