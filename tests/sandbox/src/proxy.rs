//! The single endpoint of the sandbox: routes each request by the service that it was signed for, and journals it.
//!
//! It listens on loopback only. It never changes a request that it forwards, the Host header included, or its signature
//! would not verify; and it never answers for MiniStack, except to say that MiniStack does not answer.

mod forward;
mod served;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use crate::api::Api;
use crate::census::Census;
use crate::journal::{Call, Journal, Origin, Who, action_of, failure_of, subject_of};
use crate::roles::Roles;
use forward::Upstream;

/// Five times Lambda's largest zip for a direct upload.
const LARGEST_BODY: usize = 256 * 1024 * 1024;

/// An answer on its way out.
pub(crate) type Reply = Response<Full<Bytes>>;

/// A port that is open, and not yet served: others need to know the address before there is something to serve.
pub struct Door {
    listener: TcpListener,
    endpoint: String,
}

impl Door {
    /// Port 0 means any.
    pub async fn open(port: u16) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.with_context(|| {
            format!("listening on 127.0.0.1:{port} (is another sandbox running? --port takes another)")
        })?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        Ok(Self { listener, endpoint })
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

/// What stands behind the door.
pub struct Backends {
    pub api: Arc<dyn Api>,
    pub roles: Roles,
    pub journal: Journal,
    /// Asked when an unknown function calls; without it, such a function stays unknown.
    pub census: Option<Census>,
    /// MiniStack's address.
    pub upstream: String,
    /// How much longer a function's call takes than it would by itself: an answer in no time at all would make parallel
    /// calls look like one after another.
    pub latency: Duration,
}

pub struct Proxy {
    endpoint: String,
    accepting: JoinHandle<()>,
}

impl Proxy {
    pub fn serve(door: Door, backends: Backends) -> Result<Self> {
        let Door { listener, endpoint } = door;
        let front = Arc::new(Front { upstream: Upstream::at(&backends.upstream)?, backends });
        Ok(Self { endpoint, accepting: tokio::spawn(accept(listener, front)) })
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // The connections belong to the accepting task and end with it.
        self.accepting.abort();
    }
}

struct Front {
    upstream: Upstream,
    backends: Backends,
}

async fn accept(listener: TcpListener, front: Arc<Front>) {
    let mut connections = JoinSet::new();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        let front = Arc::clone(&front);
        connections.spawn(async move {
            let service = service_fn(|request| answer(Arc::clone(&front), request));
            // A caller that hangs up is no news: its call is journalled all the same.
            _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// A task of its own for each call: what was begun is finished and journalled even if the caller is killed meanwhile.
async fn answer(front: Arc<Front>, request: Request<Incoming>) -> Result<Reply, Infallible> {
    let reply = tokio::spawn(front.journalled(request)).await;
    Ok(reply.unwrap_or_else(|error| broken(500, "SandboxFailure", &format!("the sandbox failed: {error}")).response))
}

impl Front {
    async fn journalled(self: Arc<Self>, request: Request<Incoming>) -> Reply {
        let journal = &self.backends.journal;
        let (sequence, started, at) = journal.open();
        let (head, body) = request.into_parts();
        let origin = Origin::of(&head.headers, &head.uri);
        let (reply, body) = match Limited::new(body, LARGEST_BODY).collect().await {
            Ok(body) => {
                let body = body.to_bytes();
                (self.routed(sequence, &head, &origin, body.clone()).await, body)
            }
            Err(error) => (broken(400, "SandboxUnreadable", &format!("the request's body: {error}")), Bytes::new()),
        };
        let status = reply.response.status().as_u16();
        let (error, message) = failure_of(status, reply.response.headers(), &reply.body);
        let path = head.uri.path();
        journal.record(Call {
            sequence,
            started,
            ended: journal.elapsed(),
            at,
            who: journal.who(origin.key.as_deref()),
            action: action_of(&head.method, path, &head.headers, &body),
            subject: subject_of(origin.service.as_deref().unwrap_or_default(), path, &head.headers, &body),
            invocation: origin.invocation,
            sdk_invocation: origin.sdk_invocation,
            attempt: origin.attempt,
            service: origin.service,
            status,
            error,
            message,
            key: origin.key,
        });
        reply.response
    }

    async fn routed(&self, sequence: u64, head: &Parts, origin: &Origin, body: Bytes) -> Replied {
        match origin.service.as_deref() {
            Some(service) if self.backends.api.serves(service) => {
                self.know(origin).await;
                self.take_time(origin).await;
                let call =
                    served::Wire { service, head, origin, body: &body, request_id: format!("sandbox-{sequence}") };
                served::answer(&self.backends, &call)
            }
            _ => {
                self.take_time(origin).await;
                self.upstream.forward(head, body).await
            }
        }
    }

    /// Only functions' calls: `sam deploy` makes hundreds, and nobody looks at the order of those.
    async fn take_time(&self, origin: &Origin) {
        if self.backends.journal.who(origin.key.as_deref()) != Who::Operator {
            tokio::time::sleep(self.backends.latency).await;
        }
    }

    /// A function may call before its deployment has ended.
    async fn know(&self, origin: &Origin) {
        let who = self.backends.journal.who(origin.key.as_deref());
        if let (Who::Unregistered(_), Some(census)) = (who, &self.backends.census)
            && let Err(error) = census.take().await
        {
            tracing::warn!("the functions could not be counted anew: {error:#}");
        }
    }
}

/// A reply, with its body still at hand for the journal.
pub(crate) struct Replied {
    pub response: Reply,
    pub body: Bytes,
}

/// An answer of the sandbox itself, in the shape that JSON clients read and people too.
fn broken(status: u16, code: &str, message: &str) -> Replied {
    let body = Bytes::from(serde_json::json!({"__type": code, "message": message}).to_string());
    let mut response = Response::new(Full::new(body.clone()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Replied { response, body }
}

#[cfg(test)]
mod tests;
