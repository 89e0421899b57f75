//! The list in `events/README.md` is complete and true, as far as a test can tell.

use std::collections::{BTreeMap, BTreeSet};

use super::{FOLDER, events};

/// The cells of each row, by the file that it is about.
fn rows() -> BTreeMap<String, Vec<String>> {
    let text = std::fs::read_to_string(format!("{FOLDER}/README.md")).unwrap();
    let cells = |line: &str| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let rows = text.lines().filter(|line| line.starts_with("| `")).map(cells);
    rows.map(|row| (row[0].trim_matches('`').trim_end_matches(".json").to_owned(), row)).collect()
}

#[test]
fn every_file_is_listed_and_every_row_is_of_a_file() {
    let (rows, events) = (rows(), events());
    assert_eq!(rows.keys().collect::<BTreeSet<_>>(), events.keys().collect::<BTreeSet<_>>());
}

#[test]
fn each_row_says_what_it_is_for_whom_what_comes_of_it_and_whence() {
    for (name, row) in rows() {
        assert_eq!(row.len(), 5, "{name}: {row:?}");
        assert!(row.iter().all(|cell| !cell.is_empty()), "{name}: {row:?}");
        for function in row[2].split(", ") {
            let path = format!("{FOLDER}/../functions/{function}/src/lib.rs");
            assert!(std::path::Path::new(&path).exists(), "{name}: there is no function {function}");
        }
    }
}
