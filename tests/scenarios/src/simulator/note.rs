//! What was seen at the gates, for the rules to judge.
//!
//! This module never judges.

use homeostat_core::id::{HookName, InstanceId, Subject};
use jiff::Timestamp;

pub(super) type InvocationId = u64;

#[derive(Debug, Clone)]
pub(super) struct Note {
    pub(super) at: Timestamp,
    pub(super) by: InvocationId,
    pub(super) what: What,
}

#[derive(Debug, Clone)]
pub(super) enum What {
    /// The writer knows that its write happened.
    Wrote {
        subject: Subject,
        version: u64,
    },
    EffectStarts {
        instance: InstanceId,
    },
    EffectHappened {
        instance: InstanceId,
    },
    EffectEnds {
        instance: InstanceId,
    },
    /// A call for a held instance is on its way, until its invocation hears of it or is no more.
    HookCallStarts {
        instance: InstanceId,
        hook: Option<HookName>,
    },
    HookCallEnds {
        instance: InstanceId,
        hook: Option<HookName>,
    },
    Fault,
}
