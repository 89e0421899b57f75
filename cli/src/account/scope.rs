//! What a person names on the command line: all, a group, an instance, a hosted zone or who is held by a hook, as Homeostat's own
//! messages print them.
//!
//! This module never guesses whether a bare word is a group: a group may be named like anything.

use std::fmt;
use std::str::FromStr;

use homeostat_core::id::{self, GroupName, HookName, HostedZoneId, InstanceId, NotA, Subject};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    All,
    Group(GroupName),
    Instance(InstanceId),
    Zone(HostedZoneId),
    /// A lifecycle hook that holds an instance: an incident of its own, and no scope of a pause.
    Hook(Box<Held>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    group: GroupName,
    hook: HookName,
    instance: InstanceId,
}

impl Scope {
    /// The group, if it is one.
    pub(crate) fn group(&self) -> Option<&GroupName> {
        match self {
            Scope::Group(name) => Some(name),
            Scope::All | Scope::Instance(_) | Scope::Zone(_) | Scope::Hook(_) => None,
        }
    }

    /// What has a memory of its own: a group or a zone.
    pub(crate) fn remembers(&self) -> Option<id::Scope> {
        match self {
            Scope::Group(name) => Some(id::Scope::Group(name.clone())),
            Scope::Zone(id) => Some(id::Scope::Zone(id.clone())),
            Scope::All | Scope::Instance(_) | Scope::Hook(_) => None,
        }
    }

    /// Whether this incident's subject is the thing itself.
    pub(crate) fn is(&self, subject: &Subject) -> bool {
        match (self, subject) {
            (Scope::Group(name), Subject::Group { name: subject, .. }) => name == subject,
            (Scope::Instance(id), Subject::Instance { id: subject, .. }) => id == subject,
            (Scope::Zone(id), Subject::Zone { id: subject, .. }) => id == subject,
            (Scope::Hook(named), Subject::Hook { group, hook, instance, .. }) => {
                (&named.group, &named.hook, &named.instance) == (group, hook, instance)
            }
            _ => false,
        }
    }
}

impl From<Subject> for Scope {
    fn from(subject: Subject) -> Self {
        match subject {
            Subject::Instance { id, .. } => Scope::Instance(id),
            Subject::Group { name, .. } => Scope::Group(name),
            Subject::Zone { id, .. } => Scope::Zone(id),
            Subject::Hook { group, hook, instance, .. } => Scope::Hook(Box::new(Held { group, hook, instance })),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::All => f.write_str("all"),
            Scope::Group(name) => write!(f, "group#{name}"),
            Scope::Instance(id) => write!(f, "instance#{id}"),
            Scope::Zone(id) => write!(f, "zone#{id}"),
            Scope::Hook(held) => write!(f, "hook#{}:{}:{}", held.group, held.hook, held.instance),
        }
    }
}

impl FromStr for Scope {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Scope::All);
        }
        if let Some(name) = text.strip_prefix("group#") {
            return name.parse().map(Scope::Group).map_err(|error| error.to_string());
        }
        if let Some(id) = text.strip_prefix("zone#") {
            return id.parse().map(Scope::Zone).map_err(|error| error.to_string());
        }
        if let Some(held) = text.strip_prefix("hook#") {
            return hook(held);
        }
        if let Some(id) = text.strip_prefix("instance#").or_else(|| Some(text).filter(|text| text.starts_with("i-"))) {
            return id.parse().map(Scope::Instance).map_err(|error| error.to_string());
        }
        text.parse::<Subject>().map(Scope::from).map_err(|_| unknown(text))
    }
}

/// Neither a group's nor a hook's name has a colon.
fn hook(text: &str) -> Result<Scope, String> {
    let [group, hook, instance] = text.split(':').collect::<Vec<_>>()[..] else {
        return Err(format!("{text:?} is not a held instance: hook#<group>:<hook>:<instance id>"));
    };
    let group = group.parse().map_err(|error: NotA| error.to_string())?;
    let hook = hook.parse().map_err(|error: NotA| error.to_string())?;
    let instance = instance.parse().map_err(|error: NotA| error.to_string())?;
    Ok(Scope::Hook(Box::new(Held { group, hook, instance })))
}

fn unknown(text: &str) -> String {
    let hint = match text.parse::<GroupName>() {
        Ok(name) if !text.contains('#') => format!("; if it is a group, write group#{name}"),
        _ => String::new(),
    };
    format!("expected all, group#<name>, zone#<id>, instance#<id> or a bare i-…{hint}")
}

/// What a pause can cover.
pub(crate) fn pausable(text: &str) -> Result<Scope, String> {
    match text.parse()? {
        Scope::Hook(held) => {
            let Held { group, instance, .. } = *held;
            Err(format!("no single hook can be paused: name group#{group} or instance#{instance}"))
        }
        scope => Ok(scope),
    }
}

/// An incident, a group or a zone: one can't know about all at once.
pub(crate) fn subject(text: &str) -> Result<Scope, String> {
    match text.parse()? {
        Scope::All => Err("name one incident, group or zone: nobody has looked at all of them".to_owned()),
        scope => Ok(scope),
    }
}

/// A reason or a name: short enough for a message, and never empty.
pub(crate) fn words(text: &str) -> Result<String, String> {
    /// It stands in every message about what it holds.
    const LONGEST: usize = 300;
    let text = text.trim();
    match text.chars().count() {
        0 => Err("say it in a few words: somebody reads it at night".to_owned()),
        1..=LONGEST => Ok(text.to_owned()),
        length => Err(format!("{length} characters are too many for a message, expected at most {LONGEST}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_messages_print_is_understood() {
        for (text, scope) in [
            ("all", "all"),
            ("group#web", "group#web"),
            ("group#all", "group#all"),
            ("group#web #1", "group#web #1"),
            ("group#i-0123456789abcdef0", "group#i-0123456789abcdef0"),
            ("instance#i-0123456789abcdef0", "instance#i-0123456789abcdef0"),
            ("i-0123456789abcdef0", "instance#i-0123456789abcdef0"),
            ("eu-west-1#instance#i-0123456789abcdef0", "instance#i-0123456789abcdef0"),
            ("eu-west-1#group#web", "group#web"),
            ("zone#Z0123456789ABCDEFGHIJ", "zone#Z0123456789ABCDEFGHIJ"),
            ("aws-global#zone#Z0123456789ABCDEFGHIJ", "zone#Z0123456789ABCDEFGHIJ"),
            ("hook#web #1/a:launch/ready:i-0123456789abcdef0", "hook#web #1/a:launch/ready:i-0123456789abcdef0"),
            ("eu-west-1#hook#web:ready:i-0123456789abcdef0", "hook#web:ready:i-0123456789abcdef0"),
        ] {
            assert_eq!(text.parse::<Scope>().map(|scope| scope.to_string()), Ok(scope.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_wrong_scope_is_one_clear_sentence() {
        for (text, said) in [
            ("web", "group#web"),
            ("", "expected all"),
            ("ALL", "group#ALL"),
            ("group#", "a group's name"),
            ("group#a:b", "a group's name"),
            ("instance#web", "an instance id"),
            ("i-xyz", "an instance id"),
            ("zone#www.example.com", "a hosted zone's id"),
            ("database#db-1", "expected all"),
            ("hook#web:i-0123456789abcdef0", "hook#<group>:<hook>:<instance id>"),
            ("hook#web:ready:all", "an instance id"),
            ("hook#web:not a name:i-0123456789abcdef0", "a lifecycle hook's name"),
        ] {
            let error = text.parse::<Scope>().unwrap_err();
            assert!(error.contains(said) && !error.contains('\n'), "{text}: {error}");
        }
        assert!(subject("all").is_err());
        let held = "hook#web:ready:i-0123456789abcdef0";
        assert!(subject(held).is_ok() && pausable("group#web").is_ok());
        assert!(pausable(held).unwrap_err().contains("name group#web or instance#i-0123456789abcdef0"));
    }

    #[test]
    fn a_reason_says_something() {
        assert_eq!(words("  migration\n"), Ok("migration".to_owned()));
        assert!(words(" ").is_err() && words(&"x".repeat(301)).is_err());
    }
}
