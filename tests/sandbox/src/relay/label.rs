//! How an event is delivered to the functions of the rules that it fits, if not as any other.
//!
//! It never changes the event.

use std::sync::{Arc, Mutex, PoisonError};

/// A name for the first attempt at an event, by which the journal and the faults know its calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub(super) name: String,
    pub(super) retried: bool,
}

impl Label {
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), retried: true }
    }

    /// Invokes once and for all: neither Lambda's two retries nor the dead-letter queue follow a failure. The answer is
    /// awaited ([`Relay::end_of`](super::Relay::end_of)), which AWS's EventBridge never does.
    #[must_use]
    pub fn without_retries(self) -> Self {
        Self { retried: false, ..self }
    }
}

/// Labels for events that are still to come, of whoever sends them.
#[derive(Clone, Default)]
pub(super) struct Planned {
    by_text: Arc<Mutex<Vec<(String, Label)>>>,
}

impl Planned {
    pub(super) fn add(&self, about: &str, label: Label) {
        self.by_text.lock().unwrap_or_else(PoisonError::into_inner).push((about.to_owned(), label));
    }

    /// The oldest plan for an event with that text; each is for one event.
    pub(super) fn take(&self, event: &str) -> Option<Label> {
        let mut plans = self.by_text.lock().unwrap_or_else(PoisonError::into_inner);
        let found = plans.iter().position(|(about, _)| event.contains(about.as_str()))?;
        Some(plans.remove(found).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_for_the_next_event_that_mentions_its_text_and_for_no_other() {
        let planned = Planned::default();
        planned.add("i-1", Label::new("first"));
        planned.add("i-1", Label::new("second").without_retries());
        assert_eq!(planned.take("about i-2"), None);
        assert_eq!(planned.take("about i-1"), Some(Label::new("first")));
        assert_eq!(planned.take("about i-1").map(|label| label.retried), Some(false));
        assert_eq!(planned.take("about i-1"), None);
    }
}
