//! What a person names on the command line: all, a group, an instance, a hosted zone or who is held by a hook, as Homeostat's own
//! messages print them.
//!
//! This module never guesses whether a bare word is a group: a group may be named like anything.

use std::fmt;
use std::str::FromStr;

use homeostat_core::id::{self, GLOBAL, InvalidId, Subject};
use homeostat_core::line::one_of;
use homeostat_core::shell;
use homeostat_remedies::registry;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    All,
    /// In whichever Region: a command looks into one.
    One(Box<Subject>),
}

impl Scope {
    /// What has a memory of its own: a group or a zone.
    pub(crate) fn remembers(&self) -> Option<id::Scope> {
        match self {
            Scope::All => None,
            Scope::One(subject) => registry::named(subject).ok()?.whole,
        }
    }

    /// Whether this incident's subject is the thing itself.
    pub(crate) fn is(&self, subject: &Subject) -> bool {
        self.to_string() == subject.in_any_region()
    }

    /// Whether it is the EC2 instance of that name.
    pub(crate) fn is_instance(&self, name: &str) -> bool {
        matches!(self, Scope::One(subject) if subject.handle() == name)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::All => f.write_str("all"),
            Scope::One(subject) => f.write_str(&subject.in_any_region()),
        }
    }
}

impl FromStr for Scope {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let forms: Vec<&str> = registry::forms().collect();
        Scope::parse(text, &format!("all, {}", one_of(&forms)))
    }
}

impl Scope {
    /// `forms`: what would be right.
    fn parse(text: &str, forms: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Scope::All);
        }
        if let Ok(subject) = text.parse::<Subject>().and_then(of_a_remedy) {
            return Ok(Scope::One(Box::new(subject)));
        }
        let named = if text.starts_with("i-") { format!("instance#{text}") } else { text.to_owned() };
        let named = format!("{GLOBAL}#{named}");
        named.parse::<Subject>().and_then(of_a_remedy).map(|subject| Scope::One(Box::new(subject))).map_err(
            |error: InvalidId| {
                // What is wrong with all of it, and not with a name in it, is no form that is known.
                if error.got() == named { unknown(text, forms) } else { error.to_string() }
            },
        )
    }
}

fn of_a_remedy(subject: Subject) -> Result<Subject, InvalidId> {
    registry::named(&subject).map(|_| subject)
}

fn unknown(text: &str, forms: &str) -> String {
    let meant: Vec<String> = registry::tags()
        .map(|tag| format!("{tag}#{text}"))
        .filter(|named| !text.contains('#') && registry::paused(named).is_some())
        .collect();
    let meant: Vec<String> = meant.iter().map(|name| shell::word(name)).collect();
    let meant: Vec<&str> = meant.iter().map(String::as_str).collect();
    let hint = if meant.is_empty() { String::new() } else { format!("; did you mean {}?", one_of(&meant)) };
    format!("{text:?} is not a name that Homeostat knows: expected {forms}; a bare i-… is an instance{hint}")
}

/// What a pause can cover.
pub(crate) fn pausable(text: &str) -> Result<Scope, String> {
    let scope = Scope::parse(text, &registry::pausable())?;
    if let Scope::One(subject) = &scope {
        let pausable = registry::named(subject).map(|named| named.pausable).map_err(|error| error.to_string())?;
        if !pausable.contains(&scope.to_string()) {
            let instead = if pausable.is_empty() { String::new() } else { format!(": name {}", pausable.join(" or ")) };
            return Err(format!("{scope} can't be paused by itself{instead}"));
        }
    }
    Ok(scope)
}

/// An incident, a group or a zone: one can't know about all at once.
pub(crate) fn subject(text: &str) -> Result<Scope, String> {
    match text.parse()? {
        Scope::All => {
            Err("name one incident, or one of what it may be about: nobody has looked at all of them".to_owned())
        }
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
            ("hosted-zone#Z0123456789ABCDEFGHIJ", "hosted-zone#Z0123456789ABCDEFGHIJ"),
            ("aws-global#hosted-zone#Z0123456789ABCDEFGHIJ", "hosted-zone#Z0123456789ABCDEFGHIJ"),
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
            ("group#", "group#<name>"),
            ("group#a:b", "a group's name"),
            ("instance#web", "an instance id"),
            ("i-xyz", "an instance id"),
            ("hosted-zone#www.example.com", "a hosted zone's id"),
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
