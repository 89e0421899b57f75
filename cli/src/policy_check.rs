//! `policy check`: all mistakes of a policy at once, with their places.
//!
//! This module never asks an account: whether what the policy names exists is `doctor`'s affair.

use std::collections::BTreeMap;
use std::path::Path;

use homeostat_core::policy::Mode;
use homeostat_core::resync::RESYNC_EVERY;
use homeostat_remedies::policy;
use homeostat_remedies::policy::Policy;
use serde::Serialize;

use crate::page::Page;
use crate::report::{Failed, Report, Verdict};

#[derive(Debug, Serialize)]
pub(crate) struct Checked {
    file: String,
    /// How many things it names, by what they are called.
    #[serde(flatten)]
    names: BTreeMap<&'static str, usize>,
    /// Where it acts, and where it only says what it would do: nobody should find out by an act that the mode was left out.
    acts_on: Vec<String>,
    only_watches: Vec<String>,
    /// How long a resync of all groups takes, within AWS's rates.
    resync_seconds: Option<i64>,
    /// What the template's parameters have to be, by their names.
    parameters: BTreeMap<&'static str, String>,
    /// The deployed functions write it into every incident.
    hash: Option<String>,
    mistakes: Vec<Mistake>,
    /// They fail nothing.
    warnings: Vec<Mistake>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Mistake {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) message: String,
}

/// The policy of a file, or its mistakes.
///
/// # Errors
/// [`Failed`]: the file can't be read.
pub(crate) fn read(file: &Path) -> Result<Result<Policy, Vec<Mistake>>, Failed> {
    let unreadable = |error| Failed::because(format!("can't read the policy {}: {error}", file.display()));
    let bytes = std::fs::read(file).map_err(unreadable)?;
    Ok(policy::parse_bytes(&bytes).map_err(|mistakes| mistakes.into_iter().map(Mistake::from).collect()))
}

pub(crate) fn check(file: &Path) -> Result<Checked, Failed> {
    let policy = read(file)?;
    Ok(Checked {
        file: file.display().to_string(),
        names: policy::COUNTED.into_iter().zip(policy.as_ref().map(Policy::counts).unwrap_or_default()).collect(),
        acts_on: policy.as_ref().map(|policy| policy.in_mode(Mode::Act)).unwrap_or_default(),
        only_watches: policy.as_ref().map(|policy| policy.in_mode(Mode::Watch)).unwrap_or_default(),
        resync_seconds: policy.as_ref().ok().map(|policy| policy.instances.resync_period().as_secs()),
        parameters: policy.iter().flat_map(Policy::parameters).map(|it| (it.name, it.value)).collect(),
        hash: policy.as_ref().ok().map(|policy| policy.hash.clone()),
        warnings: policy.iter().flat_map(|policy| policy.warnings.clone()).map(Mistake::from).collect(),
        mistakes: policy.err().unwrap_or_default(),
    })
}

/// Literal where a basic string would need escapes: a wildcard's name has a backslash.
fn toml_string(text: &str) -> String {
    if text.contains(['\\', '"']) { format!("'{text}'") } else { format!("\"{text}\"") }
}

impl From<homeostat_core::policy::Mistake> for Mistake {
    fn from(mistake: homeostat_core::policy::Mistake) -> Self {
        let homeostat_core::policy::Mistake { line, column, message } = mistake;
        Mistake { line, column, message }
    }
}

impl Report for Checked {
    fn print(&self, page: &mut Page) {
        for Mistake { line, column, message } in &self.mistakes {
            page.long_line(&format!("{}:{line}:{column}: {message}", self.file));
        }
        for Mistake { line, column, message } in &self.warnings {
            page.long_line(&format!("{}:{line}:{column}: warning: {message}", self.file));
        }
        for (does, names) in [("acts on", &self.acts_on), ("only watches", &self.only_watches)] {
            if !names.is_empty() {
                page.long_line(&format!("{}: {does} {}", self.file, names.join(", ")));
            }
        }
        if self.mistakes.is_empty() {
            let named = self.names.iter().filter(|(_, count)| **count > 0);
            let named: Vec<String> = named.map(|(things, count)| format!("{things}: {count}")).collect();
            page.long_line(&format!("{}: no mistakes ({})", self.file, named.join(", ")));
        }
        if let Some(seconds) = self.resync_seconds.filter(|seconds| *seconds > RESYNC_EVERY.as_secs()) {
            let minutes = (seconds + 59) / 60;
            page.long_line(&format!(
                "{}: what no event reports is found within {minutes} minutes, the time that AWS's rates leave for reading all groups (reckoned with two target groups each)",
                self.file
            ));
        }
        if !self.parameters.is_empty() {
            page.line("its records can be changed only with these lines in parameter_overrides of samconfig.toml:");
            for (name, value) in &self.parameters {
                page.long_line(&format!("    {},", toml_string(&format!("{name}={value}"))));
            }
        }
    }

    fn verdict(&self) -> Verdict {
        if self.mistakes.is_empty() { Verdict::Fine } else { Verdict::Amiss }
    }
}
