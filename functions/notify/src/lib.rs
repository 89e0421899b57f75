//! From the ledger's stream to people: the opening with its plan, an outcome in doubt, a page, reminders, the close, pauses; and
//! metrics.
//!
//! This function is the only place that talks to people about incidents and pauses. It never changes an incident, and never tells of a
//! change that the incident itself doesn't mark as worth telling.
//!
//! **The same transition isn't told twice**, as far as that is in its hands. A transition is one record of the stream, and has a
//! number of its own: the incident's version. Lambda delivers again from the first record that failed on, and not what was told
//! before it; and whatever is delivered again to the same process was remembered by it. What remains: SNS's answer is lost, or
//! the process ends between SNS's answer and Lambda's. Then a record comes again, at most as often as the mapping's
//! `MaximumRetryAttempts` says and for each time that it splits a batch, and each time the SDK tries at most twice. Each copy has
//! the same attribute `message`.
//!
//! **A bad record never silences the rest.** Only what SNS did not take is tried again, in order, since what follows is of the
//! same incidents. What can't be read will never be: it is told as that, logged as dropped, and passed over.

mod attributes;
mod batch;
mod change;
mod chat;
#[cfg(test)]
mod golden;
mod message;
mod metrics;
mod news;
mod outside;
mod pauses;
mod remembered;

use std::sync::{Mutex, PoisonError};

use homeostat_lambda::Failure;
use serde_json::{Value, json};

use batch::Record;
use change::Change;
use message::Message;
use news::News;
pub use outside::{NotTold, Outside};
use remembered::Remembered;

/// What the template says.
#[derive(Debug, Clone)]
pub struct Settings {
    pub stack: String,
    /// Chat clients of AWS get a shape of their own.
    pub chat: bool,
}

/// The function, with what this process remembers between two events.
pub struct Notify<O> {
    outside: O,
    settings: Settings,
    remembered: Mutex<Remembered>,
}

impl<O: Outside> Notify<O> {
    pub fn new(outside: O, settings: Settings) -> Self {
        Notify { outside, settings, remembered: Mutex::default() }
    }

    /// Counts and tells what a batch of the stream holds, in order. The answer names the first record that was not told
    /// (`ReportBatchItemFailures`).
    ///
    /// # Errors
    /// [`Failure::Drop`] if it is no batch of a stream, [`Failure::Retry`] if not even its first record was told.
    pub async fn handle(&self, event: Value) -> Result<Value, Failure> {
        for (told, record) in batch::records(event)?.into_iter().enumerate() {
            if let Err(why) = self.announce(&record).await {
                // Nothing would be told again, so that it can be an error, which is counted and alarmed.
                if told == 0 {
                    return Err(Failure::Retry(format!("not told: {}: {why}", record.name())));
                }
                tracing::error!(disposition = "Retry", record = record.name(), "not told: {why}");
                return Ok(json!({ "batchItemFailures": [{ "itemIdentifier": record.place }] }));
            }
        }
        Ok(json!({ "batchItemFailures": [] }))
    }

    async fn announce(&self, record: &Record) -> Result<(), NotTold> {
        let change = match &record.read {
            Ok(read) => match pauses::news(read, record) {
                Some(news) => return self.tell_once(record, &news).await,
                None => Change::of(read),
            },
            Err(why) if record.may_be_news() => {
                return self.tell_once(record, &news::unreadable(record, why)).await;
            }
            Err(_) => return Ok(()),
        };
        let Some(change) = change else { return Ok(()) };
        // Before it is told: what SNS does not take shall be counted all the same, and once.
        if self.remembers(|remembered| remembered.counts(&record.id))
            && let Some(line) = metrics::line(&change, &self.settings.stack)
        {
            self.outside.print(&line);
        }
        match news::news(&change, record) {
            Some(news) => self.tell_once(record, &news).await,
            None => Ok(()),
        }
    }

    async fn tell_once(&self, record: &Record, news: &News) -> Result<(), NotTold> {
        if self.remembers(|remembered| remembered.has_told(&record.id)) {
            tracing::info!(record = record.name(), "told before");
            return Ok(());
        }
        if let News::Unreadable { why, .. } = news {
            tracing::error!(disposition = "Drop", record = record.name(), "passed over: {why}");
        }
        match self.tell(news).await {
            Err(NotTold::Refused(why)) => {
                tracing::error!(disposition = "Drop", record = record.name(), "SNS refuses the message: {why}");
                let instead = news::unreadable(record, &format!("SNS refuses the message about it: {why}"));
                // If not even that: it isn't the message, and the dead-letter queue may be heard.
                self.tell(&instead).await?;
            }
            told => told?,
        }
        self.remembers(|remembered| remembered.tells(&record.id));
        Ok(())
    }

    async fn tell(&self, news: &News) -> Result<(), NotTold> {
        let message = message::about(news, &self.settings.stack);
        let subject = message.subject.clone();
        self.outside.tell(self.publication(news, message)).await?;
        tracing::info!("told: {subject}");
        Ok(())
    }

    fn publication(&self, news: &News, message: Message) -> homeostat_aws::Publication {
        let attributes = attributes::of(news, message.sort, &self.settings.stack);
        let by_protocol = self.settings.chat.then(|| chat::by_protocol(news, &message));
        let Message { subject, body, .. } = message;
        homeostat_aws::Publication {
            subject,
            is_by_protocol: by_protocol.is_some(),
            message: by_protocol.unwrap_or(body),
            attributes,
        }
    }

    fn remembers<T>(&self, what: impl FnOnce(&mut Remembered) -> T) -> T {
        what(&mut self.remembered.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// # Errors
/// As [`Notify::handle`].
pub async fn handle<O: Outside>(notify: &Notify<O>, event: Value) -> Result<Value, Failure> {
    notify.handle(event).await
}

#[cfg(test)]
mod tests;
