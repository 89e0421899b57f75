//! What this process has counted and told, should Lambda deliver it again.
//!
//! This module never keeps anything beyond the process: a table of what was told would be one more thing that can fail
//! between an incident and whoever has to hear of it.

use std::collections::VecDeque;

/// Records of either kind. A batch has a few, and comes again at once or not at all.
const MOST: usize = 256;

#[derive(Debug, Default)]
pub(crate) struct Remembered {
    counted: VecDeque<String>,
    told: VecDeque<String>,
}

impl Remembered {
    /// Whether it is to be counted: the first time only.
    pub(crate) fn counts(&mut self, record: &str) -> bool {
        let is_new = !holds(&self.counted, record);
        if is_new {
            keep(&mut self.counted, record);
        }
        is_new
    }

    pub(crate) fn has_told(&self, record: &str) -> bool {
        holds(&self.told, record)
    }

    pub(crate) fn tells(&mut self, record: &str) {
        keep(&mut self.told, record);
    }
}

fn holds(records: &VecDeque<String>, record: &str) -> bool {
    records.iter().any(|kept| kept == record)
}

/// A record without an id is none that could be known again.
fn keep(records: &mut VecDeque<String>, record: &str) {
    if record.is_empty() {
        return;
    }
    if records.len() == MOST {
        records.pop_front();
    }
    records.push_back(record.to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_counted_once_and_told_apart_from_being_counted() {
        let mut remembered = Remembered::default();
        assert!(remembered.counts("a") && !remembered.counts("a") && remembered.counts("b"));
        assert!(!remembered.has_told("a"));
        remembered.tells("a");
        assert!(remembered.has_told("a") && !remembered.has_told("b"));
    }

    #[test]
    fn memory_stays_bounded_and_knows_the_newest() {
        let mut remembered = Remembered::default();
        for record in 0..10_000 {
            remembered.tells(&record.to_string());
        }
        assert_eq!(remembered.told.len(), MOST);
        assert!(remembered.has_told("9999") && !remembered.has_told("1"));
    }

    #[test]
    fn records_without_an_id_are_never_taken_for_one_another() {
        let mut remembered = Remembered::default();
        remembered.tells("");
        assert!(!remembered.has_told("") && remembered.counts("") && remembered.counts(""));
    }
}
