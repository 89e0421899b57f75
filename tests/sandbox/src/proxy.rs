//! The single endpoint of the sandbox: routes each request by the service that it was signed for, and journals it.
//!
//! It listens on loopback, and where it is asked for a [side door](Proxy::side_door) at one more address; never on all of
//! them. It never changes a request that it forwards, the Host header included, or its signature
//! would not verify; and it never answers for MiniStack, except to say that MiniStack does not answer, or where a story
//! asked for a [fault](faults). Route 53 is the exception to both, and has a [gate](dns) of its own.

pub mod dns;
pub mod faults;
mod forward;
mod front;
pub mod killer;
mod served;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use crate::api::Api;
use crate::census::Census;
use crate::journal::Journal;
use crate::roles::Roles;
use crate::wire::Answer;
use dns::Dns;
use faults::Faults;
use front::Front;
use killer::Connection;

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
        Self::open_at(Ipv4Addr::LOCALHOST.into(), port).await.with_context(|| {
            format!("listening on 127.0.0.1:{port} (is another sandbox running? --port takes another)")
        })
    }

    async fn open_at(address: IpAddr, port: u16) -> Result<Self> {
        let listener = TcpListener::bind((address, port)).await?;
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
    /// What stories want to go wrong on the way.
    pub faults: Faults,
    /// What stories want of Route 53.
    pub dns: Dns,
}

pub struct Proxy {
    front: Arc<Front>,
    main: Entrance,
}

/// A door that is served until this is dropped.
pub struct Entrance {
    endpoint: String,
    accepting: JoinHandle<()>,
}

impl Proxy {
    pub fn serve(door: Door, backends: Backends) -> Result<Self> {
        let front = Arc::new(Front::before(backends)?);
        Ok(Self { main: Entrance::serve(door, Arc::clone(&front), None), front })
    }

    pub fn endpoint(&self) -> &str {
        self.main.endpoint()
    }

    /// Another way to the same, at another address of this machine. What comes through it goes by that label in the journal: so
    /// the calls of one who sends no trace can be told from those of others.
    pub async fn side_door(&self, address: IpAddr, label: &str) -> Result<Entrance> {
        let door = Door::open_at(address, 0).await.with_context(|| format!("listening on {address}"))?;
        Ok(Entrance::serve(door, Arc::clone(&self.front), Some(label.into())))
    }
}

impl Entrance {
    fn serve(door: Door, front: Arc<Front>, label: Option<Arc<str>>) -> Self {
        let Door { listener, endpoint } = door;
        Self { endpoint, accepting: tokio::spawn(accept(listener, front, label)) }
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

impl Drop for Entrance {
    fn drop(&mut self) {
        // The connections belong to the accepting task and end with it.
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, front: Arc<Front>, label: Option<Arc<str>>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = listener.accept().await.and_then(|(stream, caller)| {
            let connection = Connection { caller, proxy: stream.local_addr()? };
            Ok((stream, connection))
        });
        let (stream, connection) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        let (front, label) = (Arc::clone(&front), label.clone());
        connections.spawn(async move {
            let service = service_fn(|request| answer(Arc::clone(&front), connection, label.clone(), request));
            // A caller that hangs up is no news: its call is journalled all the same.
            _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// A task of its own for each call: what was begun is finished and journalled even if the caller is killed meanwhile.
async fn answer(
    front: Arc<Front>,
    connection: Connection,
    label: Option<Arc<str>>,
    request: Request<Incoming>,
) -> Result<Reply, Cut> {
    match tokio::spawn(front.journalled(connection, label, request)).await {
        Ok(reply) => reply,
        Err(error) => Ok(broken(500, "SandboxFailure", &format!("the sandbox failed: {error}")).response),
    }
}

/// No answer: the connection is closed instead.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut, as a story asked for")]
struct Cut;

/// A reply, with its body still at hand for the journal.
#[derive(Clone)]
pub(crate) struct Replied {
    pub response: Reply,
    pub body: Bytes,
}

impl From<Answer> for Replied {
    fn from(answer: Answer) -> Self {
        let body = Bytes::from(answer.body);
        let mut response = Response::new(Full::new(body.clone()));
        *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in answer.headers {
            if let Ok(value) = value.parse() {
                response.headers_mut().insert(name, value);
            }
        }
        Replied { response, body }
    }
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
