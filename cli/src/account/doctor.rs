//! `doctor`: the policy held against the account.
//!
//! This module never judges a fact itself; `homeostat_remedies::doctor` does. It reads.

mod facts;
mod hooks;
mod records;

use std::path::PathBuf;

use homeostat_core::doctor::{Finding, Severity, Unread};
use homeostat_remedies::doctor::examine;
use homeostat_remedies::policy::Policy;
use jiff::Timestamp;
use serde::Serialize;

use super::place::Deployment;
use crate::page::{Page, Row};
use crate::policy_check::Mistake;
use crate::report::{Failed, Report, Verdict};

#[derive(Debug, Serialize)]
pub(super) struct Diagnosis {
    /// Where it was looked.
    place: String,
    findings: Vec<Finding>,
}

pub(super) async fn doctor(
    deployment: &Deployment,
    now: Timestamp,
    (file, policy): (PathBuf, Result<Policy, Vec<Mistake>>),
) -> Result<Diagnosis, Failed> {
    let facts = facts::gather(deployment, now, policy.as_ref().ok()).await;
    if facts.is_blind() {
        let why = match &facts.open {
            Err(Unread::Failed { why, .. }) => why.as_str(),
            _ => "nobody said where to look",
        };
        return Err(Failed::by_aws(&format!("nothing of the account could be read, so nothing was checked: {why}")));
    }
    // What is written wrong comes first: nothing of it can be checked.
    let mut findings: Vec<Finding> =
        policy.as_ref().err().into_iter().flatten().map(|mistake| wrong(&file, mistake)).collect();
    findings.extend(examine(policy.as_ref().ok(), &facts));
    Ok(Diagnosis { place: deployment.place.clone(), findings })
}

fn wrong(file: &std::path::Path, mistake: &Mistake) -> Finding {
    Finding {
        severity: Severity::Error,
        about: format!("{}:{}:{}", file.display(), mistake.line, mistake.column),
        what: mistake.message.clone(),
        fix: "fix it, and run doctor again: until then nothing that the policy names is checked".to_owned(),
    }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

impl Diagnosis {
    fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

impl Report for Diagnosis {
    fn print(&self, page: &mut Page) {
        if self.findings.is_empty() {
            return page.line(&format!("{}: nothing to fix", self.place));
        }
        let row = |finding: &Finding| Row {
            cells: vec![word(finding.severity).to_owned(), finding.about.clone()],
            below: vec![finding.what.clone(), format!("next: {}", finding.fix)],
        };
        page.table(&["", ""], self.findings.iter().map(row).collect());
        page.space();
        let [errors, warnings, notes] =
            [Severity::Error, Severity::Warning, Severity::Note].map(|severity| self.count(severity));
        page.line(&format!("{}: {errors} error(s), {warnings} warning(s), {notes} note(s)", self.place));
    }

    fn verdict(&self) -> Verdict {
        if self.count(Severity::Error) == 0 { Verdict::Fine } else { Verdict::Amiss }
    }
}
