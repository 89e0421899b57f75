//! Marks of what is due and the intake queue, behind the gate.
//!
//! This module never decides what fails; the gate does.

use homeostat_core::id::Scope;
use homeostat_core::incident::Kind;
use homeostat_core::ports::{DueMark, DueMarks, Intake, LastServer, MarkList, NotWritten, Unavailable};
use jiff::Timestamp;

use super::{Call, Gate, Gated};

impl<P: DueMarks + Sync, G: Gate> DueMarks for Gated<P, G> {
    async fn due_marks_of<K: Kind>(&self, scopes: &[Scope]) -> Result<MarkList, Unavailable> {
        self.read("read marks", self.port.due_marks_of::<K>(scopes)).await
    }
    async fn due_marks<K: Kind>(&self) -> Result<MarkList, Unavailable> {
        self.read("read all marks", self.port.due_marks::<K>()).await
    }
    async fn mark_due<K: Kind>(&self, mark: &DueMark) -> Result<(), NotWritten> {
        self.change(Call::Mark, self.port.mark_due::<K>(mark)).await
    }
    async fn unmark_due<K: Kind>(&self, mark: &DueMark) -> Result<(), NotWritten> {
        self.change(Call::Mark, self.port.unmark_due::<K>(mark)).await
    }
    async fn claim_due<K: Kind>(&self, now: Timestamp, until: Timestamp) -> Result<LastServer, NotWritten> {
        self.change(Call::Mark, self.port.claim_due::<K>(now, until)).await
    }
    async fn release_due<K: Kind>(&self, until: Timestamp, rests_until: Option<Timestamp>) -> Result<(), NotWritten> {
        self.change(Call::Mark, self.port.release_due::<K>(until, rests_until)).await
    }
}

impl<P: Intake + Sync, G: Gate> Intake for Gated<P, G> {
    async fn put(&self, event: &str) -> Result<(), Unavailable> {
        self.send(Call::Send { what: "an event to the intake" }, self.port.put(event)).await
    }
    async fn delete(&self, receipts: &[String]) -> Result<(), Unavailable> {
        self.send(Call::Send { what: "a deletion to the intake" }, self.port.delete(receipts)).await
    }
}
