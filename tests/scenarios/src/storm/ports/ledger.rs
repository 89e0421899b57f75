//! The ledger over the wire: `shared/aws/src/ledger.rs`, call by call.
//!
//! This module never lets a write through that the ledger in memory refuses.

use futures_util::future::join;
use homeostat_core::aws::alarm::AlarmChange;
use homeostat_core::id::{Scope, Subject};
use homeostat_core::incident::Kind;
use homeostat_core::ports::{
    Due, DueIncidents, DueList, DueMark, DueMarks, History, LastServer, Ledger, Limits, Mark, MarkList, NotWritten,
    Unavailable, Write,
};
use homeostat_core::resync::Resync;
use jiff::Timestamp;

use super::super::api::{Api, ITEMS_A_CALL};
use super::super::lock;
use super::WiredLedger;

impl Ledger for WiredLedger {
    async fn history<K: Kind>(
        &self,
        subject: &Subject,
        change: Option<&AlarmChange>,
    ) -> Result<History<K>, Unavailable> {
        match change {
            None => self.wire.call(Api::Query).await?,
            Some(_) => {
                let (incidents, alarm) = join(self.wire.call(Api::Query), self.wire.call(Api::GetItem)).await;
                incidents.and(alarm)?;
            }
        }
        self.ledger.history(subject, change).await
    }

    async fn limits<K: Kind>(&self, subject: &Subject, scope: &Scope) -> Result<Limits<K>, Unavailable> {
        self.wire.call(Api::BatchGetItem).await?;
        self.ledger.limits(subject, scope).await
    }

    async fn open_among(&self, subjects: &[Subject]) -> Result<Vec<Subject>, Unavailable> {
        for _ in subjects.chunks(ITEMS_A_CALL) {
            self.wire.call(Api::BatchGetItem).await?;
        }
        self.ledger.open_among(subjects).await
    }

    async fn write<K: Kind>(&self, write: Write<'_, K>) -> Result<(), NotWritten> {
        self.wire.call(Api::TransactWriteItems).await?;
        let written = self.ledger.write(write).await;
        match &written {
            Ok(()) => {
                let (incident, now) = (write.incident, self.wire.timers.now());
                lock(&self.wire.meter).writes += 1;
                lock(&self.progress).decided(&incident.subject, incident.scope().group(), now);
                lock(&self.mail).written(incident, now);
            }
            Err(NotWritten::Conflict) => lock(&self.wire.meter).conflicts += 1,
            Err(NotWritten::Unavailable(_)) => {}
        }
        written
    }

    async fn resync(&self, remedy: &'static str) -> Result<Resync, Unavailable> {
        self.wire.call(Api::BatchGetItem).await?;
        self.ledger.resync(remedy).await
    }

    async fn write_resync(&self, remedy: &'static str, resync: &Resync) -> Result<(), NotWritten> {
        self.wire.call(Api::PutItem).await?;
        self.ledger.write_resync(remedy, resync).await
    }
}

impl DueMarks for WiredLedger {
    async fn due_marks_of<K: Kind>(&self, scopes: &[Scope]) -> Result<MarkList, Unavailable> {
        for _ in scopes.chunks(ITEMS_A_CALL) {
            self.wire.call(Api::BatchGetItem).await?;
        }
        self.ledger.due_marks_of::<K>(scopes).await
    }

    async fn due_marks<K: Kind>(&self) -> Result<MarkList, Unavailable> {
        self.wire.call(Api::Query).await?;
        self.ledger.due_marks::<K>().await
    }

    async fn mark_due<K: Kind>(&self, mark: &DueMark) -> Result<(), NotWritten> {
        self.wire.call(Api::PutItem).await?;
        self.ledger.mark_due::<K>(mark).await
    }

    async fn unmark_due<K: Kind>(&self, mark: &DueMark) -> Result<(), NotWritten> {
        self.wire.call(Api::DeleteItem).await?;
        self.ledger.unmark_due::<K>(mark).await
    }

    async fn claim_due<K: Kind>(&self, now: Timestamp, until: Timestamp) -> Result<LastServer, NotWritten> {
        self.wire.call(Api::PutItem).await?;
        self.ledger.claim_due::<K>(now, until).await
    }

    async fn release_due<K: Kind>(&self, until: Timestamp, rests_until: Option<Timestamp>) -> Result<(), NotWritten> {
        self.wire.call(if rests_until.is_some() { Api::PutItem } else { Api::DeleteItem }).await?;
        self.ledger.release_due::<K>(until, rests_until).await
    }
}

impl DueIncidents for WiredLedger {
    async fn due(&self, until: Timestamp) -> Result<DueList, Unavailable> {
        self.wire.call(Api::Query).await?;
        self.ledger.due(until).await
    }

    async fn postpone(&self, due: &Due, until: Timestamp, marks: &[Mark], now: Timestamp) -> Result<(), NotWritten> {
        self.wire.call(Api::UpdateItem).await?;
        self.ledger.postpone(due, until, marks, now).await?;
        lock(&self.mail).marked(marks, self.wire.timers.now());
        Ok(())
    }
}
