//! `policy check`: all mistakes of a policy at once, with their places.
//!
//! This module never asks an account: whether what the policy names exists is `doctor`'s affair.

mod parameters;

use std::path::Path;

use homeostat_core::policy::Mode;
use homeostat_remedies::policy;
use homeostat_remedies::policy::Policy;
use parameters::{HookParameters, Parameters};
use serde::Serialize;

use crate::page::Page;
use crate::report::{Failed, Report, Verdict};

#[derive(Debug, Serialize)]
pub(crate) struct Checked {
    file: String,
    groups: usize,
    records: usize,
    hooks: usize,
    /// Where it acts, and where it only says what it would do: nobody should find out by an act that the mode was left out.
    acts_on: Vec<String>,
    only_watches: Vec<String>,
    /// What the template wants for the weighted records.
    parameters: Option<Parameters>,
    /// What the template wants for the records of instances.
    hook_parameters: Option<HookParameters>,
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
    let dns = policy.as_ref().ok().and_then(|policy| policy.dns.as_ref());
    let hooks = policy.as_ref().ok().and_then(|policy| policy.hooks.as_ref());
    Ok(Checked {
        file: file.display().to_string(),
        groups: policy.as_ref().map_or(0, |policy| policy.instances.group_names().len()),
        records: dns.map_or(0, |dns| dns.records.len()),
        hooks: hooks.map_or(0, |hooks| hooks.hooks().count()),
        acts_on: policy.as_ref().map(|policy| policy.in_mode(Mode::Act)).unwrap_or_default(),
        only_watches: policy.as_ref().map(|policy| policy.in_mode(Mode::Watch)).unwrap_or_default(),
        parameters: dns.and_then(Parameters::of),
        hook_parameters: hooks.and_then(HookParameters::of),
        hash: policy.as_ref().ok().map(|policy| policy.hash.clone()),
        warnings: policy.iter().flat_map(|policy| policy.warnings.clone()).map(Mistake::from).collect(),
        mistakes: policy.err().unwrap_or_default(),
    })
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
            let more =
                [(self.records, "record(s)"), (self.hooks, "hook(s)")].into_iter().filter(|(count, _)| *count > 0);
            let more: String = more.map(|(count, things)| format!(", {count} {things}")).collect();
            page.long_line(&format!("{}: {} group(s){more}, no mistakes", self.file, self.groups));
        }
        if let Some(parameters) = &self.parameters {
            page.long_line("deploy with these parameters: the role of shift-dns may change only these");
            for parameter in parameters.words() {
                page.long_line(&parameter);
            }
        }
        if let Some(parameters) = &self.hook_parameters {
            page.long_line("deploy with these parameters: the role of lifecycle-hook may remove only these");
            for parameter in parameters.words() {
                page.long_line(&parameter);
            }
        }
    }

    fn verdict(&self) -> Verdict {
        if self.mistakes.is_empty() { Verdict::Fine } else { Verdict::Amiss }
    }
}
