//! What policies allow, piece by piece, so that each piece can be shown to be needed.
//!
//! Never looks at what a Deny takes away again, nor at statements that name what they don't allow.

use serde::{Deserialize, Serialize};

use super::condition::Met;
use super::document::{Document, Effect, Statement};
use super::{Asked, applies, matches};

/// An action on a resource, both as the policy writes them, and the conditions of its statement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Grant {
    pub action: String,
    pub resource: String,
    /// Such as `StringEquals aws:ResourceTag/k: v`, in the order of the names.
    pub conditions: Vec<String>,
}

/// Each action of each statement on each of its resources.
pub fn grants(documents: &[Document]) -> Vec<Grant> {
    allowing(documents).flat_map(|statement| of(statement, |_| true, |_| true)).collect()
}

/// What allows a call: of several grants the first, so that one that says what another says already is never needed.
pub(crate) fn granting(documents: &[Document], asked: &Asked<'_>) -> Option<Grant> {
    let statement = allowing(documents).find(|statement| applies(statement, asked) == Met::Yes)?;
    let action = asked.action.to_lowercase();
    let fits = |pattern: &str| matches(&pattern.to_lowercase(), &action);
    of(statement, fits, |pattern| matches(pattern, asked.resource)).into_iter().next()
}

fn allowing(documents: &[Document]) -> impl Iterator<Item = &Statement> {
    let statements = documents.iter().flat_map(|document| &document.statements);
    statements.filter(|statement| statement.effect == Effect::Allow)
}

fn of(statement: &Statement, action: impl Fn(&str) -> bool, resource: impl Fn(&str) -> bool) -> Vec<Grant> {
    let conditions = conditions(statement);
    let actions = statement.actions().iter().filter(|pattern| action(pattern));
    let pair = |action: &String| {
        // MiniStack keeps a statement whose `Fn::If` it can't read, for a parameter that is empty: on AWS it isn't there.
        let named = statement.resources().iter().filter(|pattern| !pattern.is_empty());
        let resources = named.filter(|pattern| resource(pattern));
        let grant = |resource: &String| Grant {
            action: action.clone(),
            resource: resource.clone(),
            conditions: conditions.clone(),
        };
        resources.map(grant).collect::<Vec<_>>()
    };
    actions.flat_map(pair).collect()
}

fn conditions(statement: &Statement) -> Vec<String> {
    let each = statement.conditions.iter().flat_map(|(operator, keys)| {
        keys.iter().map(move |(key, values)| {
            let values: Vec<String> = values.as_slice().iter().map(super::condition::plain).collect();
            format!("{operator} {key}: {}", values.join(", "))
        })
    });
    each.collect()
}
