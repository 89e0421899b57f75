//! How many messages people would get, by how much is asked of them, and how many in one second.
//!
//! This module never writes a message: `notify` does. It counts by the same fields.

use std::collections::BTreeMap;

use homeostat_core::id::Subject;
use homeostat_core::incident::{Incident, Kind, State};
use homeostat_core::ports::Mark;
use homeostat_core::view::{Decided, Severity};
use jiff::Timestamp;

/// Above this rate SNS switches an e-mail subscription off (re:Post knowledge-center/sns-email-subscription-disabled).
const MOST_A_SECOND: u64 = 10;

#[derive(Debug, Default)]
pub(super) struct Mail {
    pub(super) by_severity: BTreeMap<&'static str, u64>,
    by_second: BTreeMap<i64, u64>,
    /// What `notify_seq` stood at when each open incident was last written.
    told: BTreeMap<Subject, u32>,
}

impl Mail {
    pub(super) fn written<K: Kind>(&mut self, incident: &Incident<K>, now: Timestamp) {
        let head = incident.head();
        let before = self.told.get(head.subject).copied().unwrap_or_default();
        let is_closed = head.closed_at.is_some();
        let is_news =
            if is_closed { head.is_told_at_the_end || head.overdue.is_some() } else { head.notify_seq != before };
        if is_closed {
            self.told.remove(head.subject);
        } else {
            self.told.insert(head.subject.clone(), head.notify_seq);
        }
        let severity = match head.decided {
            Some(Decided::Page(_)) => Severity::Critical,
            Some(Decided::Hold(_)) if head.state == State::Escalated => Severity::Critical,
            Some(Decided::Close(_)) => Severity::Info,
            Some(Decided::Act | Decided::Hold(_)) | None => Severity::Warning,
        };
        if is_news {
            self.sent(severity, now);
        }
    }

    /// By the sweep: each asks for a person.
    pub(super) fn marked(&mut self, marks: &[Mark], now: Timestamp) {
        for mark in marks {
            self.sent(Severity::Critical, now);
            let name = match mark {
                Mark::Stuck => "of these stuck",
                Mark::Overdue => "of these overdue",
            };
            *self.by_severity.entry(name).or_default() += 1;
        }
    }

    fn sent(&mut self, severity: Severity, now: Timestamp) {
        *self.by_severity.entry(severity.as_str()).or_default() += 1;
        *self.by_second.entry(now.as_second()).or_default() += 1;
    }

    pub(super) fn busiest_second(&self) -> u64 {
        self.by_second.values().copied().max().unwrap_or_default()
    }

    /// In how many seconds there were more than a subscription takes.
    pub(super) fn seconds_over(&self) -> u64 {
        self.by_second.values().map(|sent| u64::from(*sent > MOST_A_SECOND)).sum()
    }
}
