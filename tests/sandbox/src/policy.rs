//! IAM policies, identity-based and resource-based, evaluated.
//!
//! A subset that fails closed: what it does not model (a condition's operator, a key, a policy variable) makes an Allow
//! not apply and a Deny apply, and says so in the log. It never evaluates boundaries, sessions or organisations.

mod condition;
mod document;
mod grant;

use condition::Met;
pub use document::Document;
use document::{Effect, Statement};
pub(crate) use grant::granting;
pub use grant::{Grant, grants};

/// What a condition may ask about.
pub enum Key {
    Is(String),
    /// All that one request holds of it, at least one; only `ForAllValues` and `ForAnyValue` ask about these.
    Several(Vec<String>),
    /// Modelled, and not there: an untagged resource, say.
    Absent,
    Unmodelled,
}

pub struct Asked<'a> {
    pub action: &'a str,
    pub resource: &'a str,
    /// The service that asks, for policies of resources; the role's own policies name no principal.
    pub service: Option<&'a str>,
    /// By lower-case name.
    pub key: &'a dyn Fn(&str) -> Key,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    /// By a Deny.
    Denied,
    /// By the lack of an Allow.
    NotAllowed,
}

/// A Deny anywhere wins.
pub fn decide<'a>(documents: impl IntoIterator<Item = &'a Document>, asked: &Asked<'_>) -> Verdict {
    let mut verdict = Verdict::NotAllowed;
    for statement in documents.into_iter().flat_map(|document| &document.statements) {
        match (statement.effect, applies(statement, asked)) {
            (Effect::Deny, Met::Yes | Met::Unknown) => return Verdict::Denied,
            (Effect::Allow, Met::Yes) => verdict = Verdict::Allowed,
            _ => {}
        }
    }
    verdict
}

fn applies(statement: &Statement, asked: &Asked<'_>) -> Met {
    if !statement.names_principal(asked.service)
        || !statement.covers_action(asked.action)
        || !statement.covers_resource(asked.resource)
    {
        return Met::No;
    }
    condition::all(&statement.conditions, asked.key)
}

/// `*` stands for any characters, `?` for one.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    // Whether the pattern so far fits the first n characters, for each n.
    let mut fits: Vec<bool> = (0..=text.len()).map(|n| n == 0).collect();
    for symbol in pattern {
        let mut next = Vec::with_capacity(fits.len());
        for (n, &here) in fits.iter().enumerate() {
            let before = n.checked_sub(1);
            let fit = match symbol {
                '*' => here || before.and_then(|n| next.get(n)).copied().unwrap_or(false),
                _ => before.is_some_and(|n| {
                    fits.get(n).copied().unwrap_or(false) && (symbol == '?' || text.get(n) == Some(&symbol))
                }),
            };
            next.push(fit);
        }
        fits = next;
    }
    fits.last().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests;
