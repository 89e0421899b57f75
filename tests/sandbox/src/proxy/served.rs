//! Answering in place of AWS: read the request, hold it against the caller's role, ask the model, write the answer.
//!
//! Never verifies a signature: whoever can reach the proxy is on this machine.

use super::front::Incoming;
use super::{Backends, Replied};
use crate::api::ApiError;
use crate::journal::Caller;
use crate::tree::Tree;
use crate::wire::{self, Protocol, Request};

pub(super) fn answer(backends: &Backends, service: &str, incoming: &Incoming) -> Replied {
    let Incoming { head, origin, body, .. } = incoming;
    let protocol = Protocol::of(service, &head.headers);
    let caller = Caller { who: backends.journal.who(origin.key.as_deref()), invocation: origin.invocation.clone() };
    let request = protocol.read(wire::name(&head.headers, head.uri.path()), body);
    let action = request.as_ref().map(|request| request.action.clone()).unwrap_or_default();
    let outcome = request.and_then(|request| call(backends, &caller, service, &request));
    protocol.answer(&action, outcome.as_ref(), &incoming.request_id()).into()
}

fn call(backends: &Backends, caller: &Caller, service: &str, request: &Request) -> Result<Tree, ApiError> {
    let resource = backends.api.resource(service, &request.action, &request.input);
    backends.roles.check(&caller.who, service, &request.action, &resource)?;
    backends.api.call(caller, service, &request.action, &request.input)
}
