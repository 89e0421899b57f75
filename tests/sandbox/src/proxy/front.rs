//! One call from its request to its answer and its line in the journal: served, forwarded, or made to fail.

mod inject;

use std::sync::Arc;

use anyhow::Result;
use http_body_util::{BodyExt, Limited};
use hyper::Request;
use hyper::body::{Body, Bytes};
use hyper::http::request::Parts;

use super::dns::Gate;
use super::faults::{Decided, Observation};
use super::forward::Upstream;
use super::killer::Connection;
use super::{Backends, Cut, Replied, Reply, broken, served};
use crate::account::{Account, OPERATORS_COMMAND};
use crate::api::ApiError;
use crate::journal::{Call, Origin, Who, action_of, failure_of, subject_of};
use crate::roles::{Permission, permissions};
use crate::wire::{self, Protocol};
use inject::Outcome;

/// Where a session says which it is (IAM User Guide, "Signature Version 4").
const SESSION: &str = "x-amz-security-token";

/// Five times Lambda's largest zip for a direct upload.
const LARGEST_BODY: usize = 256 * 1024 * 1024;

pub(super) struct Front {
    upstream: Upstream,
    /// For the calls that are signed anew.
    ministack: Account,
    backends: Backends,
}

/// A call as it came in.
pub(super) struct Incoming {
    pub sequence: u64,
    pub connection: Connection,
    pub head: Parts,
    pub origin: Origin,
    pub body: Bytes,
    pub action: String,
    pub subject: String,
}

impl Incoming {
    fn read(sequence: u64, connection: Connection, head: Parts, body: Bytes) -> Self {
        let origin = Origin::of(&head.headers, &head.uri);
        let path = head.uri.path();
        let action = action_of(&head.method, path, &head.headers, &body);
        let subject = subject_of(origin.service.as_deref().unwrap_or_default(), &head.uri, &head.headers, &body);
        Self { sequence, connection, head, origin, body, action, subject }
    }

    pub(super) fn request_id(&self) -> String {
        format!("sandbox-{}", self.sequence)
    }

    pub(super) fn service(&self) -> &str {
        self.origin.service.as_deref().unwrap_or_default()
    }
}

impl Front {
    pub(super) fn before(backends: Backends) -> Result<Self> {
        let ministack = Account::at(&backends.upstream);
        Ok(Self { upstream: Upstream::at(&backends.upstream)?, ministack, backends })
    }

    /// `label` is that of the door; without one, the invocation's.
    pub(super) async fn journalled<B>(
        self: Arc<Self>,
        connection: Connection,
        label: Option<Arc<str>>,
        request: Request<B>,
    ) -> Result<Reply, Cut>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let journal = &self.backends.journal;
        let (sequence, started, at) = journal.open();
        let (head, body) = request.into_parts();
        let (body, unreadable) = match Limited::new(body, LARGEST_BODY).collect().await {
            Ok(body) => (body.to_bytes(), None),
            Err(error) => {
                (Bytes::new(), Some(broken(400, "SandboxUnreadable", &format!("the request's body: {error}"))))
            }
        };
        let call = Incoming::read(sequence, connection, head, body);
        let of_invocation = || call.origin.invocation.as_deref().and_then(|root| journal.labels().of(root));
        let label = label.map(|label| label.to_string()).or_else(of_invocation);
        let Decided { nth, planned } = self.decided(&call, label.as_deref());
        let Outcome { replied, fault, cut } = match unreadable {
            Some(replied) => Outcome { replied, fault: None, cut: false },
            None => self.under(planned, &call).await,
        };
        let status = replied.response.status().as_u16();
        let (error, message) = failure_of(status, replied.response.headers(), &replied.body);
        let Incoming { origin, action, subject, .. } = call;
        journal.record(Call {
            sequence,
            started,
            ended: journal.elapsed(),
            at,
            who: journal.who(origin.key.as_deref()),
            invocation: origin.invocation,
            label,
            nth,
            sdk_invocation: origin.sdk_invocation,
            attempt: origin.attempt,
            service: origin.service,
            action,
            subject,
            status,
            error,
            message,
            fault,
            key: origin.key,
        });
        if cut { Err(Cut) } else { Ok(replied.response) }
    }

    fn decided(&self, call: &Incoming, label: Option<&str>) -> Decided {
        let who = self.backends.journal.who(call.origin.key.as_deref());
        let seen = Observation {
            who: &who,
            invocation: call.origin.invocation.as_deref(),
            label,
            service: call.service(),
            action: &call.action,
            subject: &call.subject,
        };
        self.backends.faults.decide(&seen)
    }

    async fn routed(&self, call: &Incoming) -> Replied {
        match call.origin.service.as_deref() {
            Some(service) if self.backends.api.serves(service) => {
                self.know(&call.origin).await;
                self.take_time(&call.origin).await;
                served::answer(&self.backends, service, call)
            }
            _ => {
                if let Some(gate) = Gate::of(&self.backends, &self.ministack, call) {
                    self.know(&call.origin).await;
                    self.take_time(&call.origin).await;
                    return gate.answer().await;
                }
                self.know(&call.origin).await;
                self.take_time(&call.origin).await;
                if let Err(refused) = self.may(call) {
                    let protocol = Protocol::of(call.service(), &call.head.headers);
                    return protocol.answer(&call.action, Err(&refused), &call.request_id()).into();
                }
                self.upstream.forward(&call.head, call.body.clone()).await
            }
        }
    }

    /// Operators do everything, uploads among it, whose bodies are not for reading; their command with the table only what its policy
    /// allows.
    fn may(&self, call: &Incoming) -> Result<(), ApiError> {
        let who = self.backends.journal.who(call.origin.key.as_deref());
        let is_command = call.head.headers.get(SESSION).is_some_and(|session| session == OPERATORS_COMMAND);
        let is_held = is_command && call.service() == "dynamodb";
        if who == Who::Operator && !is_held {
            return Ok(());
        }
        let name = wire::name(&call.head.headers, call.head.uri.path());
        let request = Protocol::of(call.service(), &call.head.headers).read(name, &call.body)?;
        for Permission { action, on } in permissions(call.service(), &request.action, &request.input)? {
            if is_held {
                self.backends.roles.check_operators_command(&format!("dynamodb:{action}"), &on)?;
                continue;
            }
            self.backends.roles.check(&who, call.service(), &action, &on)?;
        }
        Ok(())
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
