//! A TOML document that is read key by key and remembers every mistake with its place.
//!
//! This module never stops at the first mistake, and knows nothing of what the keys mean.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::str::Utf8Error;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::section::Section;
use super::setting::{Form, Free, HasUsual, Needed, Place, Usual};
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

pub struct Document<'a> {
    text: &'a str,
    table: Spanned<DeTable<'a>>,
    /// All that the text may have.
    sections: Vec<&'static Section>,
    mistakes: RefCell<Vec<Mistake>>,
    warnings: RefCell<Vec<Mistake>>,
}

impl<'a> Document<'a> {
    pub fn parse(text: &'a str, sections: Vec<&'static Section>) -> Result<Self, Vec<Mistake>> {
        let (table, errors) = DeTable::parse_recoverable(text);
        let broken: Vec<Mistake> =
            errors.iter().map(|error| no_toml(text, error.span().unwrap_or(0..0), error.message())).collect();
        if broken.is_empty() {
            Ok(Document { text, table, sections, mistakes: RefCell::default(), warnings: RefCell::default() })
        } else {
            Err(in_order(broken))
        }
    }

    pub fn root(&'a self) -> Table<'a> {
        Table { document: self, path: String::new(), span: 0..0, entries: Some(self.table.get_ref()) }
    }

    /// What is allowed, and less safe than its author may think. They fail nothing.
    pub fn warnings(&self) -> Vec<Mistake> {
        in_order(self.warnings.take())
    }

    /// The value, if nothing was wrong.
    pub fn finish<T>(&self, value: T) -> Result<T, Vec<Mistake>> {
        let mistakes = self.mistakes.take();
        if mistakes.is_empty() { Ok(value) } else { Err(in_order(mistakes)) }
    }
}

/// With what stands at the place, if anything does: "5m: string values must be quoted".
fn no_toml(text: &str, span: Range<usize>, message: &str) -> Mistake {
    let found = text.get(span.clone()).unwrap_or_default().trim();
    let said = if found.is_empty() { message.to_owned() } else { format!("{found}: {message}") };
    mistake(text, span, one_line(&said, LONGEST_SHOWN))
}

pub fn no_text(bytes: &[u8], error: Utf8Error) -> Mistake {
    let before = String::from_utf8_lossy(bytes.get(..error.valid_up_to()).unwrap_or_default());
    let end = before.len();
    mistake(&before, end..end, "what stands here is no UTF-8, expected a text in UTF-8".to_owned())
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

/// As it would stand in the file: quoted, unless it may stand bare.
fn shown_key(name: &str) -> String {
    let is_bare = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    let shown = one_line(name, LONGEST_SHOWN);
    if is_bare { shown } else { format!("\"{shown}\"") }
}

/// A table of the document, or the place where one should be.
pub struct Table<'a> {
    document: &'a Document<'a>,
    path: String,
    span: Range<usize>,
    entries: Option<&'a DeTable<'a>>,
}

impl<'a> Table<'a> {
    /// Each key that the section doesn't have is a mistake.
    pub fn only(&self, section: &Section) {
        for key in self.entries.iter().flat_map(|entries| entries.keys()) {
            let name = key.get_ref().as_ref();
            if !section.keys().any(|known| known == name) {
                self.say(key.span(), &shown_key(name), &section.unknown(name, &self.document.sections));
            }
        }
    }

    /// Where this table is missing itself, that was said.
    pub fn need<F: Form>(&self, setting: &Needed<F>) -> Option<F::Value> {
        self.entries?;
        if !self.has(setting.key) {
            self.wrong(setting.key, None, &setting.form.expected());
        }
        self.read(setting.key, &setting.form)
    }

    pub fn usual<F: HasUsual>(&self, setting: &Usual<F>) -> F::Value {
        let found = self.read(setting.key, &setting.form);
        found.unwrap_or_else(|| setting.form.usual(&setting.left_out.0))
    }

    /// `None` if it is left out, or wrong, which was said.
    pub fn free<F: Form>(&self, setting: &Free<F>) -> Option<F::Value> {
        self.read(setting.key, &setting.form)
    }

    fn read<F: Form>(&self, key: &str, form: &F) -> Option<F::Value> {
        form.read(&Place { table: self, key: key.to_owned(), value: self.get(key)? })
    }

    pub fn table(&self, key: &str) -> Table<'a> {
        let found = self.get(key);
        let entries = found.and_then(|value| value.get_ref().as_table());
        if entries.is_none() {
            self.wrong(key, found, "a table");
        }
        let span = found.map_or(self.span.clone(), Spanned::span);
        Table { document: self.document, path: self.name(key), span, entries }
    }

    /// The tables of `[[path.key]]`. None at all is a mistake; where this table is missing itself, that was said.
    pub fn tables(&self, key: &str) -> Vec<Table<'a>> {
        if self.entries.is_none() {
            return Vec::new();
        }
        let found = self.get(key);
        let list = found.and_then(|value| value.get_ref().as_array()).filter(|list| !list.is_empty());
        let Some(list) = list else {
            let expected = format!("at least one table [[{}]]", self.name(key));
            self.wrong(key, found, &expected);
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
    pub fn tables_if_any(&self, key: &str) -> Vec<Table<'a>> {
        if self.has(key) { self.tables(key) } else { Vec::new() }
    }

    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// A mistake about a key that can be read, but doesn't make sense.
    pub fn mistake(&self, key: &str, message: &str) {
        if self.entries.is_none() {
            return;
        }
        self.say(self.get(key).map_or(self.span.clone(), Spanned::span), key, message);
    }

    /// A warning about a key, or about the table where the key is left out.
    pub fn warn(&self, key: &str, message: &str) {
        let span = self.get(key).map_or(self.span.clone(), Spanned::span);
        let said = mistake(self.document.text, span, format!("{} {message}", self.name(key)));
        self.document.warnings.borrow_mut().push(said);
    }

    /// Whether there is a mistake in the value, or in a part of it.
    pub fn is_wrong(&self, key: &str) -> bool {
        let Some(span) = self.get(key).map(Spanned::span) else { return false };
        let place = |at: usize| {
            let Mistake { line, column, .. } = mistake(self.document.text, at..at, String::new());
            (line, column)
        };
        let within = place(span.start)..place(span.end);
        self.document.mistakes.borrow().iter().any(|mistake| within.contains(&(mistake.line, mistake.column)))
    }

    /// Two settings that can both be read contradict each other. It is told of the first, or of the second where only that stands in the text.
    pub fn contradiction(&self, (key, value): (&str, &str), how: &str, (other, limit): (&str, &str)) {
        if self.is_wrong(key) || self.is_wrong(other) {
            return;
        }
        let place = self.get(key).or_else(|| self.get(other)).map_or(self.span.clone(), Spanned::span);
        let by_default = |key| if self.has(key) { "" } else { " by default" };
        let (this, that) = (by_default(key), by_default(other));
        let message = format!("is {value}{this}, {how} {other}, which is {limit}{that}: expected at most that");
        self.say(place, key, &message);
    }

    fn get(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.entries.and_then(|entries| entries.get(key))
    }

    fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub fn wrong(&self, key: &str, found: Option<&Spanned<DeValue<'_>>>, expected: &str) {
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
