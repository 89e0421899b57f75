//! Whom this function reaches: people by the topic, CloudWatch by standard output.
//!
//! This module never chooses what is said.

use std::io::Write;

use homeostat_aws::{NotSent, Publication, Topic};

/// Why people were not told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTold {
    /// Disposition: retry. They may have been told all the same.
    #[error("{0}")]
    Unavailable(String),
    /// Disposition: drop. This message will never do.
    #[error("{0}")]
    Refused(String),
}

pub trait Outside: Send + Sync {
    fn tell(&self, publication: Publication) -> impl Future<Output = Result<(), NotTold>> + Send;

    /// One line for CloudWatch Logs. It must stand alone: metrics are read from lines that are JSON from end to end, at whose root
    /// they stand, which the log's own lines are not.
    fn print(&self, line: &str) {
        if let Err(error) = writeln!(std::io::stdout().lock(), "{line}") {
            tracing::error!("metrics not printed: {error}");
        }
    }
}

impl Outside for Topic {
    async fn tell(&self, publication: Publication) -> Result<(), NotTold> {
        self.publish(publication).await.map_err(|error| match error {
            NotSent::Refused(why) => NotTold::Refused(why),
            NotSent::Unavailable(unavailable) => NotTold::Unavailable(unavailable.to_string()),
        })
    }
}
