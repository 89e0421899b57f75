//! Over all stories: each right of each role is needed by somebody, and nothing was refused that should have been allowed.
//!
//! It never looks at the template, only at the roles as they were deployed and at the calls that were made; what no story plays is
//! a right too many, or a story too few.

mod page;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::roles::{Need, Needed, Right};

/// Where stories leave word of the rights that they needed; without it they don't.
const FOLDER: &str = "HOMEOSTAT_RIGHTS";

/// The page, in the project's folder.
pub const PAGE: &str = "docs/RIGHTS.md";

/// Of these conditions the values are the deployment's parameters, which differ from story to story.
const BY_PARAMETER: [&str; 2] =
    ["route53:ChangeResourceRecordSetsNormalizedRecordNames", "route53:ChangeResourceRecordSetsRecordTypes"];

pub(crate) fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

/// A right of a function, as the page says it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    function: String,
    action: String,
    on: String,
    conditions: Vec<String>,
}

/// What all stories together needed, and what is wrong with it.
#[derive(Debug, Default)]
pub struct Rights {
    needed_by: BTreeMap<Row, BTreeSet<String>>,
    stories: usize,
    wrong: Vec<String>,
}

impl Rights {
    /// Of the stories that were told since the folder was emptied.
    ///
    /// # Errors
    /// If none was.
    pub fn read(folder: &Path) -> Result<Self> {
        let files = std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
        let mut accounts = Vec::new();
        for file in files {
            let path = file?.path();
            let text = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            accounts.push(serde_json::from_slice(&text).with_context(|| format!("reading {}", path.display()))?);
        }
        ensure!(!accounts.is_empty(), "no story left word of its rights in {}", folder.display());
        Ok(Self::of(accounts))
    }

    fn of(accounts: Vec<Needed>) -> Self {
        let mut all = Rights { stories: accounts.len(), ..Rights::default() };
        for Needed { story, rights, refused, allowed } in accounts {
            for right in rights {
                let needs = right.needs.iter().map(|need| match need {
                    Need::Call => story.clone(),
                    Need::Service(service) => service.clone(),
                });
                let needs: Vec<String> = needs.collect();
                all.needed_by.entry(row(right)).or_default().extend(needs);
            }
            all.wrong.extend(
                refused.iter().map(|it| {
                    format!("{story}: {} is not allowed {} on {}, and needs it", it.function, it.action, it.on)
                }),
            );
            all.wrong.extend(allowed.iter().map(|it| {
                format!("{story}: {} was not refused {} on {}, as it should be", it.function, it.action, it.on)
            }));
        }
        for (row, needs) in &all.needed_by {
            if needs.is_empty() {
                let conditions = row.conditions.join("; ");
                let Row { function, action, on, .. } = row;
                all.wrong.push(format!("{function} is allowed {action} on {on} ({conditions}), and no story needs it"));
            }
        }
        all
    }

    /// What is wrong, the page's own mistakes included, in sentences; none is how it should be.
    pub fn wrong(&self, page: &str) -> Vec<String> {
        self.wrong.iter().cloned().chain(page::mistakes(page, &self.needed_by)).collect()
    }

    pub fn page(&self) -> String {
        page::of(&self.needed_by)
    }

    /// For the last line.
    pub fn summary(&self) -> String {
        format!("{} rights, each needed, over {} deployments", self.needed_by.len(), self.stories)
    }
}

fn row(Right { function, grant, .. }: Right) -> Row {
    let conditions = grant.conditions.into_iter().map(|condition| {
        let named =
            BY_PARAMETER.iter().find_map(|key| condition.split_once(*key).map(|(operator, _)| (operator, *key)));
        match named {
            Some((operator, key)) if operator != "Null " => format!("{operator}{key}: as the parameters say"),
            _ => condition,
        }
    });
    Row { function, action: grant.action, on: grant.resource, conditions: conditions.collect() }
}

#[cfg(test)]
mod tests;
