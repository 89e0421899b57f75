//! The table of rights for people: what each function may do, on what, under which conditions, and who needs it.
//!
//! Of the many who need a right it names the one who needs the most rights, so that few have to be read; it never names one who
//! didn't need it when the page was written. Whose turn it is may differ from run to run, with what comes first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::Row;

const HEAD: &str = "# What each function may do

Each right of each role that `template.yaml` deploys, and one who needs it: a story of `tests/scenarios` whose calls did, or a
service of AWS that acts with the role. `make rights` plays the stories and writes this page; `make test` fails if a right is
needed by none, if a call was refused that no story wanted refused, or if this page lacks a right or has one too many. Who
needs a right may vary from run to run, as an event may be lost and found in one story or in another.
";

type NeededBy = BTreeMap<Row, BTreeSet<String>>;

pub(super) fn of(needed_by: &NeededBy) -> String {
    let count = |need: &String| needed_by.values().filter(|needs| needs.contains(need)).count();
    let mut page = HEAD.to_owned();
    let mut last = "";
    for (row, needs) in needed_by {
        if row.function != last {
            page.push_str(&format!("\n## {}\n\n| may | on | if | needed by |\n|---|---|---|---|\n", row.function));
            last = &row.function;
        }
        let need = needs.iter().max_by_key(|need| (count(need), Reverse(*need))).map_or("nobody", String::as_str);
        page.push_str(&format!("{}{need} |\n", beginning(row)));
    }
    page
}

/// What of the page is not so.
pub(super) fn mistakes(page: &str, needed_by: &NeededBy) -> Vec<String> {
    let known: BTreeSet<&String> = needed_by.values().flatten().collect();
    let mut function = "";
    let mut told = BTreeMap::new();
    let mut mistakes = Vec::new();
    for line in page.lines() {
        if let Some(name) = line.strip_prefix("## ") {
            function = name;
        } else if let Some((right, need)) = line.strip_suffix(" |").and_then(|line| line.rsplit_once("| ")) {
            told.insert((function.to_owned(), format!("{right}| ")), need.to_owned());
        }
    }
    for row in needed_by.keys() {
        match told.remove(&(row.function.clone(), beginning(row))) {
            None => mistakes.push(format!("the page lacks a right of {}: {}", row.function, beginning(row))),
            Some(need) if !known.contains(&need) => {
                mistakes.push(format!(
                    "nobody is called {need}, as the page has it of {}: {}",
                    row.function,
                    beginning(row)
                ));
            }
            Some(_) => {}
        }
    }
    let others = told.into_keys().filter(|(_, right)| !right.starts_with("| may |") && !right.starts_with("|---"));
    mistakes
        .extend(others.map(|(function, right)| format!("the page gives {function} a right that it hasn't: {right}")));
    mistakes
}

fn beginning(row: &Row) -> String {
    let conditions: Vec<String> = row.conditions.iter().map(|condition| condition.replace('|', "\\|")).collect();
    format!("| `{}` | `{}` | {} | ", row.action, row.on, conditions.join("<br>"))
}
