//! A TOML document that is read key by key and remembers every mistake with its place.
//!
//! This module never stops at the first mistake, and knows nothing of what the keys mean.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use jiff::SignedDuration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Budget;
use crate::line::one_line;

/// One thing that is wrong with a policy, and where. Line and column count from 1; the file's name is the reader's to put
/// before them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    pub line: usize,
    pub column: usize,
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

/// A mistake is one line, whatever stands in the text: a value may go on for pages, and a key may hold what moves a cursor.
const LONGEST_SHOWN: usize = 200;

pub(super) struct Document<'a> {
    text: &'a str,
    table: Spanned<DeTable<'a>>,
    mistakes: RefCell<Vec<Mistake>>,
}

impl<'a> Document<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, Vec<Mistake>> {
        let (table, errors) = DeTable::parse_recoverable(text);
        let broken: Vec<Mistake> = errors
            .iter()
            .map(|error| mistake(text, error.span().unwrap_or(0..0), one_line(error.message(), LONGEST_SHOWN)))
            .collect();
        if broken.is_empty() {
            Ok(Document { text, table, mistakes: RefCell::default() })
        } else {
            Err(in_order(broken))
        }
    }

    pub(super) fn root(&'a self) -> Table<'a> {
        Table { document: self, path: String::new(), span: 0..0, entries: Some(self.table.get_ref()) }
    }

    /// The value, if nothing was wrong.
    pub(super) fn finish<T>(&self, value: T) -> Result<T, Vec<Mistake>> {
        let mistakes = self.mistakes.take();
        if mistakes.is_empty() { Ok(value) } else { Err(in_order(mistakes)) }
    }
}

fn in_order(mut mistakes: Vec<Mistake>) -> Vec<Mistake> {
    mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
    mistakes
}

fn mistake(text: &str, span: Range<usize>, message: String) -> Mistake {
    let before = text.get(..span.start).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
    Mistake { line: before.matches('\n').count() + 1, column, message }
}

/// A table of the document, or the place where one should be.
pub(super) struct Table<'a> {
    document: &'a Document<'a>,
    path: String,
    span: Range<usize>,
    entries: Option<&'a DeTable<'a>>,
}

impl<'a> Table<'a> {
    pub(super) fn only(&self, known: &[&str]) {
        for key in self.entries.iter().flat_map(|entries| entries.keys()) {
            if !known.contains(&key.get_ref().as_ref()) {
                let message = format!("is not known, expected one of {}", known.join(", "));
                self.say(key.span(), &one_line(key.get_ref(), LONGEST_SHOWN), &message);
            }
        }
    }

    pub(super) fn table(&self, key: &str) -> Table<'a> {
        let found = self.get(key);
        let entries = found.and_then(|value| value.get_ref().as_table());
        if entries.is_none() {
            self.wrong(key, found, "a table");
        }
        let span = found.map_or(self.span.clone(), Spanned::span);
        Table { document: self.document, path: self.name(key), span, entries }
    }

    /// The tables of `[[path.key]]`. None at all is a mistake; where this table is missing itself, that was said.
    pub(super) fn tables(&self, key: &str) -> Vec<Table<'a>> {
        if self.entries.is_none() {
            return Vec::new();
        }
        let found = self.get(key);
        let list = found.and_then(|value| value.get_ref().as_array()).filter(|list| !list.is_empty());
        let Some(list) = list else {
            self.wrong(key, found, "at least one table");
            return Vec::new();
        };
        let mut tables = Vec::new();
        for (index, value) in list.iter().enumerate() {
            let path = format!("{}[{index}]", self.name(key));
            match value.get_ref().as_table() {
                Some(entries) => {
                    tables.push(Table { document: self.document, path, span: value.span(), entries: Some(entries) });
                }
                None => self.wrong(key, Some(value), "a table"),
            }
        }
        tables
    }

    /// The same, where there need be none.
    pub(super) fn tables_if_any(&self, key: &str) -> Vec<Table<'a>> {
        if self.has(key) { self.tables(key) } else { Vec::new() }
    }

    /// A list that may be missing.
    pub(super) fn parsed_list<T: FromStr + Ord>(&self, key: &str, expected: &str) -> Vec<T> {
        if self.has(key) { self.list(key, expected).unwrap_or_default() } else { Vec::new() }
    }

    /// A table of texts, at least one.
    pub(super) fn texts(&self, key: &str, expected: &str) -> Option<BTreeMap<String, String>> {
        let found = self.get(key);
        let entries = found.and_then(|value| value.get_ref().as_table()).filter(|entries| !entries.is_empty());
        let text = |(name, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| -> Option<(String, String)> {
            let name: &std::borrow::Cow<'_, str> = name.get_ref();
            Some((name.clone().into_owned(), value.get_ref().as_str()?.to_owned()))
        };
        let texts = entries.and_then(|entries| entries.iter().map(text).collect());
        if texts.is_none() {
            self.wrong(key, found, expected);
        }
        texts
    }

    pub(super) fn required<T: FromStr>(&self, key: &str, expected: &str) -> Option<T> {
        let found = self.get(key);
        let parsed = found.and_then(|value| value.get_ref().as_str()).and_then(|text| text.parse().ok());
        if parsed.is_none() {
            self.wrong(key, found, expected);
        }
        parsed
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// A text that parses, or the default where there is none.
    pub(super) fn parsed<T: FromStr>(&self, key: &str, default: T, expected: &str) -> T {
        if self.has(key) { self.required(key, expected).unwrap_or(default) } else { default }
    }

    /// A list of names without repetition, at least one.
    pub(super) fn list<T: FromStr + Ord>(&self, key: &str, expected: &str) -> Option<Vec<T>> {
        let found = self.get(key);
        let list = found.and_then(|value| value.get_ref().as_array()).filter(|list| !list.is_empty());
        let Some(list) = list else {
            self.wrong(key, found, expected);
            return None;
        };
        let mut items = std::collections::BTreeSet::new();
        for (index, value) in list.iter().enumerate() {
            match value.get_ref().as_str().and_then(|text| text.parse().ok()) {
                Some(item) => {
                    if !items.insert(item) {
                        self.wrong(&format!("{key}[{index}]"), Some(value), "each once");
                    }
                }
                None => self.wrong(&format!("{key}[{index}]"), Some(value), expected),
            }
        }
        Some(items.into_iter().collect())
    }

    pub(super) fn integer(&self, key: &str, least: i64, most: i64) -> Option<i64> {
        let found = self.get(key);
        let number = found.and_then(|value| integer(value.get_ref())).filter(|number| (least..=most).contains(number));
        if number.is_none() {
            let expected = if least == most { least.to_string() } else { format!("a number from {least} to {most}") };
            self.wrong(key, found, &expected);
        }
        number
    }

    pub(super) fn duration(
        &self,
        key: &str,
        default: SignedDuration,
        least: SignedDuration,
        most: SignedDuration,
    ) -> SignedDuration {
        let Some(value) = self.get(key) else { return default };
        match value.get_ref().as_str().map(str::parse::<SignedDuration>) {
            Some(Ok(duration)) if (least..=most).contains(&duration) => return duration,
            Some(Ok(_)) => self.wrong(key, Some(value), &format!("a time from {least:#} to {most:#}")),
            Some(Err(_)) | None => self.wrong(key, Some(value), "a time such as \"90s\" or \"5m\""),
        }
        default
    }

    pub(super) fn budget(&self, key: &str, default: Budget) -> Budget {
        let Some(value) = self.get(key) else { return default };
        let count = integer(value.get_ref()).and_then(|count| u32::try_from(count).ok()).filter(|count| *count > 0);
        let count = count.map(Budget::Instances);
        let share = value.get_ref().as_str().and_then(|text| text.parse().ok());
        count.or(share).unwrap_or_else(|| {
            self.wrong(key, Some(value), "a share such as \"20%\" or a number of instances, at least 1");
            default
        })
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, key: &str, default: T, choices: &[(&str, T)]) -> T {
        let Some(value) = self.get(key) else { return default };
        let said = value.get_ref().as_str();
        let chosen = choices.iter().find(|(word, _)| said == Some(word)).map(|(_, choice)| *choice);
        chosen.unwrap_or_else(|| {
            let words: Vec<String> = choices.iter().map(|(word, _)| format!("{word:?}")).collect();
            self.wrong(key, Some(value), &words.join(" or "));
            default
        })
    }

    /// A whole number from 1.
    pub(super) fn count(&self, key: &str, default: u32, most: u32) -> u32 {
        let Some(value) = self.get(key) else { return default };
        let count = integer(value.get_ref()).and_then(|count| u32::try_from(count).ok());
        count.filter(|count| (1..=most).contains(count)).unwrap_or_else(|| {
            self.wrong(key, Some(value), &format!("a number from 1 to {most}"));
            default
        })
    }

    /// A list of names of CloudWatch's that may be missing.
    pub(super) fn names(&self, key: &str, expected: &str) -> Vec<String> {
        self.parsed_list(key, expected).into_iter().map(|Name(name)| name).collect()
    }

    /// A mistake about a key that can be read, but doesn't make sense.
    pub(super) fn mistake(&self, key: &str, message: &str) {
        self.say(self.get(key).map_or(self.span.clone(), Spanned::span), key, message);
    }

    fn get(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.entries.and_then(|entries| entries.get(key))
    }

    fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn wrong(&self, key: &str, found: Option<&Spanned<DeValue<'_>>>, expected: &str) {
        match found {
            None => self.say(self.span.clone(), key, &format!("is missing, expected {expected}")),
            Some(value) => {
                let shown = self.document.text.get(value.span()).unwrap_or("unreadable");
                let shown = one_line(shown, LONGEST_SHOWN);
                self.say(value.span(), key, &format!("is {shown}, expected {expected}"));
            }
        }
    }

    fn say(&self, span: Range<usize>, key: &str, message: &str) {
        let said = mistake(self.document.text, span, format!("{} {message}", self.name(key)));
        self.document.mistakes.borrow_mut().push(said);
    }
}

/// What CloudWatch takes for the name of an alarm, a metric or its namespace (API reference, `PutMetricAlarm`): it refuses each call
/// with any other.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name(pub String);

impl FromStr for Name {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let is_name = (1..=255).contains(&text.chars().count()) && !text.contains(char::is_control);
        is_name.then(|| Name(text.to_owned())).ok_or(())
    }
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}
