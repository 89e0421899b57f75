//! How many decisions a core makes in a second, as the program `decide` counts them.
//!
//! It never counts in this process, which is a build of development.

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use tokio::process::Command;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Decisions {
    pub(crate) remedy: String,
    pub(crate) decision: String,
    /// Of the least, the median and the quickest batch.
    pub(crate) per_second: [f64; 3],
}

pub(crate) async fn decisions(built: &Path) -> Result<Vec<Decisions>> {
    let program = built.join("decide");
    let output = Command::new(&program).output().await.with_context(|| format!("running {}", program.display()))?;
    ensure!(output.status.success(), "{}: {}", program.display(), String::from_utf8_lossy(&output.stderr));
    let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).context("reading what decide says")).collect()
}

impl fmt::Display for Decisions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [least, median, most] = self.per_second.map(|count| count / 1e6);
        write!(f, "{:<18} {median:.2} M/s ({least:.2} to {most:.2}): {}", self.remedy, self.decision)
    }
}
