//! One call, as it was seen on the wire. It never holds a body, or a secret.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Call {
    /// In the order in which calls started.
    pub sequence: u64,
    /// Since the journal began.
    #[serde(rename = "started_ms", serialize_with = "milliseconds")]
    pub started: Duration,
    #[serde(rename = "ended_ms", serialize_with = "milliseconds")]
    pub ended: Duration,
    /// The wall clock at the start.
    pub at: Timestamp,
    pub who: Who,
    /// The root of the trace: one per attempt of an invocation. Only functions with active tracing send it.
    pub invocation: Option<String>,
    /// The story's name for the invocation.
    pub label: Option<String>,
    /// The first call of its function in its invocation is 1; calls in parallel count as they arrived, and each attempt of
    /// the SDK counts.
    pub nth: Option<u32>,
    /// The same over all attempts of the SDK at one operation.
    pub sdk_invocation: Option<String>,
    pub attempt: Option<u32>,
    /// The signing name; none if the request was not signed.
    pub service: Option<String>,
    pub action: String,
    /// What the call is about: an instance, the keys of an item, a topic.
    pub subject: String,
    pub status: u16,
    pub error: Option<String>,
    pub message: Option<String>,
    /// The kind of fault that a story had the proxy inject here.
    pub fault: Option<&'static str>,
    /// The access key of the signature.
    #[serde(skip)]
    pub key: Option<String>,
}

impl Call {
    pub fn is(&self, service: &str, action: &str) -> bool {
        self.service.as_deref() == Some(service) && self.action == action
    }

    pub fn succeeded(&self) -> bool {
        self.status < 400
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let service = self.service.as_deref().unwrap_or("unsigned");
        write!(f, "{:>9.3}s  {}  {service}:{}", self.started.as_secs_f64(), self.who, self.action)?;
        if !self.subject.is_empty() {
            write!(f, " [{}]", self.subject)?;
        }
        write!(f, " -> {}", self.status)?;
        if let Some(code) = &self.error {
            write!(f, " {code}")?;
        }
        match self.fault {
            Some(fault) => write!(f, " (fault: {fault})"),
            None => Ok(()),
        }
    }
}

/// Who signed a call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Who {
    Function(String),
    /// A person, a test, `sam deploy`: whoever holds the account's own key, or none.
    Operator,
    /// A function's key, but of no function that was registered (by this access key).
    Unregistered(String),
}

impl Who {
    pub fn function(&self) -> Option<&str> {
        match self {
            Self::Function(name) => Some(name),
            Self::Operator | Self::Unregistered(_) => None,
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function(name) => f.write_str(name),
            Self::Operator => f.write_str("operator"),
            Self::Unregistered(key) => write!(f, "unregistered {key}"),
        }
    }
}

impl Serialize for Who {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Who calls an [`Api`](crate::api::Api), and in which invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub who: Who,
    pub invocation: Option<String>,
}

/// A deployed function, as far as telling its calls apart needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    pub role_arn: String,
    pub access_key: String,
}

impl Function {
    pub fn deployed(name: &str, arn: &str, role_arn: &str) -> Self {
        // MiniStack derives the session's key from nothing else.
        let digest = Sha256::digest(format!("{arn}:{role_arn}"));
        let half: String = digest.iter().take(8).map(|byte| format!("{byte:02X}")).collect();
        Self { name: name.to_owned(), role_arn: role_arn.to_owned(), access_key: format!("ASIA{half}") }
    }
}

fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((duration.as_secs_f64() * 1_000_000.0).round() / 1000.0)
}
