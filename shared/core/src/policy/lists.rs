//! The forms that have several values: lists of words, names and shares, each once, and tables within tables.
//!
//! A list never loses an item without a word: one that is wrong is told by itself, at its own place.

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::str::FromStr;

use super::forms::{one_of, written};
use super::setting::{Form, HasUsual, Place};
use crate::aws::share::Share;

/// Some of a few words, at least one.
pub struct Words<T: 'static>(pub &'static [(&'static str, T)]);

impl<T: Copy + Ord> Form for Words<T> {
    type Value = Vec<T>;
    fn expected(&self) -> String {
        format!("a list of {}, at least one", one_of(self.0).replace(" or ", " and "))
    }

    fn read(&self, place: &Place<'_, '_>) -> Option<Vec<T>> {
        let word = |text: &str| self.0.iter().find(|(word, _)| *word == text).map(|(_, meant)| *meant);
        items(place, &self.expected(), &one_of(self.0), word)
    }
}

impl<T: Copy + Ord> HasUsual for Words<T> {
    type Usual = &'static [T];
    fn usual(&self, usual: &&'static [T]) -> Vec<T> {
        usual.to_vec()
    }

    fn written(&self, usual: &&'static [T]) -> String {
        let words = self.0.iter().filter(|(_, meant)| usual.contains(meant)).map(|(word, _)| format!("{word:?}"));
        format!("[{}]", words.collect::<Vec<_>>().join(", "))
    }
}

/// One of a few words, or some of them.
pub struct OneOrSome<T: 'static>(pub &'static [(&'static str, T)]);

impl<T: Copy + Ord> Form for OneOrSome<T> {
    type Value = Vec<T>;
    fn expected(&self) -> String {
        format!("{}, or a list of them", one_of(self.0))
    }

    fn read(&self, place: &Place<'_, '_>) -> Option<Vec<T>> {
        let word = |text: &str| self.0.iter().find(|(word, _)| *word == text).map(|(_, meant)| *meant);
        match place.value.get_ref().as_array() {
            Some(_) => items(place, &self.expected(), &one_of(self.0), word),
            None => place.or_wrong(place.text().and_then(word).map(|one| vec![one]), self),
        }
    }
}

impl<T: Copy + Ord> HasUsual for OneOrSome<T> {
    type Usual = T;
    fn usual(&self, usual: &T) -> Vec<T> {
        vec![*usual]
    }

    fn written(&self, usual: &T) -> String {
        let word = self.0.iter().find(|(_, meant)| meant == usual).map_or("", |(word, _)| word);
        format!("{word:?}")
    }
}

/// Texts that a type of the core takes.
pub struct List<T> {
    all: &'static str,
    each: &'static str,
    also: fn(&str) -> bool,
    of: PhantomData<fn() -> T>,
}

impl<T> List<T> {
    /// `all`: "alarms' ARNs"; `each`: "an alarm's ARN".
    pub const fn of(all: &'static str, each: &'static str) -> Self {
        List::that(all, each, |_| true)
    }

    /// Each of which must also be this.
    pub const fn that(all: &'static str, each: &'static str, also: fn(&str) -> bool) -> Self {
        List { all, each, also, of: PhantomData }
    }
}

impl<T: FromStr + Ord> Form for List<T> {
    type Value = Vec<T>;
    fn expected(&self) -> String {
        format!("a list of {}, each once", self.all)
    }

    fn read(&self, place: &Place<'_, '_>) -> Option<Vec<T>> {
        items(place, &self.expected(), self.each, |text| text.parse().ok().filter(|_| (self.also)(text)))
    }
}

impl HasUsual for List<Share> {
    type Usual = &'static [Share];
    fn usual(&self, usual: &&'static [Share]) -> Vec<Share> {
        usual.to_vec()
    }

    fn written(&self, usual: &&'static [Share]) -> String {
        let shares: Vec<String> = usual.iter().copied().map(written).collect();
        format!("[{}]", shares.join(", "))
    }
}

fn items<T: Ord>(place: &Place<'_, '_>, all: &str, each: &str, item: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let list = place.value.get_ref().as_array().filter(|list| !list.is_empty());
    let Some(list) = list else {
        place.wrong(all);
        return None;
    };
    let mut items = BTreeSet::new();
    for (index, value) in list.iter().enumerate() {
        let inner = Place { table: place.table, key: format!("{}[{index}]", place.key), value };
        match inner.text().and_then(&item) {
            Some(item) => {
                if !items.insert(item) {
                    inner.wrong("each once");
                }
            }
            None => inner.wrong(each),
        }
    }
    Some(items.into_iter().collect())
}

/// Where a table stands, or several: not read by itself, since a section's own settings are what is in it.
pub struct Tables(pub &'static str);

impl Form for Tables {
    type Value = ();
    fn expected(&self) -> String {
        self.0.to_owned()
    }

    fn read(&self, _: &Place<'_, '_>) -> Option<()> {
        Some(())
    }
}
