//! Answering in place of AWS: read the request, hold it against the caller's role, ask the model, write the answer.
//!
//! Never verifies a signature: whoever can reach the proxy is on this machine.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};

use super::{Backends, Replied};
use crate::api::ApiError;
use crate::journal::{Caller, Origin};
use crate::tree::Tree;
use crate::wire::{self, Answer, Protocol, Request};

/// A call as it came in.
pub(super) struct Wire<'a> {
    pub service: &'a str,
    pub head: &'a Parts,
    pub origin: &'a Origin,
    pub body: &'a [u8],
    pub request_id: String,
}

pub(super) fn answer(backends: &Backends, incoming: &Wire<'_>) -> Replied {
    let Wire { service, head, origin, body, request_id } = incoming;
    let protocol = Protocol::of(service, &head.headers);
    let caller = Caller { who: backends.journal.who(origin.key.as_deref()), invocation: origin.invocation.clone() };
    let request = protocol.read(wire::name(&head.headers, head.uri.path()), body);
    let action = request.as_ref().map(|request| request.action.clone()).unwrap_or_default();
    let outcome = request.and_then(|request| call(backends, &caller, service, &request));
    replied(protocol.answer(&action, outcome.as_ref(), request_id))
}

fn call(backends: &Backends, caller: &Caller, service: &str, request: &Request) -> Result<Tree, ApiError> {
    let resource = backends.api.resource(service, &request.action, &request.input);
    backends.roles.check(&caller.who, service, &request.action, &resource)?;
    backends.api.call(caller, service, &request.action, &request.input)
}

fn replied(answer: Answer) -> Replied {
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
