//! What incidents are about, and whose budget, memory and pauses bear on it.
//!
//! This module never knows what a remedy's subjects are: a remedy reads its own ids. EC2 instances and Auto Scaling groups have their
//! words here, since more than one remedy names them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{GroupName, InstanceId, InvalidId, Region};

/// Where Route 53 is, as AWS's SDKs name it.
pub const GLOBAL: &str = "aws-global";

const INSTANCE: &str = "instance";
const GROUP: &str = "group";

/// A partition key has 2,048 bytes at most (DynamoDB Developer Guide, "Constraints"); the longest id so far is a hook's, of 529.
const LONGEST_ID: usize = 1_024;

/// What an incident is about. At most one incident is open for a subject.
///
/// Written `<region>#<tag>#<id>`, as in the ledger's keys. The tag says which remedy's it is and what the id means. An id may be several
/// names joined by colons, the last of which is the thing's own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subject {
    region: Region,
    tag: Arc<str>,
    id: Arc<str>,
}

/// Whose budget, memory and pauses bear on a subject. Written `<tag>#<id>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope {
    tag: Arc<str>,
    id: Arc<str>,
}

/// What a person may do with a subject that they named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The scope that it is itself, if it is one.
    pub whole: Option<Scope>,
    /// The narrowest pauses that cover it, as they are written.
    pub pausable: Vec<String>,
    /// As people read it: `hosted zone Z…`.
    pub words: String,
    /// What Homeostat does not do there under a pause: `replaces nothing there`.
    pub stops: &'static str,
    /// Whether it is, or has, instances: lifecycle hooks may hold them.
    pub has_instances: bool,
}

impl Scope {
    /// `id` is a name that was checked.
    pub fn new(tag: &'static str, id: &impl fmt::Display) -> Self {
        Scope { tag: tag.into(), id: id.to_string().into() }
    }

    pub fn of_group(name: &GroupName) -> Self {
        Scope::new(GROUP, name)
    }

    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// Its own name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The Auto Scaling group, if it is one.
    pub fn group(&self) -> Option<GroupName> {
        self.id.parse().ok().filter(|_| *self.tag == *GROUP)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.tag, self.id)
    }
}

impl FromStr for Scope {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let expected = InvalidId::new(text, "a scope: <tag>#<name>, such as group#web");
        let (tag, id) = text.split_once('#').filter(|(tag, id)| is_tag(tag) && is_id(id)).ok_or(expected)?;
        Ok(Scope { tag: tag.into(), id: id.into() })
    }
}

impl TryFrom<String> for Scope {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

impl Subject {
    /// `id` consists of names that were checked.
    pub fn new(region: Region, tag: &'static str, id: &impl fmt::Display) -> Self {
        Subject { region, tag: tag.into(), id: id.to_string().into() }
    }

    pub fn of_instance(region: Region, id: &InstanceId) -> Self {
        Subject::new(region, INSTANCE, id)
    }

    /// The whole group.
    pub fn of_group(region: Region, name: &GroupName) -> Self {
        Subject::new(region, GROUP, name)
    }

    pub fn region(&self) -> &Region {
        &self.region
    }

    pub fn tag(&self) -> &str {
        &self.tag
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// The EC2 instance, if it is one.
    pub fn instance(&self) -> Option<InstanceId> {
        self.id.parse().ok().filter(|_| *self.tag == *INSTANCE)
    }

    pub fn is_instance(&self, id: &InstanceId) -> bool {
        *self.tag == *INSTANCE && *self.id == *id.as_str()
    }

    /// The Auto Scaling group, if it is a whole one.
    pub fn group(&self) -> Option<GroupName> {
        self.id.parse().ok().filter(|_| *self.tag == *GROUP)
    }

    /// The thing's own name, as people know it.
    pub fn name(&self) -> &str {
        self.id.rsplit(':').next().unwrap_or_default()
    }

    /// As the operator's command takes it. The id of an EC2 instance says by itself what it is.
    pub fn handle(&self) -> String {
        self.instance().map_or_else(|| self.in_any_region(), |id| id.to_string())
    }

    /// As it is written, without its Region: `instance#i-…`, `group#<name>`.
    pub fn in_any_region(&self) -> String {
        format!("{}#{}", self.tag, self.id)
    }

    /// Whether it is the whole of that scope.
    pub fn is_whole(&self, scope: &Scope) -> bool {
        self.tag == scope.tag && self.id == scope.id
    }
}

/// As in a key: lower-case letters, digits and hyphens.
fn is_tag(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_id(text: &str) -> bool {
    (1..=LONGEST_ID).contains(&text.len()) && !text.contains(char::is_control)
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}#{}", self.region, self.tag, self.id)
    }
}

impl FromStr for Subject {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let parts: Vec<&str> = text.splitn(3, '#').collect();
        match parts.as_slice() {
            [region, tag, id] if is_tag(tag) && is_id(id) => {
                Ok(Subject { region: region.parse()?, tag: (*tag).into(), id: (*id).into() })
            }
            _ => Err(InvalidId::new(
                text,
                "a subject: <region>#<tag>#<id>, such as eu-west-1#instance#i-0123456789abcdef0",
            )),
        }
    }
}

impl TryFrom<String> for Subject {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_read_back_as_written() {
        for text in ["group#web #1", "hosted-zone#Z0123456789ABCDEFGHIJ", "database#db-1"] {
            let scope: Scope = text.parse().unwrap();
            assert_eq!(scope.to_string(), text);
            assert!(format!("eu-west-1#{text}").parse::<Subject>().unwrap().is_whole(&scope));
        }
        for text in ["all", "group", "group#", "Group#web", "group#we\nb"] {
            assert!(text.parse::<Scope>().is_err(), "{text}");
        }
        assert!(!"eu-west-1#instance#web".parse::<Subject>().unwrap().is_whole(&"group#web".parse().unwrap()));
    }

    #[test]
    fn a_subject_is_read_back_as_written() {
        for text in [
            "eu-west-1#instance#i-0123456789abcdef0",
            "eu-west-1#group#web #1",
            "aws-global#hosted-zone#Z0123456789ABCDEFGHIJ",
            "eu-west-1#hook#web #1/a:launch/ready:i-0123456789abcdef0",
            "eu-west-1#database#db-1",
        ] {
            assert_eq!(text.parse::<Subject>().unwrap().to_string(), text);
        }
        let long = format!("eu-west-1#instance#{}", "x".repeat(LONGEST_ID + 1));
        for text in ["eu-west-1", "eu-west-1#instance", "eu-west-1#instance#", "#instance#i-1", "eu-west-1##x", &long] {
            assert!(text.parse::<Subject>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_id_of_another_kind_is_neither_an_instance_nor_a_group() {
        let subject = |text: &str| text.parse::<Subject>().unwrap();
        for text in ["eu-west-1#instance#web", "eu-west-1#hook#web:ready:i-0123456789abcdef0", "eu-west-1#group#web"] {
            assert_eq!(subject(text).instance(), None, "{text}");
        }
        for text in ["eu-west-1#group#a:b", "eu-west-1#instance#i-0123456789abcdef0"] {
            assert_eq!(subject(text).group(), None, "{text}");
        }
        assert_eq!(subject("eu-west-1#group#i-0123456789abcdef0").handle(), "group#i-0123456789abcdef0");
        assert_eq!(subject("eu-west-1#hook#web:ready:i-0123456789abcdef0").name(), "i-0123456789abcdef0");
    }
}
