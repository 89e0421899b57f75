//! What the deployed roles allowed in one sandbox, what of it was needed and by whom, and what was refused.
//!
//! Never judges: a right that one story leaves alone may be what another is about.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::account::{ACCOUNT_ID, REGION};
use crate::policy::Grant;

/// A handle; clones share one register.
#[derive(Clone, Default)]
pub(crate) struct Register {
    book: Arc<Mutex<Book>>,
}

#[derive(Default)]
struct Book {
    /// By function, as it is called in the account.
    rights: BTreeMap<(String, Grant), BTreeSet<Need>>,
    refused: BTreeSet<Refusal>,
    expected: BTreeSet<Refusal>,
    /// Logical ids by physical ones.
    names: BTreeMap<String, String>,
}

/// Who needed a right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Need {
    /// The function's own code.
    Call,
    /// A service that acts with the function's role, as it is configured to.
    Service(String),
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Refusal {
    pub function: String,
    pub action: String,
    /// A group's name, a logical id, or else what an ARN ends with.
    pub on: String,
}

/// What is kept of a story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub story: String,
    pub rights: Vec<Right>,
    /// Refused, though the story expected nothing of the kind.
    pub refused: Vec<Refusal>,
    /// Expected, and not refused.
    pub allowed: Vec<Refusal>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Right {
    /// Its logical id.
    pub function: String,
    pub grant: Grant,
    pub needs: BTreeSet<Need>,
}

impl Register {
    pub(super) fn allows(&self, function: &str, grants: Vec<Grant>) {
        let mut book = self.book();
        for grant in grants {
            book.rights.entry((function.to_owned(), grant)).or_default();
        }
    }

    pub(super) fn needed(&self, function: &str, grant: Grant, need: Need) {
        self.book().rights.entry((function.to_owned(), grant)).or_default().insert(need);
    }

    pub(super) fn refused(&self, refusal: Refusal) {
        self.book().refused.insert(refusal);
    }

    pub(super) fn expects(&self, refusal: Refusal) {
        self.book().expected.insert(refusal);
    }

    /// What a deployment made: only of its functions is anything kept.
    pub(crate) fn names(&self, physical_by_logical: &BTreeMap<String, String>) {
        let named = physical_by_logical.iter().map(|(logical, physical)| (physical.clone(), logical.clone()));
        self.book().names.extend(named);
    }

    /// Leaves a file for [`rights`](crate::rights) in that folder, unless nothing was deployed.
    pub(crate) fn keep(&self, story: &str, folder: &Path) -> Result<()> {
        let account = self.book().account(story);
        if account.rights.is_empty() {
            return Ok(());
        }
        std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        let path = tempfile::Builder::new().prefix("story-").suffix(".json").tempfile_in(folder)?;
        serde_json::to_writer_pretty(path.as_file(), &account)?;
        path.keep().with_context(|| format!("keeping what {story} needed"))?;
        Ok(())
    }

    /// A panic elsewhere leaves the book itself whole.
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn account(&self, story: &str) -> Account {
        let of_the_stack = |((function, grant), needs): (&(String, Grant), &BTreeSet<Need>)| {
            let function = self.names.get(function)?.clone();
            let resource = match self.named(&grant.resource) {
                zone if zone.starts_with("hostedzone/") => "hostedzone/<as the parameters say>".to_owned(),
                other => other,
            };
            let grant = Grant { resource, ..grant.clone() };
            Some(Right { function, grant, needs: needs.clone() })
        };
        let logical = |refusal: &Refusal| {
            let function = self.names.get(&refusal.function).cloned();
            let on = self.named(&refusal.on);
            Refusal { function: function.unwrap_or_else(|| refusal.function.clone()), on, ..refusal.clone() }
        };
        let refused: BTreeSet<Refusal> = self.refused.iter().map(logical).collect();
        Account {
            story: story.to_owned(),
            rights: self.rights.iter().filter_map(of_the_stack).collect(),
            refused: refused.difference(&self.expected).cloned().collect(),
            allowed: self.expected.difference(&refused).cloned().collect(),
        }
    }

    /// An ARN as people say it: by logical ids, without what differs from run to run, or is the same in all.
    fn named(&self, arn: &str) -> String {
        let place = format!(":{REGION}:{ACCOUNT_ID}:");
        let inside = arn.split_once(&place).map(|(_, inside)| inside);
        let Some(inside) = inside.or_else(|| arn.split_once(":::").map(|(_, inside)| inside)) else {
            return arn.to_owned();
        };
        // The longest first: the name of one may begin another's.
        let mut known: Vec<(&str, &str)> = self.names.iter().map(|(id, name)| (last(id), name.as_str())).collect();
        known.sort_by_key(|(id, _)| std::cmp::Reverse(id.len()));
        let named = known.into_iter().find(|(id, _)| !id.is_empty() && inside.contains(id));
        let Some((id, name)) = named else { return of_a_group(inside).to_owned() };
        let after = inside.split_once(id).map(|(_, after)| after).unwrap_or_default();
        match after.split_once("/stream/") {
            Some(_) => format!("{name}/stream"),
            None => format!("{name}{after}"),
        }
    }
}

/// Of an Auto Scaling group's ARN, whose middle no two runs share, the name.
fn of_a_group(inside: &str) -> &str {
    let name = inside.split_once(":autoScalingGroupName/").map(|(_, name)| name).filter(|name| *name != "*");
    name.unwrap_or(inside)
}

/// What of a physical id stands in an ARN too: of a queue's URL, or of an ARN, the end. A log group's name is one.
fn last(physical_id: &str) -> &str {
    match physical_id {
        id if id.starts_with('/') => id,
        id => id.rsplit(['/', ':']).next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(action: &str, resource: &str) -> Grant {
        Grant { action: action.to_owned(), resource: resource.to_owned(), conditions: Vec::new() }
    }

    fn refusal(function: &str, on: &str) -> Refusal {
        Refusal { function: function.to_owned(), action: "autoscaling:Terminate".to_owned(), on: on.to_owned() }
    }

    fn register() -> Register {
        let register = Register::default();
        let names = [
            ("Heal", "stack-Heal-1"),
            ("Table", "stack-Table-1"),
            ("Wake", "http://127.0.0.1:1/000000000000/stack-Wake-1"),
            ("Logs", "/homeostat/stack/heal"),
        ];
        register.names(&names.map(|(name, id)| (name.to_owned(), id.to_owned())).into());
        register
    }

    fn arn(inside: &str) -> String {
        format!("arn:aws:any:{REGION}:{ACCOUNT_ID}:{inside}")
    }

    #[test]
    fn resources_go_by_their_logical_ids() {
        let register = register();
        let named = |inside: &str| register.book().named(&arn(inside));
        assert_eq!(named("table/stack-Table-1/index/due"), "Table/index/due");
        assert_eq!(named("table/stack-Table-1/stream/2026-11-21T00:00:00.000"), "Table/stream");
        assert_eq!(named("stack-Wake-1"), "Wake");
        assert_eq!(named("log-group:/homeostat/stack/heal:*"), "Logs:*");
        assert_eq!(named("autoScalingGroup:0:autoScalingGroupName/web"), "web");
        assert_eq!(named("autoScalingGroup:*:autoScalingGroupName/*"), "autoScalingGroup:*:autoScalingGroupName/*");
        assert_eq!(register.book().named("*"), "*");
        assert_eq!(register.book().named("arn:aws:route53:::change/*"), "change/*");
    }

    #[test]
    fn of_functions_that_the_stack_did_not_make_nothing_is_kept() {
        let register = register();
        register.allows("stranger", vec![grant("sns:Publish", "*")]);
        register.allows("stack-Heal-1", vec![grant("sns:Publish", "*"), grant("sqs:SendMessage", "*")]);
        register.needed("stack-Heal-1", grant("sns:Publish", "*"), Need::Call);
        let account = register.book().account("a story");
        let kept: Vec<_> = account.rights.iter().map(|it| (it.function.as_str(), it.needs.len())).collect();
        assert_eq!(kept, [("Heal", 1), ("Heal", 0)]);
    }

    #[test]
    fn a_refusal_that_was_not_expected_is_kept_and_so_is_an_expected_one_that_never_came() {
        let register = register();
        for group in ["untagged", "web"] {
            register
                .refused(refusal("stack-Heal-1", &arn(&format!("autoScalingGroup:0:autoScalingGroupName/{group}"))));
        }
        register.expects(refusal("Heal", "untagged"));
        register.expects(refusal("Heal", "batch"));
        let account = register.book().account("a story");
        assert_eq!(account.refused, [refusal("Heal", "web")]);
        assert_eq!(account.allowed, [refusal("Heal", "batch")]);
    }
}
