//! The tables of a policy, and which settings each may have: what an unknown key is held against, and what the reference page lists.
//!
//! A section never reads anything.

use super::setting::{LeftOut, Listed};

/// One table, as it is written in the file.
pub struct Section {
    /// `[[replace-instance.group]]`, or empty for what stands before the first table.
    pub table: &'static str,
    pub about: &'static str,
    pub settings: &'static [&'static dyn Listed],
}

/// A setting, as a person reads of it.
#[derive(Debug)]
pub struct Row {
    pub key: &'static str,
    /// Its form and range, as a mistake says it after "expected".
    pub expected: String,
    pub left_out: LeftOut,
    pub meaning: &'static str,
}

impl Section {
    pub fn rows(&self) -> impl Iterator<Item = Row> {
        self.settings.iter().map(|setting| Row {
            key: setting.key(),
            expected: setting.expected(),
            left_out: setting.left_out(),
            meaning: setting.meaning(),
        })
    }

    pub fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.settings.iter().map(|setting| setting.key())
    }

    /// What to say of a key that this table doesn't have; `all` the tables that there are.
    pub fn unknown(&self, key: &str, all: &[&Section]) -> String {
        if let Some(near) = self.nearest(key) {
            return format!("is not known, did you mean {near}?");
        }
        let elsewhere: Vec<&str> = all
            .iter()
            .filter(|section| section.keys().any(|known| known == key))
            .map(|section| section.table())
            .collect();
        if elsewhere.is_empty() {
            format!("is not known, expected one of {}", self.keys().collect::<Vec<_>>().join(", "))
        } else {
            format!("is not known here, it belongs to {}", elsewhere.join(" or "))
        }
    }

    /// The key that was meant, if it is a slip of the pen.
    fn nearest(&self, key: &str) -> Option<&'static str> {
        nearest(key, self.keys())
    }

    fn table(&self) -> &'static str {
        if self.table.is_empty() { "the beginning of the file" } else { self.table }
    }
}

/// Longer than any key that is known, and than a name that anybody types by heart.
const LONGEST_KEY: usize = 30;

/// Which of those that are known was meant, if it is a slip of the pen.
pub(super) fn nearest<'a>(key: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let key: String = key.chars().take(LONGEST_KEY + 1).collect::<String>().to_lowercase().replace('_', "-");
    if key.chars().count() > LONGEST_KEY {
        return None;
    }
    let slips = |known: &str| strsim::damerau_levenshtein(&key, known);
    let near = known.map(|known| (slips(known), known)).min()?;
    (near.0 <= near.1.len() / 3).then_some(near.1)
}
