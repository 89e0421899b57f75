//! Which calls a fault happens to. All that is said must hold; what is not said does not matter.
//!
//! To follow one invocation from its very first call there is one way that is exact: the [label](crate::journal::Labels)
//! under which the relay delivers an event. Where an invocation is not the relay's (a wake-up, a retry),
//! [`Matcher::first_invocation_about`] follows it, but only from the first call that mentions the text; earlier calls, and
//! those beside it, have been let through by then. They are counted all the same.

use crate::journal::Who;

#[derive(Debug, Clone, Default)]
pub struct Matcher {
    function: Option<String>,
    service: Option<String>,
    action: Option<String>,
    subject: Option<String>,
    nth: Option<u32>,
    label: Option<String>,
    mentioned_first: Option<String>,
}

/// What is known of a call before it is carried out.
pub(crate) struct Observation<'a> {
    pub who: &'a Who,
    pub invocation: Option<&'a str>,
    pub label: Option<&'a str>,
    pub service: &'a str,
    pub action: &'a str,
    pub subject: &'a str,
}

impl Matcher {
    /// Every call of every function.
    pub fn any() -> Self {
        Self::default()
    }

    /// The calls of the invocation that the relay started under this label.
    pub fn labelled(label: impl Into<String>) -> Self {
        Self { label: Some(label.into()), ..Self::default() }
    }

    /// A function's physical name.
    #[must_use]
    pub fn of_function(self, name: impl Into<String>) -> Self {
        Self { function: Some(name.into()), ..self }
    }

    /// By the signing name of the service: `monitoring`, not `cloudwatch`.
    #[must_use]
    pub fn action(self, service: impl Into<String>, action: impl Into<String>) -> Self {
        Self { service: Some(service.into()), action: Some(action.into()), ..self }
    }

    /// By the signing name.
    #[must_use]
    pub fn service(self, service: impl Into<String>) -> Self {
        Self { service: Some(service.into()), ..self }
    }

    /// Calls whose subject, as the journal has it, holds this text: an instance's id, an item's key.
    #[must_use]
    pub fn about(self, text: impl Into<String>) -> Self {
        Self { subject: Some(text.into()), ..self }
    }

    /// The n-th call that its function makes in its invocation, from 1. Of calls in parallel the order may change from one
    /// invocation to the next; that each number occurs holds.
    #[must_use]
    pub fn nth(self, nth: u32) -> Self {
        Self { nth: Some(nth), ..self }
    }

    /// Only calls of the invocation that is the first, since the fault was added, to make a call about this text.
    #[must_use]
    pub fn first_invocation_about(self, text: impl Into<String>) -> Self {
        Self { mentioned_first: Some(text.into()), ..self }
    }

    /// Whether the call's invocation is the one to follow, if none was yet.
    pub(super) fn is_first_to_mention(&self, seen: &Observation<'_>) -> bool {
        let of_function = self.function.is_none() || self.function.as_deref() == seen.who.function();
        of_function && self.mentioned_first.as_deref().is_some_and(|text| seen.subject.contains(text))
    }

    pub(super) fn fits(&self, seen: &Observation<'_>, nth: Option<u32>, followed: Option<&str>) -> bool {
        fn is(wanted: Option<&str>, found: Option<&str>) -> bool {
            wanted.is_none() || wanted == found
        }
        is(self.function.as_deref(), seen.who.function())
            && is(self.service.as_deref(), Some(seen.service))
            && is(self.action.as_deref(), Some(seen.action))
            && is(self.label.as_deref(), seen.label)
            && self.subject.as_deref().is_none_or(|text| seen.subject.contains(text))
            && self.nth.is_none_or(|wanted| nth == Some(wanted))
            && (self.mentioned_first.is_none() || (followed.is_some() && followed == seen.invocation))
    }
}
