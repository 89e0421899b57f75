//! What a model of AWS must offer to stand behind the proxy.
//!
//! The trait is synchronous: a model answers from its state at once; time passes elsewhere. It never sees HTTP, a
//! signature or a role: the proxy has checked those before it calls.

use std::collections::BTreeMap;

use crate::journal::Caller;
pub use crate::tree::{Tree, make, read};

pub trait Api: Send + Sync + 'static {
    /// Whether the service of that *signing name* (`monitoring`, not `cloudwatch`) is answered here. Of Route 53 the proxy's
    /// [gate](crate::proxy::dns) asks for health checks all the same, with the role looked at already.
    fn serves(&self, service: &str) -> bool;

    /// What an action touches, for the caller's role to be held against. Called before [`Api::call`].
    fn resource(&self, service: &str, action: &str, input: &Tree) -> Resource;

    fn call(&self, caller: &Caller, service: &str, action: &str, input: &Tree) -> Result<Tree, ApiError>;
}

/// The subject of a permission: an ARN, and what conditions ask about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    pub arn: String,
    pub tags: BTreeMap<String, String>,
    /// Of the request: keys of several values, by lower-case name.
    pub keys: BTreeMap<String, Vec<String>>,
}

impl Resource {
    /// For actions that AWS gives no resource-level permissions: only a policy on `*` allows them.
    pub fn any() -> Self {
        Self { arn: "*".to_owned(), tags: BTreeMap::new(), keys: BTreeMap::new() }
    }
}

/// An error as AWS would send it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code} ({status}): {message}")]
pub struct ApiError {
    pub status: u16,
    pub code: String,
    pub message: String,
}

impl ApiError {
    pub fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into() }
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationError", message)
    }

    /// The answer to an action that the model lacks: never a made-up success.
    pub fn not_modelled(service: &str, action: &str) -> Self {
        Self::new(501, "NotModelled", format!("the sandbox does not model {service}:{action}"))
    }
}
