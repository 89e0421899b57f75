//! How the invocations ended that the relay made without retries, and a way to wait for that.
//!
//! It never knows of asynchronous invocations: nobody tells their caller how they end.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::sync::watch;
use tokio::time::timeout;

use super::Relay;

/// An invocation that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub label: String,
    /// The ARN of the function.
    pub function: String,
    /// Lambda's error, `Runtime.ExitError` if the process was killed; none if the function returned.
    pub failure: Option<String>,
}

#[derive(Clone)]
pub(super) struct Ends {
    all: watch::Sender<Vec<Ended>>,
}

impl Default for Ends {
    fn default() -> Self {
        Self { all: watch::channel(Vec::new()).0 }
    }
}

impl Ends {
    pub(super) fn add(&self, ended: Ended) {
        self.all.send_modify(|all| all.push(ended));
    }
}

impl Relay {
    /// Waits until the first invocation without retries under that label is over.
    pub async fn end_of(&self, label: &str, patience: Duration) -> Result<Ended> {
        let mut news = self.ends.all.subscribe();
        let of_label = |all: &Vec<Ended>| all.iter().any(|ended| ended.label == label);
        match timeout(patience, news.wait_for(of_label)).await {
            Ok(Ok(all)) => match all.iter().find(|ended| ended.label == label) {
                Some(ended) => Ok(ended.clone()),
                None => bail!("the end of {label} is gone"),
            },
            _ => bail!("no invocation without retries under the label {label} ended within {patience:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Labels;

    #[tokio::test]
    async fn the_end_of_an_invocation_is_heard_by_its_label() {
        let relay = Relay::at("http://127.0.0.1:1", Labels::default());
        let waiting = relay.clone();
        let waiting = tokio::spawn(async move { waiting.end_of("second", Duration::from_secs(10)).await });
        for label in ["first", "second"] {
            relay.ends.add(Ended { label: label.into(), function: "f".into(), failure: None });
        }
        assert_eq!(waiting.await.unwrap().unwrap().label, "second");
        assert!(relay.end_of("third", Duration::from_millis(1)).await.unwrap_err().to_string().contains("third"));
    }
}
