//! What goes wrong, for which calls, how often.

use std::time::Duration;

use super::Matcher;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The function's process is killed; the call never has an effect. Other calls that the proxy has already received
    /// from it are carried out.
    KillBefore,
    /// The call is carried out, then the function's process is killed. No answer is ever sent.
    KillAfter,
    /// The service's own error for too many calls. No effect.
    Throttle,
    /// The service's own error for a failure of its own, with status 500. No effect.
    ErrorBefore,
    /// The same error, but the call was carried out.
    ErrorAfter,
    /// The call is carried out, and the connection is closed without an answer.
    CutAfter,
    /// DynamoDB's error for a write that met another one, or Route 53's (`PriorRequestNotComplete`). No effect.
    Conflict,
    /// The service is there, and can't serve: status 503. No effect.
    Unavailable,
    /// The service's own error for a missing permission. No effect.
    Denied,
    /// A Query of an index of DynamoDB's gets the last answer that a function got from that index before the fault: an
    /// index that lags behind. Nothing is read.
    Stale,
    /// The call is carried out that much later.
    Delay(Duration),
    /// The call is carried out once the story [releases](super::Faults::release) it, whether its caller still waits or not.
    /// Until then the journal doesn't have it.
    Hold,
}

impl Kind {
    /// As the journal shows it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::KillBefore => "KillBefore",
            Self::KillAfter => "KillAfter",
            Self::Throttle => "Throttle",
            Self::ErrorBefore => "ErrorBefore",
            Self::ErrorAfter => "ErrorAfter",
            Self::CutAfter => "CutAfter",
            Self::Conflict => "Conflict",
            Self::Denied => "Denied",
            Self::Stale => "Stale",
            Self::Delay(_) => "Delay",
            Self::Unavailable => "Unavailable",
            Self::Hold => "Hold",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Fault {
    pub(super) kind: Kind,
    pub(super) matcher: Matcher,
    /// How many more calls that match are let through before it happens.
    pub(super) skip: u32,
    /// None means: until it is removed.
    pub(super) left: Option<u32>,
}

impl Fault {
    pub fn once(kind: Kind, matcher: Matcher) -> Self {
        Self::times(1, kind, matcher)
    }

    pub fn times(times: u32, kind: Kind, matcher: Matcher) -> Self {
        Self { kind, matcher, skip: 0, left: Some(times) }
    }

    pub fn always(kind: Kind, matcher: Matcher) -> Self {
        Self { kind, matcher, skip: 0, left: None }
    }

    /// Lets that many calls that match through first, of whatever invocation.
    #[must_use]
    pub fn after(self, calls: u32) -> Self {
        Self { skip: calls, ..self }
    }

    /// Whether it happens once more.
    pub(super) fn use_once(&mut self) -> bool {
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        match &mut self.left {
            None => true,
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }
}
